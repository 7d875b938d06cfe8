//! What the operations of multipart uploads share: finding the upload, keeping a part, putting parts together.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use md5::{Digest, Md5};
use rolecall_base::{Fault, Time};
use rolecall_blobs::Body;
use rolecall_env::Env;
use rolecall_store::{Reader, Tx};

use crate::checksum::{self, Algorithm, Announced, Checksum, Kind};
use crate::fault;
use crate::object::{self, Drops};
use crate::records::{ManifestPart, Part, Parts, Upload, Uploads};
use crate::upload::{Taken, hex};

/// The least bytes of every part but the last.
pub const MIN_PART: u64 = 5 * 1024 * 1024;
/// The most parts of an upload.
pub const MAX_PARTS: u32 = 10_000;

/// # Errors
/// NoSuchUpload.
pub fn find(db: &Reader, bucket: &str, key: &str, id: &str) -> Result<Upload, Fault> {
    db.get::<Uploads>(&(bucket, key, id))?.ok_or_else(|| fault::no_such_upload(id))
}

/// # Errors
/// InvalidArgument for a number that no part can have.
pub fn part_number(number: i32) -> Result<u32, Fault> {
    let number = u32::try_from(number).ok().filter(|number| (1..=MAX_PARTS).contains(number));
    number.ok_or_else(|| {
        Fault::new("InvalidArgument", 400, "Part number must be an integer between 1 and 10000, inclusive")
            .with("ArgumentName", "partNumber")
    })
}

/// # Errors
/// InvalidRequest where a part's checksum is of another algorithm than the upload's.
pub fn check_algorithm(upload: &Upload, given: Option<Algorithm>) -> Result<(), Fault> {
    match (upload.checksum, given) {
        (Some(announced), Some(given)) if announced.algorithm != given => {
            let (expected, actual) = (announced.algorithm.name().to_lowercase(), given.name().to_lowercase());
            Err(fault::invalid_request(format!(
                "Checksum Type mismatch occurred, expected checksum Type: {expected}, actual checksum Type: {actual}"
            )))
        }
        _ => Ok(()),
    }
}

/// Keeps a part that was taken in, in place of one of the same number.
pub fn keep(
    tx: &mut Tx,
    env: &Env,
    now: Time,
    place: (&str, u32),
    upload: &Upload,
    taken: &Taken,
) -> Result<Part, Fault> {
    check_algorithm(upload, upload.checksum.map(|_| taken.checksum.algorithm))?;
    let blob = match &taken.body {
        Body::Blob(id) => id.to_string(),
        // Only a part without bytes is not made a blob.
        Body::Inline(_) => String::new(),
    };
    if !blob.is_empty() {
        object::claim(tx, &blob)?;
    }
    let checksum = if upload.checksum.is_some() { taken.checksum.clone() } else { taken.crc64.clone() };
    let part = Part { blob, size: taken.size, md5: taken.md5, modified: now, checksum };
    let mut drops = Drops::default();
    if let Some(old) = tx.get::<Parts>(&place)? {
        drops.blob(&old.blob);
    }
    drops.note(tx, env)?;
    tx.put::<Parts>(&place, &part)?;
    Ok(part)
}

/// `md5(md5s)-N`
pub fn etag<'a>(parts: impl IntoIterator<Item = &'a Part>) -> String {
    let mut whole = Md5::new();
    let mut count = 0_usize;
    for part in parts {
        whole.update(part.md5);
        count = count.saturating_add(1);
    }
    format!("{}-{count}", hex(&whole.finalize()))
}

/// The checksum of an object of these parts.
pub fn whole_checksum(upload: &Upload, parts: &[(u32, &Part)]) -> Result<Checksum, Fault> {
    let default = Announced { algorithm: Algorithm::Crc64nvme, kind: Kind::FullObject };
    let values: Vec<(&str, u64)> =
        parts.iter().map(|(_, part)| (part.checksum.value.as_str(), part.size)).collect();
    checksum::combine(upload.checksum.unwrap_or(default), &values)
}

/// A part as the manifest has it.
pub fn manifest_part(upload: &Upload, number: u32, part: &Part) -> Result<ManifestPart, Fault> {
    let checksum = match upload.checksum {
        Some(_) => STANDARD.decode(&part.checksum.value).map_err(Fault::internal)?.into(),
        None => Bytes::new(),
    };
    Ok(ManifestPart { number, size: part.size, blob: part.blob.clone(), checksum })
}
