//! GetEbsDefaultKmsKeyId: the key that AWS would encrypt volumes with.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::model::{GetEbsDefaultKmsKeyId, GetEbsDefaultKmsKeyIdRequest, GetEbsDefaultKmsKeyIdResult};
use crate::questions::anywhere;

impl Operation for GetEbsDefaultKmsKeyId {
    type Access = Read;

    fn needs(_: &GetEbsDefaultKmsKeyIdRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::GetEbsDefaultKmsKeyId, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetEbsDefaultKmsKeyIdResult, Fault> {
        faults::dry_run(req.input.dry_run)?;
        Ok(GetEbsDefaultKmsKeyIdResult { kms_key_id: Some("alias/aws/ebs".into()) })
    }
}
