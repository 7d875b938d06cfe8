//! The client's side: signing requests, presigning URLs, signing streamed bodies. For our command line and tests.

use std::borrow::Cow;
use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rolecall_base::Time;
use sha2::{Digest, Sha256};

use crate::canonical::PathForm;
use crate::chain::Chain;
use crate::encode::Hex;
use crate::parse::Credential;
use crate::refusal::Place;
use crate::{Family, Request, Signed, SigningKey};

const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Credentials and the endpoint they are used at.
#[derive(Clone, Copy)]
pub struct Signer<'a> {
    pub access_key_id: &'a str,
    pub secret: &'a str,
    pub token: Option<&'a str>,
    pub region: &'a str,
    /// The service's signing name.
    pub service: &'a str,
    pub family: Family,
}

/// A header's value that cannot be sent, such as a token with a line break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsignable;

impl fmt::Display for Unsignable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("credentials that cannot be written into a header")
    }
}

impl std::error::Error for Unsignable {}

impl Signer<'_> {
    /// Adds `x-amz-date`, `x-amz-security-token`, for S3 `x-amz-content-sha256`, and `authorization` to the headers,
    /// which hold `host` already. `payload` is the canonical request's last line. The chain is for streamed bodies.
    pub fn sign(
        &self,
        method: &str,
        path: &str,
        query: &str,
        headers: &mut HeaderMap,
        payload: &str,
        now: Time,
    ) -> Result<Chain, Unsignable> {
        let time = now.iso_basic();
        set(headers, "x-amz-date", &time)?;
        if let Some(token) = self.token {
            set(headers, "x-amz-security-token", token)?;
        }
        if self.family == Family::S3 {
            set(headers, "x-amz-content-sha256", payload)?;
        }
        let signed = self.signed(Place::Header, covered(headers), now, time);
        let key = self.key(&signed);
        let request = Request { method, path, query, headers };
        let signature = Hex::of(&signed.sign(&request, PathForm::of(self.family), payload, &key));
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={signature}",
            self.access_key_id,
            signed.credential.scope(),
            signed.signed_headers
        );
        set(headers, "authorization", &authorization)?;
        Ok(Signed { signature: Cow::Borrowed(&signature), ..signed }.chain(key))
    }

    /// The query of a presigned URL: `query` with the signature's parameters. `headers` are those the later request
    /// must bring, `host` among them; `expires_seconds` is 1 to 604,800.
    pub fn presign(
        &self,
        method: &str,
        path: &str,
        query: &str,
        headers: &HeaderMap,
        expires_seconds: u32,
        now: Time,
    ) -> String {
        let signed = self.signed(Place::Query, covered(headers), now, now.iso_basic());
        let escaped = |text: &str| utf8_percent_encode(text, ESCAPED).to_string();
        let mut query = if query.is_empty() { String::new() } else { format!("{query}&") };
        query += &format!(
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={}&X-Amz-Date={}&X-Amz-Expires={expires_seconds}&\
             X-Amz-SignedHeaders={}",
            escaped(&format!("{}/{}", self.access_key_id, signed.credential.scope())),
            signed.time_text,
            escaped(&signed.signed_headers)
        );
        if let Some(token) = self.token {
            query += &format!("&X-Amz-Security-Token={}", escaped(token));
        }
        let payload = if self.family == Family::S3 { "UNSIGNED-PAYLOAD" } else { crate::chain::EMPTY };
        let request = Request { method, path, query: &query, headers };
        let key = self.key(&signed);
        let signature = Hex::of(&signed.sign(&request, PathForm::of(self.family), payload, &key));
        format!("{query}&X-Amz-Signature={signature}")
    }

    fn signed(&self, place: Place, signed_headers: String, now: Time, time: String) -> Signed<'static> {
        let date = time.get(..8).unwrap_or("");
        let text = format!("{}/{date}/{}/{}/aws4_request", self.access_key_id, self.region, self.service);
        Signed {
            place,
            // A key id or region with a slash makes a credential that no server takes.
            credential: Credential::read(Cow::Owned(text)).unwrap_or_default(),
            signed_headers: Cow::Owned(signed_headers),
            signature: Cow::Borrowed(""),
            time: now,
            time_text: Cow::Owned(time),
            expires_seconds: None,
            token: None,
        }
    }

    fn key(&self, signed: &Signed<'_>) -> SigningKey {
        let [date, region, service] = signed.scope();
        SigningKey::derive(self.secret, date, region, service)
    }
}

impl fmt::Debug for Signer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

/// Writes an `aws-chunked` body: signed when it has a chain.
#[derive(Debug)]
pub struct ChunkEncoder(Option<Chain>);

impl ChunkEncoder {
    pub fn new(chain: Option<Chain>) -> ChunkEncoder {
        ChunkEncoder(chain)
    }

    /// Appends one chunk; all but the last must have 8,192 bytes at least, and none may be empty.
    pub fn chunk(&mut self, data: &[u8], out: &mut Vec<u8>) {
        self.head(data, out);
        out.extend_from_slice(data);
        out.extend_from_slice(b"\r\n");
    }

    /// Appends the body's end, with trailing headers (lower-case names) when there are any.
    pub fn finish(mut self, trailers: &[(&str, &str)], out: &mut Vec<u8>) {
        self.head(b"", out);
        let mut text = String::new();
        for (name, value) in trailers {
            text += &format!("{name}:{value}\n");
            out.extend_from_slice(format!("{name}:{value}\r\n").as_bytes());
        }
        if let (Some(chain), false) = (&mut self.0, trailers.is_empty()) {
            let signature = Hex::of(&chain.trailer(&text));
            out.extend_from_slice(format!("x-amz-trailer-signature:{signature}\r\n").as_bytes());
        }
        out.extend_from_slice(b"\r\n");
    }

    fn head(&mut self, data: &[u8], out: &mut Vec<u8>) {
        let head = match &mut self.0 {
            Some(chain) => {
                let signature = Hex::of(&chain.chunk(Sha256::digest(data)));
                format!("{:x};chunk-signature={signature}\r\n", data.len())
            }
            None => format!("{:x}\r\n", data.len()),
        };
        out.extend_from_slice(head.as_bytes());
    }
}

fn set(headers: &mut HeaderMap, name: &'static str, value: &str) -> Result<(), Unsignable> {
    let value = HeaderValue::from_str(value).map_err(|_| Unsignable)?;
    headers.insert(HeaderName::from_static(name), value);
    Ok(())
}

/// The headers that SDKs sign: what proxies leave alone.
fn covered(headers: &HeaderMap) -> String {
    const NEVER: [&str; 9] = [
        "authorization",
        "connection",
        "expect",
        "keep-alive",
        "te",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "x-amzn-trace-id",
    ];
    let names = headers.keys().map(HeaderName::as_str).filter(|name| !NEVER.contains(name));
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names.join(";")
}
