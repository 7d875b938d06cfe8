//! A blob's name: 128 random bits and the checksum of its bytes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Names one blob. The name holds the CRC-64/NVME of the bytes, so that bytes and name can always be compared.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlobId {
    random: u128,
    checksum: u64,
}

/// A text that is no blob's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a blob id")]
pub struct InvalidBlobId;

impl BlobId {
    pub(crate) fn new(random: [u8; 16], checksum: u64) -> BlobId {
        BlobId { random: u128::from_be_bytes(random), checksum }
    }

    /// The first 16 bits, which choose the blob's folder.
    pub(crate) fn fan_out(&self) -> u16 {
        u16::try_from(self.random >> 112).unwrap_or(0)
    }

    /// CRC-64/NVME of the blob's bytes.
    pub fn checksum(&self) -> u64 {
        self.checksum
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}-{:016x}", self.random, self.checksum)
    }
}

impl fmt::Debug for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for BlobId {
    type Err = InvalidBlobId;

    fn from_str(text: &str) -> Result<BlobId, InvalidBlobId> {
        let (random, checksum) = text.split_once('-').ok_or(InvalidBlobId)?;
        if random.len() != 32 || checksum.len() != 16 {
            return Err(InvalidBlobId);
        }
        let id = BlobId {
            random: u128::from_str_radix(random, 16).map_err(|_| InvalidBlobId)?,
            checksum: u64::from_str_radix(checksum, 16).map_err(|_| InvalidBlobId)?,
        };
        // One blob has one name: no capitals, no sign.
        if id.to_string() == text { Ok(id) } else { Err(InvalidBlobId) }
    }
}

impl Serialize for BlobId {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for BlobId {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<BlobId, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_back_and_nothing_else_is_a_name() {
        let id = BlobId::new([0xab; 16], 7);
        let text = id.to_string();
        assert_eq!(text.parse(), Ok(id));
        for wrong in ["", "../../etc/passwd", &text.to_uppercase(), &text[1..], &format!("+{}", &text[1..])] {
            assert_eq!(wrong.parse::<BlobId>(), Err(InvalidBlobId), "{wrong}");
        }
    }
}
