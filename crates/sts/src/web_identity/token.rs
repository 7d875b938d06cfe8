//! A JWT in its compact form, taken apart. Nothing in it is true before its signature is verified.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rolecall_base::Fault;
use serde_json::{Map, Value};

use crate::model::fault;

/// How a token is signed: what AWS takes. Neither `none` nor a shared secret (`HS256`) is among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    Rs256,
    Rs384,
    Rs512,
    Es256,
    Es384,
    Es512,
}

impl Algorithm {
    /// By its name in a header, exactly as RFC 7518 writes it.
    pub fn named(name: &str) -> Option<Algorithm> {
        Some(match name {
            "RS256" => Algorithm::Rs256,
            "RS384" => Algorithm::Rs384,
            "RS512" => Algorithm::Rs512,
            "ES256" => Algorithm::Es256,
            "ES384" => Algorithm::Es384,
            "ES512" => Algorithm::Es512,
            _ => return None,
        })
    }

    /// Its name in a header.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Rs256 => "RS256",
            Algorithm::Rs384 => "RS384",
            Algorithm::Rs512 => "RS512",
            Algorithm::Es256 => "ES256",
            Algorithm::Es384 => "ES384",
            Algorithm::Es512 => "ES512",
        }
    }
}

/// The parts of a token.
#[derive(Debug)]
pub struct Token<'t> {
    /// Header and payload as they were sent: what is signed.
    pub signed: &'t str,
    pub signature: Vec<u8>,
    pub algorithm: Algorithm,
    pub key_id: Option<String>,
    pub claims: Map<String, Value>,
}

impl<'t> Token<'t> {
    /// # Errors
    /// InvalidIdentityToken for what is no JWT, or one signed in a way that is not taken.
    pub fn parse(text: &'t str) -> Result<Token<'t>, Fault> {
        Token::read(text).ok_or_else(|| {
            fault::invalid_identity_token(
                "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
            )
        })
    }

    fn read(text: &'t str) -> Option<Token<'t>> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        let header = object(header)?;
        // What must be understood and is not makes the token void (RFC 7515, 4.1.11); we understand no extension.
        if header.contains_key("crit") {
            return None;
        }
        Some(Token {
            signed,
            signature: decode(signature)?,
            algorithm: Algorithm::named(header.get("alg")?.as_str()?)?,
            key_id: header.get("kid").and_then(Value::as_str).map(str::to_owned),
            claims: object(payload)?,
        })
    }

    /// A claim that is text.
    pub fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim).and_then(Value::as_str).filter(|text| !text.is_empty())
    }
}

fn decode(part: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part).ok()
}

fn object(part: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&decode(part)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(header: &str, payload: &str) -> String {
        format!("{}.{}.c2ln", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload))
    }

    #[test]
    fn a_token_is_header_payload_and_signature() {
        let text = token(r#"{"alg": "ES256", "kid": "a"}"#, r#"{"sub": "ann"}"#);
        let token = Token::parse(&text).unwrap();
        assert_eq!((token.algorithm, token.key_id.as_deref()), (Algorithm::Es256, Some("a")));
        assert_eq!((token.text("sub"), token.signature.as_slice()), (Some("ann"), &b"sig"[..]));
    }

    #[test]
    fn what_is_no_jwt_and_what_needs_no_private_key_is_refused() {
        let good = r#"{"sub": "ann"}"#;
        for header in [
            r#"{"alg": "none"}"#,
            r#"{"alg": "None"}"#,
            r#"{"alg": "HS256"}"#,
            r#"{"alg": "rs256"}"#,
            r#"{"alg": ""}"#,
            r#"{"alg": ["RS256"]}"#,
            "{}",
            "[]",
            r#"{"alg": "RS256", "crit": ["exp"], "exp": 1}"#,
        ] {
            assert_eq!(
                Token::parse(&token(header, good)).unwrap_err().code(),
                "InvalidIdentityToken",
                "{header}"
            );
        }
        let whole = token(r#"{"alg": "RS256"}"#, good);
        for text in ["", "..", "a.b", &format!("{whole}.x"), &whole.replace('.', ""), &format!("{whole}=")] {
            assert!(Token::parse(text).is_err(), "{text}");
        }
    }
}
