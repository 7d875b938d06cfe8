//! GetObjectLockConfiguration: no bucket locks its objects yet, which S3 says by a fault.

use rolecall_actions::s3;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::access;
use crate::model::{
    GetObjectLockConfiguration, GetObjectLockConfigurationOutput, GetObjectLockConfigurationRequest,
};

impl Operation for GetObjectLockConfiguration {
    type Access = Read;

    fn needs(input: &GetObjectLockConfigurationRequest, at: &At<'_>) -> Result<Needs, Fault> {
        access::on_bucket(
            s3::GetBucketObjectLockConfiguration,
            at,
            &input.bucket,
            input.expected_bucket_owner.as_deref(),
        )
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetObjectLockConfigurationOutput, Fault> {
        let text = "Object Lock configuration does not exist for this bucket";
        Err(Fault::new("ObjectLockConfigurationNotFoundError", 404, text)
            .with("BucketName", &req.input.bucket))
    }
}
