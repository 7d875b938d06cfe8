//! Signatures that follow one another: each chunk of a streamed body signs the one before it.

use std::fmt;

use hmac::Mac;
use sha2::{Digest, Sha256};

use crate::encode::Hex;
use crate::key::{self, SigningKey};

/// SHA-256 of nothing.
pub(crate) const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// The running state of a streamed body's signatures.
#[derive(Clone)]
pub struct Chain {
    key: SigningKey,
    /// Time and scope, with their newlines.
    head: String,
    previous: String,
}

impl Chain {
    pub(crate) fn new(key: SigningKey, time: String, scope: String, seed: &str) -> Chain {
        Chain { key, head: format!("{time}\n{scope}\n"), previous: seed.to_owned() }
    }

    /// The signature of the next chunk, whose data have this digest.
    pub(crate) fn chunk(&mut self, data: impl Into<[u8; 32]>) -> [u8; 32] {
        self.next(&["AWS4-HMAC-SHA256-PAYLOAD\n"], &[EMPTY, "\n", &Hex::of(&data.into())])
    }

    /// The signature of the trailing headers, each written as `name:value\n`.
    pub(crate) fn trailer(&mut self, lines: &str) -> [u8; 32] {
        let digest = Hex::of(&Sha256::digest(lines).into());
        self.next(&["AWS4-HMAC-SHA256-TRAILER\n"], &[&digest])
    }

    fn next(&mut self, kind: &[&str], rest: &[&str]) -> [u8; 32] {
        let mut mac = self.key.start();
        let middle = [&*self.head, &self.previous, "\n"];
        for piece in kind.iter().chain(&middle).chain(rest) {
            mac.update(piece.as_bytes());
        }
        let signature = key::finish(mac);
        self.previous.clear();
        self.previous.push_str(&Hex::of(&signature));
        signature
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chain").field("head", &self.head).finish_non_exhaustive()
    }
}
