//! The context of a request: what condition keys hold, asked for one key at a time.
//!
//! The engine asks only for keys that a candidate statement names, so whoever implements [`Facts`] may compute
//! values lazily. A key that is not known is simply missing.

use std::borrow::Cow;
use std::collections::BTreeMap;

use rolecall_base::Time;

/// Answers what a condition key holds in this request.
pub trait Facts {
    /// The value of `key`, which is the whole key in lower case (`aws:principaltag/team`; lower case as by
    /// [`str::to_lowercase`], the part after `/` too). `None`: the request does not have it.
    ///
    /// Where a resource has two tags that differ only by case, answer [`Value::Many`] with both: AWS documents
    /// that such a condition can then fail.
    fn get(&self, key: &str) -> Option<Value<'_>>;
}

/// What a condition key holds. The typed forms save writing and parsing text; they compare exactly as their text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// A single-valued key. An empty text is a present value.
    One(Cow<'a, str>),
    /// A list-valued key such as `aws:TagKeys`; it needs a set operator to match, even with one entry.
    Many(&'a [String]),
    Bool(bool),
    Number(i64),
    /// Compares as an instant; its text is ISO 8601 with seconds.
    Date(Time),
}

impl<'a> Value<'a> {
    /// A single value as text; `None` for a list.
    pub fn text(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Value::One(text) => Cow::Borrowed(text),
            Value::Many(_) => return None,
            Value::Bool(true) => Cow::Borrowed("true"),
            Value::Bool(false) => Cow::Borrowed("false"),
            Value::Number(number) => Cow::Owned(number.to_string()),
            Value::Date(time) => Cow::Owned(time.iso_seconds()),
        })
    }

    /// All values as text, for traces.
    pub fn texts(&self) -> Vec<String> {
        match self {
            Value::Many(list) => list.to_vec(),
            single => single.text().into_iter().map(Cow::into_owned).collect(),
        }
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Value<'a> {
        Value::One(Cow::Borrowed(text))
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Value::One(Cow::Owned(text))
    }
}

impl<'a> From<&'a [String]> for Value<'a> {
    fn from(list: &'a [String]) -> Value<'a> {
        Value::Many(list)
    }
}

impl From<bool> for Value<'_> {
    fn from(flag: bool) -> Self {
        Value::Bool(flag)
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Value::Number(number)
    }
}

impl From<Time> for Value<'_> {
    fn from(time: Time) -> Self {
        Value::Date(time)
    }
}

/// No keys at all.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFacts;

impl Facts for NoFacts {
    fn get(&self, _key: &str) -> Option<Value<'_>> {
        None
    }
}

/// Facts given beforehand: what simulations and `rolecall eval` use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context(BTreeMap<String, Given>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Given {
    One(String),
    Many(Vec<String>),
}

impl Context {
    pub fn new() -> Context {
        Context::default()
    }

    /// Sets a single-valued key; the name is compared without regard to case.
    pub fn set(&mut self, key: &str, value: impl Into<String>) {
        self.0.insert(key.to_lowercase(), Given::One(value.into()));
    }

    /// Sets a list-valued key.
    pub fn set_list(&mut self, key: &str, values: Vec<String>) {
        self.0.insert(key.to_lowercase(), Given::Many(values));
    }

    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Context {
        self.set(key, value);
        self
    }

    #[must_use]
    pub fn with_list(mut self, key: &str, values: &[&str]) -> Context {
        self.set_list(key, values.iter().map(|value| (*value).to_owned()).collect());
        self
    }

    /// Takes over what another holds.
    pub fn extend(&mut self, other: &Context) {
        self.0.extend(other.0.iter().map(|(key, given)| (key.clone(), given.clone())));
    }

    /// The keys, in lower case.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl Facts for Context {
    fn get(&self, key: &str) -> Option<Value<'_>> {
        Some(match self.0.get(key)? {
            Given::One(text) => Value::from(text.as_str()),
            Given::Many(list) => Value::Many(list),
        })
    }
}
