//! ListMFADevices: the devices that are a user's second factor.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::mfa;
use crate::model::{ListMFADevices, ListMFADevicesRequest, ListMFADevicesResponse};
use crate::page::Window;

impl Operation for ListMFADevices {
    type Access = Read;

    fn needs(input: &ListMFADevicesRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let user = mfa::target(at, input.user_name.as_deref())?;
        Ok(Needs::action(iam::ListMFADevices).on(&user).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListMFADevicesResponse, Fault> {
        let (db, account) = (req.db()?, req.account());
        let window = Window::new(req.input.marker.as_deref(), req.input.max_items)?;
        let (owner, name) = mfa::owner(db, req.caller, req.input.user_name.as_deref())?;
        let page = mfa::list(db, account, &owner, &name, &window)?;
        Ok(ListMFADevicesResponse {
            is_truncated: page.is_truncated(),
            mfa_devices: page.items,
            marker: page.marker,
        })
    }
}
