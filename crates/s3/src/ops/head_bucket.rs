//! HeadBucket: whether a bucket is there and the caller may list it; and where it is.

use rolecall_actions::s3;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::model::{HeadBucket, HeadBucketOutput, HeadBucketRequest};
use crate::{access, bucket};

impl Operation for HeadBucket {
    type Access = Read;

    fn needs(input: &HeadBucketRequest, at: &At<'_>) -> Result<Needs, Fault> {
        access::on_bucket(s3::ListBucket, at, &input.bucket, input.expected_bucket_owner.as_deref())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<HeadBucketOutput, Fault> {
        let row = bucket::row(req.db()?, &req.input.bucket)?;
        Ok(HeadBucketOutput {
            bucket_arn: Some(bucket::arn(&row.name)),
            bucket_region: Some(row.region),
            access_point_alias: Some(false),
            ..HeadBucketOutput::default()
        })
    }
}
