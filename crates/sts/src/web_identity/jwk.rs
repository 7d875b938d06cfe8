//! The keys that a provider publishes (RFC 7517), and checking a token's signature with one.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;

use super::token::{Algorithm, Token};

/// Keys that are read of one provider: AWS's limit, 100 of each kind.
const MOST: usize = 200;

/// A public key that signs tokens.
#[derive(Debug)]
pub struct Key {
    id: Option<String>,
    /// The one algorithm that it is for, if the provider says so.
    algorithm: Option<String>,
    material: Material,
}

#[derive(Debug)]
enum Material {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// An uncompressed point (SEC 1).
    P256(Vec<u8>),
    P384(Vec<u8>),
    P521(Vec<u8>),
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    n: Option<String>,
    e: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// The keys of a set that can verify tokens. Others are left out: a provider may have keys for other purposes, of kinds
/// that we do not know. `None`: not a set of keys.
pub fn read(json: &[u8]) -> Option<Vec<Key>> {
    let set: Set = serde_json::from_slice(json).ok()?;
    Some(
        set.keys
            .into_iter()
            .take(MOST)
            .filter_map(|key| Key::read(serde_json::from_value(key).ok()?))
            .collect(),
    )
}

impl Key {
    fn read(jwk: Jwk) -> Option<Key> {
        if jwk.usage.as_deref().is_some_and(|usage| usage != "sig") {
            return None;
        }
        let material = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("RSA", _) => Material::Rsa { n: number(jwk.n.as_deref())?, e: number(jwk.e.as_deref())? },
            ("EC", Some("P-256")) => Material::P256(point(&jwk, 32)?),
            ("EC", Some("P-384")) => Material::P384(point(&jwk, 48)?),
            ("EC", Some("P-521")) => Material::P521(point(&jwk, 66)?),
            _ => return None,
        };
        Some(Key { id: jwk.kid, algorithm: jwk.alg, material })
    }

    /// Whether a token may be signed with this key: the key it names, of the kind that its algorithm takes. So a token
    /// can't have a key of one kind taken for another.
    pub fn fits(&self, token: &Token<'_>) -> bool {
        let named = token.key_id.is_none() || token.key_id == self.id;
        let meant = self.algorithm.as_deref().is_none_or(|algorithm| algorithm == token.algorithm.name());
        let kind = matches!(
            (&self.material, token.algorithm),
            (Material::Rsa { .. }, Algorithm::Rs256 | Algorithm::Rs384 | Algorithm::Rs512)
                | (Material::P256(_), Algorithm::Es256)
                | (Material::P384(_), Algorithm::Es384)
                | (Material::P521(_), Algorithm::Es512)
        );
        named && meant && kind
    }

    /// Whether this key signed the token. RSA keys have 2,048 bits at least.
    pub fn verifies(&self, token: &Token<'_>) -> bool {
        let (message, signature) = (token.signed.as_bytes(), token.signature.as_slice());
        let rsa = |n, e, parameters: &'static RsaParameters| {
            RsaPublicKeyComponents { n, e }.verify(parameters, message, signature).is_ok()
        };
        match (&self.material, token.algorithm) {
            (Material::Rsa { n, e }, Algorithm::Rs256) => rsa(n, e, &RSA_PKCS1_2048_8192_SHA256),
            (Material::Rsa { n, e }, Algorithm::Rs384) => rsa(n, e, &RSA_PKCS1_2048_8192_SHA384),
            (Material::Rsa { n, e }, Algorithm::Rs512) => rsa(n, e, &RSA_PKCS1_2048_8192_SHA512),
            (Material::P256(point), Algorithm::Es256) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature).is_ok()
            }
            (Material::P384(point), Algorithm::Es384) => {
                UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point).verify(message, signature).is_ok()
            }
            (Material::P521(point), Algorithm::Es512) => p521_verifies(point, message, signature),
            _ => false,
        }
    }
}

fn p521_verifies(point: &[u8], message: &[u8], signature: &[u8]) -> bool {
    use p521::ecdsa::signature::Verifier as _;
    use p521::ecdsa::{Signature, VerifyingKey};
    match (VerifyingKey::from_sec1_bytes(point), Signature::from_slice(signature)) {
        (Ok(key), Ok(signature)) => key.verify(message, &signature).is_ok(),
        _ => false,
    }
}

fn decode(text: Option<&str>) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text?.trim_end_matches('=')).ok()
}

/// A big-endian number without leading zeros; some providers write them.
fn number(text: Option<&str>) -> Option<Vec<u8>> {
    let bytes = decode(text)?;
    let start = bytes.iter().position(|byte| *byte != 0)?;
    bytes.get(start..).map(<[u8]>::to_vec)
}

fn point(jwk: &Jwk, width: usize) -> Option<Vec<u8>> {
    let mut point = vec![4];
    for coordinate in [&jwk.x, &jwk.y] {
        let bytes = decode(coordinate.as_deref())?;
        let missing = width.checked_sub(bytes.len())?;
        point.resize(point.len().saturating_add(missing), 0);
        point.extend_from_slice(&bytes);
    }
    Some(point)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;
    use ring::rand::SystemRandom;
    use ring::signature::{RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RsaEncoding, RsaKeyPair};
    use rsa::pkcs8::EncodePrivateKey;
    use rsa::traits::PublicKeyParts;
    use serde_json::{Value, json};

    use super::*;

    fn text(bytes: impl AsRef<[u8]>) -> String {
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn only(jwk: &Value) -> Key {
        read(json!({ "keys": [jwk] }).to_string().as_bytes()).unwrap().remove(0)
    }

    /// A token with a signature that `sign` makes.
    fn token(algorithm: &str, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
        let header = json!({"alg": algorithm, "kid": "a"}).to_string();
        let signed = format!("{}.{}", text(header), text(r#"{"sub": "ann"}"#));
        let signature = sign(signed.as_bytes());
        format!("{signed}.{}", text(signature))
    }

    fn check(key: &Key, text: &str, other: &str) {
        let token = Token::parse(text).unwrap();
        assert!(key.fits(&token) && key.verifies(&token));
        let other = Token::parse(other).unwrap();
        let borrowed = Token { signature: other.signature, ..Token::parse(text).unwrap() };
        assert!(!key.verifies(&borrowed));
    }

    #[test]
    fn rsa_keys_verify_all_three_digests_and_their_published_form_may_have_leading_zeros() {
        let key = rsa::RsaPrivateKey::new(&mut StdRng::seed_from_u64(1), 2048).unwrap();
        let pair = RsaKeyPair::from_pkcs8(key.to_pkcs8_der().unwrap().as_bytes()).unwrap();
        let n = [&[0][..], &key.n().to_be_bytes_trimmed_vartime()].concat();
        let e = key.e().to_be_bytes_trimmed_vartime();
        let jwk = json!({"kty": "RSA", "kid": "a", "n": text(n), "e": text(e)});
        let sign = |encoding: &'static dyn RsaEncoding| {
            let pair = &pair;
            move |message: &[u8]| {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(encoding, &SystemRandom::new(), message, &mut signature).unwrap();
                signature
            }
        };
        let tokens = [
            token("RS256", sign(&RSA_PKCS1_SHA256)),
            token("RS384", sign(&RSA_PKCS1_SHA384)),
            token("RS512", sign(&RSA_PKCS1_SHA512)),
        ];
        for n in 0..3 {
            check(&only(&jwk), &tokens[n], &tokens[(n + 1) % 3]);
        }
        // A key that is for one algorithm is for no other.
        let mut narrow = jwk.clone();
        narrow["alg"] = json!("RS512");
        assert!(!only(&narrow).fits(&Token::parse(&tokens[0]).unwrap()));
    }

    #[test]
    fn a_short_rsa_key_verifies_nothing() {
        let key = rsa::RsaPrivateKey::new(&mut StdRng::seed_from_u64(2), 1024).unwrap();
        let (n, e) = (key.n().to_be_bytes_trimmed_vartime(), key.e().to_be_bytes_trimmed_vartime());
        let jwk = only(&json!({"kty": "RSA", "kid": "a", "n": text(n), "e": text(e)}));
        let signed = token("RS256", |message| {
            use rsa::signature::{SignatureEncoding as _, Signer as _};
            rsa::pkcs1v15::SigningKey::<sha2::Sha256>::new(key.clone()).sign(message).to_vec()
        });
        assert!(!jwk.verifies(&Token::parse(&signed).unwrap()));
    }

    #[test]
    fn a_key_of_the_largest_curve_verifies() {
        use p521::ecdsa::signature::Signer as _;
        use p521::ecdsa::{Signature, SigningKey};
        let secret: Vec<u8> = std::iter::once(0).chain((0..65).map(|n| n * 3 + 1)).collect();
        let key = SigningKey::from_slice(&secret).unwrap();
        let point = key.verifying_key().to_sec1_point(false);
        let jwk = json!({"kty": "EC", "crv": "P-521", "kid": "a",
            "x": text(point.x().unwrap()), "y": text(point.y().unwrap())});
        let sign = |message: &[u8]| {
            let signature: Signature = key.sign(message);
            signature.to_bytes().to_vec()
        };
        check(&only(&jwk), &token("ES512", sign), &token("ES512", |_| vec![1; 132]));
    }

    #[test]
    fn keys_of_other_kinds_and_purposes_are_left_out() {
        let keys = json!({"keys": [
            {"kty": "oct", "k": "c2VjcmV0", "kid": "a"},
            {"kty": "OKP", "crv": "Ed25519", "x": "AA"},
            {"kty": "RSA", "use": "enc", "n": "AQAB", "e": "AQAB"},
            {"kty": "RSA", "n": "AAAA", "e": "AQAB"},
            {"kty": "EC", "crv": "P-256", "x": text([1; 33]), "y": text([1; 32])},
            {"kty": "EC", "crv": "secp256k1", "x": text([1; 32]), "y": text([1; 32])},
            {"kid": "no kind"},
            "text",
        ]});
        assert_eq!(read(keys.to_string().as_bytes()).unwrap().len(), 0);
        assert!(read(b"{}").is_none() && read(b"<html>").is_none());
    }
}
