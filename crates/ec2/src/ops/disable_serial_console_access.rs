//! DisableSerialConsoleAccess: the serial console may not be used in this account and region.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::model::{
    DisableSerialConsoleAccess, DisableSerialConsoleAccessRequest, DisableSerialConsoleAccessResult,
};
use crate::place::Place;
use crate::questions::anywhere;
use crate::settings;

impl Operation for DisableSerialConsoleAccess {
    type Access = Write;

    fn needs(_: &DisableSerialConsoleAccessRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::DisableSerialConsoleAccess, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DisableSerialConsoleAccessResult, Fault> {
        faults::dry_run(req.input.dry_run)?;
        let place = Place::here(req);
        let own = settings::change(req.tx()?, place, |own| own.serial_console = false)?;
        Ok(DisableSerialConsoleAccessResult { serial_console_access_enabled: Some(own.serial_console) })
    }
}
