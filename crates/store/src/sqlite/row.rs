//! How a value lies in its column: the bytes, then a CRC-32C of key, revision and bytes.
//!
//! SQLite has no checksums of its own outside the write-ahead log: without this, a flipped bit in a policy would be
//! read as another policy.

use crc_fast::{CrcAlgorithm, Digest};

use crate::{Rev, StoreError};

const SUM: usize = 4;

/// The column's content.
pub(super) fn seal(key: &[u8], mut value: Vec<u8>, rev: Rev) -> Vec<u8> {
    let sum = sum(key, &value, rev);
    value.extend(sum);
    value
}

/// The value, if key and revision are those it was written with.
pub(super) fn open<'a>(key: &[u8], stored: &'a [u8], rev: Rev) -> Result<&'a [u8], StoreError> {
    match stored.split_last_chunk::<SUM>() {
        Some((value, written)) if sum(key, value, rev) == *written => Ok(value),
        _ => Err(StoreError::corrupt("the checksum of a row is wrong")),
    }
}

fn sum(key: &[u8], value: &[u8], rev: Rev) -> [u8; SUM] {
    let mut digest = Digest::new(CrcAlgorithm::Crc32Iscsi);
    digest.update(&rev.to_be_bytes());
    // The length parts the key from the value.
    digest.update(&(key.len() as u64).to_be_bytes());
    digest.update(key);
    digest.update(value);
    let [_, _, _, _, a, b, c, d] = digest.finalize().to_be_bytes();
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_with_any_flipped_bit_is_corrupt() {
        let stored = seal(b"key", b"value".to_vec(), 7);
        assert_eq!(open(b"key", &stored, 7), Ok(&b"value"[..]));
        assert!(open(b"kez", &stored, 7).is_err());
        assert!(open(b"key", &stored, 8).is_err());
        for bit in 0..stored.len() * 8 {
            let mut flipped = stored.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(open(b"key", &flipped, 7).is_err(), "bit {bit}");
        }
    }
}
