//! What the verifier is given: the request as it came over the wire, and what this server expects of it.

use std::time::Duration;

use http::HeaderMap;
use rolecall_base::Time;

/// The parts of a request that are signed, unchanged since they left the client.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    pub method: &'a str,
    /// Still percent-encoded.
    pub path: &'a str,
    /// Still percent-encoded, without the question mark; empty when there is none.
    pub query: &'a str,
    pub headers: &'a HeaderMap,
}

/// Services that share rules of canonicalization and texts of refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// IAM, STS, CloudFormation …: `awsQuery`.
    Query,
    /// EC2's own codes.
    Ec2,
    /// `awsJson`: codes end in `Exception`, all 400.
    Json,
    /// `restJson`: the same codes, 403.
    RestJson,
    S3,
}

impl Family {
    /// How far a request's time may be from ours, either way.
    pub fn skew(self) -> Duration {
        match self {
            Family::S3 | Family::Json => Duration::from_secs(15 * 60),
            Family::Query | Family::Ec2 | Family::RestJson => Duration::from_secs(5 * 60),
        }
    }
}

/// What this endpoint is and what time it is.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    pub family: Family,
    /// The service's signing name: `iam`.
    pub service: &'a str,
    /// `None` takes any region: any text of small letters, digits and dashes.
    pub region: Option<&'a str>,
    pub now: Time,
}
