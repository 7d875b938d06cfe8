//! PutObject: an object whole, from one streamed body.

use rolecall_base::{Fault, Tags};
use rolecall_blobs::{Body, INLINE_BYTES};
use rolecall_door::{At, Authorized, Needs, Operation, Payload, Staging, Streaming, Write};

use crate::access::{self, Writing};
use crate::checksum::{claims, show_checksum};
use crate::headers::{asked, stored};
use crate::model::{PutObject, PutObjectOutput, PutObjectRequest};
use crate::object::Drops;
use crate::records::{Head, Inline, Object, Place};
use crate::upload::{Said, Taken, hex, take_in};
use crate::{bucket, conditions, fault, object, tagging};

impl Operation for PutObject {
    type Access = Write;

    fn needs(input: &PutObjectRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let bucket = bucket::open(at, &input.bucket, input.expected_bucket_owner.as_deref())?;
        object::check_key(&input.key)?;
        Ok(access::to_write(
            &bucket,
            &input.key,
            writing(input, &tagging::of_header(input.tagging.as_deref())?),
        ))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<PutObjectOutput, Fault> {
        let input = req.input;
        let taken = req.staged::<Taken>().ok_or_else(|| Fault::internal("no body was taken in"))?.clone();
        let (env, now) = (req.env, req.now);
        let (bucket, key) = (input.bucket.as_str(), input.key.as_str());
        let tx = req.tx()?;
        let old = object::head(tx, bucket, key)?;
        conditions::check_write(
            input.if_match.as_deref(),
            input.if_none_match.as_deref(),
            key,
            old.as_ref(),
        )?;
        let (place, bytes) = match taken.body {
            Body::Inline(bytes) => (Place::Inline, Inline(bytes)),
            Body::Blob(id) => {
                let id = id.to_string();
                object::claim(tx, &id)?;
                (Place::Blob(id), Inline::default())
            }
        };
        let head = Head {
            size: taken.size,
            etag: hex(&taken.md5),
            modified: now,
            place,
            checksum: taken.checksum,
            headers: stored!(input)?,
            tags: tagging::of_header(input.tagging.as_deref())?,
        };
        let object = Object { head, bytes };
        let mut drops = Drops::default();
        object::put(tx, (bucket, key), &object, old, &mut drops)?;
        drops.note(tx, env)?;
        let mut output = PutObjectOutput {
            e_tag: Some(format!("\"{}\"", object.head.etag)),
            checksum_type: Some(object.head.checksum.kind.name().into()),
            server_side_encryption: Some("AES256".into()),
            ..PutObjectOutput::default()
        };
        show_checksum!(output, &object.head.checksum);
        Ok(output)
    }
}

impl Streaming for PutObject {
    fn stage<'a>(input: &'a PutObjectRequest, at: &'a At<'a>, body: &'a mut Payload) -> Staging<'a> {
        Box::pin(async move {
            asked!(input).check()?;
            stored!(input)?;
            if input.write_offset_bytes.is_some() {
                return Err(fault::header_not_implemented("x-amz-write-offset-bytes"));
            }
            let claim = claims!(input)?;
            let said = Said {
                content_md5: input.content_md5.as_deref(),
                claim: claim.as_ref(),
                algorithm: input.checksum_algorithm.as_deref(),
                default: None,
            };
            let taken = take_in(at, said, INLINE_BYTES, body).await?;
            Ok(Box::new(taken) as Box<dyn std::any::Any + Send + Sync>)
        })
    }
}

fn writing<'a>(input: &'a PutObjectRequest, tags: &'a Tags) -> Writing<'a> {
    Writing {
        asked: asked!(input),
        tags,
        if_match: input.if_match.as_deref(),
        if_none_match: input.if_none_match.as_deref(),
        redirect: input.website_redirect_location.as_deref(),
        copy_source: None,
        metadata_directive: None,
    }
}
