//! GetSerialConsoleAccessStatus: whether the serial console may be used in this account and region.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::model::{
    GetSerialConsoleAccessStatus, GetSerialConsoleAccessStatusRequest, GetSerialConsoleAccessStatusResult,
};
use crate::place::Place;
use crate::questions::anywhere;
use crate::settings;

impl Operation for GetSerialConsoleAccessStatus {
    type Access = Read;

    fn needs(_: &GetSerialConsoleAccessStatusRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::GetSerialConsoleAccessStatus, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetSerialConsoleAccessStatusResult, Fault> {
        faults::dry_run(req.input.dry_run)?;
        let own = settings::of(req.db()?, Place::here(req))?;
        Ok(GetSerialConsoleAccessStatusResult {
            serial_console_access_enabled: Some(own.serial_console),
            managed_by: Some("account".to_owned()),
        })
    }
}
