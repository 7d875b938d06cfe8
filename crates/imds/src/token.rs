//! The session tokens of version 2. A token carries its own end and a seal over that and the instance, so that none is
//! stored: any number may be out, they survive a restart, and one instance's token is nothing to another.
//!
//! `token = base64url(end, 5 bytes of seconds | 3 random bytes | HMAC-SHA256)`: 56 characters, as EC2's.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use hmac::{Hmac, KeyInit, Mac};
use rolecall_base::Time;
use rolecall_env::Env;
use rolecall_identity::Vault;
use sha2::Sha256;

/// Seconds that a token may live.
pub const LIVES: std::ops::RangeInclusive<u32> = 1..=21_600;
const LABEL: &str = "rolecall/imds-token/1";
const HEAD: usize = 8;
const MAC: usize = 32;

/// Makes and opens tokens.
#[derive(Clone)]
pub struct Tokens {
    keyed: Hmac<Sha256>,
}

impl Tokens {
    pub fn new(vault: &Vault) -> Tokens {
        // HMAC's block is 64 bytes; shorter keys are filled up with zeros.
        let mut block = [0; 64];
        let (front, _) = block.split_at_mut(32);
        front.copy_from_slice(&*vault.key(LABEL, 0));
        Tokens { keyed: Hmac::<Sha256>::new(&block.into()) }
    }

    /// A new token for an instance, good for so many seconds.
    pub fn make(&self, env: &Env, instance: &str, seconds: u32) -> String {
        let end = env.now().seconds().saturating_add(i64::from(seconds));
        let [_, _, _, a, b, c, d, e] = end.to_be_bytes();
        let [x, y, z] = env.random::<3>();
        let head = [a, b, c, d, e, x, y, z];
        let seal = self.over(&head, instance).finalize().into_bytes();
        URL_SAFE.encode([&head[..], &seal].concat())
    }

    /// How many seconds are left to a token; `None` when it is none of this instance's, or over.
    pub fn seconds_left(&self, now: Time, instance: &str, token: &str) -> Option<u32> {
        let mut bytes = [0; HEAD + MAC + 2];
        let length = URL_SAFE.decode_slice(token, &mut bytes).ok()?;
        let (head, seal) = bytes.get(..length)?.split_first_chunk::<HEAD>()?;
        self.over(head, instance).verify_slice(seal).ok()?;
        let [a, b, c, d, e, ..] = *head;
        let end = Time::from_seconds(i64::from_be_bytes([0, 0, 0, a, b, c, d, e]));
        let left = u32::try_from(end.since(now).as_millis().div_ceil(1000)).ok()?;
        (left > 0).then_some(left)
    }

    fn over(&self, head: &[u8; HEAD], instance: &str) -> Hmac<Sha256> {
        let mut mac = self.keyed.clone();
        mac.update(head);
        mac.update(instance.as_bytes());
        mac
    }
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn tokens(env: &Env) -> Tokens {
        Tokens::new(&Vault::new(env.random()))
    }

    #[test]
    fn a_token_has_56_characters_and_ends_with_its_last_second() {
        let env = Env::sim(1);
        let tokens = tokens(&env);
        let token = tokens.make(&env, "i-1", 60);
        assert_eq!(token.len(), 56);
        assert_eq!(tokens.seconds_left(env.now(), "i-1", &token), Some(60));
        env.advance(Duration::from_secs(59));
        assert_eq!(tokens.seconds_left(env.now(), "i-1", &token), Some(1));
        env.advance(Duration::from_secs(1));
        assert_eq!(tokens.seconds_left(env.now(), "i-1", &token), None);
    }

    #[test]
    fn a_token_of_another_instance_or_key_or_with_any_character_changed_is_none() {
        let env = Env::sim(1);
        let tokens = tokens(&env);
        let token = tokens.make(&env, "i-1", 60);
        assert_eq!(tokens.seconds_left(env.now(), "i-2", &token), None);
        assert_eq!(self::tokens(&env).seconds_left(env.now(), "i-1", &token), None);
        for i in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[i] = if bytes[i] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(bytes).unwrap();
            assert_eq!(tokens.seconds_left(env.now(), "i-1", &altered), None, "character {i}");
            assert_eq!(tokens.seconds_left(env.now(), "i-1", &token[..i]), None);
        }
        assert_eq!(tokens.seconds_left(env.now(), "i-1", &"A".repeat(10_000)), None);
    }

    #[test]
    fn every_token_is_another() {
        let env = Env::sim(1);
        let tokens = tokens(&env);
        assert_ne!(tokens.make(&env, "i-1", 60), tokens.make(&env, "i-1", 60));
    }
}
