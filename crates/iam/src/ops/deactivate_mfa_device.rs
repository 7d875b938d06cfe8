//! DeactivateMFADevice: the device is no longer a user's second factor.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::mfa;
use crate::model::{DeactivateMFADevice, DeactivateMFADeviceRequest, DeactivateMFADeviceResponse};

impl Operation for DeactivateMFADevice {
    type Access = Write;

    fn needs(input: &DeactivateMFADeviceRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let user = mfa::target(at, input.user_name.as_deref())?;
        Ok(Needs::action(iam::DeactivateMFADevice).on(&user).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeactivateMFADeviceResponse, Fault> {
        let (input, caller, account) = (req.input, req.caller, req.account());
        let tx = req.tx()?;
        let (owner, _) = mfa::owner(tx, caller, input.user_name.as_deref())?;
        let device = mfa::get_of(tx, account, &owner, &input.serial_number)?;
        mfa::release(tx, device)?;
        Ok(DeactivateMFADeviceResponse {})
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn only_its_own_user_loses_a_device_which_can_then_be_deleted() {
        let scene = Scene::new();
        scene.user("ann");
        scene.user("bob");
        let (serial, seed) = scene.device("d");
        scene.enable("ann", &serial, &seed, (-1, 0)).unwrap();
        let deactivate = |name: &str| {
            let input =
                DeactivateMFADeviceRequest { user_name: Some(name.into()), serial_number: serial.clone() };
            scene.call::<DeactivateMFADevice>(input)
        };
        assert_eq!(check_fault(deactivate("bob"), "NoSuchEntity"), "MFA Device invalid for user.");
        let list = |status: &str| {
            let input =
                ListVirtualMFADevicesRequest { assignment_status: Some(status.into()), ..Default::default() };
            scene.call::<ListVirtualMFADevices>(input).unwrap().virtual_mfa_devices
        };
        assert_eq!((list("Assigned").len(), list("Unassigned").len(), list("Any").len()), (1, 0, 1));
        assert_eq!(list("Assigned")[0].user.as_ref().unwrap().user_name, "ann");
        deactivate("ann").unwrap();
        assert_eq!((list("Assigned").len(), list("Unassigned").len()), (0, 1));
        // The codes that were used stay used.
        check_fault(scene.enable("bob", &serial, &seed, (-1, 0)), "InvalidAuthenticationCode");
        let delete = DeleteVirtualMFADeviceRequest { serial_number: serial.clone() };
        scene.call::<DeleteVirtualMFADevice>(delete.clone()).unwrap();
        let text = check_fault(scene.call::<DeleteVirtualMFADevice>(delete), "NoSuchEntity");
        assert_eq!(text, format!("VirtualMFADevice with serial number {serial} doesn't exist."));
        scene.call::<DeleteUser>(DeleteUserRequest { user_name: "ann".into() }).unwrap();
    }
}
