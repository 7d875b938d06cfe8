//! Reads the forms of query and ec2 requests: `Tags.member.1.Key=team`, `TagSpecification.1.Tag.1.Key=team`.
//!
//! The parameters are sorted once, so that a structure's members are one run of them, found by halving.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;

use rolecall_base::{Fault, Time};

use crate::message::{pairs, required, scalar};
use crate::{Message, Violations};

/// Names nested deeper than any model nests are refused, so that recursive shapes cannot exhaust the stack.
const MAX_DEPTH: usize = 64;

/// Far more parameters than any call has; each takes some hundred bytes of memory once it is read.
const MAX_PARAMETERS: usize = 20_000;

/// A request's parameters, from its query string and its body.
#[derive(Debug)]
pub struct Form<'a>(Vec<Pair<'a>>);

/// One parameter: its whole name, and its value.
type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// The parameters of one member: its own value, and those whose names lead through it.
#[derive(Clone, Copy, Debug)]
pub struct Node<'f> {
    value: Option<&'f str>,
    inner: &'f [Pair<'f>],
    /// How much of every inner name is already behind us.
    prefix: usize,
}

/// A member that a form can hold.
pub trait FromForm: Sized + Default {
    fn from_form(node: Node<'_>, v: &mut Violations) -> Result<Self, Fault>;
}

impl<'a> Form<'a> {
    /// Reads the query string and the body; of a repeated parameter the first counts.
    ///
    /// # Errors
    /// `MalformedQueryString` when the body is not text, a name nests deeper than 64 levels, or there are more than 20,000.
    pub fn parse(m: &Message<'a>) -> Result<Form<'a>, Fault> {
        let malformed = |why: &str| Fault::new("MalformedQueryString", 400, why);
        let body =
            std::str::from_utf8(m.body).map_err(|_| malformed("The request body is not valid UTF-8"))?;
        let separators = |text: &str| text.bytes().filter(|byte| *byte == b'&').count();
        if separators(m.query) + separators(body) > MAX_PARAMETERS {
            return Err(malformed("The request has too many parameters"));
        }
        let mut all: Vec<_> = pairs(m.query).chain(pairs(body)).collect();
        if all.iter().any(|(name, _)| name.bytes().filter(|b| *b == b'.').count() > MAX_DEPTH) {
            return Err(malformed("A parameter name is nested too deeply"));
        }
        all.sort_by(|a, b| order(&a.0, &b.0));
        Ok(Form(all))
    }

    /// The whole input.
    pub fn root(&self) -> Node<'_> {
        Node { value: None, inner: &self.0, prefix: 0 }
    }
}

impl<'f> Node<'f> {
    /// A member that may be absent.
    pub fn get<T: FromForm>(self, name: &'static str, v: &mut Violations) -> Result<Option<T>, Fault> {
        self.child(name).map(|node| v.within(name, |v| T::from_form(node, v))).transpose()
    }

    /// A member that must be there.
    pub fn need<T: FromForm>(self, name: &'static str, v: &mut Violations) -> Result<T, Fault> {
        Ok(required(self.get(name, v)?, name, v))
    }

    /// A list: `NAME.member.1`; flattened, with `item` empty: `NAME.1`. Numbers may have gaps.
    pub fn list<T: FromForm>(
        self,
        name: &'static str,
        item: &str,
        v: &mut Violations,
    ) -> Result<Option<Vec<T>>, Fault> {
        let Some(node) = self.child(name) else { return Ok(None) };
        let items = if item.is_empty() { Some(node) } else { node.child(item) };
        let Some(items) = items else { return Ok(Some(Vec::new())) };
        let read = |v: &mut Violations| {
            let numbered = items.numbered().into_iter().enumerate();
            numbered
                .map(|(i, node)| v.within_item(i, |v| T::from_form(node, v)))
                .collect::<Result<_, Fault>>()
        };
        v.within(name, read).map(Some)
    }

    /// A list that must be there.
    pub fn need_list<T: FromForm>(
        self,
        name: &'static str,
        item: &str,
        v: &mut Violations,
    ) -> Result<Vec<T>, Fault> {
        Ok(required(self.list(name, item, v)?, name, v))
    }

    /// A map: `NAME.entry.1.key`, `NAME.entry.1.value`; flattened, with `entry` empty: `NAME.1.key`.
    pub fn map<T: FromForm>(
        self,
        name: &'static str,
        [entry, key, value]: [&'static str; 3],
        v: &mut Violations,
    ) -> Result<Option<BTreeMap<String, T>>, Fault> {
        let Some(node) = self.child(name) else { return Ok(None) };
        let entries = if entry.is_empty() { Some(node) } else { node.child(entry) };
        let mut pairs = BTreeMap::new();
        for pair in entries.map(Node::numbered).unwrap_or_default() {
            pairs.insert(pair.need(key, v)?, pair.need(value, v)?);
        }
        Ok(Some(pairs))
    }

    /// A map that must be there.
    pub fn need_map<T: FromForm>(
        self,
        name: &'static str,
        names: [&'static str; 3],
        v: &mut Violations,
    ) -> Result<BTreeMap<String, T>, Fault> {
        Ok(required(self.map(name, names, v)?, name, v))
    }

    fn child(self, name: &str) -> Option<Node<'f>> {
        let from = self.inner.partition_point(|pair| order(rest(pair, self.prefix), name) == Ordering::Less);
        let tail = self.inner.get(from..).unwrap_or_default();
        let value = tail.first().filter(|pair| rest(pair, self.prefix) == name).map(|pair| pair.1.as_ref());
        let from = tail.partition_point(|pair| order(rest(pair, self.prefix), name) == Ordering::Equal);
        let tail = tail.get(from..).unwrap_or_default();
        let inside =
            |pair: &Pair<'_>| rest(pair, self.prefix).strip_prefix(name).is_some_and(|t| t.starts_with('.'));
        let inner = tail.get(..tail.partition_point(inside)).unwrap_or_default();
        let prefix = self.prefix.saturating_add(name.len()).saturating_add(1);
        (value.is_some() || !inner.is_empty()).then_some(Node { value, inner, prefix })
    }

    /// The children that are numbers, in the order of the numbers.
    fn numbered(self) -> Vec<Node<'f>> {
        let mut numbers: Vec<(u32, &str)> = Vec::new();
        for pair in self.inner {
            let rest = rest(pair, self.prefix);
            let text = rest.split_once('.').map_or(rest, |(head, _)| head);
            if let Ok(number) = text.parse() {
                numbers.push((number, text));
            }
        }
        numbers.sort_unstable();
        numbers.dedup_by_key(|(number, _)| *number);
        numbers.into_iter().filter_map(|(_, text)| self.child(text)).collect()
    }
}

/// What of a parameter's name is still ahead.
fn rest<'p>(pair: &'p Pair<'_>, prefix: usize) -> &'p str {
    pair.0.get(prefix..).unwrap_or_default()
}

/// Byte order with the dot before all else, so that `Name`, `Name.x` and `Name.y` are neighbors and `Name-x` is not
/// between them.
fn order(a: &str, b: &str) -> Ordering {
    let rank = |byte: u8| if byte == b'.' { 0 } else { byte };
    a.bytes().map(rank).cmp(b.bytes().map(rank))
}

macro_rules! scalars {
    ($($type:ty),*) => {$(
        impl FromForm for $type {
            fn from_form(node: Node<'_>, v: &mut Violations) -> Result<Self, Fault> {
                scalar("", node.value.unwrap_or_default(), v)
            }
        }
    )*};
}

scalars!(String, bool, i32, i64, f32, f64, Time, Vec<u8>);

impl<T: FromForm> FromForm for Box<T> {
    fn from_form(node: Node<'_>, v: &mut Violations) -> Result<Self, Fault> {
        T::from_form(node, v).map(Box::new)
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;
    use crate::Protocol;

    #[derive(Debug, Default, PartialEq)]
    struct Pair {
        key: String,
        value: Option<i32>,
    }

    impl FromForm for Pair {
        fn from_form(n: Node<'_>, v: &mut Violations) -> Result<Self, Fault> {
            Ok(Pair { key: n.need("Key", v)?, value: n.get("Value", v)? })
        }
    }

    fn check_list(query: &str, body: &str, item: &str) -> Result<Option<Vec<Pair>>, Fault> {
        let headers = HeaderMap::new();
        let m = Message { method: "POST", path: "/", query, headers: &headers, body: body.as_bytes() };
        let mut v = Violations::new(Protocol::Query);
        let list = Form::parse(&m)?.root().list("Tags", item, &mut v)?;
        v.finish().map(|()| list)
    }

    fn pair(key: &str, value: Option<i32>) -> Pair {
        Pair { key: key.into(), value }
    }

    #[test]
    fn list_items_come_in_the_order_of_their_numbers_with_gaps() {
        let body = "Tags.member.10.Key=c&Tags.member.2.Key=b&Tags.member.1.Value=7&Tags.member.1.Key=a&Tags-x=1&TagsX=2";
        let expected = vec![pair("a", Some(7)), pair("b", None), pair("c", None)];
        assert_eq!(check_list("", body, "member").unwrap(), Some(expected));
    }

    #[test]
    fn a_flattened_list_is_read_from_the_query_string_too() {
        assert_eq!(check_list("Tags.1.Key=a+b%26", "", "").unwrap(), Some(vec![pair("a b&", None)]));
    }

    #[test]
    fn an_empty_list_is_not_an_absent_one() {
        assert_eq!(check_list("", "Tags=", "member").unwrap(), Some(vec![]));
        assert_eq!(check_list("", "Other=1", "member").unwrap(), None);
    }

    #[test]
    fn a_missing_member_is_named_by_its_path() {
        let fault = check_list("", "Tags.member.1.Value=1", "member").unwrap_err();
        let expected = "1 validation error detected: Value null at 'tags.1.member.key' failed to satisfy constraint: \
                        Member must not be null";
        assert_eq!(fault.message(), expected);
    }

    #[test]
    fn letters_for_a_number_are_malformed_input() {
        let fault = check_list("", "Tags.member.1.Key=a&Tags.member.1.Value=x", "member").unwrap_err();
        assert_eq!(fault.code(), "MalformedInput");
    }

    #[test]
    fn a_name_nested_without_end_is_refused() {
        let fault = check_list("", &"A.".repeat(1000), "member").unwrap_err();
        assert_eq!(fault.code(), "MalformedQueryString");
    }
}
