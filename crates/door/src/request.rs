//! A request as the door receives it: bytes with a name, not yet anybody's.

use std::fmt;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_core::Stream;
use http::HeaderMap;
use rolecall_base::{AccountId, Fault, Time};
use rolecall_policy::PolicySet;
use rolecall_store::Pre;

/// Where a request came from, as far as we know it ourselves and not by the client's word.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    pub source_ip: Option<IpAddr>,
    /// The address is one inside of a VPC, which nobody outside knows.
    pub private: bool,
    /// It came over TLS.
    pub secure: bool,
    /// Over which version of it: `1.2`, `1.3`.
    pub tls_version: Option<&'static str>,
    /// The `User-Agent` header; the client's word.
    pub user_agent: Option<String>,
    /// The `Referer` header; the client's word.
    pub referer: Option<String>,
    /// Set on calls that a service makes with the caller's own rights: the services, first to last.
    pub called_via: Vec<String>,
    /// How the request was signed, once that is verified.
    pub signature: Option<Signature>,
    /// The VPC endpoint that it came through.
    pub endpoint: Option<Arc<Endpoint>>,
    /// How it came, where that may change while it is decided.
    pub way: Option<Way>,
    /// For what a service calls that acts for itself: `aws:SourceArn` and `aws:SourceAccount`.
    pub source: Option<Source>,
}

/// The way of a request through a network.
#[derive(Clone, Debug)]
pub struct Way {
    /// What must still be so when something that was decided by it is committed.
    pub premises: Arc<[Pre]>,
    pub finder: Arc<dyn FindWay>,
}

/// Who finds the way of one request.
pub trait FindWay: Send + Sync + fmt::Debug {
    /// Says in an origin how it comes as things are now; gives the premises of that.
    ///
    /// # Errors
    /// When that can't be found out.
    fn find(&self, origin: &mut Origin) -> Result<Arc<[Pre]>, Fault>;
}

impl Origin {
    /// Of what a service of this process calls: nobody's address, but never in the clear.
    pub fn of_service() -> Origin {
        Origin { secure: true, tls_version: Some("1.3"), ..Origin::default() }
    }

    /// Of what a service calls with its caller's own rights (`ec2.amazonaws.com`). Neither the caller's address nor the
    /// endpoint that its call came through is this call's.
    pub fn via(service: &str) -> Origin {
        Origin { called_via: vec![service.to_owned()], ..Origin::of_service() }
    }
}

/// A VPC endpoint, as far as decisions are concerned.
#[derive(Debug)]
pub struct Endpoint {
    /// `vpce-…`
    pub id: String,
    /// `vpc-…`
    pub vpc: String,
    /// The region of both.
    pub region: String,
    /// Whose it is.
    pub account: AccountId,
    /// Its policy, which must allow whatever passes ([`rolecall_policy::Kind::Endpoint`]).
    pub policy: Arc<PolicySet>,
}

/// What a service acts for.
#[derive(Clone, Debug)]
pub struct Source {
    pub arn: Option<String>,
    pub account: AccountId,
}

/// What policies may ask about a signature (`s3:authType`, `s3:signatureAge`, …).
#[derive(Clone, Debug)]
pub struct Signature {
    /// It was in the URL.
    pub presigned: bool,
    /// When the client says it signed.
    pub made: Time,
    /// The `x-amz-content-sha256` header.
    pub content_sha256: Option<String>,
}

/// A body that is still arriving.
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, std::io::Error>> + Send>>;

/// The body: whole for all but the streaming uploads of S3.
pub enum RequestBody {
    Whole(Bytes),
    Arriving(ByteStream),
}

impl fmt::Debug for RequestBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RequestBody::Whole(bytes) => write!(f, "{} bytes", bytes.len()),
            RequestBody::Arriving(_) => f.write_str("arriving"),
        }
    }
}

/// One HTTP request.
#[derive(Debug)]
pub struct Request {
    /// Ours; every answer carries it.
    pub id: String,
    pub received: Time,
    pub method: http::Method,
    /// The path as it was sent, percent-encoded: what the client signed.
    pub sent_path: String,
    /// The path operations are named by: the same, or `/BUCKET/KEY` where the bucket was in the host name.
    pub path: String,
    /// The query string as it was sent, without `?`.
    pub query: String,
    pub headers: HeaderMap,
    /// As it was sent and signed.
    pub body: RequestBody,
    /// The same without its packing, where it came packed.
    pub unpacked: Option<Bytes>,
    pub origin: Origin,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body, where it is whole.
    pub fn whole(&self) -> Option<&Bytes> {
        match &self.body {
            RequestBody::Whole(bytes) => Some(bytes),
            RequestBody::Arriving(_) => None,
        }
    }
}
