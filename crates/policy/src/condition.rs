//! Conditions: one operator, one key, its values, parsed once.

use crate::document::RawCondition;
use crate::glob::{Glob, Style};
use crate::operator::{Compare, Family, Operator, Quantifier};
use crate::scalar::{self, Instant, Network, Number};
use crate::variable::{Part, parts};
use crate::{Facts, Value};

/// One key under one operator. All conditions of a statement must hold.
#[derive(Debug)]
pub(crate) struct Condition {
    /// In lower case.
    key: Box<str>,
    operator: Operator,
    test: Test,
    /// As written, for traces.
    pub raw: RawCondition,
}

#[derive(Debug)]
pub(crate) enum Unreadable {
    /// The operator is none of AWS's.
    Operator,
    /// A value is not of the operator's type.
    Value,
}

/// The values; one that matches is enough.
#[derive(Debug)]
enum Test {
    /// Texts and patterns with wildcards.
    Globs(Vec<Glob>),
    Folded(Vec<Glob>),
    Numbers(Compare, Vec<Number>),
    Dates(Compare, Vec<Instant>),
    Bools(Vec<Flag>),
    Bytes(Vec<Vec<u8>>),
    Networks(Vec<Network>),
    Arns(Vec<ArnPattern>),
    /// The key's absence, or its presence.
    Absent(Vec<bool>),
}

#[derive(Debug)]
enum Flag {
    Fixed(bool),
    Variable(Glob),
}

#[derive(Debug)]
enum ArnPattern {
    Fixed(Glob),
    /// A variable before the fifth colon: where the segments end shows only with its value.
    Late(Box<str>),
    /// Fewer than six parts.
    Never,
}

impl Condition {
    pub fn compile(raw: RawCondition, variables: bool) -> Result<Condition, Unreadable> {
        let operator = Operator::parse(&raw.operator).ok_or(Unreadable::Operator)?;
        let test = Test::compile(operator.family, &raw.values, variables).ok_or(Unreadable::Value)?;
        Ok(Condition { key: raw.key.to_lowercase().into(), operator, test, raw })
    }

    /// The key and those of variables among the values.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        let globs = match &self.test {
            Test::Globs(globs) | Test::Folded(globs) => globs.as_slice(),
            _ => &[],
        };
        let named = globs.iter().flat_map(|glob| glob.variables().map(|variable| &*variable.key));
        std::iter::once(self.raw.key.as_str()).chain(named)
    }

    /// In lower case.
    pub fn key(&self) -> &str {
        &self.key
    }

    pub fn holds(&self, facts: &dyn Facts) -> bool {
        let value = facts.get(&self.key);
        let value = match &value {
            // A key with an empty list has no value: it is as good as missing.
            None | Some(Value::Many([])) => {
                return match &self.test {
                    Test::Absent(wanted) => wanted.contains(&true),
                    _ => self.holds_without(),
                };
            }
            Some(value) => value,
        };
        if let Test::Absent(wanted) = &self.test {
            return wanted.contains(&false);
        }
        match (self.operator.quantifier, value) {
            (None, Value::Many(_)) => false,
            (Some(Quantifier::Any), Value::Many(list)) => {
                list.iter().any(|text| self.holds_for(&Value::from(text.as_str()), facts))
            }
            (Some(Quantifier::All), Value::Many(list)) => {
                list.iter().all(|text| text.is_empty())
                    || list.iter().all(|text| self.holds_for(&Value::from(text.as_str()), facts))
            }
            (Some(Quantifier::All), Value::One(text)) if text.is_empty() => true,
            (_, single) => self.holds_for(single, facts),
        }
    }

    fn holds_without(&self) -> bool {
        self.operator.if_exists
            || match self.operator.quantifier {
                None => self.operator.negated,
                Some(Quantifier::All) => true,
                Some(Quantifier::Any) => false,
            }
    }

    /// A value that is not of the operator's type never holds, also not for a negated operator.
    fn holds_for(&self, value: &Value<'_>, facts: &dyn Facts) -> bool {
        self.test.any(value, facts).is_some_and(|hit| hit != self.operator.negated)
    }
}

fn each<T>(values: &[String], parse: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    values.iter().map(|value| parse(value)).collect()
}

impl Test {
    fn compile(family: Family, values: &[String], variables: bool) -> Option<Test> {
        let globs = |style| values.iter().map(|value| Glob::new(value, style, variables)).collect();
        Some(match family {
            Family::Text => Test::Globs(globs(Style::Exact)),
            Family::Like => Test::Globs(globs(Style::Free)),
            Family::TextIgnoringCase => Test::Folded(globs(Style::Exact)),
            Family::Number(compare) => Test::Numbers(compare, each(values, scalar::number)?),
            Family::Date(compare) => Test::Dates(compare, each(values, scalar::instant)?),
            Family::Bool => Test::Bools(each(values, |value| Flag::parse(value, variables))?),
            Family::Binary => Test::Bytes(each(values, scalar::bytes)?),
            Family::Ip => Test::Networks(each(values, Network::parse)?),
            Family::Arn => Test::Arns(values.iter().map(|value| ArnPattern::new(value, variables)).collect()),
            Family::Null => Test::Absent(each(values, scalar::boolean)?),
        })
    }

    /// Whether the value equals any of the policy's; `None` where it is not of the type.
    fn any(&self, value: &Value<'_>, facts: &dyn Facts) -> Option<bool> {
        Some(match self {
            Test::Numbers(compare, list) => {
                let number = match value {
                    Value::Number(number) => scalar::whole_number(*number),
                    other => scalar::number(&other.text()?)?,
                };
                list.iter().any(|policy| compare.holds(number, *policy))
            }
            Test::Dates(compare, list) => {
                let instant = match value {
                    Value::Date(time) => i128::from(time.millis()) * 1_000_000,
                    Value::Number(seconds) => i128::from(*seconds) * 1_000_000_000,
                    other => scalar::instant(&other.text()?)?,
                };
                list.iter().any(|policy| compare.holds(instant, *policy))
            }
            _ => {
                return match value {
                    Value::One(text) => self.any_text(text, facts),
                    Value::Bool(flag) => self.any_text(if *flag { "true" } else { "false" }, facts),
                    other => self.any_text(&other.text()?, facts),
                };
            }
        })
    }

    fn any_text(&self, text: &str, facts: &dyn Facts) -> Option<bool> {
        Some(match self {
            Test::Globs(globs) => globs.iter().any(|glob| glob.matches(text, facts)),
            Test::Folded(globs) => globs.iter().any(|glob| glob.equals_ignoring_case(text, facts)),
            Test::Bools(flags) => {
                let flag = scalar::boolean(text)?;
                flags.iter().any(|policy| policy.is(flag, facts))
            }
            Test::Bytes(list) => {
                let given = scalar::bytes(text)?;
                list.contains(&given)
            }
            Test::Networks(list) => {
                let address = scalar::address(text)?;
                list.iter().any(|network| network.contains(address))
            }
            Test::Arns(list) => {
                if text.bytes().filter(|byte| *byte == b':').count() < 5 {
                    return None;
                }
                list.iter().any(|pattern| pattern.matches(text, facts))
            }
            Test::Numbers(..) | Test::Dates(..) | Test::Absent(_) => return None,
        })
    }
}

impl Flag {
    fn parse(text: &str, variables: bool) -> Option<Flag> {
        let glob = Glob::new(text, Style::Exact, variables);
        if glob.has_variables() { Some(Flag::Variable(glob)) } else { scalar::boolean(text).map(Flag::Fixed) }
    }

    fn is(&self, flag: bool, facts: &dyn Facts) -> bool {
        match self {
            Flag::Fixed(fixed) => *fixed == flag,
            Flag::Variable(glob) => glob.equals_ignoring_case(if flag { "true" } else { "false" }, facts),
        }
    }
}

impl ArnPattern {
    fn new(text: &str, variables: bool) -> ArnPattern {
        if variables && has_variable_in_head(text) {
            return ArnPattern::Late(text.into());
        }
        if text.bytes().filter(|byte| *byte == b':').count() < 5 {
            return ArnPattern::Never;
        }
        ArnPattern::Fixed(Glob::new(text, Style::Segments, variables))
    }

    fn matches(&self, arn: &str, facts: &dyn Facts) -> bool {
        match self {
            ArnPattern::Fixed(glob) => glob.matches(arn, facts),
            ArnPattern::Never => false,
            ArnPattern::Late(text) => expand(text, facts).is_some_and(|full| {
                full.bytes().filter(|byte| *byte == b':').count() >= 5
                    && Glob::new(&full, Style::Segments, true).matches(arn, facts)
            }),
        }
    }
}

fn has_variable_in_head(text: &str) -> bool {
    let mut colons = 0;
    for part in parts(text) {
        match part {
            Part::Text(text) => colons += text.bytes().filter(|byte| *byte == b':').count(),
            Part::Literal(_) => {}
            Part::Variable(_) if colons < 5 => return true,
            Part::Variable(_) => {}
        }
    }
    false
}

/// The pattern with its variables replaced; what comes out of one is escaped.
fn expand(text: &str, facts: &dyn Facts) -> Option<String> {
    let mut out = String::with_capacity(text.len() + 64);
    let escape = |out: &mut String, char| match char {
        '*' | '?' | '$' => {
            out.push_str("${");
            out.push(char);
            out.push('}');
        }
        other => out.push(other),
    };
    for part in parts(text) {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Literal(char) => escape(&mut out, char),
            Part::Variable(variable) => {
                variable.resolve(facts)?.chars().for_each(|char| escape(&mut out, char));
            }
        }
    }
    Some(out)
}
