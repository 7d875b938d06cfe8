//! GetBucketLogging: no bucket logs its requests yet, which S3 shows as an empty answer.

use rolecall_actions::s3;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::access;
use crate::model::{GetBucketLogging, GetBucketLoggingOutput, GetBucketLoggingRequest};

impl Operation for GetBucketLogging {
    type Access = Read;

    fn needs(input: &GetBucketLoggingRequest, at: &At<'_>) -> Result<Needs, Fault> {
        access::on_bucket(s3::GetBucketLogging, at, &input.bucket, input.expected_bucket_owner.as_deref())
    }

    fn run(_req: &mut Authorized<'_, Self>) -> Result<GetBucketLoggingOutput, Fault> {
        Ok(GetBucketLoggingOutput::default())
    }
}
