//! Digests of a body, computed once while it streams by.

use std::fmt;

use crc_fast::CrcAlgorithm;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// Which digests to compute. MD5 is the dearest (about 2 ms a MiB), the CRCs are nearly free.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    pub md5: bool,
    pub crc32: bool,
    pub crc32c: bool,
    pub crc64nvme: bool,
    pub sha1: bool,
    pub sha256: bool,
}

impl Wanted {
    pub const NONE: Wanted =
        Wanted { md5: false, crc32: false, crc32c: false, crc64nvme: false, sha1: false, sha256: false };
}

/// The digests that were wanted; the others are `None`. CRCs as numbers: S3 writes them big-endian in base64.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Digests {
    pub md5: Option<[u8; 16]>,
    pub crc32: Option<u32>,
    pub crc32c: Option<u32>,
    pub crc64nvme: Option<u64>,
    pub sha1: Option<[u8; 20]>,
    pub sha256: Option<[u8; 32]>,
}

impl fmt::Debug for Digests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        f.debug_struct("Digests")
            .field("md5", &self.md5.map(|bytes| hex(&bytes)))
            .field("crc32", &self.crc32)
            .field("crc32c", &self.crc32c)
            .field("crc64nvme", &self.crc64nvme)
            .field("sha1", &self.sha1.map(|bytes| hex(&bytes)))
            .field("sha256", &self.sha256.map(|bytes| hex(&bytes)))
            .finish()
    }
}

/// The running digests. The CRC-64 is always among them: it is the blob's own checksum.
pub(crate) struct Hasher {
    wanted: Wanted,
    md5: Option<Md5>,
    crc32: Option<crc_fast::Digest>,
    crc32c: Option<crc_fast::Digest>,
    crc64nvme: crc_fast::Digest,
    sha1: Option<Sha1>,
    sha256: Option<Sha256>,
}

impl Hasher {
    pub(crate) fn new(wanted: Wanted) -> Hasher {
        Hasher {
            wanted,
            md5: wanted.md5.then(Md5::new),
            crc32: wanted.crc32.then(|| crc_fast::Digest::new(CrcAlgorithm::Crc32IsoHdlc)),
            crc32c: wanted.crc32c.then(|| crc_fast::Digest::new(CrcAlgorithm::Crc32Iscsi)),
            crc64nvme: crc_fast::Digest::new(CrcAlgorithm::Crc64Nvme),
            sha1: wanted.sha1.then(Sha1::new),
            sha256: wanted.sha256.then(Sha256::new),
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        if let Some(md5) = &mut self.md5 {
            md5.update(bytes);
        }
        for crc in [&mut self.crc32, &mut self.crc32c].into_iter().flatten() {
            crc.update(bytes);
        }
        self.crc64nvme.update(bytes);
        if let Some(sha1) = &mut self.sha1 {
            sha1.update(bytes);
        }
        if let Some(sha256) = &mut self.sha256 {
            sha256.update(bytes);
        }
    }

    /// The wanted digests and the blob's checksum.
    pub(crate) fn finish(self) -> (Digests, u64) {
        let narrow = |crc: crc_fast::Digest| u32::try_from(crc.finalize()).unwrap_or(0);
        let checksum = self.crc64nvme.finalize();
        let digests = Digests {
            md5: self.md5.map(|md5| md5.finalize().into()),
            crc32: self.crc32.map(narrow),
            crc32c: self.crc32c.map(narrow),
            crc64nvme: self.wanted.crc64nvme.then_some(checksum),
            sha1: self.sha1.map(|sha1| sha1.finalize().into()),
            sha256: self.sha256.map(|sha256| sha256.finalize().into()),
        };
        (digests, checksum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_of_the_check_string() {
        let all = Wanted { md5: true, crc32: true, crc32c: true, crc64nvme: true, sha1: true, sha256: true };
        let mut hasher = Hasher::new(all);
        hasher.update(b"1234");
        hasher.update(b"56789");
        let (digests, checksum) = hasher.finish();
        assert_eq!(checksum, 0xae8b_1486_0a79_9888);
        assert_eq!((digests.crc32, digests.crc32c), (Some(0xcbf4_3926), Some(0xe306_9283)));
        assert_eq!(digests.crc64nvme, Some(checksum));
        assert!(format!("{digests:?}").contains("25f9e794323b453885f5181f1b624d0b"));
    }
}
