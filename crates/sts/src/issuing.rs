//! The tokens that STS signs about callers (GetWebIdentityToken), and what others verify them with: each account has an
//! issuer of its own with a key for each algorithm, made when it is first needed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p384::elliptic_curve::sec1::ToSec1Point as _;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair};
use rolecall_base::{AccountId, Fault};
use rolecall_env::Env;
use rolecall_identity::{Issuers, Vault};
use rolecall_store::{Reader, Record, Table, Tx};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::rsa_key;
use crate::web_identity::Algorithm;

/// An account's key for one algorithm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuingKey {
    /// The `kid` of its tokens.
    pub id: String,
    /// The public key as it is published: a JWK.
    pub published: String,
    /// The private key, sealed with the key's id: a P-384 scalar, or PKCS#8 of RSA.
    pub sealed: Vec<u8>,
}

impl Record for IssuingKey {
    const VERSION: u8 = 1;
}

/// (account, algorithm).
#[derive(Debug)]
pub struct IssuingKeys;

impl Table for IssuingKeys {
    const ID: u16 = 40;
    const NAME: &'static str = "issuing_keys";
    type Key = (AccountId, String);
    type Row = IssuingKey;
}

/// The algorithms that tokens may be signed with, as the request names them.
pub fn algorithm(name: &str) -> Option<Algorithm> {
    Algorithm::named(name).filter(|found| matches!(found, Algorithm::Rs256 | Algorithm::Es384))
}

/// Signs claims as a token of the account; makes its key if there is none yet.
///
/// # Errors
/// InternalFailure when a stored key does not open.
pub fn sign(
    tx: &mut Tx,
    env: &Env,
    vault: &Vault,
    account: AccountId,
    algorithm: Algorithm,
    claims: &Value,
) -> Result<String, Fault> {
    let place = (account, algorithm.name().to_owned());
    let key = match tx.get::<IssuingKeys>(&place)? {
        Some(key) => key,
        None => {
            let key = make(env, vault, algorithm)?;
            tx.put::<IssuingKeys>(&place, &key)?;
            key
        }
    };
    let header = json!({"alg": algorithm.name(), "kid": key.id, "typ": "JWT"});
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&header), part(claims));
    let private = vault.unseal(&key.id, &key.sealed);
    let private = private.map_err(|_| Fault::internal("an issuing key does not open with this root key"))?;
    let signature = match algorithm {
        Algorithm::Es384 => sign_es384(&private, signed.as_bytes())?,
        _ => rsa_key::sign(&private, signed.as_bytes())?,
    };
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

fn make(env: &Env, vault: &Vault, algorithm: Algorithm) -> Result<IssuingKey, Fault> {
    let id = env.uuid();
    let (private, mut published) = match algorithm {
        Algorithm::Es384 => make_es384(env)?,
        _ => make_rs256(env)?,
    };
    if let Some(members) = published.as_object_mut() {
        members.extend([
            ("kid".to_owned(), json!(id)),
            ("use".to_owned(), json!("sig")),
            ("alg".to_owned(), json!(algorithm.name())),
        ]);
    }
    let sealed = vault.seal(env, &id, &private).map_err(|_| Fault::internal("a key could not be sealed"))?;
    Ok(IssuingKey { id, published: published.to_string(), sealed })
}

type Made = (zeroize::Zeroizing<Vec<u8>>, Value);

fn make_es384(env: &Env) -> Result<Made, Fault> {
    // Nearly every 48 bytes are a key; one try in 2^190 is not.
    let secret = p384::SecretKey::from_slice(&env.random::<48>()).map_err(Fault::internal)?;
    let point = secret.public_key().to_sec1_point(false);
    let coordinate = |bytes: Option<&[u8]>| URL_SAFE_NO_PAD.encode(bytes.unwrap_or_default());
    let published = json!({"kty": "EC", "crv": "P-384",
        "x": coordinate(point.x().map(|x| x.as_slice())), "y": coordinate(point.y().map(|y| y.as_slice()))});
    Ok((secret.to_bytes().to_vec().into(), published))
}

fn make_rs256(env: &Env) -> Result<Made, Fault> {
    let key = rsa_key::make(env)?;
    let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let published = json!({"kty": "RSA", "n": part(&key.modulus), "e": part(&key.exponent)});
    Ok((key.private, published))
}

/// Nonce and blinding are `ring`'s own business: a token is not the same twice.
fn sign_es384(scalar: &[u8], message: &[u8]) -> Result<Vec<u8>, Fault> {
    let secret = p384::SecretKey::from_slice(scalar).map_err(Fault::internal)?;
    let point = secret.public_key().to_sec1_point(false);
    let random = SystemRandom::new();
    let pair = EcdsaKeyPair::from_private_key_and_public_key(
        &ECDSA_P384_SHA384_FIXED_SIGNING,
        scalar,
        point.as_bytes(),
        &random,
    );
    let signature = pair.map_err(Fault::internal)?.sign(&random, message).map_err(Fault::internal)?;
    Ok(signature.as_ref().to_vec())
}

/// What an issuer publishes of itself (OpenID Connect Discovery 1.0).
pub fn description(issuers: &Issuers, issuer_id: &str) -> Value {
    let issuer = issuers.url(issuer_id);
    json!({
        "issuer": issuer,
        "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [Algorithm::Rs256.name(), Algorithm::Es384.name()],
        "claims_supported": ["aud", "exp", "iat", "iss", "jti", "sub", crate::issuing::NAMESPACE],
    })
}

/// The claim under which all that is AWS's own stands.
pub const NAMESPACE: &str = "https://sts.amazonaws.com/";

/// The public keys of an account's issuer.
///
/// # Errors
/// When the store can't be read.
pub fn key_set(db: &Reader, account: AccountId) -> Result<Value, Fault> {
    let mut keys = Vec::new();
    for algorithm in [Algorithm::Rs256, Algorithm::Es384] {
        let key = db.get::<IssuingKeys>(&(account, algorithm.name().to_owned()))?;
        keys.extend(key.and_then(|key| serde_json::from_str::<Value>(&key.published).ok()));
    }
    Ok(json!({ "keys": keys }))
}
