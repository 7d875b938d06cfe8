//! Texts and codes of all services but S3.
//!
//! Sources: "Common errors" of the IAM and EC2 API references; texts as recorded from DynamoDB, IAM and API Gateway
//! in public issue threads. Texts that would repeat the Authorization header give its SHA-256 instead, as AWS does.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rolecall_base::Fault;
use sha2::{Digest, Sha256};

use super::{Part, Place, Refusal, ScopeFault};
use crate::Family;

const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your \
                        AWS Secret Access Key and signing method. Consult the service documentation for details.";
const REEXAMINE: &str = "Re-examine the query-string parameters.";

/// The three codes that SigV4's failures have.
enum Code {
    Incomplete,
    Missing,
    Mismatch,
}

pub(super) fn fault(refusal: Refusal, family: Family) -> Fault {
    if family == Family::Ec2
        && let Some(fault) = ec2(&refusal)
    {
        return fault;
    }
    let (code, text) = text(refusal);
    let (name, status) = match (family, code) {
        (Family::Json | Family::RestJson, code) => {
            let status = if family == Family::Json { 400 } else { 403 };
            let name = match code {
                Code::Incomplete => "IncompleteSignatureException",
                Code::Missing => "MissingAuthenticationTokenException",
                Code::Mismatch => "InvalidSignatureException",
            };
            (name, status)
        }
        (_, Code::Incomplete) => ("IncompleteSignature", 400),
        (_, Code::Missing) => ("MissingAuthenticationToken", 403),
        (_, Code::Mismatch) => ("SignatureDoesNotMatch", 403),
    };
    Fault::new(name, status, text)
}

/// EC2 tells less than the others.
fn ec2(refusal: &Refusal) -> Option<Fault> {
    match refusal {
        Refusal::Missing => {
            Some(Fault::new("MissingParameter", 400, "The request must contain the parameter AWSAccessKeyId"))
        }
        Refusal::Late { .. } => Some(Fault::new("RequestExpired", 400, "Request has expired.")),
        Refusal::Mismatch { .. } | Refusal::Early { .. } | Refusal::Scope { .. } => Some(Fault::new(
            "AuthFailure",
            401,
            "AWS was not able to validate the provided access credentials",
        )),
        _ => None,
    }
}

fn text(refusal: Refusal) -> (Code, String) {
    match &refusal {
        Refusal::Missing | Refusal::Scheme { .. } | Refusal::Version2 { .. } => {
            (Code::Missing, "Request is missing Authentication Token".to_owned())
        }
        Refusal::Algorithm { .. }
        | Refusal::Parts { .. }
        | Refusal::NotAPair { .. }
        | Refusal::Credential { .. }
        | Refusal::DateFormat { .. }
        | Refusal::Expires(_) => (Code::Incomplete, incomplete(&refusal)),
        _ => (Code::Mismatch, mismatch(&refusal)),
    }
}

fn incomplete(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Algorithm { found, .. } => {
            format!("Unsupported AWS 'algorithm': '{found}' (only AWS4-HMAC-SHA256 for now). ")
        }
        Refusal::Parts { place, missing, authorization } => parts(*place, missing, authorization),
        Refusal::NotAPair { text } => format!(
            "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded \
             with Base64): '{}'.",
            hashed(text)
        ),
        Refusal::Credential { found, .. } => format!(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got \
             '{found}'"
        ),
        Refusal::DateFormat { found, .. } => format!(
            "Date must be in ISO-8601 'basic format'. Got '{found}'. See http://en.wikipedia.org/wiki/ISO_8601"
        ),
        _ => format!("AWS query-string parameters must include 'X-Amz-Expires'. {REEXAMINE}"),
    }
}

fn mismatch(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Both { .. } => {
            "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."
                .to_owned()
        }
        Refusal::Scope { fault, .. } => scope(fault),
        Refusal::HostUnsigned => {
            "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.".to_owned()
        }
        Refusal::HeadersUnsigned { names } => {
            format!("'{}' must be a 'SignedHeader' in the AWS Authorization.", names.join("', '"))
        }
        Refusal::Late { signed, now, window, .. } => format!(
            "Signature expired: {} is now earlier than {} ({} - {} min.)",
            signed.iso_basic(),
            (*now - *window).iso_basic(),
            now.iso_basic(),
            window.as_secs() / 60
        ),
        Refusal::Early { signed, now, window, .. } => format!(
            "Signature not yet current: {} is still later than {} ({} + {} min.)",
            signed.iso_basic(),
            (*now + *window).iso_basic(),
            now.iso_basic(),
            window.as_secs() / 60
        ),
        _ => MISMATCH.to_owned(),
    }
}

fn parts(place: Place, missing: &[Part], authorization: &str) -> String {
    let mut text = String::new();
    for part in missing {
        let name = match part {
            Part::Algorithm => "Algorithm",
            Part::Credential => "Credential",
            Part::Signature => "Signature",
            Part::SignedHeaders => "SignedHeaders",
            Part::Date => "Date",
            Part::Expires => "Expires",
            Part::Token => "Security-Token",
        };
        let _ = match (place, part) {
            (Place::Query, _) => write!(text, "AWS query-string parameters must include 'X-Amz-{name}'. "),
            (Place::Header, Part::Date) => write!(
                text,
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
            ),
            (Place::Header, _) => write!(text, "Authorization header requires '{name}' parameter. "),
        };
    }
    match place {
        Place::Query => text + REEXAMINE,
        Place::Header => {
            format!(
                "{text}(Hashed with SHA-256 and encoded with Base64) Authorization={}",
                hashed(authorization)
            )
        }
    }
}

/// Every wrong part in one text, in AWS's order.
fn scope(fault: &ScopeFault) -> String {
    let mut text = String::new();
    if let Some((found, _)) = &fault.region {
        let _ = write!(text, "Credential should be scoped to a valid region, not '{found}'. ");
    }
    if let Some((_, expected)) = &fault.service {
        let _ = write!(text, "Credential should be scoped to correct service: '{expected}'. ");
    }
    if let Some(found) = &fault.terminator {
        let _ = write!(
            text,
            "Credential should be scoped with a valid terminator: 'aws4_request', not '{found}'. "
        );
    }
    if let Some((found, time)) = &fault.date {
        let day = time.get(..8).unwrap_or(time);
        let _ = write!(
            text,
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{found}' != \
             '{day}', from '{time}'."
        );
    }
    text
}

fn hashed(text: &str) -> String {
    STANDARD.encode(Sha256::digest(text))
}
