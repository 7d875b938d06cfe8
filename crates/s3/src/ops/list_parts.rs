//! ListParts: the parts that an upload has so far.

use rolecall_actions::s3;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::checksum::show_checksum;
use crate::model::{Initiator, ListParts, ListPartsOutput, ListPartsRequest, Owner, Part};
use crate::records::Parts;
use crate::{bucket, listing, multipart, records, upload};

impl Operation for ListParts {
    type Access = Read;

    fn needs(input: &ListPartsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let bucket = bucket::open(at, &input.bucket, input.expected_bucket_owner.as_deref())?;
        Ok(Needs::action(s3::ListMultipartUploadParts).on(&bucket.object(&input.key)).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListPartsOutput, Fault> {
        let input = req.input;
        let db = req.db()?;
        let found = multipart::find(db, &input.bucket, &input.key, &input.upload_id)?;
        let limit = listing::limit(input.max_parts, "max-parts")?;
        let marker = input.part_number_marker.unwrap_or(0);
        let id = &input.upload_id;
        let after =
            u32::try_from(marker).ok().filter(|marker| *marker > 0).map(|marker| (id.clone(), marker));
        let mut rows = db.scan::<Parts>(&(id.as_str(),), after.as_ref(), limit.saturating_add(1))?;
        let truncated = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().map_or(0, |((_, number), _)| *number);
        let announced = found.checksum.is_some();
        let owner = bucket::owner_id(db, bucket::row(db, &input.bucket)?.owner)?;
        Ok(ListPartsOutput {
            bucket: Some(input.bucket.clone()),
            key: Some(input.key.clone()),
            upload_id: Some(id.clone()),
            part_number_marker: Some(marker),
            next_part_number_marker: i32::try_from(next).ok(),
            max_parts: i32::try_from(limit).ok(),
            is_truncated: Some(truncated),
            parts: Some(rows.into_iter().map(|((_, number), part)| line(number, &part, announced)).collect()),
            initiator: Some(Initiator { id: Some(found.initiator), display_name: None }),
            owner: Some(Owner { id: Some(owner), display_name: None }),
            storage_class: Some("STANDARD".into()),
            checksum_algorithm: found.checksum.map(|announced| announced.algorithm.name().into()),
            checksum_type: found.checksum.map(|announced| announced.kind.name().into()),
            ..ListPartsOutput::default()
        })
    }
}

fn line(number: u32, part: &records::Part, announced: bool) -> Part {
    let mut line = Part {
        part_number: i32::try_from(number).ok(),
        last_modified: Some(part.modified),
        e_tag: Some(format!("\"{}\"", upload::hex(&part.md5))),
        size: i64::try_from(part.size).ok(),
        ..Part::default()
    };
    if announced {
        show_checksum!(line, &part.checksum);
    }
    line
}
