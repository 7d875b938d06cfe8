//! S3's texts and codes.
//!
//! Sources: "Error responses" of the S3 API Reference; the texts of malformed credentials and of presigned URLs as
//! recorded from S3 in public issue threads.

use rolecall_base::Fault;

use super::{ChunkFault, ExpiresFault, Part, Place, Refusal, ScopeFault};

const CREDENTIAL: &str =
    "the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".";

pub(super) fn fault(refusal: Refusal) -> Fault {
    match refusal {
        Refusal::Missing => Fault::new("AccessDenied", 403, "Access Denied"),
        Refusal::Both { authorization } => argument(
            "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string \
             parameter or the Authorization header should be specified",
            authorization,
        ),
        Refusal::Scheme { authorization } => argument("Unsupported Authorization Type", authorization),
        Refusal::Version2 { .. } | Refusal::Algorithm { place: Place::Header, .. } => Fault::new(
            "InvalidRequest",
            400,
            "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
        ),
        Refusal::Parts { place: Place::Header, missing, .. } => parts(&missing),
        Refusal::NotAPair { text } => {
            malformed(format!("the authorization component \"{text}\" is malformed."))
        }
        Refusal::Credential { place, .. } => of_credential(place, CREDENTIAL.to_owned()),
        Refusal::DateFormat { place: Place::Header, .. } => no_date(),
        Refusal::Scope { place, fault } => scope(place, *fault),
        Refusal::HostUnsigned => unsigned("host".to_owned()),
        Refusal::HeadersUnsigned { names } => unsigned(names.join(", ")),
        Refusal::Mismatch { access_key_id, signature } => mismatch(access_key_id, signature),
        Refusal::Late { .. } | Refusal::Early { .. } => of_time(refusal),
        refusal => of_parameters(&refusal).map_or_else(|| of_body(refusal), in_query),
    }
}

/// What is wrong with a presigned URL's parameters.
fn of_parameters(refusal: &Refusal) -> Option<&'static str> {
    Some(match refusal {
        Refusal::Algorithm { .. } => {
            "X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256\""
        }
        Refusal::Parts { .. } => {
            "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, \
             X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."
        }
        Refusal::DateFormat { .. } => {
            "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\""
        }
        Refusal::Expires(ExpiresFault::NotANumber) => "X-Amz-Expires should be a number",
        Refusal::Expires(ExpiresFault::Negative) => "X-Amz-Expires must be non-negative",
        Refusal::Expires(ExpiresFault::TooLong) => {
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than \
             604800 seconds"
        }
        _ => return None,
    })
}

fn of_time(refusal: Refusal) -> Fault {
    match refusal {
        Refusal::Late { place: Place::Query, signed, now, expires_seconds, .. } => {
            let seconds = expires_seconds.unwrap_or(0);
            let end = signed + std::time::Duration::from_secs(u64::from(seconds));
            Fault::new("AccessDenied", 403, "Request has expired")
                .with("X-Amz-Expires", seconds.to_string())
                .with("Expires", end.iso_seconds())
                .with("ServerTime", now.iso_seconds())
        }
        Refusal::Early { place: Place::Query, now, .. } => {
            Fault::new("AccessDenied", 403, "Request is not valid yet").with("ServerTime", now.iso_seconds())
        }
        Refusal::Late { signed, now, window, .. } | Refusal::Early { signed, now, window, .. } => Fault::new(
            "RequestTimeTooSkewed",
            403,
            "The difference between the request time and the current time is too large.",
        )
        .with("RequestTime", signed.iso_basic())
        .with("ServerTime", now.iso_seconds())
        .with("MaxAllowedSkewMilliseconds", window.as_millis().to_string()),
        other => Fault::internal(format!("not a refusal of time: {other:?}")),
    }
}

fn of_body(refusal: Refusal) -> Fault {
    match refusal {
        Refusal::ContentHashMissing => {
            Fault::new("InvalidRequest", 400, "Missing required header for this request: x-amz-content-sha256")
        }
        Refusal::ContentHashInvalid { found } => Fault::new(
            "InvalidArgument",
            400,
            "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, \
             STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, \
             STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER or a valid \
             sha256 value.",
        )
        .with("ArgumentName", "x-amz-content-sha256")
        .with("ArgumentValue", found),
        Refusal::ContentHashMismatch { claimed, computed } => Fault::new(
            "XAmzContentSHA256Mismatch",
            400,
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        )
        .with("ClientComputedContentSHA256", claimed)
        .with("S3ComputedContentSHA256", computed),
        Refusal::Chunk(ChunkFault::Incomplete) => {
            Fault::new("IncompleteBody", 400, "The request body terminated unexpectedly")
        }
        Refusal::Chunk(ChunkFault::TooSmall { chunk, size }) => Fault::new(
            "InvalidChunkSizeError",
            403,
            "Only the last chunk is allowed to have a size less than 8192 bytes",
        )
        .with("Chunk", chunk.to_string())
        .with("BadChunkSize", size.to_string()),
        Refusal::Chunk(ChunkFault::Trailer) => Fault::new(
            "MalformedTrailerError",
            400,
            "The request contained trailing data that was not well-formed or did not conform to our published schema.",
        ),
        other => Fault::internal(format!("not a refusal of a body: {other:?}")),
    }
}

fn parts(missing: &[Part]) -> Fault {
    match missing {
        [Part::Credential] => malformed("missing Credential.".to_owned()),
        [Part::Signature] => malformed("missing Signature.".to_owned()),
        [Part::SignedHeaders] => malformed("missing SignedHeaders.".to_owned()),
        [Part::Date] => no_date(),
        _ => malformed(
            "the authorization header requires three components: Credential, SignedHeaders, and Signature."
                .to_owned(),
        ),
    }
}

/// S3 names the first wrong part only; a wrong region comes with the right one, which SDKs use to try again.
fn scope(place: Place, fault: ScopeFault) -> Fault {
    if let Some(found) = fault.terminator {
        return of_credential(
            place,
            format!("incorrect terminal \"{found}\". This endpoint uses \"aws4_request\"."),
        );
    }
    if let Some((found, expected)) = fault.service {
        return of_credential(
            place,
            format!("incorrect service \"{found}\". This endpoint belongs to \"{expected}\"."),
        );
    }
    if let Some((found, expected)) = fault.region {
        return of_credential(place, format!("the region '{found}' is wrong; expecting '{expected}'"))
            .with("Region", expected);
    }
    let (found, time) = fault.date.unwrap_or_default();
    let day = time.get(..8).unwrap_or(&time);
    let text =
        format!("Invalid credential date \"{found}\". This date is not the same as X-Amz-Date: \"{day}\".");
    match place {
        Place::Header => malformed(text),
        Place::Query => in_query(text),
    }
}

fn of_credential(place: Place, text: String) -> Fault {
    match place {
        Place::Header => malformed(text),
        Place::Query => in_query(format!("Error parsing the X-Amz-Credential parameter; {text}")),
    }
}

/// A chunk's mismatch names neither.
fn mismatch(access_key_id: String, signature: String) -> Fault {
    let fault = Fault::new(
        "SignatureDoesNotMatch",
        403,
        "The request signature we calculated does not match the signature you provided. Check your key and signing \
         method.",
    );
    if access_key_id.is_empty() {
        return fault;
    }
    fault.with("AWSAccessKeyId", access_key_id).with("SignatureProvided", signature)
}

fn malformed(text: String) -> Fault {
    Fault::new("AuthorizationHeaderMalformed", 400, format!("The authorization header is malformed; {text}"))
}

fn in_query(text: impl Into<String>) -> Fault {
    Fault::new("AuthorizationQueryParametersError", 400, text)
}

fn no_date() -> Fault {
    Fault::new("AccessDenied", 403, "AWS authentication requires a valid Date or x-amz-date header")
}

fn unsigned(names: String) -> Fault {
    Fault::new("AccessDenied", 403, "There were headers present in the request which were not signed")
        .with("HeadersNotSigned", names)
}

fn argument(text: &'static str, authorization: String) -> Fault {
    // The signature in it is worthless to whoever sent it; S3 echoes it as well.
    Fault::new("InvalidArgument", 400, text)
        .with("ArgumentName", "Authorization")
        .with("ArgumentValue", authorization)
}
