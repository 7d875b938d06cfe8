//! DeleteObject: removes an object; removing what is not there succeeds too.

use rolecall_actions::s3::{self, key};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{DeleteObject, DeleteObjectOutput, DeleteObjectRequest};
use crate::object::Drops;
use crate::records::Head;
use crate::{bucket, conditions, fault, object};

impl Operation for DeleteObject {
    type Access = Write;

    fn needs(input: &DeleteObjectRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let bucket = bucket::open(at, &input.bucket, input.expected_bucket_owner.as_deref())?;
        let question = Needs::action(s3::DeleteObject).on(&bucket.object(&input.key));
        Ok(question.key(key::IfMatch, input.if_match.as_deref()).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteObjectOutput, Fault> {
        let input = req.input;
        object::check_version(input.version_id.as_deref(), &input.key)?;
        if input.bypass_governance_retention == Some(true) {
            let text = "x-amz-bypass-governance-retention is only applicable to Object Lock enabled buckets.";
            return Err(fault::invalid_argument("x-amz-bypass-governance-retention", "true", text));
        }
        let env = req.env;
        let tx = req.tx()?;
        let old = object::head(tx, &input.bucket, &input.key)?;
        check_conditions(input, old.as_ref())?;
        if let Some(old) = old {
            let mut drops = Drops::default();
            object::remove(tx, &input.bucket, &input.key, &old, &mut drops)?;
            drops.note(tx, env)?;
        }
        Ok(DeleteObjectOutput::default())
    }
}

fn check_conditions(input: &DeleteObjectRequest, old: Option<&Head>) -> Result<(), Fault> {
    conditions::check_write(input.if_match.as_deref(), None, &input.key, old)?;
    let Some(old) = old else { return Ok(()) };
    let same_time =
        input.if_match_last_modified_time.is_none_or(|time| time.seconds() == old.modified.seconds());
    let same_size = input.if_match_size.is_none_or(|size| u64::try_from(size) == Ok(old.size));
    match (same_time, same_size) {
        (false, _) => Err(fault::precondition_failed("x-amz-if-match-last-modified-time")),
        (_, false) => Err(fault::precondition_failed("x-amz-if-match-size")),
        _ => Ok(()),
    }
}
