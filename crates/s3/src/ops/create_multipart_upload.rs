//! CreateMultipartUpload: begins an object that comes in parts.

use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::access::{self, Writing};
use crate::checksum::Announced;
use crate::headers::{asked, stored};
use crate::model::{CreateMultipartUpload, CreateMultipartUploadOutput, CreateMultipartUploadRequest};
use crate::records::{Upload, Uploads};
use crate::{bucket, object, tagging};

impl Operation for CreateMultipartUpload {
    type Access = Write;

    fn needs(input: &CreateMultipartUploadRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let bucket = bucket::open(at, &input.bucket, input.expected_bucket_owner.as_deref())?;
        object::check_key(&input.key)?;
        let tags = tagging::of_header(input.tagging.as_deref())?;
        let writing = Writing {
            asked: asked!(input),
            tags: &tags,
            if_match: None,
            if_none_match: None,
            redirect: input.website_redirect_location.as_deref(),
            copy_source: None,
            metadata_directive: None,
        };
        Ok(access::to_write(&bucket, &input.key, writing))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CreateMultipartUploadOutput, Fault> {
        let input = req.input;
        asked!(input).check()?;
        let checksum = Announced::of(input.checksum_algorithm.as_deref(), input.checksum_type.as_deref())?;
        let upload = Upload {
            initiated: req.now,
            initiator: req.caller.arn.clone(),
            headers: stored!(input)?,
            tags: tagging::of_header(input.tagging.as_deref())?,
            checksum,
        };
        let id = format!("{}{}", req.env.uuid(), req.env.uuid()).replace('-', "");
        let (bucket, key) = (input.bucket.as_str(), input.key.as_str());
        req.tx()?.put::<Uploads>(&(bucket, key, id.as_str()), &upload)?;
        Ok(CreateMultipartUploadOutput {
            bucket: Some(input.bucket.clone()),
            key: Some(input.key.clone()),
            upload_id: Some(id),
            server_side_encryption: Some("AES256".into()),
            checksum_algorithm: checksum.map(|announced| announced.algorithm.name().into()),
            checksum_type: checksum.map(|announced| announced.kind.name().into()),
            ..CreateMultipartUploadOutput::default()
        })
    }
}
