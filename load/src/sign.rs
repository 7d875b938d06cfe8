//! Requests as bytes, signed.

use http::{HeaderMap, HeaderValue};
use rolecall_env::Env;
use rolecall_sigv4::{Family, Signer, body_hash};

use crate::Outcome;
use crate::process::{ROOT_ID, ROOT_SECRET};

/// Who signs.
#[derive(Clone, Debug)]
pub struct Keys {
    pub id: String,
    pub secret: String,
    pub token: Option<String>,
}

impl Keys {
    pub fn root() -> Keys {
        Keys { id: ROOT_ID.into(), secret: ROOT_SECRET.into(), token: None }
    }
}

/// A form for a query service.
pub fn form(env: &Env, keys: &Keys, service: &str, body: &str) -> Outcome<Vec<u8>> {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/x-www-form-urlencoded"));
    signed(env, keys, service, Family::Query, "POST", "/", headers, body.as_bytes())
}

/// A request to S3.
pub fn s3(env: &Env, keys: &Keys, method: &str, path: &str, body: &[u8]) -> Outcome<Vec<u8>> {
    signed(env, keys, "s3", Family::S3, method, path, HeaderMap::new(), body)
}

#[expect(clippy::too_many_arguments, reason = "they are the parts of a request")]
fn signed(
    env: &Env,
    keys: &Keys,
    service: &str,
    family: Family,
    method: &str,
    path: &str,
    mut headers: HeaderMap,
    body: &[u8],
) -> Outcome<Vec<u8>> {
    headers.insert("host", HeaderValue::from_static("127.0.0.1"));
    let signer = Signer {
        access_key_id: &keys.id,
        secret: &keys.secret,
        token: keys.token.as_deref(),
        region: "us-east-1",
        service,
        family,
    };
    signer.sign(method, path, "", &mut headers, &body_hash(body), env.now())?;
    let mut request = format!("{method} {path} HTTP/1.1\r\n").into_bytes();
    for (name, value) in &headers {
        request.extend_from_slice(name.as_str().as_bytes());
        request.extend_from_slice(b": ");
        request.extend_from_slice(value.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(format!("content-length: {}\r\n\r\n", body.len()).as_bytes());
    request.extend_from_slice(body);
    Ok(request)
}
