//! CopyObject: a new object of another's bytes. Nothing is copied but the row: the blob is shared.

use rolecall_actions::s3;
use rolecall_base::{Fault, Tags, Time};
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::access::{self, Writing};
use crate::checksum::{self, Algorithm, Kind, show_checksum};
use crate::conditions::{self, ReadIf};
use crate::copy::Source;
use crate::headers::{asked, stored};
use crate::model::{CopyObject, CopyObjectOutput, CopyObjectRequest, CopyObjectResult};
use crate::object::{Drops, MAX_UPLOAD};
use crate::records::{Head, Object, Objects, Place};
use crate::{bucket, fault, object, tagging};

impl Operation for CopyObject {
    type Access = Write;

    fn needs(input: &CopyObjectRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let target = bucket::open(at, &input.bucket, input.expected_bucket_owner.as_deref())?;
        object::check_key(&input.key)?;
        let source = Source::parse(&input.copy_source)?;
        let from = bucket::open(at, &source.bucket, input.expected_source_bucket_owner.as_deref())?;
        let there = object::head(at.db()?, &source.bucket, &source.key)?;
        let read = access::on_object_in(s3::GetObject, &from, &source.key, there.as_ref());
        let Some(there) = there else { return Ok(read) };
        let (tags, text) = (tags(input, &there)?, source.text());
        let needs = read.and(access::to_write(&target, &input.key, writing(input, &tags, &text)));
        if replaces(input.tagging_directive.as_deref(), "x-amz-tagging-directive")? || tags.is_empty() {
            return Ok(needs);
        }
        Ok(needs.and(Needs::action(s3::GetObjectTagging).on(&from.object(&source.key)).done()))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CopyObjectOutput, Fault> {
        let input = req.input;
        check_features(input)?;
        let source = Source::parse(&input.copy_source)?;
        let row = req.db()?.get::<Objects>(&(source.bucket.as_str(), source.key.as_str()))?;
        let from = access::found(req, row, &source.key)?;
        source_conditions(input).check_source(&from.head)?;
        let object = target(input, from, &source, req.now)?;
        let env = req.env;
        let (bucket, key) = (input.bucket.as_str(), input.key.as_str());
        let tx = req.tx()?;
        let old = object::head(tx, bucket, key)?;
        conditions::check_write(
            input.if_match.as_deref(),
            input.if_none_match.as_deref(),
            key,
            old.as_ref(),
        )?;
        object::share_place(tx, &object.head.place)?;
        let mut drops = Drops::default();
        object::put(tx, (bucket, key), &object, old, &mut drops)?;
        drops.note(tx, env)?;
        Ok(shown(&object.head))
    }
}

fn shown(head: &Head) -> CopyObjectOutput {
    let mut result = CopyObjectResult {
        e_tag: Some(format!("\"{}\"", head.etag)),
        last_modified: Some(head.modified),
        checksum_type: Some(head.checksum.kind.name().into()),
        ..CopyObjectResult::default()
    };
    show_checksum!(result, &head.checksum);
    CopyObjectOutput {
        copy_object_result: Some(result),
        server_side_encryption: Some("AES256".into()),
        ..CopyObjectOutput::default()
    }
}

/// The row of the copy.
fn target(input: &CopyObjectRequest, from: Object, source: &Source, now: Time) -> Result<Object, Fault> {
    let Object { head: from, bytes } = from;
    if from.size > MAX_UPLOAD {
        let text = format!(
            "The specified copy source is larger than the maximum allowable size for a copy source: {MAX_UPLOAD}"
        );
        return Err(fault::invalid_request(text));
    }
    let new_headers = replaces(input.metadata_directive.as_deref(), "x-amz-metadata-directive")?;
    let same = source.bucket == input.bucket && source.key == input.key;
    let changes = new_headers
        || input.storage_class.is_some()
        || input.website_redirect_location.is_some()
        || input.server_side_encryption.is_some();
    if same && !changes {
        let text = "This copy request is illegal because it is trying to copy an object to itself without changing \
                    the object's metadata, storage class, website redirect location or encryption attributes.";
        return Err(fault::invalid_request(text));
    }
    let tags = tags(input, &from)?;
    let checksum = copied_checksum(input.checksum_algorithm.as_deref(), &from, &bytes.0)?;
    let mut headers = if new_headers { stored!(input)? } else { from.headers };
    // A redirect is never copied.
    headers.website_redirect_location = input.website_redirect_location.clone();
    Ok(Object { head: Head { modified: now, headers, tags, checksum, ..from }, bytes })
}

/// The source's checksum, or another of the bytes at hand.
fn copied_checksum(asked: Option<&str>, from: &Head, bytes: &[u8]) -> Result<checksum::Checksum, Fault> {
    let Some(asked) = asked.map(Algorithm::parse).transpose()? else { return Ok(from.checksum.clone()) };
    match from.place {
        _ if asked == from.checksum.algorithm && from.checksum.kind == Kind::FullObject => {
            Ok(from.checksum.clone())
        }
        Place::Inline => Ok(checksum::of(asked, bytes)),
        // The bytes are shared and not read.
        Place::Blob(_) | Place::Parts { .. } => {
            Err(fault::header_not_implemented("x-amz-checksum-algorithm"))
        }
    }
}

fn tags(input: &CopyObjectRequest, from: &Head) -> Result<Tags, Fault> {
    if replaces(input.tagging_directive.as_deref(), "x-amz-tagging-directive")? {
        tagging::of_header(input.tagging.as_deref())
    } else {
        Ok(from.tags.clone())
    }
}

fn replaces(directive: Option<&str>, header: &'static str) -> Result<bool, Fault> {
    match directive {
        None | Some("COPY") => Ok(false),
        Some("REPLACE") => Ok(true),
        Some(other) => Err(fault::invalid_argument(header, other, "Unknown metadata directive.")),
    }
}

fn source_conditions(input: &CopyObjectRequest) -> ReadIf<'_> {
    ReadIf {
        matches: input.copy_source_if_match.as_deref(),
        none_match: input.copy_source_if_none_match.as_deref(),
        modified_since: input.copy_source_if_modified_since,
        unmodified_since: input.copy_source_if_unmodified_since,
    }
}

fn check_features(input: &CopyObjectRequest) -> Result<(), Fault> {
    asked!(input).check()?;
    if input.copy_source_sse_customer_algorithm.is_some() || input.copy_source_sse_customer_key.is_some() {
        return Err(fault::invalid_request("The encryption parameters are not applicable to this object."));
    }
    Ok(())
}

fn writing<'a>(input: &'a CopyObjectRequest, tags: &'a Tags, source: &'a str) -> Writing<'a> {
    Writing {
        asked: asked!(input),
        tags,
        if_match: input.if_match.as_deref(),
        if_none_match: input.if_none_match.as_deref(),
        redirect: input.website_redirect_location.as_deref(),
        copy_source: Some(source),
        metadata_directive: input.metadata_directive.as_deref(),
    }
}
