//! GetObject: an object's bytes, all of them or a range.

use rolecall_actions::s3;
use rolecall_base::Fault;
use rolecall_blobs::Blobs;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::Who;

use crate::access;
use crate::checksum::show_checksum;
use crate::conditions::ReadIf;
use crate::model::{GetObject, GetObjectOutput, GetObjectRequest};
use crate::range::Span;
use crate::records::{Head, Object, Objects, Place};
use crate::{bucket, fault, object, range, reading, tagging};

impl Operation for GetObject {
    type Access = Read;

    fn needs(input: &GetObjectRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let bucket = bucket::open(at, &input.bucket, input.expected_bucket_owner.as_deref())?;
        let row = at.db()?.get::<Objects>(&(input.bucket.as_str(), input.key.as_str()))?;
        let needs =
            access::on_object_in(s3::GetObject, &bucket, &input.key, row.as_ref().map(|row| &row.head));
        at.keep(row);
        Ok(needs)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetObjectOutput, Fault> {
        let input = req.input;
        let db = req.db()?;
        let row = match req.take_kept::<Option<Object>>() {
            Some(row) => row,
            None => db.get::<Objects>(&(input.bucket.as_str(), input.key.as_str()))?,
        };
        let object = access::found(req, row, &input.key)?;
        object::check_version(input.version_id.as_deref(), &input.key)?;
        check_features(input, req.caller.who)?;
        let conditions = ReadIf {
            matches: input.if_match.as_deref(),
            none_match: input.if_none_match.as_deref(),
            modified_since: input.if_modified_since,
            unmodified_since: input.if_unmodified_since,
        };
        conditions.check(&object.head)?;
        let span = match (input.part_number, &input.range) {
            (None, header) => range::requested(header.as_deref(), object.head.size)?,
            (Some(number), None) => Some(part(db, &object.head, number)?),
            (Some(_), Some(_)) => {
                let text = "Cannot specify both Range header and partNumber query parameter";
                return Err(fault::invalid_request(text));
            }
        };
        let mut output = shown(input, &object.head, span);
        output.body = reading::body(db, || req.extensions.get::<Blobs>(), object, span)?;
        Ok(output)
    }
}

/// A part by its number.
pub(crate) fn part(db: &rolecall_store::Reader, head: &Head, number: i32) -> Result<Span, Fault> {
    let span =
        u32::try_from(number).ok().map(|number| reading::part_span(db, head, number)).transpose()?.flatten();
    span.ok_or_else(|| {
        Fault::new("InvalidPartNumber", 416, "The requested partnumber is not satisfiable")
            .with("PartNumberRequested", number.to_string())
    })
}

fn check_features(input: &GetObjectRequest, who: Who) -> Result<(), Fault> {
    let overrides = input.response_cache_control.is_some()
        || input.response_content_disposition.is_some()
        || input.response_content_encoding.is_some()
        || input.response_content_language.is_some()
        || input.response_content_type.is_some()
        || input.response_expires.is_some();
    if overrides && who == Who::Anonymous {
        return Err(fault::invalid_request(
            "Request specific response headers cannot be used for anonymous GET requests.",
        ));
    }
    check_customer_key(input.sse_customer_algorithm.is_some() || input.sse_customer_key.is_some())
}

/// No object here has a customer's key.
pub(crate) fn check_customer_key(given: bool) -> Result<(), Fault> {
    if !given {
        return Ok(());
    }
    Err(fault::invalid_request("The encryption parameters are not applicable to this object."))
}

fn shown(input: &GetObjectRequest, head: &Head, span: Option<Span>) -> GetObjectOutput {
    let headers = &head.headers;
    let or = |given: &Option<String>, stored: &Option<String>| given.clone().or_else(|| stored.clone());
    let size = span.map_or(head.size, Span::len).min(head.size);
    let mut output = GetObjectOutput {
        accept_ranges: Some("bytes".into()),
        last_modified: Some(head.modified),
        content_length: i64::try_from(size).ok(),
        e_tag: Some(format!("\"{}\"", head.etag)),
        content_range: span.filter(|_| head.size > 0).map(|span| span.content_range(head.size)),
        cache_control: or(&input.response_cache_control, &headers.cache_control),
        content_disposition: or(&input.response_content_disposition, &headers.content_disposition),
        content_encoding: or(&input.response_content_encoding, &headers.content_encoding),
        content_language: or(&input.response_content_language, &headers.content_language),
        content_type: or(&input.response_content_type, &headers.content_type)
            .or_else(|| Some("binary/octet-stream".into())),
        expires: input.response_expires.map(|time| time.http_date()).or_else(|| headers.expires.clone()),
        website_redirect_location: headers.website_redirect_location.clone(),
        server_side_encryption: Some("AES256".into()),
        metadata: Some(headers.metadata.clone()).filter(|metadata| !metadata.is_empty()),
        tag_count: tagging::count(&head.tags),
        parts_count: input.part_number.and_then(|_| parts_count(head)),
        ..GetObjectOutput::default()
    };
    // The checksum is of all bytes: a range has none.
    if input.checksum_mode.as_deref() == Some("ENABLED") && span.is_none() {
        show_checksum!(output, &head.checksum);
        output.checksum_type = Some(head.checksum.kind.name().into());
    }
    output
}

/// How many parts an object was uploaded in, for those that ask for one.
pub(crate) fn parts_count(head: &Head) -> Option<i32> {
    match head.place {
        Place::Parts { count, .. } => i32::try_from(count).ok(),
        Place::Inline | Place::Blob(_) => None,
    }
}
