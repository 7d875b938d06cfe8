//! CreateGroup: a new group.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::Group;

use crate::entity::Target;
use crate::holder;
use crate::model::{CreateGroup, CreateGroupRequest, CreateGroupResponse};
use crate::quota::Quotas;
use crate::wire;

impl Operation for CreateGroup {
    type Access = Write;

    fn needs(input: &CreateGroupRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let group = Target::<Group>::new(at.account(), input.path.as_deref(), &input.group_name);
        Ok(Needs::action(iam::CreateGroup).on(&group).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CreateGroupResponse, Fault> {
        let group = Group {
            account: req.account(),
            name: req.input.group_name.clone(),
            path: req.input.path.clone().unwrap_or_else(|| "/".into()),
            id: req.env.unique_id("AGPA"),
            created: req.now.whole_seconds(),
        };
        let quotas = Quotas::of(req.extensions);
        holder::create(req.tx()?, &group, &quotas)?;
        Ok(CreateGroupResponse { group: wire::group(&group) })
    }
}
