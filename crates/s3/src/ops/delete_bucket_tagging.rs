//! DeleteBucketTagging: a bucket without tags.

use rolecall_actions::s3;
use rolecall_base::{Fault, Tags};
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{DeleteBucketTagging, DeleteBucketTaggingRequest, DeleteBucketTaggingResponse};
use crate::records::Buckets;
use crate::{access, bucket};

impl Operation for DeleteBucketTagging {
    type Access = Write;

    fn needs(input: &DeleteBucketTaggingRequest, at: &At<'_>) -> Result<Needs, Fault> {
        access::on_bucket(s3::PutBucketTagging, at, &input.bucket, input.expected_bucket_owner.as_deref())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteBucketTaggingResponse, Fault> {
        let mut row = bucket::row(req.db()?, &req.input.bucket)?;
        row.tags = Tags::default();
        req.tx()?.put::<Buckets>(&row.name.as_str(), &row)?;
        Ok(DeleteBucketTaggingResponse::default())
    }
}
