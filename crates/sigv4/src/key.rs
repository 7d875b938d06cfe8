//! Signing keys: derived from a secret for one day, region and service; and a small cache of them.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Good for one credential scope. Holds the keyed state of the HMAC, which halves the cost of each use.
#[derive(Clone)]
pub struct SigningKey(Hmac<Sha256>);

impl SigningKey {
    /// `date` is `YYYYMMDD`.
    pub fn derive(secret: &str, date: &str, region: &str, service: &str) -> SigningKey {
        let mut first = Vec::with_capacity(4 + secret.len());
        first.extend_from_slice(b"AWS4");
        first.extend_from_slice(secret.as_bytes());
        let mut key = keyed(&first);
        for step in [date, region, service, "aws4_request"] {
            key = keyed(&finish(key.chain_update(step)));
        }
        SigningKey(key)
    }

    /// Signs one text, such as a POST form's policy.
    pub fn sign(&self, text: &[u8]) -> [u8; 32] {
        finish(self.0.clone().chain_update(text))
    }

    pub(crate) fn start(&self) -> Hmac<Sha256> {
        self.0.clone()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

pub(crate) fn finish(mac: Hmac<Sha256>) -> [u8; 32] {
    mac.finalize().into_bytes().into()
}

/// A key of any length: longer than a block it is hashed, shorter it is padded, as HMAC's definition says.
fn keyed(key: &[u8]) -> Hmac<Sha256> {
    let mut block = [0; 64];
    let digest: [u8; 32];
    let short = if key.len() > 64 {
        digest = Sha256::digest(key).into();
        &digest
    } else {
        key
    };
    for (to, from) in block.iter_mut().zip(short) {
        *to = *from;
    }
    Hmac::new(&block.into())
}

/// Keys derived lately, by access key id and scope. An entry answers only for the very secret it was derived from,
/// so two sessions that share an access key id cannot meet. Bounded: a full shard is emptied.
pub struct KeyCache {
    shards: [Mutex<HashMap<u64, Entry>>; SHARDS],
    capacity: usize,
    hasher: RandomState,
}

const SHARDS: usize = 16;

struct Entry {
    secret: [u8; 32],
    key: SigningKey,
}

impl KeyCache {
    /// For about `capacity` keys of some 200 bytes each.
    pub fn new(capacity: usize) -> KeyCache {
        KeyCache {
            shards: std::array::from_fn(|_| Mutex::new(HashMap::new())),
            capacity: capacity.div_ceil(SHARDS).max(1),
            hasher: RandomState::new(),
        }
    }

    /// The key of `secret` for a scope, derived when it is not here.
    pub fn key(&self, access_key_id: &str, secret: &str, scope: [&str; 3]) -> SigningKey {
        let [date, region, service] = scope;
        let name = self.hasher.hash_one((access_key_id, scope));
        let fingerprint: [u8; 32] = Sha256::digest(secret).into();
        let Some(shard) = self.shards.get((name % SHARDS as u64) as usize) else {
            return SigningKey::derive(secret, date, region, service);
        };
        let known = |shard: &HashMap<u64, Entry>| {
            let entry = shard.get(&name)?;
            bool::from(entry.secret.ct_eq(&fingerprint)).then(|| entry.key.clone())
        };
        if let Some(key) = known(&shard.lock().unwrap_or_else(PoisonError::into_inner)) {
            return key;
        }
        let key = SigningKey::derive(secret, date, region, service);
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if shard.len() >= self.capacity {
            shard.clear();
        }
        shard.insert(name, Entry { secret: fingerprint, key: key.clone() });
        key
    }
}

impl fmt::Debug for KeyCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyCache").field("capacity", &(self.capacity * SHARDS)).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Hex;

    #[test]
    fn a_key_is_derived_as_in_the_documentations_example() {
        let key =
            SigningKey::derive("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20150830", "us-east-1", "iam");
        let text = "AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/iam/aws4_request\n\
                    f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59";
        let signature = Hex::of(&key.sign(text.as_bytes()));
        assert_eq!(&*signature, "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
    }

    #[test]
    fn a_cached_key_answers_only_for_its_own_secret() {
        let cache = KeyCache::new(4);
        let scope = ["20260101", "us-east-1", "sts"];
        let first = cache.key("ASIA1", "one", scope).sign(b"x");
        assert_eq!(cache.key("ASIA1", "one", scope).sign(b"x"), first);
        assert_ne!(cache.key("ASIA1", "two", scope).sign(b"x"), first);
    }
}
