//! S3's additional checksums: which there are, how they are computed, and how those of parts become one.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crc_fast::CrcAlgorithm;
use rolecall_base::Fault;
use serde::{Deserialize, Serialize};
use sha2::Digest as _;

use crate::fault;

/// The algorithms that are computed here. S3's newer ones (SHA-512, MD5, XXHash) are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Algorithm {
    Crc32,
    Crc32c,
    Crc64nvme,
    Sha1,
    Sha256,
}

impl Algorithm {
    pub const ALL: [Algorithm; 5] =
        [Algorithm::Crc32, Algorithm::Crc32c, Algorithm::Crc64nvme, Algorithm::Sha1, Algorithm::Sha256];

    /// As `x-amz-checksum-algorithm` has it.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Crc32 => "CRC32",
            Algorithm::Crc32c => "CRC32C",
            Algorithm::Crc64nvme => "CRC64NVME",
            Algorithm::Sha1 => "SHA1",
            Algorithm::Sha256 => "SHA256",
        }
    }

    /// The header and trailer that carries a value.
    pub fn header(self) -> &'static str {
        match self {
            Algorithm::Crc32 => "x-amz-checksum-crc32",
            Algorithm::Crc32c => "x-amz-checksum-crc32c",
            Algorithm::Crc64nvme => "x-amz-checksum-crc64nvme",
            Algorithm::Sha1 => "x-amz-checksum-sha1",
            Algorithm::Sha256 => "x-amz-checksum-sha256",
        }
    }

    /// # Errors
    /// NotImplemented for the newer ones, InvalidRequest for what is none.
    pub fn parse(name: &str) -> Result<Algorithm, Fault> {
        let found = Algorithm::ALL.into_iter().find(|own| own.name().eq_ignore_ascii_case(name));
        found.ok_or_else(|| match name {
            "SHA512" | "MD5" | "XXHASH64" | "XXHASH3" | "XXHASH128" => {
                fault::header_not_implemented("x-amz-checksum-algorithm")
            }
            _ => fault::invalid_request("Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]"),
        })
    }

    fn lower(self) -> String {
        self.name().to_lowercase()
    }

    /// Bytes of a value.
    fn width(self) -> usize {
        match self {
            Algorithm::Crc32 | Algorithm::Crc32c => 4,
            Algorithm::Crc64nvme => 8,
            Algorithm::Sha1 => 20,
            Algorithm::Sha256 => 32,
        }
    }

    fn crc(self) -> Option<CrcAlgorithm> {
        match self {
            Algorithm::Crc32 => Some(CrcAlgorithm::Crc32IsoHdlc),
            Algorithm::Crc32c => Some(CrcAlgorithm::Crc32Iscsi),
            Algorithm::Crc64nvme => Some(CrcAlgorithm::Crc64Nvme),
            Algorithm::Sha1 | Algorithm::Sha256 => None,
        }
    }
}

/// What a checksum of several parts is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// All bytes.
    FullObject,
    /// The parts' checksums.
    Composite,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::FullObject => "FULL_OBJECT",
            Kind::Composite => "COMPOSITE",
        }
    }
}

/// The checksum that an upload announced for its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announced {
    pub algorithm: Algorithm,
    pub kind: Kind,
}

impl Announced {
    /// What CreateMultipartUpload asks for.
    ///
    /// # Errors
    /// InvalidRequest for a pair that does not go together.
    pub fn of(algorithm: Option<&str>, kind: Option<&str>) -> Result<Option<Announced>, Fault> {
        let Some(algorithm) = algorithm else {
            return match kind {
                None => Ok(None),
                Some(_) => Err(fault::invalid_request(
                    "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.",
                )),
            };
        };
        let algorithm = Algorithm::parse(algorithm)?;
        let mismatch = |kind: &str| {
            fault::invalid_request(format!(
                "The {kind} checksum type cannot be used with the {} checksum algorithm.",
                algorithm.lower()
            ))
        };
        let kind = match (kind, algorithm) {
            (None, Algorithm::Crc64nvme) | (Some("FULL_OBJECT"), _) if algorithm.crc().is_some() => {
                Kind::FullObject
            }
            (Some("FULL_OBJECT"), _) => return Err(mismatch("FULL_OBJECT")),
            (Some("COMPOSITE"), Algorithm::Crc64nvme) => return Err(mismatch("COMPOSITE")),
            (None | Some("COMPOSITE"), _) => Kind::Composite,
            (Some(_), _) => {
                return Err(fault::invalid_request("Value for x-amz-checksum-type header is invalid."));
            }
        };
        Ok(Some(Announced { algorithm, kind }))
    }
}

/// A checksum as it is kept and shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checksum {
    pub algorithm: Algorithm,
    pub kind: Kind,
    /// In base64; with `-N` behind it for a composite of N parts.
    pub value: String,
}

impl Checksum {
    pub fn of_bytes(algorithm: Algorithm, bytes: &[u8]) -> Checksum {
        Checksum { algorithm, kind: Kind::FullObject, value: STANDARD.encode(bytes) }
    }

    /// The value, if this is of that algorithm.
    pub fn shown(&self, algorithm: Algorithm) -> Option<String> {
        (self.algorithm == algorithm).then(|| self.value.clone())
    }
}

/// A checksum that a client sent, before it is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    pub algorithm: Algorithm,
    value: String,
}

impl Claim {
    /// # Errors
    /// InvalidRequest for a text that is no value of the algorithm.
    pub fn new(algorithm: Algorithm, value: &str) -> Result<Claim, Fault> {
        let bytes = STANDARD.decode(value).ok();
        if bytes.is_none_or(|bytes| bytes.len() != algorithm.width()) {
            return Err(fault::invalid_request(format!(
                "Value for {} header is invalid.",
                algorithm.header()
            )));
        }
        Ok(Claim { algorithm, value: value.to_owned() })
    }

    /// # Errors
    /// BadDigest when it is not this.
    pub fn check(&self, computed: &Checksum) -> Result<(), Fault> {
        if self.value == computed.value { Ok(()) } else { Err(fault::bad_digest(self.algorithm.name())) }
    }
}

/// A checksum under way.
pub enum Running {
    Crc(Algorithm, crc_fast::Digest),
    Sha1(sha1::Sha1),
    Sha256(sha2::Sha256),
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Running")
    }
}

impl Running {
    pub fn new(algorithm: Algorithm) -> Running {
        match (algorithm, algorithm.crc()) {
            (_, Some(crc)) => Running::Crc(algorithm, crc_fast::Digest::new(crc)),
            (Algorithm::Sha1, None) => Running::Sha1(sha1::Sha1::default()),
            (_, None) => Running::Sha256(sha2::Sha256::default()),
        }
    }

    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Running::Crc(_, digest) => digest.update(bytes),
            Running::Sha1(digest) => digest.update(bytes),
            Running::Sha256(digest) => digest.update(bytes),
        }
    }

    pub fn finish(self) -> Checksum {
        match self {
            Running::Crc(algorithm, digest) => crc_value(algorithm, digest.finalize()),
            Running::Sha1(digest) => Checksum::of_bytes(Algorithm::Sha1, &digest.finalize()),
            Running::Sha256(digest) => Checksum::of_bytes(Algorithm::Sha256, &digest.finalize()),
        }
    }
}

fn crc_value(algorithm: Algorithm, value: u64) -> Checksum {
    let bytes = value.to_be_bytes();
    let skipped = bytes.len().saturating_sub(algorithm.width());
    Checksum::of_bytes(algorithm, bytes.get(skipped..).unwrap_or_default())
}

fn crc_number(value: &str) -> Option<u64> {
    let bytes = STANDARD.decode(value).ok()?;
    Some(bytes.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte)))
}

/// The checksum of some bytes.
pub fn of(algorithm: Algorithm, bytes: &[u8]) -> Checksum {
    let mut running = Running::new(algorithm);
    running.update(bytes);
    running.finish()
}

/// One checksum of several parts, from theirs: (checksum, bytes) in order, all of one algorithm.
///
/// # Errors
/// InternalFailure when a stored value does not read, or is none that can be put together.
pub fn combine(announced: Announced, parts: &[(&str, u64)]) -> Result<Checksum, Fault> {
    let Announced { algorithm, kind } = announced;
    match (kind, algorithm.crc()) {
        (Kind::Composite, _) => {
            let mut running = Running::new(algorithm);
            for (value, _) in parts {
                running.update(&STANDARD.decode(value).map_err(Fault::internal)?);
            }
            let value = format!("{}-{}", running.finish().value, parts.len());
            Ok(Checksum { algorithm, kind, value })
        }
        (Kind::FullObject, Some(crc)) => {
            let mut whole = crc_fast::checksum(crc, &[]);
            for (value, size) in parts {
                let part =
                    crc_number(value).ok_or_else(|| Fault::internal("a checksum that does not read"))?;
                whole = crc_fast::checksum_combine(crc, whole, part, *size);
            }
            Ok(crc_value(algorithm, whole))
        }
        (Kind::FullObject, None) => Err(Fault::internal("hashes of parts do not make a hash of the whole")),
    }
}

/// Picks the one checksum that a request's headers carry; see [`claims!`].
///
/// # Errors
/// InvalidRequest for several, or one that does not read; NotImplemented for an algorithm that is not computed here.
pub fn claimed(known: [Option<&String>; 5], unknown: [Option<&String>; 5]) -> Result<Option<Claim>, Fault> {
    let mut given = Algorithm::ALL.into_iter().zip(known).filter_map(|(own, value)| Some((own, value?)));
    let first = given.next();
    if given.next().is_some() {
        return Err(fault::invalid_request(
            "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
        ));
    }
    if unknown.iter().any(Option::is_some) {
        return Err(fault::header_not_implemented("x-amz-checksum-"));
    }
    first.map(|(algorithm, value)| Claim::new(algorithm, value)).transpose()
}

/// The checksum members of an input or of a completed part, as arguments of [`claimed`].
macro_rules! claims {
    ($from:expr) => {
        $crate::checksum::claimed(
            [
                $from.checksum_crc32.as_ref(),
                $from.checksum_crc32c.as_ref(),
                $from.checksum_crc64nvme.as_ref(),
                $from.checksum_sha1.as_ref(),
                $from.checksum_sha256.as_ref(),
            ],
            [
                $from.checksum_sha512.as_ref(),
                $from.checksum_md5.as_ref(),
                $from.checksum_xxhash64.as_ref(),
                $from.checksum_xxhash3.as_ref(),
                $from.checksum_xxhash128.as_ref(),
            ],
        )
    };
}

/// Sets the checksum members of an output.
macro_rules! show_checksum {
    ($to:expr, $checksum:expr) => {{
        let checksum: &$crate::checksum::Checksum = $checksum;
        $to.checksum_crc32 = checksum.shown($crate::checksum::Algorithm::Crc32);
        $to.checksum_crc32c = checksum.shown($crate::checksum::Algorithm::Crc32c);
        $to.checksum_crc64nvme = checksum.shown($crate::checksum::Algorithm::Crc64nvme);
        $to.checksum_sha1 = checksum.shown($crate::checksum::Algorithm::Sha1);
        $to.checksum_sha256 = checksum.shown($crate::checksum::Algorithm::Sha256);
    }};
}

pub(crate) use {claims, show_checksum};

#[cfg(test)]
mod tests {
    use super::*;

    // The check values of the CRC catalog for "123456789", and FIPS 180's for "abc".
    #[test]
    fn published_values_come_out() {
        assert_eq!(of(Algorithm::Crc32, b"123456789").value, STANDARD.encode([0xcb, 0xf4, 0x39, 0x26]));
        assert_eq!(of(Algorithm::Crc32c, b"123456789").value, STANDARD.encode([0xe3, 0x06, 0x92, 0x83]));
        let crc64 = 0xae8b_1486_0a79_9888_u64.to_be_bytes();
        assert_eq!(of(Algorithm::Crc64nvme, b"123456789").value, STANDARD.encode(crc64));
        assert_eq!(of(Algorithm::Sha1, b"abc").value, "qZk+NkcGgWq6PiVxeFDCbJzQ2J0=");
        assert_eq!(of(Algorithm::Sha256, b"abc").value, "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
    }

    #[test]
    fn checksums_of_parts_make_the_checksum_of_the_whole() {
        for algorithm in [Algorithm::Crc32, Algorithm::Crc32c, Algorithm::Crc64nvme] {
            let (a, b) = (of(algorithm, b"1234"), of(algorithm, b"56789"));
            let announced = Announced { algorithm, kind: Kind::FullObject };
            let whole = combine(announced, &[(&a.value, 4), (&b.value, 5)]).unwrap();
            assert_eq!(whole, of(algorithm, b"123456789"));
        }
    }

    #[test]
    fn composites_are_checksums_of_checksums_with_their_number() {
        let (a, b) = (of(Algorithm::Sha256, b"1"), of(Algorithm::Sha256, b"2"));
        let announced = Announced { algorithm: Algorithm::Sha256, kind: Kind::Composite };
        let composite = combine(announced, &[(&a.value, 1), (&b.value, 1)]).unwrap();
        assert!(composite.value.ends_with("-2"));
        assert_eq!(composite.kind.name(), "COMPOSITE");
    }

    #[test]
    fn kinds_that_do_not_fit_the_algorithm_are_refused() {
        let text =
            |algorithm, kind| Announced::of(Some(algorithm), Some(kind)).unwrap_err().message().to_owned();
        assert_eq!(
            text("SHA1", "FULL_OBJECT"),
            "The FULL_OBJECT checksum type cannot be used with the sha1 checksum algorithm."
        );
        assert!(text("CRC64NVME", "COMPOSITE").contains("crc64nvme"));
        let default = Announced::of(Some("CRC32"), None).unwrap().unwrap();
        assert_eq!(default.kind, Kind::Composite);
    }

    #[test]
    fn a_value_of_the_wrong_width_is_refused() {
        assert_eq!(
            Claim::new(Algorithm::Crc32, "AAAA").unwrap_err().message(),
            "Value for x-amz-checksum-crc32 header is invalid."
        );
    }
}
