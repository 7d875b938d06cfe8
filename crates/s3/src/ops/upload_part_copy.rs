//! UploadPartCopy: one part of an upload, from another object's bytes.

use rolecall_actions::s3;
use rolecall_base::Fault;
use rolecall_blobs::Blobs;
use rolecall_door::{At, Authorized, Needs, Operation, Payload, Staging, Streaming, Write};
use rolecall_wire::Body;

use crate::checksum::show_checksum;
use crate::conditions::ReadIf;
use crate::copy::Source;
use crate::model::{CopyPartResult, UploadPartCopy, UploadPartCopyOutput, UploadPartCopyRequest};
use crate::object::MAX_UPLOAD;
use crate::records::Objects;
use crate::upload::{Said, Taken, hex, take_in};
use crate::{access, bucket, fault, multipart, object, range, reading};

impl Operation for UploadPartCopy {
    type Access = Write;

    fn needs(input: &UploadPartCopyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let target = bucket::open(at, &input.bucket, input.expected_bucket_owner.as_deref())?;
        let source = Source::parse(&input.copy_source)?;
        let from = bucket::open(at, &source.bucket, input.expected_source_bucket_owner.as_deref())?;
        let there = object::head(at.db()?, &source.bucket, &source.key)?;
        let read = access::on_object_in(s3::GetObject, &from, &source.key, there.as_ref());
        if there.is_none() {
            return Ok(read);
        }
        let write = Needs::action(s3::PutObject)
            .on(&target.object(&input.key))
            .key(rolecall_actions::s3::key::XAmzCopySource, Some(source.text()));
        Ok(read.and(write.done()))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<UploadPartCopyOutput, Fault> {
        let input = req.input;
        let source = Source::parse(&input.copy_source)?;
        access::found(req, object::head(req.db()?, &source.bucket, &source.key)?, &source.key)?;
        // The source came to be after its bytes should have been read.
        let taken = req.staged::<Option<Taken>>().and_then(Clone::clone).ok_or_else(fault::aborted)?;
        let number = multipart::part_number(input.part_number)?;
        let (env, now) = (req.env, req.now);
        let tx = req.tx()?;
        let upload = multipart::find(tx, &input.bucket, &input.key, &input.upload_id)?;
        let part = multipart::keep(tx, env, now, (&input.upload_id, number), &upload, &taken)?;
        let mut result = CopyPartResult {
            e_tag: Some(format!("\"{}\"", hex(&part.md5))),
            last_modified: Some(part.modified),
            ..CopyPartResult::default()
        };
        if upload.checksum.is_some() {
            show_checksum!(result, &part.checksum);
        }
        Ok(UploadPartCopyOutput {
            copy_part_result: Some(result),
            server_side_encryption: Some("AES256".into()),
            ..UploadPartCopyOutput::default()
        })
    }
}

impl Streaming for UploadPartCopy {
    /// The request has no body; the source's bytes are read in its place.
    fn stage<'a>(input: &'a UploadPartCopyRequest, at: &'a At<'a>, _body: &'a mut Payload) -> Staging<'a> {
        Box::pin(async move {
            multipart::part_number(input.part_number)?;
            let upload = multipart::find(at.db()?, &input.bucket, &input.key, &input.upload_id)?;
            let Some(mut payload) = source_bytes(input, at)? else { return Ok(boxed(None)) };
            let said =
                Said { default: upload.checksum.map(|announced| announced.algorithm), ..Said::default() };
            let taken = take_in(at, said, 0, &mut payload).await?;
            Ok(boxed(Some(taken)))
        })
    }
}

fn boxed(taken: Option<Taken>) -> Box<dyn std::any::Any + Send + Sync> {
    Box::new(taken)
}

/// `None` for a source that is missing. It is answered by `run`, which knows whether the caller may learn that.
fn source_bytes(input: &UploadPartCopyRequest, at: &At<'_>) -> Result<Option<Payload>, Fault> {
    let source = Source::parse(&input.copy_source)?;
    let db = at.db()?;
    let Some(object) = db.get::<Objects>(&(source.bucket.as_str(), source.key.as_str()))? else {
        return Ok(None);
    };
    let conditions = ReadIf {
        matches: input.copy_source_if_match.as_deref(),
        none_match: input.copy_source_if_none_match.as_deref(),
        modified_since: input.copy_source_if_modified_since,
        unmodified_since: input.copy_source_if_unmodified_since,
    };
    conditions.check_source(&object.head)?;
    let size = object.head.size;
    let span = range::of_copy(input.copy_source_range.as_deref(), size)?;
    if span.map_or(size, range::Span::len) > MAX_UPLOAD {
        let text = format!(
            "The specified copy source is larger than the maximum allowable size for a copy source: {MAX_UPLOAD}"
        );
        return Err(fault::invalid_request(text));
    }
    Ok(Some(payload(reading::body(db, || at.extensions.get::<Blobs>(), object, span)?)))
}

fn payload(body: Body) -> Payload {
    let length = body.len();
    match body {
        Body::Bytes(bytes) => Payload::plain(reading::once(bytes), length),
        Body::Stream { stream, .. } => Payload::plain(stream, length),
    }
}
