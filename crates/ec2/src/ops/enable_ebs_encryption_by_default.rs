//! EnableEbsEncryptionByDefault: refused, for nothing would be encrypted.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::model::{
    EnableEbsEncryptionByDefault, EnableEbsEncryptionByDefaultRequest, EnableEbsEncryptionByDefaultResult,
};
use crate::questions::anywhere;

impl Operation for EnableEbsEncryptionByDefault {
    type Access = Read;

    fn needs(_: &EnableEbsEncryptionByDefaultRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::EnableEbsEncryptionByDefault, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<EnableEbsEncryptionByDefaultResult, Fault> {
        faults::dry_run(req.input.dry_run)?;
        Err(faults::unsupported("Encryption of volumes"))
    }
}
