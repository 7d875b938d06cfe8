//! GetObjectAttributes: chosen facts of an object, those of its parts among them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rolecall_actions::s3;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_store::Reader;

use crate::checksum::show_checksum;
use crate::model::{
    Checksum, GetObjectAttributes, GetObjectAttributesOutput, GetObjectAttributesParts,
    GetObjectAttributesRequest, ObjectPart,
};
use crate::records::{Head, ManifestPart, Place};
use crate::{access, bucket, checksum, fault, listing, object, reading};

impl Operation for GetObjectAttributes {
    type Access = Read;

    /// Both reading the object and reading its attributes.
    fn needs(input: &GetObjectAttributesRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let bucket = bucket::open(at, &input.bucket, input.expected_bucket_owner.as_deref())?;
        let head = object::head(at.db()?, &bucket.row.name, &input.key)?;
        let read = access::on_object_in(s3::GetObject, &bucket, &input.key, head.as_ref());
        if head.is_none() {
            return Ok(read);
        }
        Ok(read.and(access::on_object_in(s3::GetObjectAttributes, &bucket, &input.key, head.as_ref())))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetObjectAttributesOutput, Fault> {
        let input = req.input;
        let db = req.db()?;
        let head = access::found(req, object::head(db, &input.bucket, &input.key)?, &input.key)?;
        object::check_version(input.version_id.as_deref(), &input.key)?;
        let asked: Vec<&str> =
            input.object_attributes.iter().flat_map(|list| list.split(',')).map(str::trim).collect();
        const KNOWN: [&str; 5] = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"];
        if asked.is_empty() || asked.iter().any(|name| !KNOWN.contains(name)) {
            let text = "Invalid attribute name specified.";
            return Err(fault::invalid_argument("x-amz-object-attributes", &asked.join(","), text));
        }
        let wants = |name: &str| asked.contains(&name);
        Ok(GetObjectAttributesOutput {
            last_modified: Some(head.modified),
            e_tag: wants("ETag").then(|| head.etag.clone()),
            checksum: wants("Checksum").then(|| shown_checksum(&head)),
            object_parts: if wants("ObjectParts") { parts(db, input, &head)? } else { None },
            storage_class: wants("StorageClass").then(|| "STANDARD".into()),
            object_size: i64::try_from(head.size).ok().filter(|_| wants("ObjectSize")),
            ..GetObjectAttributesOutput::default()
        })
    }
}

fn shown_checksum(head: &Head) -> Checksum {
    let mut shown = Checksum { checksum_type: Some(head.checksum.kind.name().into()), ..Checksum::default() };
    show_checksum!(shown, &head.checksum);
    shown
}

/// Parts one by one are shown only for uploads that announced a composite checksum, as S3 does.
fn parts(
    db: &Reader,
    input: &GetObjectAttributesRequest,
    head: &Head,
) -> Result<Option<GetObjectAttributesParts>, Fault> {
    let Place::Parts { manifest, count } = &head.place else { return Ok(None) };
    let total_parts_count = i32::try_from(*count).ok();
    if head.checksum.kind != checksum::Kind::Composite {
        return Ok(Some(GetObjectAttributesParts {
            total_parts_count,
            ..GetObjectAttributesParts::default()
        }));
    }
    let limit = listing::limit(input.max_parts, "max-parts")?;
    let marker = input.part_number_marker.unwrap_or(0);
    let after = u32::try_from(marker).unwrap_or(0);
    let mut left = reading::parts(db, manifest)?.into_iter().filter(|part| part.number > after).peekable();
    let shown: Vec<ObjectPart> = left.by_ref().take(limit).map(|part| shown_part(&part, head)).collect();
    Ok(Some(GetObjectAttributesParts {
        total_parts_count,
        part_number_marker: Some(marker),
        next_part_number_marker: shown.last().map_or(Some(0), |part| part.part_number),
        max_parts: i32::try_from(limit).ok(),
        is_truncated: Some(left.peek().is_some()),
        parts: Some(shown),
    }))
}

fn shown_part(part: &ManifestPart, head: &Head) -> ObjectPart {
    let mut shown = ObjectPart {
        part_number: i32::try_from(part.number).ok(),
        size: i64::try_from(part.size).ok(),
        ..ObjectPart::default()
    };
    let own = checksum::Checksum { value: STANDARD.encode(&part.checksum), ..head.checksum.clone() };
    show_checksum!(shown, &own);
    shown
}
