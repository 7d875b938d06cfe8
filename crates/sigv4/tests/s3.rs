//! S3's side: the S3 API Reference's published examples, presigned URLs, streamed bodies, texts of refusal.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "test code")]

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use rolecall_base::Time;
use rolecall_sigv4::{
    Chain, ChunkDecoder, ChunkEncoder, Expected, Family, Payload, Refusal, Request, Signed, Signer,
    SigningKey,
};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&'static str, &str)| {
        (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
    };
    lines.iter().map(pair).collect()
}

fn now() -> Time {
    Time::parse_iso("2013-05-24T00:00:00Z").unwrap()
}

fn expected() -> Expected<'static> {
    Expected { family: Family::S3, service: "s3", region: Some("us-east-1"), now: now() }
}

fn key() -> SigningKey {
    SigningKey::derive(SECRET, "20130524", "us-east-1", "s3")
}

/// Reads, checks and verifies; returns the streamed body's chain.
fn verify(request: &Request<'_>, expected: &Expected<'_>) -> Result<Chain, Refusal> {
    let signed = Signed::read(request, Family::S3)?.ok_or(Refusal::Missing)?;
    signed.check(request, expected)?;
    let payload = Payload::of_s3(request, &signed)?;
    signed.verify(request, Family::S3, &payload.line(), &key())?;
    Ok(signed.chain(key()))
}

const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn get_object(authorization: &str) -> HeaderMap {
    headers(&[
        ("host", "examplebucket.s3.amazonaws.com"),
        ("range", "bytes=0-9"),
        ("x-amz-content-sha256", EMPTY),
        ("x-amz-date", "20130524T000000Z"),
        ("authorization", authorization),
    ])
}

const GET: &str = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
                   SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,\
                   Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41";

#[test]
fn the_published_get_object_verifies() {
    let headers = get_object(GET);
    let request = Request { method: "GET", path: "/test.txt", query: "", headers: &headers };
    verify(&request, &expected()).unwrap();
}

#[test]
fn the_published_presigned_url_verifies_until_it_expires() {
    let headers = headers(&[("host", "examplebucket.s3.amazonaws.com")]);
    let query = "X-Amz-Algorithm=AWS4-HMAC-SHA256\
                 &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
                 &X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
                 &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
    let request = Request { method: "GET", path: "/test.txt", query, headers: &headers };
    verify(&request, &expected()).unwrap();
    let later = Expected { now: now() + Duration::from_secs(86_400), ..expected() };
    verify(&request, &later).unwrap();
    let too_late = Expected { now: now() + Duration::from_secs(86_401), ..expected() };
    let fault = verify(&request, &too_late).unwrap_err().fault(Family::S3);
    assert_eq!((fault.code(), fault.status(), fault.message()), ("AccessDenied", 403, "Request has expired"));
    assert_eq!(fault.members()[0], ("X-Amz-Expires", "86400".to_owned()));
}

fn streamed(sha256: &'static str, authorization: &str, trailer: bool) -> HeaderMap {
    let mut headers = headers(&[
        ("host", "s3.amazonaws.com"),
        ("x-amz-date", "20130524T000000Z"),
        ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        ("content-encoding", "aws-chunked"),
        ("x-amz-decoded-content-length", "66560"),
        ("x-amz-content-sha256", sha256),
        ("authorization", authorization),
    ]);
    if trailer {
        headers.insert("x-amz-trailer", HeaderValue::from_static("x-amz-checksum-crc32c"));
    } else {
        headers.insert("content-length", HeaderValue::from_static("66824"));
    }
    headers
}

/// Feeds a body in pieces of `step` bytes.
fn decode(mut decoder: ChunkDecoder, body: &[u8], step: usize) -> Result<(Vec<u8>, Trailers), Refusal> {
    let mut out = Vec::new();
    for mut piece in body.chunks(step) {
        while let Some(data) = decoder.next(&mut piece)? {
            out.extend_from_slice(data);
        }
    }
    Ok((out, decoder.finish()?))
}

type Trailers = Vec<(String, String)>;

#[test]
fn the_published_signed_stream_decodes_in_pieces_of_any_size() {
    let authorization = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
        SignedHeaders=content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;\
        x-amz-decoded-content-length;x-amz-storage-class,\
        Signature=4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";
    let headers = streamed("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", authorization, false);
    let request =
        Request { method: "PUT", path: "/examplebucket/chunkObject.txt", query: "", headers: &headers };
    let chain = verify(&request, &expected()).unwrap();
    let body = [
        b"10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n"
            .to_vec(),
        vec![b'a'; 65536],
        b"\r\n400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n"
            .to_vec(),
        vec![b'a'; 1024],
        b"\r\n0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n"
            .to_vec(),
    ]
    .concat();
    assert_eq!(body.len(), 66824);
    for step in [1, 7, 4096, body.len()] {
        let decoder = ChunkDecoder::new(Some(chain.clone()), None, 66560);
        assert_eq!(decode(decoder, &body, step).unwrap(), (vec![b'a'; 66560], vec![]));
    }
    for (at, byte) in [(30, b'0'), (100, b'b'), (65700, b'0')] {
        let mut changed = body.clone();
        changed[at] = byte;
        let decoder = ChunkDecoder::new(Some(chain.clone()), None, 66560);
        assert!(decode(decoder, &changed, 4096).is_err(), "byte {at}");
    }
    let decoder = ChunkDecoder::new(Some(chain), None, 66560);
    let short = decode(decoder, &body[..body.len() - 90], 4096).unwrap_err().fault(Family::S3);
    assert_eq!((short.code(), short.status()), ("IncompleteBody", 400));
}

#[test]
fn the_published_signed_trailer_decodes() {
    let authorization = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
        SignedHeaders=content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;\
        x-amz-storage-class;x-amz-trailer,\
        Signature=106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e";
    let headers = streamed("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", authorization, true);
    let request =
        Request { method: "PUT", path: "/examplebucket/chunkObject.txt", query: "", headers: &headers };
    let chain = verify(&request, &expected()).unwrap();
    let end = |blank: &str| {
        format!(
            "\r\n0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n\
             x-amz-checksum-crc32c:sOO8/Q==\n{blank}\
             x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n"
        )
    };
    for blank in ["", "\r\n"] {
        let body = [
            b"10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2\r\n"
                .to_vec(),
            vec![b'a'; 65536],
            b"\r\n400;chunk-signature=1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7\r\n"
                .to_vec(),
            vec![b'a'; 1024],
            end(blank).into_bytes(),
        ]
        .concat();
        let decoder = ChunkDecoder::new(Some(chain.clone()), Some("x-amz-checksum-crc32c"), 66560);
        let (data, trailers) = decode(decoder, &body, 1000).unwrap();
        assert_eq!(data.len(), 66560);
        assert_eq!(trailers, [("x-amz-checksum-crc32c".to_owned(), "sOO8/Q==".to_owned())]);
    }
}

fn unsigned(body: &str, announced: &str, length: u64) -> Result<(Vec<u8>, Trailers), Refusal> {
    decode(ChunkDecoder::new(None, Some(announced), length), body.as_bytes(), 3)
}

#[test]
fn an_unsigned_stream_with_a_trailer_decodes() {
    let body = "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n";
    let (data, trailers) = unsigned(body, "x-amz-checksum-crc32", 5).unwrap();
    assert_eq!(data, b"hello");
    assert_eq!(trailers, [("x-amz-checksum-crc32".to_owned(), "NhCmhg==".to_owned())]);
}

#[test]
fn malformed_streams_get_s3s_errors() {
    let code = |body, announced, length| unsigned(body, announced, length).unwrap_err().fault(Family::S3);
    for (body, announced, length, expected) in [
        ("5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n", "", 5, "MalformedTrailerError"),
        ("5\r\nhello\r\n0\r\n\r\n", "x-amz-checksum-crc32", 5, "MalformedTrailerError"),
        ("5\r\nhello\r\n0\r\n", "", 5, "IncompleteBody"),
        ("5\r\nhello\r\n0\r\n\r\n", "", 6, "IncompleteBody"),
        ("5\r\nhello\r\n0\r\n\r\n", "", 4, "IncompleteBody"),
        ("3\r\nhello\r\n0\r\n\r\n", "", 5, "IncompleteBody"),
        ("x\r\nhello\r\n0\r\n\r\n", "", 5, "IncompleteBody"),
        ("fffffffffffffffff\r\n", "", 5, "IncompleteBody"),
        ("5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n", "", 6, "InvalidChunkSizeError"),
    ] {
        assert_eq!(code(body, announced, length).code(), expected, "{body:?}");
    }
    let small = code("5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n", "", 6);
    assert_eq!(small.members(), [("Chunk", "2".to_owned()), ("BadChunkSize", "5".to_owned())]);
}

#[test]
fn what_our_client_signs_our_server_verifies() {
    let signer = Signer {
        access_key_id: "AKIAIOSFODNN7EXAMPLE",
        secret: SECRET,
        token: Some("a/token+with=signs"),
        region: "us-east-1",
        service: "s3",
        family: Family::S3,
    };
    let path = "/bucket/a%20b/%C3%A9~";
    let mut sent = headers(&[("host", "localhost:4566"), ("x-amz-trailer", "x-amz-checksum-crc32")]);
    let payload = Payload::Streaming { signed: true, trailer: true };
    let chain =
        signer.sign("PUT", path, "partNumber=1&uploadId=x", &mut sent, &payload.line(), now()).unwrap();
    let request = Request { method: "PUT", path, query: "partNumber=1&uploadId=x", headers: &sent };
    let theirs = verify(&request, &expected()).unwrap();
    let mut body = Vec::new();
    let mut encoder = ChunkEncoder::new(Some(chain));
    encoder.chunk(&[7; 9000], &mut body);
    encoder.chunk(b"end", &mut body);
    encoder.finish(&[("x-amz-checksum-crc32", "AAAAAA==")], &mut body);
    let (data, trailers) =
        decode(ChunkDecoder::new(Some(theirs), Some("x-amz-checksum-crc32"), 9003), &body, 100).unwrap();
    assert_eq!((data.len(), trailers.len()), (9003, 1));

    let host = headers(&[("host", "localhost:4566")]);
    let query = signer.presign("GET", path, "versionId=1", &host, 60, now());
    let request = Request { method: "GET", path, query: &query, headers: &host };
    verify(&request, &expected()).unwrap();
    let signed = Signed::read(&request, Family::S3).unwrap().unwrap();
    assert_eq!(signed.token(), Some("a/token+with=signs"));
    assert!(signed.is_presigned() && signed.expires_seconds() == Some(60));
}

/// The fault of a GET whose Authorization header (or date, or region) was changed.
fn refused(from: &str, to: &str) -> (String, u16, String) {
    let headers = get_object(&GET.replace(from, to));
    let request = Request { method: "GET", path: "/test.txt", query: "", headers: &headers };
    let fault = verify(&request, &expected()).unwrap_err().fault(Family::S3);
    (fault.code().to_owned(), fault.status(), fault.message().to_owned())
}

#[test]
fn refusals_have_s3s_codes_and_texts() {
    let malformed = |text: &str| {
        (
            "AuthorizationHeaderMalformed".to_owned(),
            400,
            format!("The authorization header is malformed; {text}"),
        )
    };
    assert_eq!(
        refused("us-east-1", "eu-west-1"),
        malformed("the region 'eu-west-1' is wrong; expecting 'us-east-1'")
    );
    assert_eq!(
        refused("/s3/", "/iam/"),
        malformed("incorrect service \"iam\". This endpoint belongs to \"s3\".")
    );
    assert_eq!(
        refused("/aws4_request", ""),
        malformed(
            "the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\"."
        )
    );
    assert_eq!(
        refused("range;", ""),
        (
            "SignatureDoesNotMatch".to_owned(),
            403,
            "The request signature we calculated does not match the signature you provided. Check your key and \
             signing method."
                .to_owned()
        )
    );
    let (code, status, text) = refused("x-amz-content-sha256;", "");
    assert_eq!((&*code, status), ("AccessDenied", 403));
    assert_eq!(text, "There were headers present in the request which were not signed");
    assert_eq!(refused("AWS4-HMAC-SHA256 ", "AWS ").0, "InvalidRequest");
    assert_eq!(refused("AWS4-HMAC-SHA256 ", "Basic ").2, "Unsupported Authorization Type");
}

#[test]
fn a_clock_that_is_off_by_more_than_fifteen_minutes_is_refused() {
    let headers = get_object(GET);
    let request = Request { method: "GET", path: "/test.txt", query: "", headers: &headers };
    let at = |now| verify(&request, &Expected { now, ..expected() }).map(|_| ());
    let quarter = Duration::from_secs(900);
    at(now() + quarter).unwrap();
    at(now() - quarter).unwrap();
    for late in [now() + quarter + Duration::from_secs(1), now() - quarter - Duration::from_secs(1)] {
        let fault = at(late).unwrap_err().fault(Family::S3);
        assert_eq!((fault.code(), fault.status()), ("RequestTimeTooSkewed", 403));
        assert_eq!(fault.members()[2], ("MaxAllowedSkewMilliseconds", "900000".to_owned()));
    }
}

#[test]
fn a_header_and_a_presigned_query_together_are_refused() {
    let headers = get_object(GET);
    let request = Request { method: "GET", path: "/", query: "X-Amz-Algorithm=x", headers: &headers };
    let fault = verify(&request, &expected()).unwrap_err().fault(Family::S3);
    assert_eq!((fault.code(), fault.status()), ("InvalidArgument", 400));
    assert!(fault.message().starts_with("Only one auth mechanism allowed"));
}

#[test]
fn presigned_parameters_that_are_wrong_are_named() {
    let host = headers(&[("host", "h")]);
    let good = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=A%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
                &X-Amz-Date=20130524T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=00";
    let message = |from: &str, to: &str| {
        let query = good.replace(from, to);
        let request = Request { method: "GET", path: "/", query: &query, headers: &host };
        let fault = verify(&request, &expected()).unwrap_err().fault(Family::S3);
        assert_eq!((fault.code(), fault.status()), ("AuthorizationQueryParametersError", 400), "{to}");
        fault.message().to_owned()
    };
    let week = "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less \
                than 604800 seconds";
    assert_eq!(message("Expires=60", "Expires=604801"), week);
    assert_eq!(message("Expires=60", "Expires=-1"), "X-Amz-Expires must be non-negative");
    assert_eq!(message("Expires=60", "Expires=x"), "X-Amz-Expires should be a number");
    assert!(message("&X-Amz-Expires=60", "").starts_with("Query-string authentication version 4 requires"));
    assert!(message("Date=20130524T000000Z", "Date=2013").starts_with("X-Amz-Date must be in the ISO8601"));
    assert!(message("HMAC-SHA256", "X").starts_with("X-Amz-Algorithm only supports"));
    assert!(message("us-east-1", "x").contains("the region 'x' is wrong; expecting 'us-east-1'"));
}
