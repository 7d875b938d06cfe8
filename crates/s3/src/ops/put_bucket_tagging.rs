//! PutBucketTagging: other tags for a bucket, in place of all it had.

use rolecall_actions::s3;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{PutBucketTagging, PutBucketTaggingRequest, PutBucketTaggingResponse};
use crate::records::Buckets;
use crate::{access, bucket, tagging};

impl Operation for PutBucketTagging {
    type Access = Write;

    fn needs(input: &PutBucketTaggingRequest, at: &At<'_>) -> Result<Needs, Fault> {
        access::on_bucket(s3::PutBucketTagging, at, &input.bucket, input.expected_bucket_owner.as_deref())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<PutBucketTaggingResponse, Fault> {
        let mut row = bucket::row(req.db()?, &req.input.bucket)?;
        row.tags = tagging::of_document(&req.input.tagging, tagging::OF_BUCKET)?;
        req.tx()?.put::<Buckets>(&row.name.as_str(), &row)?;
        Ok(PutBucketTaggingResponse::default())
    }
}
