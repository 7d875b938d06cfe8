//! The texts and codes of services other than S3.
#![allow(clippy::unwrap_used, reason = "test code")]

use std::time::Duration;

use base64::Engine as _;
use http::{HeaderMap, HeaderName, HeaderValue};
use rolecall_base::{Fault, Time};
use rolecall_sigv4::{Expected, Family, Refusal, Request, Signed, SigningKey, body_hash};
use sha2::{Digest, Sha256};

const GOOD: &str = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/iam/aws4_request, \
                    SignedHeaders=host;x-amz-date, Signature=00";

fn headers(authorization: Option<&str>, date: Option<&str>) -> HeaderMap {
    let pairs = [("host", Some("iam")), ("authorization", authorization), ("x-amz-date", date)];
    let present = pairs.into_iter().filter_map(|(name, value)| value.map(|value| (name, value)));
    present
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
        .collect()
}

fn at(time: &str) -> Time {
    Time::parse_iso(time).unwrap()
}

/// What a client of `family` is told at 2026-01-01T00:10:00Z.
fn answer(family: Family, headers: &HeaderMap, query: &str) -> Fault {
    let request = Request { method: "POST", path: "/", query, headers };
    let now = at("2026-01-01T00:10:00Z");
    let expected = Expected { family, service: "iam", region: Some("us-east-1"), now };
    let verified = || {
        let signed = Signed::read(&request, family)?.ok_or(Refusal::Missing)?;
        signed.check(&request, &expected)?;
        let key = SigningKey::derive("secret", "20260101", "us-east-1", "iam");
        signed.verify(&request, family, &body_hash(b""), &key)
    };
    verified().unwrap_err().fault(family)
}

fn check(authorization: Option<&str>, date: Option<&str>, code: &str, status: u16, message: &str) {
    let fault = answer(Family::Query, &headers(authorization, date), "");
    assert_eq!((fault.code(), fault.status(), fault.message()), (code, status, message));
}

#[test]
fn a_request_without_credentials_misses_its_token() {
    let text = "Request is missing Authentication Token";
    check(None, None, "MissingAuthenticationToken", 403, text);
    check(Some("Bearer x"), None, "MissingAuthenticationToken", 403, text);
}

#[test]
fn every_missing_part_is_named() {
    let authorization = "AWS4-HMAC-SHA256 Nonsense=1";
    let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(authorization));
    let text = format!(
        "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. \
         Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of either \
         a 'X-Amz-Date' or a 'Date' header. (Hashed with SHA-256 and encoded with Base64) Authorization={hash}"
    );
    check(Some(authorization), None, "IncompleteSignature", 400, &text);
}

#[test]
fn a_query_that_misses_parts_is_to_be_reexamined() {
    let fault = answer(Family::Query, &headers(None, None), "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=x");
    assert_eq!((fault.code(), fault.status()), ("IncompleteSignature", 400));
    assert_eq!(
        fault.message(),
        "AWS query-string parameters must include 'X-Amz-Credential'. AWS query-string parameters must include \
         'X-Amz-Signature'. AWS query-string parameters must include 'X-Amz-SignedHeaders'. Re-examine the \
         query-string parameters."
    );
}

#[test]
fn a_signature_of_another_time_is_expired_or_not_yet_current() {
    check(
        Some(GOOD),
        Some("20260101T000000Z"),
        "SignatureDoesNotMatch",
        403,
        "Signature expired: 20260101T000000Z is now earlier than 20260101T000500Z (20260101T001000Z - 5 min.)",
    );
    check(
        Some(GOOD),
        Some("20260101T002000Z"),
        "SignatureDoesNotMatch",
        403,
        "Signature not yet current: 20260101T002000Z is still later than 20260101T001500Z (20260101T001000Z + 5 min.)",
    );
    let ec2 = answer(Family::Ec2, &headers(Some(GOOD), Some("20260101T000000Z")), "");
    assert_eq!((ec2.code(), ec2.status(), ec2.message()), ("RequestExpired", 400, "Request has expired."));
}

#[test]
fn all_that_is_wrong_with_a_scope_comes_in_one_text() {
    let wrong = GOOD.replace("20260101/us-east-1/iam/aws4_request", "20250101/mars/sts/aws5");
    check(
        Some(&wrong),
        Some("20260101T001000Z"),
        "SignatureDoesNotMatch",
        403,
        "Credential should be scoped to a valid region, not 'mars'. Credential should be scoped to correct service: \
         'iam'. Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5'. Date in Credential \
         scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20250101' != '20260101', from \
         '20260101T001000Z'.",
    );
}

#[test]
fn a_wrong_signature_is_told_in_each_familys_words() {
    let text = "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
                Access Key and signing method. Consult the service documentation for details.";
    check(Some(GOOD), Some("20260101T001000Z"), "SignatureDoesNotMatch", 403, text);
    let of = |family| {
        let fault = answer(family, &headers(Some(GOOD), Some("20260101T001000Z")), "");
        (fault.code().to_owned(), fault.status())
    };
    assert_eq!(of(Family::Ec2), ("AuthFailure".to_owned(), 401));
    assert_eq!(of(Family::Json), ("InvalidSignatureException".to_owned(), 400));
    assert_eq!(of(Family::RestJson), ("InvalidSignatureException".to_owned(), 403));
}

#[test]
fn the_host_and_the_target_must_be_signed() {
    let open = GOOD.replace("host;", "");
    let text = "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.";
    check(Some(&open), Some("20260101T001000Z"), "SignatureDoesNotMatch", 403, text);
    let mut headers = headers(Some(GOOD), Some("20260101T001000Z"));
    headers.insert("x-amz-target", HeaderValue::from_static("Other.Operation"));
    assert!(answer(Family::Json, &headers, "").message().starts_with("'x-amz-target' must be"));
}

#[test]
fn credentials_and_dates_that_cannot_be_read_are_shown() {
    check(
        Some(&GOOD.replace("/aws4_request", "")),
        Some("20260101T001000Z"),
        "IncompleteSignature",
        400,
        "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got \
         'AKIDEXAMPLE/20260101/us-east-1/iam'",
    );
    check(
        Some(GOOD),
        Some("yesterday"),
        "IncompleteSignature",
        400,
        "Date must be in ISO-8601 'basic format'. Got 'yesterday'. See http://en.wikipedia.org/wiki/ISO_8601",
    );
}

#[test]
fn a_presigned_call_is_good_for_fifteen_minutes_whatever_it_says() {
    let host = headers(None, None);
    let query = "Action=X&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20260101T000000Z&X-Amz-Expires=60\
                 &X-Amz-Credential=A%2F20260101%2Fus-east-1%2Fiam%2Faws4_request&X-Amz-SignedHeaders=host\
                 &X-Amz-Signature=00";
    let request = Request { method: "GET", path: "/", query, headers: &host };
    let signed = Signed::read(&request, Family::Query).unwrap().unwrap();
    let check = |minutes: u64| {
        let now = at("2026-01-01T00:00:00Z") + Duration::from_secs(60 * minutes);
        signed.check(&request, &Expected { family: Family::Query, service: "iam", region: None, now })
    };
    check(15).unwrap();
    assert!(matches!(check(16), Err(Refusal::Late { .. })));
}
