//! What operations return and clients see when a call does not succeed.

use std::borrow::Cow;
use std::fmt;

/// Who is to blame, as the query protocol's `<Type>` tells clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// The caller: `Sender`.
    Client,
    /// Us: `Receiver`.
    Server,
}

/// An error as the client meets it: code, HTTP status, message. One pointer wide, so that `Result`s stay small.
///
/// The `source` chain is for our log only and is never encoded.
#[derive(Clone)]
pub struct Fault(Box<Inner>);

#[derive(Clone)]
struct Inner {
    code: Cow<'static, str>,
    status: u16,
    message: String,
    members: Vec<(&'static str, String)>,
    source: Option<String>,
}

impl Fault {
    /// A fault with AWS's code, HTTP status and message.
    pub fn new(code: impl Into<Cow<'static, str>>, status: u16, message: impl Into<String>) -> Fault {
        Fault(Box::new(Inner {
            code: code.into(),
            status,
            message: message.into(),
            members: Vec::new(),
            source: None,
        }))
    }

    /// Adds a further member of the error document, such as S3's `BucketName`.
    #[must_use]
    pub fn with(mut self, member: &'static str, value: impl Into<String>) -> Fault {
        self.0.members.push((member, value.into()));
        self
    }

    /// Keeps the cause for the log. Must not hold secrets.
    #[must_use]
    pub fn because(mut self, source: impl fmt::Display) -> Fault {
        self.0.source = Some(source.to_string());
        self
    }

    /// Our own failure: `InternalFailure`, 500, with a text that says nothing of the inside.
    pub fn internal(source: impl fmt::Display) -> Fault {
        Fault::new(
            "InternalFailure",
            500,
            "The request processing has failed because of an unknown error, exception or failure.",
        )
        .because(source)
    }

    /// The validation error of query and JSON services.
    pub fn validation(message: impl Into<String>) -> Fault {
        Fault::new("ValidationError", 400, message)
    }

    /// A known operation that this server lacks.
    pub fn not_implemented(operation: &str) -> Fault {
        Fault::new(
            "NotImplemented",
            501,
            format!("The operation {operation} is not implemented by Rolecall."),
        )
    }

    pub fn code(&self) -> &str {
        &self.0.code
    }

    pub fn status(&self) -> u16 {
        self.0.status
    }

    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Further members, in the order they were added.
    pub fn members(&self) -> &[(&'static str, String)] {
        &self.0.members
    }

    pub fn source_text(&self) -> Option<&str> {
        self.0.source.as_deref()
    }

    pub fn sender(&self) -> Sender {
        if self.0.status >= 500 { Sender::Server } else { Sender::Client }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.0.code, self.0.status, self.0.message)
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        self.0.source.as_ref().map_or(Ok(()), |source| write!(f, " because {source}"))
    }
}

impl std::error::Error for Fault {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_with_a_fault_is_one_word() {
        assert_eq!(size_of::<Result<(), Fault>>(), size_of::<usize>());
    }

    #[test]
    fn an_internal_fault_hides_its_cause_from_clients() {
        let fault = Fault::internal("disk on fire");
        assert!(!fault.message().contains("fire"));
        assert_eq!(fault.source_text(), Some("disk on fire"));
        assert_eq!(fault.sender(), Sender::Server);
    }
}
