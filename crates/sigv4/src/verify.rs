//! Checks of a signed request: its time, its scope, the headers it covers, and at last the signature.

use std::time::Duration;

use http::HeaderMap;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::canonical::{self, Form, PathForm};
use crate::chain::Chain;
use crate::encode::{self, Hex};
use crate::key;
use crate::refusal::{Place, Refusal, ScopeFault};
use crate::{Expected, Family, Request, Signed, SigningKey};

/// A presigned call of a service other than S3 is good for this long from its start, whatever it says itself: STS is
/// known to do so, and token helpers for Kubernetes rely on it.
const PRESIGNED_CALL: Duration = Duration::from_secs(15 * 60);

/// What S3 tells those to expect who sign for something that is no region's name.
const ANY_REGION: &str = "us-east-1";

/// Whether a text can be a region's name. It becomes a part of ARNs: with a colon or a wildcard in it, what is asked about
/// would look like something else to policies.
fn is_region(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=64).contains(&text.len()) && text.bytes().all(plain)
}

impl Signed<'_> {
    /// Checks everything that needs no key, in AWS's order: time, signed headers, credential scope.
    pub fn check(&self, request: &Request<'_>, expected: &Expected<'_>) -> Result<(), Refusal> {
        let early_for_s3 = expected.family == Family::S3;
        if early_for_s3 {
            self.check_scope(expected)?;
        }
        self.check_time(expected)?;
        self.check_headers(request.headers, expected.family)?;
        if early_for_s3 { Ok(()) } else { self.check_scope(expected) }
    }

    /// Compares the signature, in constant time, with the one that the key makes. `payload` is the canonical
    /// request's last line: [`crate::body_hash`] of the whole body, or for S3 what [`crate::Payload`] says.
    pub fn verify(
        &self,
        request: &Request<'_>,
        family: Family,
        payload: &str,
        key: &SigningKey,
    ) -> Result<(), Refusal> {
        let given = encode::unhex(&self.signature);
        let matches = |path| {
            let signature = self.sign(request, path, payload, key);
            given.is_some_and(|given| bool::from(signature.ct_eq(&given)))
        };
        if matches(PathForm::of(family)) || family == Family::S3 && matches(PathForm::Sent) {
            return Ok(());
        }
        Err(Refusal::Mismatch {
            access_key_id: self.access_key_id().to_owned(),
            signature: self.signature.clone().into_owned(),
        })
    }

    /// The signatures of a streamed body go on from this request's, once it is verified.
    pub fn chain(&self, key: SigningKey) -> Chain {
        Chain::new(
            key,
            self.time_text.clone().into_owned(),
            self.credential.scope().to_owned(),
            &self.signature,
        )
    }

    /// The canonical request's text, for answers and logs that help to debug a client.
    pub fn canonical_request(&self, request: &Request<'_>, family: Family, payload: &str) -> String {
        let mut text = Vec::with_capacity(512);
        canonical::request(request, self.form(PathForm::of(family), payload), &mut text);
        String::from_utf8_lossy(&text).into_owned()
    }

    /// The string to sign, likewise.
    pub fn string_to_sign(&self, request: &Request<'_>, family: Family, payload: &str) -> String {
        let digest = Sha256::digest(self.canonical_request(request, family, payload));
        let mut text = Vec::with_capacity(192);
        let canonical = Hex::of(&digest.into());
        canonical::string_to_sign(&self.time_text, self.credential.scope(), &canonical, &mut |bytes| {
            text.extend_from_slice(bytes);
        });
        String::from_utf8_lossy(&text).into_owned()
    }

    pub(crate) fn sign(
        &self,
        request: &Request<'_>,
        path: PathForm,
        payload: &str,
        key: &SigningKey,
    ) -> [u8; 32] {
        let mut hasher = Sha256::new();
        canonical::request(request, self.form(path, payload), &mut hasher);
        let canonical = Hex::of(&hasher.finalize().into());
        let mut mac = key.start();
        canonical::string_to_sign(&self.time_text, self.credential.scope(), &canonical, &mut |bytes| {
            hmac::Mac::update(&mut mac, bytes);
        });
        key::finish(mac)
    }

    fn form<'a>(&'a self, path: PathForm, payload: &'a str) -> Form<'a> {
        Form { path, signed_headers: &self.signed_headers, payload }
    }

    fn check_time(&self, expected: &Expected<'_>) -> Result<(), Refusal> {
        let (place, signed, now) = (self.place, self.time, expected.now);
        let skew = expected.family.skew();
        let window = match (place, expected.family) {
            (Place::Header, _) => skew,
            (Place::Query, Family::S3) => Duration::from_secs(u64::from(self.expires_seconds.unwrap_or(0))),
            (Place::Query, _) => PRESIGNED_CALL,
        };
        if now > signed + window {
            return Err(Refusal::Late { place, signed, now, window, expires_seconds: self.expires_seconds });
        }
        if signed > now + skew {
            return Err(Refusal::Early { place, signed, now, window: skew });
        }
        Ok(())
    }

    fn check_headers(&self, headers: &HeaderMap, family: Family) -> Result<(), Refusal> {
        if !self.covers("host") {
            return Err(Refusal::HostUnsigned);
        }
        // Elsewhere than on S3 only the header that chooses the operation must be signed: the date and the token are
        // bound by the string to sign and the key.
        let must = |name: &str| match family {
            Family::S3 => name.starts_with("x-amz-"),
            _ => name == "x-amz-target",
        };
        let open =
            headers.keys().map(http::HeaderName::as_str).filter(|name| must(name) && !self.covers(name));
        let names: Vec<String> = open.map(str::to_owned).collect();
        if names.is_empty() { Ok(()) } else { Err(Refusal::HeadersUnsigned { names }) }
    }

    fn check_scope(&self, expected: &Expected<'_>) -> Result<(), Refusal> {
        let [date, region, service] = self.scope();
        let pair = |found: &str, expected: &str| (found.to_owned(), expected.to_owned());
        let mut fault = ScopeFault::default();
        match expected.region {
            Some(right) if right != region => fault.region = Some(pair(region, right)),
            None if !is_region(region) => fault.region = Some(pair(region, ANY_REGION)),
            _ => {}
        }
        if service != expected.service {
            fault.service = Some(pair(service, expected.service));
        }
        let terminator = self.credential.part(4);
        if terminator != "aws4_request" {
            fault.terminator = Some(terminator.to_owned());
        }
        if self.time_text.get(..8) != Some(date) {
            fault.date = Some(pair(date, &self.time_text));
        }
        if fault == ScopeFault::default() {
            return Ok(());
        }
        Err(Refusal::Scope { place: self.place, fault: Box::new(fault) })
    }
}
