//! GetBucketLifecycleConfiguration: no bucket has lifecycle rules yet, which S3 says by a fault.

use rolecall_actions::s3;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::access;
use crate::model::{
    GetBucketLifecycleConfiguration, GetBucketLifecycleConfigurationOutput,
    GetBucketLifecycleConfigurationRequest,
};

impl Operation for GetBucketLifecycleConfiguration {
    type Access = Read;

    fn needs(input: &GetBucketLifecycleConfigurationRequest, at: &At<'_>) -> Result<Needs, Fault> {
        access::on_bucket(
            s3::GetLifecycleConfiguration,
            at,
            &input.bucket,
            input.expected_bucket_owner.as_deref(),
        )
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetBucketLifecycleConfigurationOutput, Fault> {
        let text = "The lifecycle configuration does not exist";
        Err(Fault::new("NoSuchLifecycleConfiguration", 404, text).with("BucketName", &req.input.bucket))
    }
}
