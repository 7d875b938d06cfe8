//! CompleteMultipartUpload: parts become an object. Nothing is copied: the manifest says which blobs follow each other.

use std::collections::{BTreeMap, BTreeSet};

use rolecall_actions::s3::{self, key};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_store::Tx;

use crate::checksum::{Checksum, claims, show_checksum};
use crate::model::{
    CompleteMultipartUpload, CompleteMultipartUploadOutput, CompleteMultipartUploadRequest, CompletedPart,
};
use crate::multipart::{self, MIN_PART};
use crate::object::Drops;
use crate::records::{
    Head, Inline, MANIFEST_CHUNK, Manifest, Manifests, Object, Part, Parts, Place, Upload, Uploads,
};
use crate::{bucket, conditions, fault, object};

impl Operation for CompleteMultipartUpload {
    type Access = Write;

    fn needs(input: &CompleteMultipartUploadRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let bucket = bucket::open(at, &input.bucket, input.expected_bucket_owner.as_deref())?;
        Ok(Needs::action(s3::PutObject)
            .on(&bucket.object(&input.key))
            .key(key::IfMatch, input.if_match.as_deref())
            .key(key::IfNoneMatch, input.if_none_match.as_deref())
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CompleteMultipartUploadOutput, Fault> {
        let input = req.input;
        let (env, now) = (req.env, req.now);
        let (bucket, key, id) = (input.bucket.as_str(), input.key.as_str(), input.upload_id.as_str());
        let tx = req.tx()?;
        let upload = multipart::find(tx, bucket, key, id)?;
        let old = object::head(tx, bucket, key)?;
        conditions::check_write(
            input.if_match.as_deref(),
            input.if_none_match.as_deref(),
            key,
            old.as_ref(),
        )?;
        let there: BTreeMap<u32, Part> = tx
            .scan::<Parts>(&(id,), None, usize::MAX)?
            .into_iter()
            .map(|((_, number), part)| (number, part))
            .collect();
        let listed =
            input.multipart_upload.as_ref().and_then(|list| list.parts.as_deref()).unwrap_or_default();
        let chosen = choose(id, listed, &there)?;
        let size = chosen.iter().map(|(_, part)| part.size).sum();
        let checksum = multipart::whole_checksum(&upload, &chosen)?;
        check_said(input, &upload, &checksum, size)?;
        let count = write_manifest(tx, id, &upload, &chosen)?;
        let mut drops = Drops::default();
        let used: BTreeSet<u32> = chosen.iter().map(|(number, _)| *number).collect();
        there
            .iter()
            .filter(|(number, _)| !used.contains(number))
            .for_each(|(_, part)| drops.blob(&part.blob));
        let head = Head {
            size,
            etag: multipart::etag(chosen.iter().map(|(_, part)| *part)),
            modified: now,
            place: Place::Parts { manifest: id.to_owned(), count },
            checksum,
            headers: upload.headers,
            tags: upload.tags,
        };
        let object = Object { head, bytes: Inline::default() };
        object::claim(tx, id)?;
        object::put(tx, (bucket, key), &object, old, &mut drops)?;
        tx.delete::<Uploads>(&(bucket, key, id))?;
        tx.delete_prefix::<Parts>(&(id,))?;
        drops.note(tx, env)?;
        Ok(shown(input, &object.head))
    }
}

fn shown(input: &CompleteMultipartUploadRequest, head: &Head) -> CompleteMultipartUploadOutput {
    let mut output = CompleteMultipartUploadOutput {
        location: Some(format!("/{}/{}", input.bucket, crate::listing::url_encoded(&input.key))),
        bucket: Some(input.bucket.clone()),
        key: Some(input.key.clone()),
        e_tag: Some(format!("\"{}\"", head.etag)),
        checksum_type: Some(head.checksum.kind.name().into()),
        server_side_encryption: Some("AES256".into()),
        ..CompleteMultipartUploadOutput::default()
    };
    show_checksum!(output, &head.checksum);
    output
}

/// The parts that the client lists, as they are.
fn choose<'p>(
    id: &str,
    listed: &[CompletedPart],
    there: &'p BTreeMap<u32, Part>,
) -> Result<Vec<(u32, &'p Part)>, Fault> {
    if listed.is_empty() {
        return Err(fault::invalid_request("You must specify at least one part"));
    }
    let mut chosen: Vec<(u32, &Part)> = Vec::with_capacity(listed.len());
    for part in listed {
        let number = multipart::part_number(part.part_number.ok_or_else(fault::malformed_xml)?)?;
        if chosen.last().is_some_and(|(before, _)| *before >= number) {
            let text = "The list of parts was not in ascending order. Parts must be ordered by part number.";
            return Err(Fault::new("InvalidPartOrder", 400, text).with("UploadId", id));
        }
        let etag = part.e_tag.as_deref().ok_or_else(fault::malformed_xml)?.trim_matches('"');
        let found = there.get(&number).filter(|found| crate::upload::hex(&found.md5) == etag);
        let found = found.ok_or_else(|| invalid_part(id, number, etag))?;
        if let Some(claim) = claims!(part)?
            && claim.algorithm == found.checksum.algorithm
            && claim.check(&found.checksum).is_err()
        {
            return Err(invalid_part(id, number, etag));
        }
        chosen.push((number, found));
    }
    let all_but_last = chosen.len().saturating_sub(1);
    match chosen.iter().take(all_but_last).find(|(_, part)| part.size < MIN_PART) {
        None => Ok(chosen),
        Some((number, part)) => {
            let text = "Your proposed upload is smaller than the minimum allowed size";
            Err(Fault::new("EntityTooSmall", 400, text)
                .with("ProposedSize", part.size.to_string())
                .with("MinSizeAllowed", MIN_PART.to_string())
                .with("PartNumber", number.to_string())
                .with("ETag", crate::upload::hex(&part.md5)))
        }
    }
}

fn invalid_part(id: &str, number: u32, etag: &str) -> Fault {
    let text = "One or more of the specified parts could not be found.  The part may not have been uploaded, or the \
                specified entity tag may not match the part's entity tag.";
    Fault::new("InvalidPart", 400, text)
        .with("UploadId", id)
        .with("PartNumber", number.to_string())
        .with("ETag", etag)
}

/// Compares what the client says of the whole with what it is.
fn check_said(
    input: &CompleteMultipartUploadRequest,
    upload: &Upload,
    checksum: &Checksum,
    size: u64,
) -> Result<(), Fault> {
    if input.mpu_object_size.is_some_and(|said| u64::try_from(said) != Ok(size)) {
        let text = "The provided 'x-amz-mp-object-size' header does not match what was computed.";
        return Err(fault::invalid_request(text));
    }
    if let Some(kind) = input.checksum_type.as_deref()
        && upload.checksum.is_some()
        && kind != checksum.kind.name()
    {
        let text = format!(
            "The upload was created using the {} checksum mode. The complete request must use the same checksum mode.",
            checksum.kind.name()
        );
        return Err(fault::invalid_request(text));
    }
    // A composite's value may be sent with its number of parts behind it; it is compared by that.
    let sent = [
        (&input.checksum_crc32, "CRC32"),
        (&input.checksum_crc32c, "CRC32C"),
        (&input.checksum_crc64nvme, "CRC64NVME"),
        (&input.checksum_sha1, "SHA1"),
        (&input.checksum_sha256, "SHA256"),
    ];
    for (value, algorithm) in sent.into_iter().filter_map(|(value, name)| Some((value.as_ref()?, name))) {
        let own = checksum.value.split('-').next().unwrap_or_default();
        if algorithm != checksum.algorithm.name() || (value != &checksum.value && value != own) {
            return Err(fault::bad_digest(algorithm));
        }
    }
    Ok(())
}

/// Writes which blobs follow each other; answers how many parts there are.
fn write_manifest(tx: &mut Tx, id: &str, upload: &Upload, chosen: &[(u32, &Part)]) -> Result<u32, Fault> {
    for (row, some) in (0_u32..).zip(chosen.chunks(MANIFEST_CHUNK)) {
        let parts = some.iter().map(|(number, part)| multipart::manifest_part(upload, *number, part));
        let manifest = Manifest { parts: parts.collect::<Result<_, Fault>>()? };
        tx.put::<Manifests>(&(id, row), &manifest)?;
    }
    u32::try_from(chosen.len()).map_err(Fault::internal)
}
