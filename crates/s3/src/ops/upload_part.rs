//! UploadPart: one part of an upload, from one streamed body.

use rolecall_actions::s3;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Payload, Staging, Streaming, Write};

use crate::checksum::{Algorithm, claims, show_checksum};
use crate::model::{UploadPart, UploadPartOutput, UploadPartRequest};
use crate::upload::{Said, Taken, hex, take_in};
use crate::{bucket, fault, multipart};

impl Operation for UploadPart {
    type Access = Write;

    fn needs(input: &UploadPartRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let bucket = bucket::open(at, &input.bucket, input.expected_bucket_owner.as_deref())?;
        Ok(Needs::action(s3::PutObject).on(&bucket.object(&input.key)).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<UploadPartOutput, Fault> {
        let input = req.input;
        let taken = req.staged::<Taken>().ok_or_else(|| Fault::internal("no body was taken in"))?.clone();
        let number = multipart::part_number(input.part_number)?;
        let (env, now) = (req.env, req.now);
        let tx = req.tx()?;
        let upload = multipart::find(tx, &input.bucket, &input.key, &input.upload_id)?;
        multipart::keep(tx, env, now, (&input.upload_id, number), &upload, &taken)?;
        let mut output = UploadPartOutput {
            e_tag: Some(format!("\"{}\"", hex(&taken.md5))),
            server_side_encryption: Some("AES256".into()),
            ..UploadPartOutput::default()
        };
        show_checksum!(output, &taken.checksum);
        Ok(output)
    }
}

impl Streaming for UploadPart {
    fn stage<'a>(input: &'a UploadPartRequest, at: &'a At<'a>, body: &'a mut Payload) -> Staging<'a> {
        Box::pin(async move {
            multipart::part_number(input.part_number)?;
            if input.sse_customer_algorithm.is_some() || input.sse_customer_key.is_some() {
                return Err(fault::header_not_implemented("x-amz-server-side-encryption-customer-algorithm"));
            }
            let upload = multipart::find(at.db()?, &input.bucket, &input.key, &input.upload_id)?;
            let claim = claims!(input)?;
            let announced = input.checksum_algorithm.as_deref().map(Algorithm::parse).transpose()?;
            multipart::check_algorithm(&upload, claim.as_ref().map(|claim| claim.algorithm).or(announced))?;
            let said = Said {
                content_md5: input.content_md5.as_deref(),
                claim: claim.as_ref(),
                algorithm: input.checksum_algorithm.as_deref(),
                default: upload.checksum.map(|announced| announced.algorithm),
            };
            let taken = take_in(at, said, 0, body).await?;
            Ok(Box::new(taken) as Box<dyn std::any::Any + Send + Sync>)
        })
    }
}
