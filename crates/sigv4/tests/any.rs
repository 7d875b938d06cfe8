//! Properties: what is signed verifies, what is changed does not, and no bytes make the decoder fall over.
#![allow(clippy::unwrap_used, reason = "test code")]

use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;
use rolecall_base::Time;
use rolecall_sigv4::{ChunkDecoder, Expected, Family, Request, Signed, Signer, SigningKey, body_hash};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

fn now() -> Time {
    Time::parse_iso("2026-01-01T00:00:00Z").unwrap()
}

fn signer(family: Family) -> Signer<'static> {
    Signer { access_key_id: "AKIDEXAMPLE", secret: SECRET, token: None, region: "r", service: "s", family }
}

fn verifies(request: &Request<'_>, family: Family, payload: &str) -> bool {
    let Ok(Some(signed)) = Signed::read(request, family) else { return false };
    let expected = Expected { family, service: "s", region: Some("r"), now: now() };
    let key = SigningKey::derive(SECRET, "20260101", "r", "s");
    signed.check(request, &expected).is_ok() && signed.verify(request, family, payload, &key).is_ok()
}

fn families() -> impl Strategy<Value = Family> {
    prop_oneof![Just(Family::Query), Just(Family::S3), Just(Family::Json)]
}

proptest! {
    #[test]
    fn what_is_signed_verifies_and_what_is_changed_does_not(
        family in families(),
        path in "/[ -~&&[^?#]]{0,40}",
        query in "[a-zA-Z0-9%+=&*~.-]{0,40}",
        value in "[ -~]{0,20}",
        other in "[a-z]{1,8}",
    ) {
        let payload = body_hash(b"body");
        let mut headers = HeaderMap::new();
        headers.insert("host", HeaderValue::from_static("localhost"));
        headers.insert("x-amz-meta", HeaderValue::from_str(&value).unwrap());
        signer(family).sign("PUT", &path, &query, &mut headers, &payload, now()).unwrap();
        let request = Request { method: "PUT", path: &path, query: &query, headers: &headers };
        prop_assert!(verifies(&request, family, &payload));
        let longer_path = format!("{path}{other}");
        let changed_path = Request { path: &longer_path, ..request };
        prop_assert!(!verifies(&changed_path, family, &payload));
        let longer_query = format!("{query}&{other}");
        let changed_query = Request { query: &longer_query, ..request };
        prop_assert!(!verifies(&changed_query, family, &payload));
        prop_assert!(!verifies(&request, family, &body_hash(b"another")));
        let mut changed = headers.clone();
        changed.insert("x-amz-meta", HeaderValue::from_str(&format!("{value}{other}")).unwrap());
        let changed_header = Request { headers: &changed, ..request };
        prop_assert!(!verifies(&changed_header, family, &payload));
    }

    #[test]
    fn a_presigned_url_verifies(family in families(), path in "/[a-z%+ ]{0,20}", query in "[a-z=&]{0,20}") {
        let mut headers = HeaderMap::new();
        headers.insert("host", HeaderValue::from_static("localhost"));
        let signed = signer(family).presign("GET", &path, &query, &headers, 60, now());
        let request = Request { method: "GET", path: &path, query: &signed, headers: &headers };
        let payload = if family == Family::S3 { "UNSIGNED-PAYLOAD".to_owned() } else { body_hash(b"").to_string() };
        prop_assert!(verifies(&request, family, &payload));
    }

    #[test]
    fn no_bytes_make_the_decoder_panic_or_exceed_its_length(
        body in "([0-9a-f]{1,3}(;chunk-signature=)?\r\n[a-z]{0,9}(\r\n)?){0,6}(0\r\n)?([a-z]{1,5}:x\r\n)?(\r\n)?",
        length in 0_u64..40,
    ) {
        let mut decoder = ChunkDecoder::new(None, Some("a"), length);
        let mut decoded = 0;
        for mut piece in body.as_bytes().chunks(3) {
            while let Ok(Some(data)) = decoder.next(&mut piece) {
                decoded += data.len() as u64;
            }
        }
        prop_assert!(decoded <= length);
        let _ = decoder.finish();
    }

    #[test]
    fn no_authorization_makes_the_reader_panic(value in "(AWS4-HMAC-SHA256 )?[ -~]{0,80}", query in "[ -~]{0,80}") {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", HeaderValue::from_str(&value).unwrap());
        headers.insert("x-amz-date", HeaderValue::from_static("20260101T000000Z"));
        let request = Request { method: "GET", path: "/", query: &query, headers: &headers };
        for family in [Family::Query, Family::S3, Family::Ec2] {
            prop_assert!(!verifies(&request, family, ""));
            if let Err(refusal) = Signed::read(&request, family) {
                prop_assert!(refusal.fault(family).status() < 500);
            }
        }
    }
}
