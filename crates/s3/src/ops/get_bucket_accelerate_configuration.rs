//! GetBucketAccelerateConfiguration: there is no acceleration, which S3 shows as an empty answer.

use rolecall_actions::s3;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::access;
use crate::model::{
    GetBucketAccelerateConfiguration, GetBucketAccelerateConfigurationOutput,
    GetBucketAccelerateConfigurationRequest,
};

impl Operation for GetBucketAccelerateConfiguration {
    type Access = Read;

    fn needs(input: &GetBucketAccelerateConfigurationRequest, at: &At<'_>) -> Result<Needs, Fault> {
        access::on_bucket(
            s3::GetAccelerateConfiguration,
            at,
            &input.bucket,
            input.expected_bucket_owner.as_deref(),
        )
    }

    fn run(_req: &mut Authorized<'_, Self>) -> Result<GetBucketAccelerateConfigurationOutput, Fault> {
        Ok(GetBucketAccelerateConfigurationOutput::default())
    }
}
