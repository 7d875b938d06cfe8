//! DisableEbsEncryptionByDefault: new volumes are not encrypted as it is.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::model::{
    DisableEbsEncryptionByDefault, DisableEbsEncryptionByDefaultRequest, DisableEbsEncryptionByDefaultResult,
};
use crate::questions::anywhere;

impl Operation for DisableEbsEncryptionByDefault {
    type Access = Read;

    fn needs(_: &DisableEbsEncryptionByDefaultRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::DisableEbsEncryptionByDefault, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DisableEbsEncryptionByDefaultResult, Fault> {
        faults::dry_run(req.input.dry_run)?;
        Ok(DisableEbsEncryptionByDefaultResult { ebs_encryption_by_default: Some(false) })
    }
}
