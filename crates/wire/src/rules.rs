//! The limits that a model puts on members, and how a value is held against them.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use regex::Regex;

use crate::{Protocol, Violations};

/// Limits of a text.
#[derive(Debug)]
pub struct Text {
    /// Least and greatest length, in UTF-16 units as AWS's services count.
    pub min: usize,
    pub max: usize,
    pub pattern: Option<Pattern>,
    /// The values of an enumeration; empty when any text will do.
    pub values: &'static [&'static str],
}

/// A regular expression that the whole text must match, compiled at its first use.
#[derive(Debug)]
pub struct Pattern {
    /// As the model has it and as AWS shows it.
    shown: &'static str,
    /// The same in this crate's dialect.
    source: &'static str,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    pub const fn new(shown: &'static str, source: &'static str) -> Pattern {
        Pattern { shown, source, compiled: OnceLock::new() }
    }

    /// Codegen compiles every pattern before it writes one, so one that does not compile here refuses all texts.
    fn matches(&self, text: &str) -> bool {
        let compile = || Regex::new(&format!("^(?:{})$", self.source)).ok();
        self.compiled.get_or_init(compile).as_ref().is_some_and(|regex| regex.is_match(text))
    }
}

impl Text {
    /// What the text breaks, in AWS's words.
    fn broken_by(&self, text: &str) -> Vec<String> {
        let mut broken = Vec::new();
        if !self.values.is_empty() && !self.values.contains(&text) {
            broken.push(format!("Member must satisfy enum value set: [{}]", self.values.join(", ")));
        }
        broken.extend(self.pattern.iter().filter(|pattern| !pattern.matches(text)).map(Pattern::constraint));
        // The UTF-16 length is at most the length in bytes and at least a third of it.
        if text.len() > self.max || text.len() < self.min.saturating_mul(3) {
            let length = text.encode_utf16().count();
            if length > self.max {
                broken.push(format!("Member must have length less than or equal to {}", self.max));
            }
            if length < self.min {
                broken.push(format!("Member must have length greater than or equal to {}", self.min));
            }
        }
        broken
    }

    /// All its constraints, for a list whose items break one.
    fn constraints(&self) -> String {
        let mut all = Vec::new();
        if self.max < usize::MAX {
            all.push(format!("Member must have length less than or equal to {}", self.max));
        }
        if self.min > 0 {
            all.push(format!("Member must have length greater than or equal to {}", self.min));
        }
        all.extend(self.pattern.iter().map(Pattern::constraint));
        if !self.values.is_empty() {
            all.push(format!("Member must satisfy enum value set: [{}]", self.values.join(", ")));
        }
        all.join(", ")
    }
}

impl Pattern {
    fn constraint(&self) -> String {
        format!("Member must satisfy regular expression pattern: {}", self.shown)
    }
}

impl Violations {
    /// Holds a text against its limits.
    pub fn text(&mut self, member: &'static str, text: Option<&str>, rule: &Text) {
        for constraint in text.map(|text| rule.broken_by(text)).unwrap_or_default() {
            self.broken(member, text.map(str::to_owned), constraint);
        }
    }

    /// The same for a secret, which the fault does not repeat.
    pub fn secret(&mut self, member: &'static str, text: Option<&str>, rule: &Text) {
        for constraint in text.map(|text| rule.broken_by(text)).unwrap_or_default() {
            self.broken(member, None, constraint);
        }
    }

    /// Holds every text of a list against the limits of its items.
    pub fn texts(&mut self, member: &'static str, texts: Option<&[String]>, rule: &Text) {
        let texts = texts.unwrap_or_default();
        if texts.iter().any(|text| !rule.broken_by(text).is_empty()) {
            let shown = format!("[{}]", texts.join(", "));
            let constraint = format!("Member must satisfy constraint: [{}]", rule.constraints());
            self.broken(member, Some(shown), constraint);
        }
    }

    /// Holds every key of a map against the limits of its keys.
    pub fn keys<T>(&mut self, member: &'static str, map: Option<&BTreeMap<String, T>>, rule: &Text) {
        let keys: Vec<String> = map.into_iter().flatten().map(|(key, _)| key.clone()).collect();
        if keys.iter().any(|key| !rule.broken_by(key).is_empty()) {
            let constraint = format!("Map keys must satisfy constraint: [{}]", rule.constraints());
            self.broken(member, Some(format!("[{}]", keys.join(", "))), constraint);
        }
    }

    /// Holds every value of a map against the limits of its values.
    pub fn values(&mut self, member: &'static str, map: Option<&BTreeMap<String, String>>, rule: &Text) {
        let values: Vec<String> = map.into_iter().flatten().map(|(_, value)| value.clone()).collect();
        if values.iter().any(|value| !rule.broken_by(value).is_empty()) {
            let constraint = format!("Map value must satisfy constraint: [{}]", rule.constraints());
            self.broken(member, Some(format!("[{}]", values.join(", "))), constraint);
        }
    }

    /// Validates every structure of a map.
    pub fn each_value<T>(
        &mut self,
        member: &'static str,
        map: Option<&BTreeMap<String, T>>,
        validate: fn(&T, &mut Violations),
    ) {
        for value in map.into_iter().flatten().map(|(_, value)| value) {
            self.within(member, |v| validate(value, v));
        }
    }

    /// Holds a number against its range.
    pub fn number<N: Copy + PartialOrd + ToString>(
        &mut self,
        member: &'static str,
        n: Option<N>,
        min: Option<N>,
        max: Option<N>,
    ) {
        let Some(n) = n else { return };
        let ec2 = self.protocol() == Protocol::Ec2;
        let shown = if ec2 { format!(" {} ", n.to_string()) } else { n.to_string() };
        if let Some(max) = max.filter(|max| n > *max).map(|max| max.to_string()) {
            let constraint = if ec2 {
                format!("Expecting a value smaller than or equal to {max}.")
            } else {
                format!("Member must have value less than or equal to {max}")
            };
            self.broken(member, Some(shown.clone()), constraint);
        }
        if let Some(min) = min.filter(|min| n < *min).map(|min| min.to_string()) {
            let constraint = if ec2 {
                format!("Expecting a value greater than or equal to {min}.")
            } else {
                format!("Member must have value greater than or equal to {min}")
            };
            self.broken(member, Some(shown), constraint);
        }
    }

    /// Holds the length of a list, map or blob against its limits.
    pub fn size(&mut self, member: &'static str, len: Option<usize>, min: usize, max: usize) {
        let Some(len) = len else { return };
        if len > max {
            self.broken(member, None, format!("Member must have length less than or equal to {max}"));
        }
        if len < min {
            self.broken(member, None, format!("Member must have length greater than or equal to {min}"));
        }
    }

    /// Validates a structure within.
    pub fn inner<T>(&mut self, member: &'static str, inner: Option<&T>, validate: fn(&T, &mut Violations)) {
        if let Some(inner) = inner {
            self.within(member, |v| validate(inner, v));
        }
    }

    /// Validates every structure of a list.
    pub fn each<T>(&mut self, member: &'static str, items: Option<&[T]>, validate: fn(&T, &mut Violations)) {
        let Some(items) = items else { return };
        self.within(member, |v| {
            for (i, item) in items.iter().enumerate() {
                v.within_item(i, |v| validate(item, v));
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static NAME: Text = Text {
        min: 1,
        max: 4,
        pattern: Some(Pattern::new(r"[\w+=,.@-]+", "[0-9A-Za-z_+=,.@-]+")),
        values: &[],
    };
    static STATUS: Text = Text { min: 0, max: usize::MAX, pattern: None, values: &["Active", "Inactive"] };

    fn check(protocol: Protocol, step: impl FnOnce(&mut Violations), code: &str, message: &str) {
        let mut v = Violations::new(protocol);
        step(&mut v);
        let fault = v.finish().unwrap_err();
        assert_eq!((fault.code(), fault.message()), (code, message));
    }

    #[test]
    fn every_broken_limit_is_named() {
        check(
            Protocol::Query,
            |v| {
                v.text("RoleName", Some(""), &NAME);
                v.text("Status", Some("on"), &STATUS);
            },
            "ValidationError",
            "3 validation errors detected: Value '' at 'roleName' failed to satisfy constraint: Member must satisfy \
             regular expression pattern: [\\w+=,.@-]+; Value '' at 'roleName' failed to satisfy constraint: Member \
             must have length greater than or equal to 1; Value 'on' at 'status' failed to satisfy constraint: Member \
             must satisfy enum value set: [Active, Inactive]",
        );
    }

    #[test]
    fn a_missing_member_is_reported_once() {
        check(
            Protocol::Query,
            |v| {
                v.missing("RoleName");
                v.text("RoleName", Some(""), &NAME);
            },
            "ValidationError",
            "1 validation error detected: Value null at 'roleName' failed to satisfy constraint: Member must not be \
             null",
        );
    }

    #[test]
    fn a_secret_is_not_repeated() {
        check(
            Protocol::Query,
            |v| v.secret("Password", Some("hunter2"), &NAME),
            "ValidationError",
            "1 validation error detected: Value at 'password' failed to satisfy constraint: Member must have length \
             less than or equal to 4",
        );
    }

    #[test]
    fn ec2_names_the_first_parameter_that_is_wrong() {
        let range = |v: &mut Violations| v.number("MaxResults", Some(2000), Some(5), Some(1000));
        let message = "Value ( 2000 ) for parameter MaxResults is invalid. Expecting a value smaller than or equal to 1000.";
        check(Protocol::Ec2, range, "InvalidParameterValue", message);
        let message = "The request must contain the parameter ImageId";
        check(Protocol::Ec2, |v| v.missing("ImageId"), "MissingParameter", message);
    }

    #[test]
    fn s3_tells_bodies_from_headers() {
        let message =
            "The XML you provided was not well-formed or did not validate against our published schema";
        check(Protocol::RestXml, |v| v.within("Delete", |v| v.missing("Objects")), "MalformedXML", message);
        let acl = |v: &mut Violations| v.text("x-amz-acl", Some("mine"), &STATUS);
        check(
            Protocol::RestXml,
            acl,
            "InvalidArgument",
            "Member must satisfy enum value set: [Active, Inactive]",
        );
    }

    #[test]
    fn lengths_are_utf_16_units() {
        let mut v = Violations::new(Protocol::Query);
        let four = Text { min: 4, max: 4, pattern: None, values: &[] };
        v.text("A", Some("éééé"), &four);
        v.text("B", Some("😀😀"), &four);
        assert!(v.finish().is_ok());
    }
}
