//! PutObjectTagging: other tags for an object, in place of all it had.

use rolecall_actions::s3::{self, key};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{PutObjectTagging, PutObjectTaggingOutput, PutObjectTaggingRequest};
use crate::records::Objects;
use crate::{access, bucket, object, tagging};

impl Operation for PutObjectTagging {
    type Access = Write;

    fn needs(input: &PutObjectTaggingRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let bucket = bucket::open(at, &input.bucket, input.expected_bucket_owner.as_deref())?;
        let Some(head) = object::head(at.db()?, &bucket.row.name, &input.key)? else {
            return Ok(access::on_object_in(s3::PutObjectTagging, &bucket, &input.key, None));
        };
        let mut question = Needs::action(s3::PutObjectTagging).on(&bucket.object(&input.key));
        for tag in &head.tags {
            question = question.tag(key::ExistingObjectTag, &tag.key, &tag.value);
        }
        for tag in &input.tagging.tag_set {
            question = question.tag(key::RequestObjectTag, &tag.key, &tag.value);
        }
        let keys = input.tagging.tag_set.iter().map(|tag| tag.key.clone()).collect();
        Ok(question.list(key::RequestObjectTagKeys, keys).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<PutObjectTaggingOutput, Fault> {
        let input = req.input;
        let place = (input.bucket.as_str(), input.key.as_str());
        let mut object = access::found(req, req.db()?.get::<Objects>(&place)?, &input.key)?;
        object::check_version(input.version_id.as_deref(), &input.key)?;
        object.head.tags = tagging::of_document(&input.tagging, tagging::OF_OBJECT)?;
        req.tx()?.put::<Objects>(&place, &object)?;
        Ok(PutObjectTaggingOutput::default())
    }
}
