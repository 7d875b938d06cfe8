//! HeadObject: what GetObject would say, without the bytes.

use rolecall_actions::s3;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::checksum::show_checksum;
use crate::conditions::ReadIf;
use crate::model::{HeadObject, HeadObjectOutput, HeadObjectRequest};
use crate::ops::get_object::{check_customer_key, part, parts_count};
use crate::range::Span;
use crate::records::Head;
use crate::{access, fault, object, range, tagging};

impl Operation for HeadObject {
    type Access = Read;

    fn needs(input: &HeadObjectRequest, at: &At<'_>) -> Result<Needs, Fault> {
        access::on_object(
            s3::GetObject,
            at,
            &input.bucket,
            &input.key,
            input.expected_bucket_owner.as_deref(),
        )
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<HeadObjectOutput, Fault> {
        let input = req.input;
        let db = req.db()?;
        let head = access::found(req, object::head(db, &input.bucket, &input.key)?, &input.key)?;
        object::check_version(input.version_id.as_deref(), &input.key)?;
        check_customer_key(input.sse_customer_algorithm.is_some() || input.sse_customer_key.is_some())?;
        let conditions = ReadIf {
            matches: input.if_match.as_deref(),
            none_match: input.if_none_match.as_deref(),
            modified_since: input.if_modified_since,
            unmodified_since: input.if_unmodified_since,
        };
        conditions.check(&head)?;
        let span = match (input.part_number, &input.range) {
            (None, header) => range::requested(header.as_deref(), head.size)?,
            (Some(number), None) => Some(part(db, &head, number)?),
            (Some(_), Some(_)) => {
                let text = "Cannot specify both Range header and partNumber query parameter";
                return Err(fault::invalid_request(text));
            }
        };
        Ok(shown(input, head, span))
    }
}

fn shown(input: &HeadObjectRequest, head: Head, span: Option<Span>) -> HeadObjectOutput {
    let size = span.map_or(head.size, Span::len).min(head.size);
    let parts_count = input.part_number.and_then(|_| parts_count(&head));
    let headers = head.headers;
    let mut output = HeadObjectOutput {
        accept_ranges: Some("bytes".into()),
        last_modified: Some(head.modified),
        content_length: i64::try_from(size).ok(),
        e_tag: Some(format!("\"{}\"", head.etag)),
        content_range: span.filter(|_| head.size > 0).map(|span| span.content_range(head.size)),
        cache_control: input.response_cache_control.clone().or(headers.cache_control),
        content_disposition: input.response_content_disposition.clone().or(headers.content_disposition),
        content_encoding: input.response_content_encoding.clone().or(headers.content_encoding),
        content_language: input.response_content_language.clone().or(headers.content_language),
        content_type: input
            .response_content_type
            .clone()
            .or(headers.content_type)
            .or_else(|| Some("binary/octet-stream".into())),
        expires: input.response_expires.map(|time| time.http_date()).or(headers.expires),
        website_redirect_location: headers.website_redirect_location,
        server_side_encryption: Some("AES256".into()),
        metadata: Some(headers.metadata).filter(|metadata| !metadata.is_empty()),
        tag_count: tagging::count(&head.tags),
        parts_count,
        ..HeadObjectOutput::default()
    };
    if input.checksum_mode.as_deref() == Some("ENABLED") && span.is_none() {
        show_checksum!(output, &head.checksum);
        output.checksum_type = Some(head.checksum.kind.name().into());
    }
    output
}
