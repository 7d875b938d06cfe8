//! GetBucketWebsite: no bucket is a website yet, which S3 says by a fault.

use rolecall_actions::s3;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::access;
use crate::model::{GetBucketWebsite, GetBucketWebsiteOutput, GetBucketWebsiteRequest};

impl Operation for GetBucketWebsite {
    type Access = Read;

    fn needs(input: &GetBucketWebsiteRequest, at: &At<'_>) -> Result<Needs, Fault> {
        access::on_bucket(s3::GetBucketWebsite, at, &input.bucket, input.expected_bucket_owner.as_deref())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetBucketWebsiteOutput, Fault> {
        let text = "The specified bucket does not have a website configuration";
        Err(Fault::new("NoSuchWebsiteConfiguration", 404, text).with("BucketName", &req.input.bucket))
    }
}
