//! What an operation is to this crate: its names, its protocol, and the two structures it moves.

use std::fmt::Debug;

use rolecall_base::Fault;

use crate::record::Tell;
use crate::{Message, Response, Violations};

/// How a service's requests and answers look on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Form in, XML out, with a result wrapper: IAM, STS, CloudFormation.
    Query,
    /// EC2's variant of it: no wrapper, lists flattened, names capitalized.
    Ec2,
    /// One JSON document each way, named by `X-Amz-Target`; the version is `1.0` or `1.1`.
    Json(&'static str),
    /// HTTP method, path, query and headers, with a JSON body.
    RestJson,
    /// HTTP method, path, query and headers, with an XML body: S3.
    RestXml,
}

/// The facts that all operations of one service share.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    /// The name in ARNs, actions and credential scopes: `iam`.
    pub name: &'static str,
    pub protocol: Protocol,
    /// The API's version, as in `Version=2010-05-08`.
    pub version: &'static str,
    /// The XML namespace of answers; empty for JSON services.
    pub xmlns: &'static str,
    /// What stands before the dot of `X-Amz-Target`; empty for the other protocols.
    pub target_prefix: &'static str,
}

/// Where an operation of a REST service is found. Query, ec2 and JSON services use the name alone.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    pub operation: &'static str,
    pub method: &'static str,
    /// Template with its literal query: `/{Bucket}/{Key+}?uploads`.
    pub uri: &'static str,
    /// Query parameters that the operation cannot be without; they tell UploadPart from PutObject.
    pub query: &'static [&'static str],
    /// Headers that the operation cannot be without; they tell CopyObject from PutObject.
    pub headers: &'static [&'static str],
}

impl Route {
    /// The row of an operation that is found by its name.
    pub const fn named(operation: &'static str) -> Route {
        Route { operation, method: "POST", uri: "/", query: &[], headers: &[] }
    }
}

/// The facts of one operation.
#[derive(Clone, Copy, Debug)]
pub struct Meta {
    /// The service's name, as in its actions: `iam`.
    pub service: &'static str,
    /// The operation's name: `CreateRole`.
    pub name: &'static str,
    pub protocol: Protocol,
    pub xmlns: &'static str,
    /// The element around a query answer's members: `CreateRoleResult`.
    pub result_wrapper: Option<&'static str>,
    pub route: Route,
    /// Status of a success.
    pub status: u16,
    /// The request's body is a stream that is not part of the input structure.
    pub streaming_input: bool,
    /// The answer's body may be a stream.
    pub streaming_output: bool,
}

/// One operation of a service's model.
pub trait Shape: Send + Sync + Sized + 'static {
    type Input: Input;
    type Output: Output;
    const META: &'static Meta;
}

/// What an operation takes.
pub trait Input: Debug + Tell + Send + Sync + Sized + 'static {
    /// Reads the request. Absent required members go to `v`; what cannot be read at all is a fault.
    fn decode(m: &Message<'_>, v: &mut Violations) -> Result<Self, Fault>;

    /// Holds the members against the model's lengths, ranges, patterns and value sets.
    fn validate(&self, v: &mut Violations);
}

/// What an operation returns.
pub trait Output: Debug + Tell + Send + Sized + 'static {
    /// Writes status, headers and body of a success.
    fn encode(self, meta: &Meta, request_id: &str, out: &mut Response);
}

/// Reads and validates a request.
///
/// # Errors
/// The protocol's fault for a malformed request, or one fault that names every violated constraint.
pub fn read<S: Shape>(m: &Message<'_>) -> Result<S::Input, Fault> {
    let mut violations = violations::<S>();
    let input = S::Input::decode(m, &mut violations)?;
    input.validate(&mut violations);
    violations.finish()?;
    Ok(input)
}

/// Validates an input that was built in this process.
///
/// # Errors
/// One fault that names every violated constraint.
pub fn check<S: Shape>(input: &S::Input) -> Result<(), Fault> {
    let mut violations = violations::<S>();
    input.validate(&mut violations);
    violations.finish()
}

/// Services whose models have one exception for all that breaks them, with a reason in it.
const REASONED: [&str; 1] = ["organizations"];

fn violations<S: Shape>() -> Violations {
    let violations = Violations::new(S::META.protocol);
    if REASONED.contains(&S::META.service) { violations.with_reasons() } else { violations }
}
