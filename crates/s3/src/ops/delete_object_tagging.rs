//! DeleteObjectTagging: an object without tags.

use rolecall_actions::s3;
use rolecall_base::{Fault, Tags};
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{DeleteObjectTagging, DeleteObjectTaggingOutput, DeleteObjectTaggingRequest};
use crate::records::Objects;
use crate::{access, object};

impl Operation for DeleteObjectTagging {
    type Access = Write;

    fn needs(input: &DeleteObjectTaggingRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let owner = input.expected_bucket_owner.as_deref();
        access::on_object(s3::DeleteObjectTagging, at, &input.bucket, &input.key, owner)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteObjectTaggingOutput, Fault> {
        let input = req.input;
        let place = (input.bucket.as_str(), input.key.as_str());
        let mut object = access::found(req, req.db()?.get::<Objects>(&place)?, &input.key)?;
        object::check_version(input.version_id.as_deref(), &input.key)?;
        object.head.tags = Tags::default();
        req.tx()?.put::<Objects>(&place, &object)?;
        Ok(DeleteObjectTaggingOutput::default())
    }
}
