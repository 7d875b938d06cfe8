//! ListInstanceProfiles: the instance profiles of the account, by name.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::records::InstanceProfile;

use crate::entity;
use crate::model::{ListInstanceProfiles, ListInstanceProfilesRequest, ListInstanceProfilesResponse};
use crate::page::Window;
use crate::wire;

impl Operation for ListInstanceProfiles {
    type Access = Read;

    fn needs(_input: &ListInstanceProfilesRequest, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(iam::ListInstanceProfiles).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListInstanceProfilesResponse, Fault> {
        let (db, account) = (req.db()?, req.account());
        let window = Window::new(req.input.marker.as_deref(), req.input.max_items)?;
        let prefix = req.input.path_prefix.as_deref();
        let page = entity::list::<InstanceProfile, _>(db, account, prefix, &window, |profile| {
            wire::profile_in_list(db, profile)
        })?;
        Ok(ListInstanceProfilesResponse {
            is_truncated: page.is_truncated(),
            instance_profiles: page.items,
            marker: page.marker,
        })
    }
}
