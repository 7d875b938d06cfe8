//! GetBucketCors: no bucket has a CORS configuration yet, which S3 says by a fault.

use rolecall_actions::s3;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::access;
use crate::model::{GetBucketCors, GetBucketCorsOutput, GetBucketCorsRequest};

impl Operation for GetBucketCors {
    type Access = Read;

    fn needs(input: &GetBucketCorsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        access::on_bucket(s3::GetBucketCORS, at, &input.bucket, input.expected_bucket_owner.as_deref())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetBucketCorsOutput, Fault> {
        let text = "The CORS configuration does not exist";
        Err(Fault::new("NoSuchCORSConfiguration", 404, text).with("BucketName", &req.input.bucket))
    }
}
