//! Policy variables: `${key}`, `${key, 'default'}`, and the escapes `${*}` `${?}` `${$}`.

use std::borrow::Cow;

use crate::{Facts, Value};

/// A `${…}` that names a context key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Variable {
    /// In lower case.
    pub key: Box<str>,
    pub default: Option<Box<str>>,
}

impl Variable {
    fn read(inside: &str) -> Variable {
        let quoted = inside
            .split_once(", '")
            .and_then(|(key, rest)| rest.strip_suffix('\'').map(|default| (key, Some(default))));
        let (key, default) = quoted.unwrap_or((inside, None));
        Variable { key: key.trim().to_lowercase().into(), default: default.map(Into::into) }
    }

    /// Hands on the text it stands for. A missing, empty or list value gives the default, and `None` without one.
    pub fn with<T>(&self, facts: &dyn Facts, then: impl FnOnce(Option<&str>) -> T) -> T {
        let value = facts.get(&self.key);
        let default = self.default.as_deref();
        match &value {
            Some(Value::One(text)) if !text.is_empty() => then(Some(text)),
            Some(Value::One(_) | Value::Many(_)) | None => then(default),
            Some(typed) => then(typed.text().as_deref().or(default)),
        }
    }

    /// As [`Variable::with`], for where several values are needed at a time.
    pub fn resolve<'a>(&'a self, facts: &'a dyn Facts) -> Option<Cow<'a, str>> {
        let text = match facts.get(&self.key) {
            Some(Value::One(text)) => Some(text),
            Some(Value::Many(_)) | None => None,
            Some(typed) => typed.text().map(|text| Cow::Owned(text.into_owned())),
        };
        match text {
            Some(text) if !text.is_empty() => Some(text),
            _ => self.default.as_deref().map(Cow::Borrowed),
        }
    }
}

/// One part of a text with variables.
pub(crate) enum Part<'a> {
    Text(&'a str),
    /// A character that stands for itself: an escape.
    Literal(char),
    Variable(Variable),
}

/// Splits at `${…}`. An opening without its end is plain text.
pub(crate) fn parts(text: &str) -> Vec<Part<'_>> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((before, inside, after)) = next(rest) {
        if !before.is_empty() {
            out.push(Part::Text(before));
        }
        out.push(match inside {
            "*" => Part::Literal('*'),
            "?" => Part::Literal('?'),
            "$" => Part::Literal('$'),
            name => Part::Variable(Variable::read(name)),
        });
        rest = after;
    }
    if !rest.is_empty() {
        out.push(Part::Text(rest));
    }
    out
}

fn next(text: &str) -> Option<(&str, &str, &str)> {
    let (before, opened) = text.split_once("${")?;
    let (inside, after) = opened.split_once('}')?;
    Some((before, inside, after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Context;

    fn resolve(text: &str, facts: &Context) -> Option<String> {
        let mut out = String::new();
        for part in parts(text) {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Literal(char) => out.push(char),
                Part::Variable(variable) => out.push_str(&variable.resolve(facts)?),
            }
        }
        Some(out)
    }

    #[test]
    fn a_variable_takes_the_value_of_its_key_or_its_default() {
        let facts = Context::new().with("aws:Username", "ann").with("e", "").with_list("l", &["x"]);
        assert_eq!(resolve("a/${aws:username}/${*}${?}${$}", &facts).as_deref(), Some("a/ann/*?$"));
        assert_eq!(resolve("${none, 'd e'}", &facts).as_deref(), Some("d e"));
        for absent in ["${none}", "${e}", "${l}"] {
            assert_eq!(resolve(absent, &facts), None, "{absent}");
        }
        assert_eq!(resolve("a${b", &facts).as_deref(), Some("a${b"));
    }
}
