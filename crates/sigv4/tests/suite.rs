//! AWS's own Signature Version 4 test suite (tests/data/aws4_testsuite, Apache-2.0; from aws-c-auth, as botocore's
//! source distribution carries it).
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "test code")]

use std::fs;
use std::path::{Path, PathBuf};

use http::{HeaderMap, HeaderName, HeaderValue};
use rolecall_base::Time;
use rolecall_sigv4::{Expected, Family, Request, Signed, Signer, SigningKey, body_hash};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

struct Case {
    name: String,
    method: String,
    path: String,
    query: String,
    headers: HeaderMap,
    body: String,
    canonical: String,
    to_sign: String,
    authorization: String,
}

fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/aws4_testsuite");
    let mut found = Vec::new();
    collect(&root, &mut found);
    found.sort();
    found.iter().map(|folder| read(folder)).collect()
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, into);
        } else if path.extension().is_some_and(|end| end == "req") {
            into.push(folder.to_owned());
        }
    }
}

fn read(folder: &Path) -> Case {
    let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
    let text =
        |end: &str| fs::read_to_string(folder.join(format!("{name}.{end}"))).unwrap().replace('\r', "");
    let request = text("req");
    let (head, body) = request.split_once("\n\n").unwrap_or((&request, ""));
    let (line, head) = head.split_once('\n').unwrap();
    let (method, target) = line.split_once(' ').unwrap();
    let target = target.rsplit_once(' ').unwrap().0;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut headers = HeaderMap::new();
    // A folded line would be refused (or unfolded) by an HTTP server before it gets here.
    for line in head.replace("\n ", " ").lines() {
        let (name, value) = line.split_once(':').unwrap();
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        headers.append(name, HeaderValue::from_bytes(value.trim().as_bytes()).unwrap());
    }
    // One case has its token in the credentials only.
    let token =
        text("creq").lines().find_map(|line| line.strip_prefix("x-amz-security-token:").map(str::to_owned));
    if let Some(token) = token {
        headers.insert("x-amz-security-token", HeaderValue::from_str(&token).unwrap());
    }
    Case {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers,
        body: body.to_owned(),
        canonical: text("creq"),
        to_sign: text("sts"),
        authorization: text("authz"),
        name,
    }
}

#[test]
fn every_case_verifies_and_has_the_published_intermediate_texts() {
    let key = SigningKey::derive(SECRET, "20150830", "us-east-1", "service");
    let cases = cases();
    for mut case in cases {
        case.headers.insert("authorization", HeaderValue::from_str(&case.authorization).unwrap());
        let (method, path, query) = (&*case.method, &*case.path, &*case.query);
        let request = Request { method, path, query, headers: &case.headers };
        let signed = Signed::read(&request, Family::Query).unwrap().unwrap();
        let payload = body_hash(case.body.as_bytes());
        assert_eq!(
            signed.canonical_request(&request, Family::Query, &payload),
            case.canonical,
            "{}",
            case.name
        );
        assert_eq!(signed.string_to_sign(&request, Family::Query, &payload), case.to_sign, "{}", case.name);
        let expected = Expected {
            family: Family::Query,
            service: "service",
            region: Some("us-east-1"),
            now: Time::parse_iso("2015-08-30T12:36:00Z").unwrap(),
        };
        signed.check(&request, &expected).unwrap();
        signed.verify(&request, Family::Query, &payload, &key).unwrap();
    }
}

#[test]
fn our_signer_writes_the_published_authorization() {
    for case in cases() {
        let token = case.headers.get("x-amz-security-token").map(|token| token.to_str().unwrap().to_owned());
        if case.name == "post-sts-header-after" {
            continue; // Adds the token after signing; we always sign it.
        }
        let signer = Signer {
            access_key_id: "AKIDEXAMPLE",
            secret: SECRET,
            token: token.as_deref(),
            region: "us-east-1",
            service: "service",
            family: Family::Query,
        };
        let mut headers = case.headers.clone();
        let now = Time::parse_iso("2015-08-30T12:36:00Z").unwrap();
        let payload = body_hash(case.body.as_bytes());
        signer.sign(&case.method, &case.path, &case.query, &mut headers, &payload, now).unwrap();
        assert_eq!(headers["authorization"].to_str().unwrap(), case.authorization, "{}", case.name);
    }
}
