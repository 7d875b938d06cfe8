//! Requests as botocore 1.43.11 signs and presigns them (tests/data/botocore.json: captured before they were sent).
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "test code")]

use http::{HeaderMap, HeaderName, HeaderValue};
use rolecall_sigv4::{Expected, Family, KeyCache, Payload, Refusal, Request, Signed, body_hash};
use serde::Deserialize;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

#[derive(Deserialize)]
struct Captured {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: String,
    service: String,
    region: String,
    host: String,
}

impl Captured {
    fn family(&self) -> Family {
        match &*self.service {
            "s3" => Family::S3,
            "ec2" => Family::Ec2,
            "ssm" => Family::Json,
            "lambda" => Family::RestJson,
            _ => Family::Query,
        }
    }

    fn header_map(&self) -> HeaderMap {
        let mut map = HeaderMap::new();
        map.insert("host", HeaderValue::from_str(&self.host).unwrap());
        for (name, value) in &self.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            map.append(name, HeaderValue::from_str(value).unwrap());
        }
        map
    }

    fn body(&self) -> Vec<u8> {
        let byte = |at: usize| u8::from_str_radix(&self.body[at..at + 2], 16).unwrap();
        (0..self.body.len()).step_by(2).map(byte).collect()
    }
}

fn captured() -> Vec<Captured> {
    serde_json::from_str(include_str!("data/botocore.json")).unwrap()
}

/// Verifies one request, its method or body possibly changed underway.
fn verify(case: &Captured, method: &str, body: &[u8]) -> Result<(), Refusal> {
    let headers = case.header_map();
    let target = case.url.split_once(&case.host).unwrap().1;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let request = Request { method, path, query, headers: &headers };
    let family = case.family();
    let signed = Signed::read(&request, family)?.unwrap();
    let expected =
        Expected { family, service: &case.service, region: Some(&case.region), now: signed.time() };
    signed.check(&request, &expected)?;
    let payload = if family == Family::S3 {
        let payload = Payload::of_s3(&request, &signed)?;
        payload.check(
            &sha2::Digest::finalize(sha2::Digest::chain_update(sha2::Sha256::default(), body)).into(),
        )?;
        payload.line().into_owned()
    } else {
        body_hash(body).to_string()
    };
    let key = KeyCache::new(1).key(signed.access_key_id(), SECRET, signed.scope());
    signed.verify(&request, family, &payload, &key)
}

#[test]
fn every_request_of_botocore_verifies() {
    let cases = captured();
    assert_eq!(cases.len(), 15);
    for case in cases {
        verify(&case, &case.method, &case.body())
            .unwrap_or_else(|refusal| panic!("{}: {refusal:?}", case.url));
    }
}

#[test]
fn none_verifies_with_another_method() {
    for case in captured() {
        assert!(
            matches!(verify(&case, "PATCH", &case.body()), Err(Refusal::Mismatch { .. })),
            "{}",
            case.url
        );
    }
}

#[test]
fn a_signed_body_cannot_be_changed() {
    for case in captured().iter().filter(|case| !case.url.starts_with("https") && !case.headers.is_empty()) {
        let signed = case.headers.iter().any(|(name, _)| name == "Authorization");
        let refused = verify(case, &case.method, b"something else").is_err();
        assert_eq!(refused, signed, "{}", case.url);
    }
}
