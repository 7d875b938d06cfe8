//! ResyncMFADevice: finds out how far a device's clock is off, from two codes of it.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::mfa;
use crate::model::{ResyncMFADevice, ResyncMFADeviceRequest, ResyncMFADeviceResponse};

/// Steps by which a clock may be off: a day, as when its zone is set wrong.
const WIDTH: i64 = 2880;

impl Operation for ResyncMFADevice {
    type Access = Write;

    fn needs(input: &ResyncMFADeviceRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let user = mfa::target(at, Some(&input.user_name))?;
        Ok(Needs::action(iam::ResyncMFADevice).on(&user).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ResyncMFADeviceResponse, Fault> {
        let (input, caller, account) = (req.input, req.caller, req.account());
        let (identity, now) = (req.identity, req.now);
        let tx = req.tx()?;
        let (owner, _) = mfa::owner(tx, caller, Some(&input.user_name))?;
        let mut device = mfa::get_of(tx, account, &owner, &input.serial_number)?;
        let (first, second) = (&input.authentication_code1, &input.authentication_code2);
        let step = identity.check_two_codes(&device, WIDTH, first, second, now)?;
        let step = step.ok_or_else(mfa::wrong_codes)?;
        device.drift = step - rolecall_identity::second_factor::step(now);
        device.last_step = step;
        mfa::put(tx, &device)?;
        Ok(ResyncMFADeviceResponse {})
    }
}

#[cfg(test)]
mod tests {
    use rolecall_base::Fault;
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    fn resync(scene: &Scene, serial: &str, seed: &[u8], steps: (i64, i64)) -> Result<(), Fault> {
        let input = ResyncMFADeviceRequest {
            user_name: "ann".into(),
            serial_number: serial.into(),
            authentication_code1: scene.code(seed, steps.0),
            authentication_code2: scene.code(seed, steps.1),
        };
        scene.call::<ResyncMFADevice>(input).map(|_| ())
    }

    #[test]
    fn a_clock_that_is_off_is_followed_after_two_of_its_codes() {
        let scene = Scene::new();
        scene.user("ann");
        let (serial, seed) = scene.device("d");
        check_fault(resync(&scene, &serial, &seed, (99, 100)), "NoSuchEntity");
        scene.enable("ann", &serial, &seed, (-1, 0)).unwrap();
        let check = |step| {
            let db = scene.world.store.read().unwrap();
            let (identity, code) = (&scene.world.door.identity, scene.code(&seed, step));
            let owner = rolecall_identity::records::KeyOwner::User(scene.id_of("ann"));
            let now = scene.world.env.now();
            identity.check_code(&db, rolecall_testkit::ACCOUNT, Some(&owner), &serial, &code, now).is_ok()
        };
        assert!(check(1) && !check(100));
        // Used codes do not tell the time.
        check_fault(resync(&scene, &serial, &seed, (-1, 0)), "InvalidAuthenticationCode");
        check_fault(resync(&scene, &serial, &seed, (9_999, 10_000)), "InvalidAuthenticationCode");
        resync(&scene, &serial, &seed, (99, 100)).unwrap();
        assert!(check(101) && !check(1));
    }
}
