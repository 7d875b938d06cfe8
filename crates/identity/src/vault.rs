//! The root key and what is derived from it: sealing of secrets at rest and of session tokens.
//!
//! One 32-byte root key (a file of mode 0600, or the environment) gives every other key by HKDF-SHA256 with a label
//! of its own. Token keys also carry an *epoch*, the day since 1970 they were made for, so that they change daily
//! without a table of keys: a token names its epoch, and the epochs of its longest possible life are accepted.

use std::sync::{Arc, PoisonError, RwLock};

use aes_gcm_siv::aead::{Aead, KeyInit, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Key, Nonce};
use hkdf::Hkdf;
use rolecall_env::Env;
use sha2::Sha256;
use zeroize::Zeroizing;

/// What was sealed did not open: another key, another owner, or altered bytes. Says no more, on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotOurs;

/// Holds the root key and derives the others.
#[derive(Clone)]
pub struct Vault {
    root: Zeroizing<[u8; 32]>,
    at_rest: Aes256GcmSiv,
    /// Those of the day that a session was sealed on last.
    today: Arc<RwLock<Option<Arc<SessionKeys>>>>,
}

/// What seals the sessions of one day, and makes their secrets.
pub(crate) struct SessionKeys {
    epoch: u32,
    pub cipher: Aes256GcmSiv,
    secrets: Hkdf<Sha256>,
}

impl SessionKeys {
    fn new(vault: &Vault, epoch: u32) -> SessionKeys {
        SessionKeys {
            epoch,
            cipher: cipher(&vault.key("rolecall/session/1", epoch)),
            secrets: Hkdf::new(None, &*vault.key("rolecall/session-secret/1", epoch)),
        }
    }

    /// 32 bytes for one access key id and one token, by what tells it from all others.
    pub fn secret(&self, access_key_id: &str, mark: &[u8]) -> Zeroizing<[u8; 32]> {
        expand(&self.secrets, access_key_id.as_bytes(), mark)
    }
}

const NONCE: usize = 12;

impl Vault {
    pub fn new(root: [u8; 32]) -> Vault {
        let root = Zeroizing::new(root);
        let at_rest = cipher(&derive(&*root, b"rolecall/at-rest/1", b""));
        Vault { root, at_rest, today: Arc::default() }
    }

    /// A key of 32 bytes for one purpose. `label` names the purpose, `epoch` the day it is for.
    pub fn key(&self, label: &str, epoch: u32) -> Zeroizing<[u8; 32]> {
        derive(&*self.root, label.as_bytes(), &epoch.to_be_bytes())
    }

    /// The keys of the sessions of a day.
    pub(crate) fn session_keys(&self, epoch: u32) -> Arc<SessionKeys> {
        let today = self.today.read().unwrap_or_else(PoisonError::into_inner).clone();
        today.filter(|keys| keys.epoch == epoch).unwrap_or_else(|| Arc::new(SessionKeys::new(self, epoch)))
    }

    /// The same, remembered: for the day that sessions are sealed on. Which day a token is of is its bearer's word, so
    /// opening one remembers nothing.
    pub(crate) fn session_keys_of_today(&self, epoch: u32) -> Arc<SessionKeys> {
        let known = self.today.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(keys) = known.filter(|keys| keys.epoch == epoch) {
            return keys;
        }
        let keys = Arc::new(SessionKeys::new(self, epoch));
        *self.today.write().unwrap_or_else(PoisonError::into_inner) = Some(keys.clone());
        keys
    }

    /// Seals a secret for the store. `owner` (an access key id, say) is bound in: sealed bytes moved to another row
    /// do not open.
    pub fn seal(&self, env: &Env, owner: &str, secret: &[u8]) -> Result<Vec<u8>, NotOurs> {
        let nonce = env.random::<NONCE>();
        let sealed = self
            .at_rest
            .encrypt(&Nonce::from(nonce), Payload { msg: secret, aad: owner.as_bytes() })
            .map_err(|_| NotOurs)?;
        Ok([&nonce[..], &sealed].concat())
    }

    pub fn unseal(&self, owner: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, NotOurs> {
        let (nonce, body) = sealed.split_first_chunk::<NONCE>().ok_or(NotOurs)?;
        self.at_rest
            .decrypt(&Nonce::from(*nonce), Payload { msg: body, aad: owner.as_bytes() })
            .map(Zeroizing::new)
            .map_err(|_| NotOurs)
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault")
    }
}

/// The cipher that seals with `key`.
pub(crate) fn cipher(key: &[u8; 32]) -> Aes256GcmSiv {
    Aes256GcmSiv::new(&Key::<Aes256GcmSiv>::from(*key))
}

/// HKDF-SHA256 of 32 bytes.
pub(crate) fn derive(secret: &[u8], label: &[u8], context: &[u8]) -> Zeroizing<[u8; 32]> {
    expand(&Hkdf::new(None, secret), label, context)
}

fn expand(from: &Hkdf<Sha256>, label: &[u8], context: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut out = Zeroizing::new([0; 32]);
    // Expanding to 32 bytes can't exceed HKDF's limit of 255 blocks.
    let _ = from.expand_multi_info(&[label, b"\0", context], out.as_mut());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_secret_opens_for_its_owner_only() {
        let env = Env::sim(1);
        let vault = Vault::new(env.random());
        let sealed = vault.seal(&env, "AKIA1", b"secret").unwrap();
        assert_eq!(&*vault.unseal("AKIA1", &sealed).unwrap(), b"secret");
        assert_eq!(vault.unseal("AKIA2", &sealed), Err(NotOurs));
        assert_eq!(Vault::new(env.random()).unseal("AKIA1", &sealed), Err(NotOurs));
        for i in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[i] ^= 1;
            assert_eq!(vault.unseal("AKIA1", &altered), Err(NotOurs), "byte {i}");
        }
        assert_eq!(vault.unseal("AKIA1", b"short"), Err(NotOurs));
    }

    #[test]
    fn session_keys_are_those_of_their_day_whether_remembered_or_not() {
        let (vault, fresh) = (Vault::new([7; 32]), Vault::new([7; 32]));
        for epoch in [3, 4, 4, 3, 5] {
            let (kept, made) = (vault.session_keys_of_today(epoch), fresh.session_keys(epoch));
            assert!(Arc::ptr_eq(&kept, &vault.session_keys(epoch)), "day {epoch} was not remembered");
            assert_eq!(kept.secret("ASIA1", b"digest"), made.secret("ASIA1", b"digest"));
            assert_ne!(
                kept.secret("ASIA1", b"digest"),
                vault.session_keys(epoch + 1).secret("ASIA1", b"digest")
            );
            let expected = derive(&*vault.key("rolecall/session-secret/1", epoch), b"ASIA1", b"digest");
            assert_eq!(kept.secret("ASIA1", b"digest"), expected);
            let sealed = kept.cipher.encrypt(&Nonce::from([1; NONCE]), &b"body"[..]).unwrap();
            assert_eq!(made.cipher.decrypt(&Nonce::from([1; NONCE]), &sealed[..]).unwrap(), b"body");
        }
    }

    #[test]
    fn each_label_and_epoch_has_its_own_key() {
        let vault = Vault::new([7; 32]);
        assert_ne!(vault.key("a", 1), vault.key("a", 2));
        assert_ne!(vault.key("a", 1), vault.key("b", 1));
        assert_eq!(vault.key("a", 1), vault.key("a", 1));
    }
}
