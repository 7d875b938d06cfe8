//! GetMFADevice: one device of a user. There are only virtual ones, so no certifications are shown.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::mfa;
use crate::model::{GetMFADevice, GetMFADeviceRequest, GetMFADeviceResponse};

impl Operation for GetMFADevice {
    type Access = Read;

    fn needs(input: &GetMFADeviceRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let user = mfa::target(at, input.user_name.as_deref())?;
        Ok(Needs::action(iam::GetMFADevice).on(&user).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetMFADeviceResponse, Fault> {
        let (db, input) = (req.db()?, req.input);
        let (owner, name) = mfa::owner(db, req.caller, input.user_name.as_deref())?;
        let device = mfa::get_of(db, req.account(), &owner, &input.serial_number)?;
        Ok(GetMFADeviceResponse {
            user_name: (!name.is_empty()).then_some(name),
            serial_number: device.serial(),
            enable_date: device.enabled,
            certifications: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn a_users_device_is_told_with_the_day_it_was_enabled() {
        let scene = Scene::new();
        scene.user("ann");
        scene.user("bob");
        let (serial, seed) = scene.device("d");
        scene.enable("ann", &serial, &seed, (-1, 0)).unwrap();
        let get = |name: &str| {
            let input = GetMFADeviceRequest { serial_number: serial.clone(), user_name: Some(name.into()) };
            scene.call::<GetMFADevice>(input)
        };
        assert_eq!(get("ann").unwrap().enable_date, Some(scene.world.env.now()));
        check_fault(get("bob"), "NoSuchEntity");
    }
}
