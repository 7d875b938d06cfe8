//! GetBucketVersioning: no bucket has versions yet, which S3 shows as an empty answer.

use rolecall_actions::s3;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::access;
use crate::model::{GetBucketVersioning, GetBucketVersioningOutput, GetBucketVersioningRequest};

impl Operation for GetBucketVersioning {
    type Access = Read;

    fn needs(input: &GetBucketVersioningRequest, at: &At<'_>) -> Result<Needs, Fault> {
        access::on_bucket(s3::GetBucketVersioning, at, &input.bucket, input.expected_bucket_owner.as_deref())
    }

    fn run(_req: &mut Authorized<'_, Self>) -> Result<GetBucketVersioningOutput, Fault> {
        Ok(GetBucketVersioningOutput::default())
    }
}
