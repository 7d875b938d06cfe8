//! GetBucketTagging: the tags of a bucket.

use rolecall_actions::s3;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::model::{GetBucketTagging, GetBucketTaggingOutput, GetBucketTaggingRequest};
use crate::{access, bucket, tagging};

impl Operation for GetBucketTagging {
    type Access = Read;

    fn needs(input: &GetBucketTaggingRequest, at: &At<'_>) -> Result<Needs, Fault> {
        access::on_bucket(s3::GetBucketTagging, at, &input.bucket, input.expected_bucket_owner.as_deref())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetBucketTaggingOutput, Fault> {
        let row = bucket::row(req.db()?, &req.input.bucket)?;
        if row.tags.is_empty() {
            return Err(
                Fault::new("NoSuchTagSet", 404, "The TagSet does not exist").with("BucketName", row.name)
            );
        }
        Ok(GetBucketTaggingOutput { tag_set: tagging::to_wire(&row.tags) })
    }
}
