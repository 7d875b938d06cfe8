//! EnableMFADevice: makes a device a user's second factor, for who shows two codes of it.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::KeyOwner;

use crate::mfa;
use crate::model::{EnableMFADevice, EnableMFADeviceRequest, EnableMFADeviceResponse, fault};

/// Steps from now within which the second code must be: typing two codes takes its time.
const WIDTH: i64 = 2;

impl Operation for EnableMFADevice {
    type Access = Write;

    fn needs(input: &EnableMFADeviceRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let user = mfa::target(at, Some(&input.user_name))?;
        Ok(Needs::action(iam::EnableMFADevice).on(&user).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<EnableMFADeviceResponse, Fault> {
        let (input, caller, account) = (req.input, req.caller, req.account());
        let (identity, now) = (req.identity, req.now);
        let tx = req.tx()?;
        let (owner, _) = mfa::owner(tx, caller, Some(&input.user_name))?;
        let mut device = mfa::get(tx, account, &input.serial_number)?;
        if device.owner.is_some() {
            return Err(fault::entity_already_exists("MFA Device is already in use."));
        }
        if device.name == mfa::ROOT_DEVICE && owner != KeyOwner::Root {
            // Tools take this name for the root user's having a second factor.
            let text = format!("The device {} is for the root user only.", input.serial_number);
            return Err(Fault::validation(text));
        }
        let (first, second) = (&input.authentication_code1, &input.authentication_code2);
        let step = identity.check_two_codes(&device, WIDTH, first, second, now)?;
        device.last_step = step.ok_or_else(mfa::wrong_codes)?;
        device.enabled = Some(now.whole_seconds());
        device.owner = Some(owner.clone());
        mfa::assign(tx, &device, &owner)?;
        Ok(EnableMFADeviceResponse {})
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn two_codes_that_follow_each_other_enable_a_device_once() {
        let scene = Scene::new();
        scene.user("ann");
        scene.user("bob");
        let (serial, seed) = scene.device("d");
        let wrong = [(0, 0), (1, 0), (-4, -3), (2, 4)];
        for (first, second) in wrong {
            let refused = scene.enable("ann", &serial, &seed, (first, second));
            let text = check_fault(refused, "InvalidAuthenticationCode");
            assert_eq!(text, "Authentication code for device is not valid.");
        }
        scene.enable("ann", &serial, &seed, (-1, 0)).unwrap();
        scene.world.env.advance(Duration::from_secs(90));
        let text = check_fault(scene.enable("bob", &serial, &seed, (-1, 0)), "EntityAlreadyExists");
        assert_eq!(text, "MFA Device is already in use.");
        let input = ListMFADevicesRequest { user_name: Some("ann".into()), ..Default::default() };
        let devices = scene.call::<ListMFADevices>(input).unwrap().mfa_devices;
        assert_eq!(
            (devices.len(), &devices[0].serial_number, devices[0].user_name.as_str()),
            (1, &serial, "ann")
        );
        let text = check_fault(
            scene.call::<DeleteUser>(DeleteUserRequest { user_name: "ann".into() }),
            "DeleteConflict",
        );
        assert_eq!(text, "Cannot delete entity, must delete MFA device first.");
        let input = DeleteVirtualMFADeviceRequest { serial_number: serial };
        let text = check_fault(scene.call::<DeleteVirtualMFADevice>(input), "DeleteConflict");
        assert_eq!(text, "MFA VirtualDevice in use. Must deactivate first.");
    }

    #[test]
    fn guessing_is_stopped() {
        let scene = Scene::new();
        scene.user("ann");
        let (serial, seed) = scene.device("d");
        for _ in 0..5 {
            check_fault(scene.enable("ann", &serial, &seed, (0, 0)), "InvalidAuthenticationCode");
        }
        check_fault(scene.enable("ann", &serial, &seed, (-1, 0)), "InvalidAuthenticationCode");
        scene.world.env.advance(Duration::from_secs(30));
        scene.enable("ann", &serial, &seed, (-1, 0)).unwrap();
    }

    #[test]
    fn eight_devices_are_the_most_and_hardware_is_unknown() {
        let scene = Scene::new();
        scene.user("ann");
        for n in 0..8 {
            let (serial, seed) = scene.device(&format!("d{n}"));
            scene.enable("ann", &serial, &seed, (-1, 0)).unwrap();
        }
        let (serial, seed) = scene.device("d8");
        let text = check_fault(scene.enable("ann", &serial, &seed, (-1, 0)), "LimitExceeded");
        assert_eq!(text, "Cannot exceed quota for MFADevicesPerUser: 8");
        check_fault(scene.enable("ann", "GAHT12345678", &seed, (-1, 0)), "NoSuchEntity");
    }

    #[test]
    fn the_root_user_has_devices_of_its_own() {
        let scene = Scene::new();
        scene.user("ann");
        let (serial, seed) = scene.device("root-account-mfa-device");
        check_fault(scene.enable("ann", &serial, &seed, (-1, 0)), "ValidationError");
        let number = |name: &str| {
            let map = scene.call::<GetAccountSummary>(Default::default()).unwrap().summary_map.unwrap();
            map.get(name).copied()
        };
        assert_eq!((number("AccountMFAEnabled"), number("MFADevicesInUse")), (Some(0), Some(0)));
        scene.enable("000000000000", &serial, &seed, (-1, 0)).unwrap();
        assert_eq!((number("AccountMFAEnabled"), number("MFADevicesInUse")), (Some(1), Some(1)));
        assert_eq!(number("MFADevices"), Some(1));
        let own = scene.call::<ListMFADevices>(Default::default()).unwrap().mfa_devices;
        assert_eq!(own[0].serial_number, "arn:aws:iam::000000000000:mfa/root-account-mfa-device");
        let all = scene.call::<ListVirtualMFADevices>(Default::default()).unwrap().virtual_mfa_devices;
        assert_eq!(all[0].user.as_ref().unwrap().arn, "arn:aws:iam::000000000000:root");
        let input = DeactivateMFADeviceRequest { user_name: None, serial_number: serial };
        scene.call::<DeactivateMFADevice>(input).unwrap();
        assert_eq!(number("AccountMFAEnabled"), Some(0));
    }
}
