//! GetEbsEncryptionByDefault: new volumes are not encrypted, and can't be.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::model::{
    GetEbsEncryptionByDefault, GetEbsEncryptionByDefaultRequest, GetEbsEncryptionByDefaultResult,
};
use crate::questions::anywhere;

impl Operation for GetEbsEncryptionByDefault {
    type Access = Read;

    fn needs(_: &GetEbsEncryptionByDefaultRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::GetEbsEncryptionByDefault, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetEbsEncryptionByDefaultResult, Fault> {
        faults::dry_run(req.input.dry_run)?;
        Ok(GetEbsEncryptionByDefaultResult { ebs_encryption_by_default: Some(false), ..Default::default() })
    }
}
