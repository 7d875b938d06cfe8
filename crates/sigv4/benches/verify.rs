//! What one verification costs: an S3 GET with a 900-byte session token and four signed headers, as in STORE.md's
//! measurement, and a query service's POST.
#![allow(missing_docs, clippy::unwrap_used, reason = "bench code")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use http::{HeaderMap, HeaderValue};
use rolecall_base::Time;
use rolecall_sigv4::{Expected, Family, KeyCache, Payload, Request, Signed, Signer, SigningKey, body_hash};

fn verify(c: &mut Criterion) {
    let token = "t".repeat(900);
    let now = Time::parse_iso("2026-01-01T00:00:00Z").unwrap();
    let signer = Signer {
        access_key_id: "ASIAIOSFODNN7EXAMPLE",
        secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        token: Some(&token),
        region: "us-east-1",
        service: "s3",
        family: Family::S3,
    };
    let mut headers = HeaderMap::new();
    headers.insert("host", HeaderValue::from_static("localhost:4566"));
    let line = Payload::Unsigned.line();
    signer.sign("GET", "/bucket/some/key", "", &mut headers, &line, now).unwrap();
    headers.insert("user-agent", HeaderValue::from_static("aws-cli/2"));
    let request = Request { method: "GET", path: "/bucket/some/key", query: "", headers: &headers };
    let key = SigningKey::derive(signer.secret, "20260101", "us-east-1", "s3");
    let expected = Expected { family: Family::S3, service: "s3", region: Some("us-east-1"), now };
    let whole = |key: &dyn Fn(&Signed<'_>) -> SigningKey| {
        let signed = Signed::read(&request, Family::S3).unwrap().unwrap();
        signed.check(&request, &expected).unwrap();
        let payload = Payload::of_s3(&request, &signed).unwrap();
        signed.verify(&request, Family::S3, &payload.line(), &key(&signed)).unwrap();
    };
    c.bench_function("s3 get, key at hand", |b| b.iter(|| whole(black_box(&|_: &Signed<'_>| key.clone()))));
    let cache = KeyCache::new(1000);
    let cached = |signed: &Signed<'_>| cache.key(signed.access_key_id(), signer.secret, signed.scope());
    c.bench_function("s3 get, key cache", |b| b.iter(|| whole(black_box(&cached))));
    let derived = |signed: &Signed<'_>| {
        let [date, region, service] = signed.scope();
        SigningKey::derive(signer.secret, date, region, service)
    };
    c.bench_function("s3 get, key derived", |b| b.iter(|| whole(black_box(&derived))));
    c.bench_function("read and check only", |b| {
        b.iter(|| {
            let signed = Signed::read(black_box(&request), Family::S3).unwrap().unwrap();
            signed.check(&request, &expected).unwrap();
        });
    });
    let body = "Action=GetCallerIdentity&Version=2011-06-15";
    c.bench_function("hash of a small body", |b| b.iter(|| body_hash(black_box(body.as_bytes()))));
}

criterion_group!(benches, verify);
criterion_main!(benches);
