//! ListVirtualMFADevices: the account's virtual devices, those that somebody uses and those that nobody does.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::records::MfaDevices;

use crate::mfa;
use crate::model::{ListVirtualMFADevices, ListVirtualMFADevicesRequest, ListVirtualMFADevicesResponse};
use crate::page::Window;

impl Operation for ListVirtualMFADevices {
    type Access = Read;

    fn needs(_input: &ListVirtualMFADevicesRequest, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(iam::ListVirtualMFADevices).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListVirtualMFADevicesResponse, Fault> {
        let (db, account, input) = (req.db()?, req.account(), req.input);
        let window = Window::new(input.marker.as_deref(), input.max_items)?;
        let assigned = match input.assignment_status.as_deref() {
            Some("Assigned") => Some(true),
            Some("Unassigned") => Some(false),
            _ => None,
        };
        let page = window.scan::<MfaDevices, _>(
            db,
            &(account,),
            |place| (account, place),
            |(_, place)| place.clone(),
            |_, device| {
                let wanted = assigned.is_none_or(|assigned| device.owner.is_some() == assigned);
                wanted.then(|| mfa::in_list(db, &device)).transpose()
            },
        )?;
        Ok(ListVirtualMFADevicesResponse {
            is_truncated: page.is_truncated(),
            virtual_mfa_devices: page.items,
            marker: page.marker,
        })
    }
}
