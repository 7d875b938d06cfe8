//! Session tokens: everything a temporary credential stands for, sealed, so that no session is ever stored.
//!
//! `token = base64(version | epoch | nonce | AES-256-GCM-SIV(body))`, with version, epoch and the access key id as
//! associated data: a token belongs to one access key id. The secret key is derived from what makes the token one of its
//! kind, its nonce and its tag, and never written. Of version 1, which is still opened, it was derived from the text.
//! Layout and reasons: STORE.md section 3.2.

use std::time::Duration;

use aes_gcm_siv::Nonce;
use aes_gcm_siv::aead::{Aead, Payload};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rolecall_base::{AccountId, Time};
use rolecall_env::Env;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::vault::{NotOurs, SessionKeys, Vault};

const VERSION: u8 = 2;
/// The version whose secrets are derived from the token's text.
const OF_TEXT: u8 = 1;
const NONCE: usize = 12;
const TAG: usize = 16;
/// Longer than the longest life of a session (36 hours) by the rounding of days.
const EPOCHS_KEPT: u32 = 3;
/// Bytes of the decoded token. AWS's own limit for a packed session is 4,096.
pub const MAX_TOKEN: usize = 8192;
const DAY: i64 = 86_400;

/// How the session came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SessionKind {
    /// AssumeRole and its kin, and an instance's role.
    Role,
    /// GetSessionToken: the user (or root) itself, for a while.
    User,
    /// GetFederationToken.
    Federated,
    /// AssumeRoot: the root user of a member account, for one task.
    Root,
    /// GetDelegatedAccessToken: who accepted a delegation request, limited to what it asked for.
    Delegated,
    /// An instance itself, of no role: it has a name and no policies.
    Instance,
}

/// How an instance got its credentials; becomes `ec2:RoleDelivery` and its neighbors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// `1.0` or `2.0`: the version of the metadata service.
    pub role_delivery: String,
    pub instance_arn: String,
    pub vpc: String,
    pub private_ip: String,
}

/// What a temporary credential stands for. The default is nobody's: its principal id is empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    pub kind: SessionKind,
    pub account: AccountId,
    /// Unique id of the role or user; the account's number for root; nobody's for [`SessionKind::Instance`]. Looked up at each use: once it is gone, so is
    /// the session.
    pub principal_id: String,
    /// Role session name, or federated user name; for [`SessionKind::Root`] the number of the account that called; empty for
    /// [`SessionKind::User`].
    pub name: String,
    pub issued: Time,
    pub expires: Time,
    /// When the caller showed a second factor.
    pub mfa: Option<Time>,
    pub source_identity: Option<String>,
    /// Session tags.
    pub tags: Vec<(String, String)>,
    /// Keys of the tags that travel on when this session assumes a role.
    pub transitive: Vec<String>,
    /// Inline session policy.
    pub policy: Option<String>,
    /// Managed session policies.
    pub policy_arns: Vec<String>,
    /// The identity provider of a federated role session.
    pub provider: Option<String>,
    pub delivery: Option<Delivery>,
    /// Unique id of who called AssumeRole; for [`SessionKind::Delegated`] the number of the provider's account.
    pub assumer: Option<String>,
    /// Says nothing; makes the token as long as its asker wants it.
    #[serde(default)]
    pub padding: String,
    /// Condition keys that the session's making gave it for all its life, names in lower case: `saml:aud`,
    /// `token.example.com:sub`.
    #[serde(default)]
    pub context: Vec<(String, Vec<String>)>,
}

/// Temporary credentials as they are handed out.
#[derive(Clone)]
pub struct Credentials {
    pub access_key_id: String,
    pub secret_access_key: String,
    pub session_token: String,
    pub expires: Time,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credentials {{ {}, … }}", self.access_key_id)
    }
}

/// Why a token is not good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenError {
    /// Not sealed by us for this access key id.
    Invalid,
    /// Sealed by us, and over.
    Expired,
}

/// Seals a session: new credentials that stand for it.
pub fn seal(env: &Env, vault: &Vault, session: &Session) -> Result<Credentials, NotOurs> {
    let access_key_id = env.access_key_id("ASIA", session.account);
    let epoch = epoch_of(session.issued);
    let nonce = env.random::<NONCE>();
    let body = rmp_serde::to_vec(session).map_err(|_| NotOurs)?;
    let header = header(epoch);
    let keys = vault.session_keys_of_today(epoch);
    let sealed = keys
        .cipher
        .encrypt(&Nonce::from(nonce), Payload { msg: &body, aad: &owner(&header, &access_key_id) })
        .map_err(|_| NotOurs)?;
    let token = STANDARD.encode([&header[..], &nonce, &sealed].concat());
    let secret_access_key = secret_of(&keys, &access_key_id, &mark(&nonce, &sealed).ok_or(NotOurs)?);
    Ok(Credentials { access_key_id, secret_access_key, session_token: token, expires: session.expires })
}

/// Seals a session into a token of at least so many characters.
pub fn seal_at_least(
    env: &Env,
    vault: &Vault,
    session: &Session,
    characters: usize,
) -> Result<Credentials, NotOurs> {
    let given = seal(env, vault, session)?;
    let short = characters.saturating_sub(given.session_token.len());
    if short == 0 {
        return Ok(given);
    }
    // Four characters are three bytes, and come only by fours.
    let padding = " ".repeat(short.div_ceil(4) * 3);
    seal(env, vault, &Session { padding, ..session.clone() })
}

/// Opens a token that came with `access_key_id`; gives the session and the secret key that must have signed.
pub fn open(
    vault: &Vault,
    now: Time,
    access_key_id: &str,
    token: &str,
) -> Result<(Session, String), TokenError> {
    use TokenError::Invalid;
    if token.len() > MAX_TOKEN * 4 / 3 + 4 {
        return Err(Invalid);
    }
    let bytes = STANDARD.decode(token).map_err(|_| Invalid)?;
    let (header, rest) = bytes.split_first_chunk::<5>().ok_or(Invalid)?;
    let (nonce, sealed) = rest.split_first_chunk::<NONCE>().ok_or(Invalid)?;
    let [version, epoch @ ..] = *header;
    let epoch = u32::from_be_bytes(epoch);
    let today = epoch_of(now);
    if !matches!(version, VERSION | OF_TEXT) || epoch > today + 1 {
        return Err(Invalid);
    }
    let keys = vault.session_keys(epoch);
    let body = keys
        .cipher
        .decrypt(&Nonce::from(*nonce), Payload { msg: sealed, aad: &owner(header, access_key_id) })
        .map_err(|_| Invalid)?;
    if epoch + EPOCHS_KEPT < today {
        return Err(TokenError::Expired);
    }
    let session: Session = rmp_serde::from_slice(&body).map_err(|_| Invalid)?;
    if session.expires <= now {
        return Err(TokenError::Expired);
    }
    let secret = match version {
        OF_TEXT => secret_of(&keys, access_key_id, &Sha256::digest(token.as_bytes())),
        _ => secret_of(&keys, access_key_id, &mark(nonce, sealed).ok_or(Invalid)?),
    };
    Ok((session, secret))
}

impl Session {
    /// How long it has yet to live.
    pub fn remaining(&self, now: Time) -> Duration {
        self.expires.since(now)
    }

    /// The policies and tags, packed, in per cent of the allowed size; `None` when there are none.
    pub fn packed_percent(policy: Option<&str>, arns: &[String], tags: &[(String, String)]) -> Option<usize> {
        if policy.is_none() && arns.is_empty() && tags.is_empty() {
            return None;
        }
        let plain = rmp_serde::to_vec(&(policy, arns, tags)).ok()?;
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        let packed = std::io::Write::write_all(&mut encoder, &plain).and_then(|()| encoder.finish());
        Some(packed.map_or(plain.len(), |packed| packed.len()).saturating_mul(100).div_ceil(PACKED_LIMIT))
    }
}

impl Default for Session {
    fn default() -> Session {
        Session {
            kind: SessionKind::User,
            account: AccountId::ZERO,
            principal_id: String::new(),
            name: String::new(),
            issued: Time::default(),
            expires: Time::default(),
            mfa: None,
            source_identity: None,
            tags: Vec::new(),
            transitive: Vec::new(),
            policy: None,
            policy_arns: Vec::new(),
            provider: None,
            delivery: None,
            assumer: None,
            padding: String::new(),
            context: Vec::new(),
        }
    }
}

/// Bytes that policies and tags of one session may take when packed.
pub const PACKED_LIMIT: usize = 2048;

fn epoch_of(time: Time) -> u32 {
    u32::try_from(time.seconds().div_euclid(DAY)).unwrap_or(0)
}

fn header(epoch: u32) -> [u8; 5] {
    let [a, b, c, d] = epoch.to_be_bytes();
    [VERSION, a, b, c, d]
}

fn owner(header: &[u8; 5], access_key_id: &str) -> Vec<u8> {
    [&header[..], b"sts|aws|", access_key_id.as_bytes()].concat()
}

/// Nonce and tag: no two tokens have the same, and nobody else can make one that has them.
fn mark(nonce: &[u8; NONCE], sealed: &[u8]) -> Option<[u8; NONCE + TAG]> {
    let mut mark = [0; NONCE + TAG];
    mark.first_chunk_mut::<NONCE>()?.copy_from_slice(nonce);
    mark.last_chunk_mut::<TAG>()?.copy_from_slice(sealed.last_chunk::<TAG>()?);
    Some(mark)
}

fn secret_of(keys: &SessionKeys, access_key_id: &str, mark: &[u8]) -> String {
    let secret = keys.secret(access_key_id, mark);
    // 30 bytes are 40 characters, the length of AWS's secrets.
    STANDARD.encode(secret.get(..30).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world() -> (Env, Vault, Session) {
        let env = Env::sim(3);
        let vault = Vault::new(env.random());
        let session = Session {
            kind: SessionKind::Role,
            account: "123456789012".parse().unwrap(),
            principal_id: "AROAEXAMPLEEXAMPLE123".into(),
            name: "i-0123456789abcdef0".into(),
            issued: env.now(),
            expires: env.now() + Duration::from_secs(3600),
            mfa: None,
            source_identity: None,
            tags: vec![],
            transitive: vec![],
            policy: None,
            policy_arns: vec![],
            provider: None,
            delivery: None,
            assumer: None,
            padding: String::new(),
            context: Vec::new(),
        };
        (env, vault, session)
    }

    #[test]
    fn a_token_opens_to_what_was_sealed_and_to_the_secret_that_was_given() {
        let (env, vault, session) = world();
        let given = seal(&env, &vault, &session).unwrap();
        let (opened, secret) = open(&vault, env.now(), &given.access_key_id, &given.session_token).unwrap();
        assert_eq!(opened, session);
        assert_eq!(secret, given.secret_access_key);
        assert_eq!(secret.len(), 40);
        assert!(given.session_token.len() <= 200, "{}", given.session_token.len());
    }

    #[test]
    fn a_token_of_version_1_still_opens_to_its_own_secret() {
        let (env, vault, session) = world();
        let (id, epoch, nonce) = ("ASIAEXAMPLEEXAMPLE12", epoch_of(session.issued), [7; NONCE]);
        let mut header = [OF_TEXT; 5];
        header[1..].copy_from_slice(&epoch.to_be_bytes());
        let keys = vault.session_keys(epoch);
        let body = rmp_serde::to_vec(&session).unwrap();
        let sealed =
            keys.cipher.encrypt(&Nonce::from(nonce), Payload { msg: &body, aad: &owner(&header, id) });
        let token = STANDARD.encode([&header[..], &nonce, &sealed.unwrap()].concat());
        let (opened, secret) = open(&vault, env.now(), id, &token).unwrap();
        assert_eq!(opened, session);
        assert_eq!(secret, secret_of(&keys, id, &Sha256::digest(token.as_bytes())));
        // The same under the other version's name is another token, which nobody sealed.
        let mut bytes = STANDARD.decode(&token).unwrap();
        bytes[0] = VERSION;
        let renamed = open(&vault, env.now(), id, &STANDARD.encode(bytes));
        assert_eq!(renamed.unwrap_err(), TokenError::Invalid);
    }

    #[test]
    fn no_two_tokens_have_one_secret() {
        let (env, vault, session) = world();
        let secrets: std::collections::HashSet<String> =
            (0..64).map(|_| seal(&env, &vault, &session).unwrap().secret_access_key).collect();
        assert_eq!(secrets.len(), 64);
    }

    #[test]
    fn an_altered_cut_or_borrowed_token_is_invalid() {
        let (env, vault, session) = world();
        let given = seal(&env, &vault, &session).unwrap();
        let check = |id: &str, token: &str| open(&vault, env.now(), id, token).unwrap_err();
        assert_eq!(check("ASIAOTHEROTHEROTHER1", &given.session_token), TokenError::Invalid);
        for i in 0..given.session_token.len() {
            let mut bytes = given.session_token.clone().into_bytes();
            bytes[i] = if bytes[i] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(bytes).unwrap();
            assert_eq!(check(&given.access_key_id, &altered), TokenError::Invalid, "character {i}");
            assert_eq!(check(&given.access_key_id, &given.session_token[..i]), TokenError::Invalid);
        }
        let other = Vault::new(env.random());
        let refused = open(&other, env.now(), &given.access_key_id, &given.session_token);
        assert_eq!(refused.unwrap_err(), TokenError::Invalid);
    }

    #[test]
    fn a_token_is_as_long_as_it_is_asked_to_be_at_least() {
        let (env, vault, session) = world();
        for characters in [0, 1, 190, 195, 200, 300, 1_000, 4_096] {
            let given = seal_at_least(&env, &vault, &session, characters).unwrap();
            let length = given.session_token.len();
            assert!(length >= characters && length <= characters.max(200) + 12, "{characters}: {length}");
            assert!(open(&vault, env.now(), &given.access_key_id, &given.session_token).is_ok());
        }
    }

    #[test]
    fn a_token_ends_with_its_second() {
        let (env, vault, session) = world();
        let given = seal(&env, &vault, &session).unwrap();
        env.advance(Duration::from_secs(3599));
        assert!(open(&vault, env.now(), &given.access_key_id, &given.session_token).is_ok());
        env.advance(Duration::from_secs(1));
        let over = open(&vault, env.now(), &given.access_key_id, &given.session_token);
        assert_eq!(over.unwrap_err(), TokenError::Expired);
        env.advance(Duration::from_secs(400_000));
        let long_over = open(&vault, env.now(), &given.access_key_id, &given.session_token);
        assert_eq!(long_over.unwrap_err(), TokenError::Expired);
    }
}
