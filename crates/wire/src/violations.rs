//! What a request breaks of its model, and the faults that say so in each protocol's words.

use std::fmt::Write;

use rolecall_base::Fault;

use crate::Protocol;

/// Collects violated constraints while an input is read and validated; [`Violations::finish`] makes them one fault.
#[derive(Debug)]
pub struct Violations {
    protocol: Protocol,
    path: Vec<Segment>,
    found: Vec<Violation>,
    /// Answered as InvalidInputException with a reason.
    reasoned: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Segment {
    Member(&'static str),
    /// Counted from 1, as AWS shows it.
    Item(usize),
}

#[derive(Debug)]
struct Violation {
    at: String,
    value: Value,
    constraint: String,
    /// Inside a REST body, where S3 answers `MalformedXML`.
    nested: bool,
}

impl Violation {
    fn reasoned(&self) -> Fault {
        let says = |words: &str| self.constraint.contains(words);
        let (reason, text) = if matches!(self.value, Value::Null) {
            ("INPUT_REQUIRED", "You must include a value for all required parameters.")
        } else if says("enum value set") {
            ("INVALID_ENUM", "You specified an invalid value.")
        } else if says("length less") {
            ("MAX_LENGTH_EXCEEDED", "You provided a string parameter that is longer than allowed.")
        } else if says("length greater") {
            ("MIN_LENGTH_EXCEEDED", "You provided a string parameter that is shorter than allowed.")
        } else if says("value less") {
            ("MAX_VALUE_EXCEEDED", "You provided a numeric parameter that has a larger value than allowed.")
        } else if says("value greater") {
            ("MIN_VALUE_EXCEEDED", "You provided a numeric parameter that has a smaller value than allowed.")
        } else {
            ("INVALID_PATTERN", "You provided a value that does not match the required pattern.")
        };
        Fault::new("InvalidInputException", 400, text).with("Reason", reason)
    }
}

#[derive(Debug)]
enum Value {
    Null,
    /// A secret, or a value that has no short text.
    Hidden,
    Shown(String),
}

impl Violations {
    pub fn new(protocol: Protocol) -> Violations {
        Violations { protocol, path: Vec::new(), found: Vec::new(), reasoned: false }
    }

    /// For services that answer with the reason of the first thing that is wrong, as AWS Organizations does.
    #[must_use]
    pub fn with_reasons(self) -> Violations {
        Violations { reasoned: true, ..self }
    }

    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Runs `step` with the path led into a member.
    pub fn within<R>(&mut self, member: &'static str, step: impl FnOnce(&mut Violations) -> R) -> R {
        self.path.push(Segment::Member(member));
        let result = step(self);
        self.path.pop();
        result
    }

    /// Runs `step` with the path led into a list's item, counted from 0.
    pub fn within_item<R>(&mut self, index: usize, step: impl FnOnce(&mut Violations) -> R) -> R {
        self.path.push(Segment::Item(index.saturating_add(1)));
        let result = step(self);
        self.path.pop();
        result
    }

    /// A required member is absent.
    pub fn missing(&mut self, member: &'static str) {
        let at = self.location(member);
        self.found.push(Violation {
            at,
            value: Value::Null,
            constraint: "Member must not be null".into(),
            nested: !self.path.is_empty(),
        });
    }

    /// A member breaks a constraint. A member already reported as absent is not reported again.
    pub fn broken(&mut self, member: &'static str, shown: Option<String>, constraint: String) {
        let at = self.location(member);
        if self.found.iter().any(|v| matches!(v.value, Value::Null) && v.at == at) {
            return;
        }
        let value = shown.map_or(Value::Hidden, Value::Shown);
        self.found.push(Violation { at, value, constraint, nested: !self.path.is_empty() });
    }

    /// The fault for a value that is not of its type at all, such as letters for a number.
    pub fn malformed(&self, member: &str, value: &str, kind: &str) -> Fault {
        let at = self.location(member);
        match self.protocol {
            Protocol::Query if kind == "Boolean" => {
                Fault::new("MalformedInput", 400, "boolean must follow xsd1.1 definition")
            }
            Protocol::Query => {
                Fault::new("MalformedInput", 400, format!("Invalid {kind} value '{value}' at '{at}'"))
            }
            Protocol::Ec2 => Fault::new(
                "InvalidParameterValue",
                400,
                format!("Value ({value}) for parameter {at} is invalid. It must be of type {kind}."),
            ),
            Protocol::RestXml if self.path.is_empty() => {
                Fault::new("InvalidArgument", 400, format!("Provided value is not a valid {kind}"))
                    .with("ArgumentName", member)
                    .with("ArgumentValue", value)
            }
            Protocol::RestXml => malformed_xml(),
            Protocol::Json(_) | Protocol::RestJson => {
                Fault::new("SerializationException", 400, format!("{at} is not a valid {kind}"))
            }
        }
    }

    /// One fault for all that was found.
    ///
    /// # Errors
    /// The fault, unless nothing was found.
    pub fn finish(self) -> Result<(), Fault> {
        let Some(first) = self.found.first() else { return Ok(()) };
        if self.reasoned {
            return Err(first.reasoned());
        }
        Err(match self.protocol {
            Protocol::Query => Fault::validation(self.sentence()),
            Protocol::Json(_) | Protocol::RestJson => Fault::new("ValidationException", 400, self.sentence()),
            Protocol::Ec2 => ec2(first),
            Protocol::RestXml => rest_xml(first),
        })
    }

    /// `2 validation errors detected: Value null at 'roleName' failed to satisfy constraint: …; Value …`
    fn sentence(&self) -> String {
        let count = self.found.len();
        let mut text = format!("{count} validation error{} detected: ", if count == 1 { "" } else { "s" });
        for (i, v) in self.found.iter().enumerate() {
            text.push_str(if i == 0 { "Value " } else { "; Value " });
            match &v.value {
                Value::Null => text.push_str("null "),
                Value::Hidden => {}
                Value::Shown(shown) => {
                    let _ = write!(text, "'{shown}' ");
                }
            }
            let _ = write!(text, "at '{}' failed to satisfy constraint: {}", v.at, v.constraint);
        }
        text
    }

    /// The member's path: `tags.1.member.key` for query and JSON, `TagSpecification.1.Tag.2.Key` for EC2.
    fn location(&self, member: &str) -> String {
        let mut at = String::new();
        for segment in &self.path {
            match segment {
                Segment::Member(name) => self.append(&mut at, name),
                Segment::Item(index) => {
                    let _ = write!(at, ".{index}");
                    if !matches!(self.protocol, Protocol::Ec2) {
                        at.push_str(".member");
                    }
                }
            }
        }
        if !member.is_empty() {
            self.append(&mut at, member);
        }
        at
    }

    fn append(&self, at: &mut String, name: &str) {
        if !at.is_empty() {
            at.push('.');
        }
        let mut letters = name.chars();
        match (self.protocol, letters.next()) {
            (Protocol::Ec2 | Protocol::RestXml, _) | (_, None) => at.push_str(name),
            (_, Some(first)) => {
                at.extend(first.to_lowercase());
                at.push_str(letters.as_str());
            }
        }
    }
}

/// S3's one answer to a body that is not what it should be.
pub(crate) fn malformed_xml() -> Fault {
    Fault::new(
        "MalformedXML",
        400,
        "The XML you provided was not well-formed or did not validate against our published schema",
    )
}

fn ec2(v: &Violation) -> Fault {
    match &v.value {
        Value::Null => {
            Fault::new("MissingParameter", 400, format!("The request must contain the parameter {}", v.at))
        }
        Value::Hidden => Fault::new(
            "InvalidParameterValue",
            400,
            format!("Value for parameter {} is invalid. {}", v.at, v.constraint),
        ),
        Value::Shown(value) => Fault::new(
            "InvalidParameterValue",
            400,
            format!("Value ({value}) for parameter {} is invalid. {}", v.at, v.constraint),
        ),
    }
}

fn rest_xml(v: &Violation) -> Fault {
    if v.nested {
        return malformed_xml();
    }
    match &v.value {
        Value::Null => Fault::new(
            "InvalidRequest",
            400,
            format!("Missing required parameter for this request: '{}'", v.at),
        ),
        Value::Hidden => {
            Fault::new("InvalidArgument", 400, v.constraint.clone()).with("ArgumentName", v.at.as_str())
        }
        Value::Shown(value) => Fault::new("InvalidArgument", 400, v.constraint.clone())
            .with("ArgumentName", v.at.as_str())
            .with("ArgumentValue", value.as_str()),
    }
}
