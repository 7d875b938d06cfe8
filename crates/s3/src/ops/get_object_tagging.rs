//! GetObjectTagging: the tags of an object.

use rolecall_actions::s3;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::model::{GetObjectTagging, GetObjectTaggingOutput, GetObjectTaggingRequest};
use crate::{access, object, tagging};

impl Operation for GetObjectTagging {
    type Access = Read;

    fn needs(input: &GetObjectTaggingRequest, at: &At<'_>) -> Result<Needs, Fault> {
        access::on_object(
            s3::GetObjectTagging,
            at,
            &input.bucket,
            &input.key,
            input.expected_bucket_owner.as_deref(),
        )
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetObjectTaggingOutput, Fault> {
        let input = req.input;
        let head = access::found(req, object::head(req.db()?, &input.bucket, &input.key)?, &input.key)?;
        object::check_version(input.version_id.as_deref(), &input.key)?;
        Ok(GetObjectTaggingOutput { tag_set: tagging::to_wire(&head.tags), version_id: None })
    }
}
