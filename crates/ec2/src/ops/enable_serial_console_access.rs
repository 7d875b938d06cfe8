//! EnableSerialConsoleAccess: the serial console may be used in this account and region.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::model::{
    EnableSerialConsoleAccess, EnableSerialConsoleAccessRequest, EnableSerialConsoleAccessResult,
};
use crate::place::Place;
use crate::questions::anywhere;
use crate::settings;

impl Operation for EnableSerialConsoleAccess {
    type Access = Write;

    fn needs(_: &EnableSerialConsoleAccessRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::EnableSerialConsoleAccess, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<EnableSerialConsoleAccessResult, Fault> {
        faults::dry_run(req.input.dry_run)?;
        let place = Place::here(req);
        let own = settings::change(req.tx()?, place, |own| own.serial_console = true)?;
        Ok(EnableSerialConsoleAccessResult { serial_console_access_enabled: Some(own.serial_console) })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World};

    use crate::model::*;

    #[test]
    fn the_serial_console_is_off_until_it_is_enabled() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let status = || {
            let answer = world.call::<GetSerialConsoleAccessStatus>(&root, Default::default()).unwrap();
            answer.serial_console_access_enabled
        };
        assert_eq!(status(), Some(false));
        world.call::<EnableSerialConsoleAccess>(&root, Default::default()).unwrap();
        assert_eq!(status(), Some(true));
        world.call::<DisableSerialConsoleAccess>(&root, Default::default()).unwrap();
        assert_eq!(status(), Some(false));
    }
}
