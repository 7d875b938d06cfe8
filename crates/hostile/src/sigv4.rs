//! Signatures: whatever is sent, nothing that our secret did not sign is accepted.

use rolecall_base::Time;
use rolecall_sigv4::{
    ChunkDecoder, Expected, Family, Payload, Request as Parts, Signed, SigningKey, body_hash,
};

use crate::request::Request;

const FAMILIES: [Family; 5] = [Family::Query, Family::Ec2, Family::Json, Family::RestJson, Family::S3];

pub(crate) fn run(data: &[u8]) {
    let Some(request) = Request::read(data) else { return };
    let parts =
        Parts { method: request.method, path: request.path, query: request.query, headers: &request.headers };
    let now = Time::parse_iso("2026-01-01T00:00:00Z").expect("a time");
    for family in FAMILIES {
        let signed = match Signed::read(&parts, family) {
            Ok(Some(signed)) => signed,
            Ok(None) => continue,
            Err(refusal) => {
                assert!(refusal.fault(family).status() < 500);
                continue;
            }
        };
        let expected = Expected { family, service: "s3", region: None, now };
        let refused = signed.check(&parts, &expected).err();
        let [date, region, service] = signed.scope();
        let key = SigningKey::derive("a secret that no input knows", date, region, service);
        let line = match Payload::of_s3(&parts, &signed) {
            Ok(payload) if family == Family::S3 => payload.line().into_owned(),
            _ => body_hash(request.body).to_string(),
        };
        let verified = signed.verify(&parts, family, &line, &key);
        assert!(verified.is_err(), "a signature that nobody made");
        for refusal in refused.into_iter().chain(verified.err()) {
            assert!(refusal.fault(family).status() < 500);
        }
    }
}

/// A body in chunks: never more than was announced, and the same whichever way it is cut.
pub(crate) fn chunks(data: &[u8]) {
    let Some((&[way, length], body)) = data.split_first_chunk::<2>() else { return };
    let announced = (way & 1 == 1).then_some("x-amz-checksum-crc32");
    let whole = decoded(body, body.len().max(1), announced, u64::from(length));
    for size in [1, 3, 7] {
        assert_eq!(decoded(body, size, announced, u64::from(length)), whole, "cut by {size}");
    }
}

/// What the decoder made of a body: its data and trailers, or that it was refused.
type Decoded = Option<(Vec<u8>, Vec<(String, String)>)>;

fn decoded(body: &[u8], size: usize, announced: Option<&str>, length: u64) -> Decoded {
    let mut decoder = ChunkDecoder::new(None, announced, length);
    let mut out = Vec::new();
    for mut piece in body.chunks(size) {
        while let Some(data) = decoder.next(&mut piece).ok()? {
            out.extend_from_slice(data);
        }
    }
    assert!(u64::try_from(out.len()).expect("a length") <= length, "more than was announced");
    Some((out, decoder.finish().ok()?))
}
