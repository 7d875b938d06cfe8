//! Taking in a body: streamed into blobs, digested on the way, compared with what the client said of it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rolecall_base::Fault;
use rolecall_blobs::{BlobError, Blobs, Body, Digests, Plan, Wanted};
use rolecall_door::{At, Payload};

use crate::checksum::{Algorithm, Checksum, Claim};
use crate::fault;
use crate::object::MAX_UPLOAD;

/// What a client says about a body before it comes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Said<'a> {
    pub content_md5: Option<&'a str>,
    /// `x-amz-checksum-…`, of the headers.
    pub claim: Option<&'a Claim>,
    /// `x-amz-sdk-checksum-algorithm`: a header or trailer of that algorithm is to be expected.
    pub algorithm: Option<&'a str>,
    /// The algorithm to keep where the client names none.
    pub default: Option<Algorithm>,
}

/// A body that was taken in. It has a name that no record knows yet.
#[derive(Clone, Debug)]
pub struct Taken {
    pub body: Body,
    pub size: u64,
    pub md5: [u8; 16],
    /// Of the algorithm that the client used, or the default.
    pub checksum: Checksum,
    /// CRC64NVME, which is always computed.
    pub crc64: Checksum,
}

/// Takes in a body. Up to `inline` bytes stay in memory.
///
/// # Errors
/// What S3 says of bodies that are not what was said: BadDigest, InvalidDigest, InvalidRequest, IncompleteBody,
/// EntityTooLarge, MissingContentLength.
pub async fn take_in(
    at: &At<'_>,
    said: Said<'_>,
    inline: usize,
    payload: &mut Payload,
) -> Result<Taken, Fault> {
    let md5 = said.content_md5.map(expected_md5).transpose()?;
    let announced = said.algorithm.map(Algorithm::parse).transpose()?;
    let Some(length) = payload.length() else {
        let text = "You must provide the Content-Length HTTP header.";
        return Err(Fault::new("MissingContentLength", 411, text));
    };
    if length > MAX_UPLOAD {
        return Err(too_large(length));
    }
    let wanted = wanted([said.claim.map(|claim| claim.algorithm), announced, said.default]);
    let blobs = at.extensions.get::<Blobs>()?;
    let mut staging = blobs.stage(Plan { digests: wanted, limit_bytes: MAX_UPLOAD, inline_bytes: inline });
    while let Some(piece) = payload.next().await? {
        staging.write(piece).await.map_err(|error| blob_fault(error, length))?;
    }
    let finished = staging.finish().await.map_err(|error| blob_fault(error, length))?;
    if finished.length() != length {
        let text = "You did not provide the number of bytes specified by the Content-Length HTTP header";
        return Err(Fault::new("IncompleteBody", 400, text));
    }
    let computed = finished.digests();
    let found = computed.md5.ok_or_else(|| Fault::internal("no MD5 was computed"))?;
    check_md5(md5, found)?;
    let checksum = check_claims(said, announced, payload, computed)?;
    let crc64 = checksum_of(computed, Algorithm::Crc64nvme)?;
    let staged = finished.commit().await.map_err(|error| blob_fault(error, length))?;
    Ok(Taken { body: staged.body, size: staged.length, md5: found, checksum, crc64 })
}

/// Compares what the client said with what came, and gives the checksum to keep.
fn check_claims(
    said: Said<'_>,
    announced: Option<Algorithm>,
    payload: &Payload,
    computed: &Digests,
) -> Result<Checksum, Fault> {
    let mut kept = None;
    if let Some(claim) = said.claim {
        let checksum = checksum_of(computed, claim.algorithm)?;
        claim.check(&checksum)?;
        kept = Some(checksum);
    }
    for algorithm in Algorithm::ALL {
        let Some(value) = payload.trailer(algorithm.header()) else { continue };
        let claim = Claim::new(algorithm, value)?;
        let checksum = checksum_of(computed, algorithm)?;
        claim.check(&checksum)?;
        kept.get_or_insert(checksum);
    }
    if announced.is_some() && kept.is_none() {
        return Err(fault::invalid_request(
            "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers \
             were found.",
        ));
    }
    kept.map_or_else(|| checksum_of(computed, said.default.unwrap_or(Algorithm::Crc64nvme)), Ok)
}

/// The CRCs are nearly free: a trailer may name any of them.
fn wanted(named: [Option<Algorithm>; 3]) -> Wanted {
    let names = |algorithm| named.contains(&Some(algorithm));
    Wanted {
        md5: true,
        crc32: true,
        crc32c: true,
        crc64nvme: true,
        sha1: names(Algorithm::Sha1),
        sha256: names(Algorithm::Sha256),
    }
}

/// One of the computed digests.
fn checksum_of(computed: &Digests, algorithm: Algorithm) -> Result<Checksum, Fault> {
    let bytes = match algorithm {
        Algorithm::Crc32 => computed.crc32.map(|crc| crc.to_be_bytes().to_vec()),
        Algorithm::Crc32c => computed.crc32c.map(|crc| crc.to_be_bytes().to_vec()),
        Algorithm::Crc64nvme => computed.crc64nvme.map(|crc| crc.to_be_bytes().to_vec()),
        Algorithm::Sha1 => computed.sha1.map(|hash| hash.to_vec()),
        Algorithm::Sha256 => computed.sha256.map(|hash| hash.to_vec()),
    };
    let bytes = bytes.ok_or_else(|| {
        fault::invalid_request(
            "A trailer of this algorithm must be announced by x-amz-sdk-checksum-algorithm.",
        )
    })?;
    Ok(Checksum::of_bytes(algorithm, &bytes))
}

pub fn expected_md5(text: &str) -> Result<[u8; 16], Fault> {
    let bytes = STANDARD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| {
        Fault::new("InvalidDigest", 400, "The Content-MD5 you specified was invalid.")
            .with("Content-MD5", text)
    })
}

pub fn check_md5(expected: Option<[u8; 16]>, found: [u8; 16]) -> Result<(), Fault> {
    match expected {
        Some(expected) if expected != found => {
            let text = "The Content-MD5 you specified did not match what we received.";
            Err(Fault::new("BadDigest", 400, text)
                .with("ExpectedDigest", STANDARD.encode(expected))
                .with("CalculatedDigest", STANDARD.encode(found)))
        }
        _ => Ok(()),
    }
}

fn too_large(size: u64) -> Fault {
    Fault::new("EntityTooLarge", 400, "Your proposed upload exceeds the maximum allowed size")
        .with("ProposedSize", size.to_string())
        .with("MaxSizeAllowed", MAX_UPLOAD.to_string())
}

fn blob_fault(error: BlobError, length: u64) -> Fault {
    match error {
        BlobError::TooLarge { .. } => too_large(length),
        error => Fault::internal(error),
    }
}

/// Hexadecimal digits, as ETags have them.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
