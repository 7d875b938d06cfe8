//! AbortMultipartUpload: an upload and its parts are given up.

use rolecall_actions::s3;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{AbortMultipartUpload, AbortMultipartUploadOutput, AbortMultipartUploadRequest};
use crate::object::Drops;
use crate::records::Uploads;
use crate::{bucket, fault, multipart};

impl Operation for AbortMultipartUpload {
    type Access = Write;

    fn needs(input: &AbortMultipartUploadRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let bucket = bucket::open(at, &input.bucket, input.expected_bucket_owner.as_deref())?;
        Ok(Needs::action(s3::AbortMultipartUpload).on(&bucket.object(&input.key)).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<AbortMultipartUploadOutput, Fault> {
        let input = req.input;
        let env = req.env;
        let tx = req.tx()?;
        let upload = multipart::find(tx, &input.bucket, &input.key, &input.upload_id)?;
        if input.if_match_initiated_time.is_some_and(|time| time.seconds() != upload.initiated.seconds()) {
            return Err(fault::precondition_failed("x-amz-if-match-initiated-time"));
        }
        tx.delete::<Uploads>(&(input.bucket.as_str(), input.key.as_str(), input.upload_id.as_str()))?;
        let mut drops = Drops::default();
        drops.upload(&input.upload_id);
        drops.note(tx, env)?;
        Ok(AbortMultipartUploadOutput::default())
    }
}
