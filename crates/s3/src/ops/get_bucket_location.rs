//! GetBucketLocation: a bucket's region, with us-east-1 as nothing.

use rolecall_actions::s3;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::model::{GetBucketLocation, GetBucketLocationOutput, GetBucketLocationRequest};
use crate::{access, bucket};

impl Operation for GetBucketLocation {
    type Access = Read;

    fn needs(input: &GetBucketLocationRequest, at: &At<'_>) -> Result<Needs, Fault> {
        access::on_bucket(s3::GetBucketLocation, at, &input.bucket, input.expected_bucket_owner.as_deref())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetBucketLocationOutput, Fault> {
        let region = bucket::row(req.db()?, &req.input.bucket)?.region;
        Ok(GetBucketLocationOutput {
            location_constraint: Some(region).filter(|region| region != "us-east-1"),
        })
    }
}
