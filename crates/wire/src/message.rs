//! A request as the codecs see it: the parts of HTTP that carry members.

use std::borrow::Cow;
use std::collections::BTreeMap;

use http::HeaderMap;
use percent_encoding::percent_decode_str;
use rolecall_base::Fault;

use crate::Violations;
use crate::scalar::Scalar;

/// A request. For S3 the path is path-style: the server has put a virtual host's bucket in front.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    pub method: &'a str,
    /// Still percent-encoded, beginning with `/`.
    pub path: &'a str,
    /// Still percent-encoded, without the `?`; empty when there is none.
    pub query: &'a str,
    pub headers: &'a HeaderMap,
    /// The whole body; empty for an operation whose input streams.
    pub body: &'a [u8],
}

/// The query string's parameters, decoded.
#[derive(Debug)]
pub struct Query<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

/// The values of a path template's labels, still percent-encoded.
#[derive(Debug)]
pub struct Labels<'a>(Vec<(&'static str, &'a str)>);

impl<'a> Message<'a> {
    /// A header's text; `None` when absent or not text.
    pub fn header_text(&self, name: &str) -> Option<Cow<'a, str>> {
        if let Some(value) = self.headers.get(name) {
            return std::str::from_utf8(value.as_bytes()).ok().map(Cow::Borrowed);
        }
        // Presigned URLs carry what would be `x-amz-` headers in the query, where the signature covers them.
        let hoisted = name.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("x-amz-"))
            && self.query.contains("X-Amz-Signature=");
        if hoisted {
            self.query_pairs().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, v)| v)
        } else {
            None
        }
    }

    /// A member that a header holds.
    pub fn header<T: Scalar>(&self, name: &'static str, v: &mut Violations) -> Result<Option<T>, Fault> {
        self.header_text(name).map(|text| scalar(name, &text, v)).transpose()
    }

    /// A required member that a header holds.
    pub fn need_header<T: Scalar>(&self, name: &'static str, v: &mut Violations) -> Result<T, Fault> {
        Ok(required(self.header(name, v)?, name, v))
    }

    /// A condition's date. One that is no HTTP date is as if absent (RFC 9110, section 13.1.3).
    pub fn header_date(&self, name: &'static str) -> Option<rolecall_base::Time> {
        self.header_text(name).and_then(|text| Scalar::parse(&text))
    }

    /// A list in one header, separated by commas; empty items do not count (RFC 9110, section 5.6.1).
    pub fn header_list(&self, name: &'static str) -> Option<Vec<String>> {
        let mut texts = Vec::new();
        for value in self.headers.get_all(name) {
            texts.push(Cow::Borrowed(std::str::from_utf8(value.as_bytes()).ok()?));
        }
        if texts.is_empty() {
            texts.push(self.header_text(name)?);
        }
        let items = texts.iter().flat_map(|text| text.split(',')).map(str::trim);
        Some(items.filter(|item| !item.is_empty()).map(str::to_owned).collect())
    }

    /// All headers that begin with `prefix`, keyed by what follows it, in lower case.
    pub fn headers_with(&self, prefix: &str) -> Option<BTreeMap<String, String>> {
        let mut pairs = BTreeMap::new();
        for (name, value) in self.headers {
            let Some(key) = name.as_str().strip_prefix(prefix) else { continue };
            let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
            // A header sent twice is one value with commas, as HTTP joins them.
            pairs
                .entry(key.to_owned())
                .and_modify(|old: &mut String| *old = format!("{old},{text}"))
                .or_insert(text);
        }
        if self.query.contains("X-Amz-Signature=") {
            for (name, value) in self.query_pairs() {
                if let Some(key) = name.to_ascii_lowercase().strip_prefix(prefix) {
                    pairs.entry(key.to_owned()).or_insert_with(|| value.into_owned());
                }
            }
        }
        (!pairs.is_empty()).then_some(pairs)
    }

    /// The query string, decoded.
    pub fn query(&self) -> Query<'a> {
        Query(self.query_pairs().collect())
    }

    /// The values of a template's labels, such as `/{Bucket}/{Key+}`.
    pub fn labels(&self, template: &'static str) -> Labels<'a> {
        let mut rest = self.path.strip_prefix('/').unwrap_or(self.path);
        let mut found = Vec::new();
        for part in template.trim_start_matches('/').split('/') {
            let Some(label) = part.strip_prefix('{').and_then(|p| p.strip_suffix('}')) else {
                rest = rest.split_once('/').map_or("", |(_, after)| after);
                continue;
            };
            if let Some(greedy) = label.strip_suffix('+') {
                found.push((greedy, rest));
                break;
            }
            let (text, after) = rest.split_once('/').unwrap_or((rest, ""));
            found.push((label, text));
            rest = after;
        }
        Labels(found)
    }

    /// The body as text.
    ///
    /// # Errors
    /// `MalformedInput`-like fault of the protocol when it is not UTF-8.
    pub fn text(&self, member: &'static str, v: &Violations) -> Result<Option<String>, Fault> {
        if self.body.is_empty() {
            return Ok(None);
        }
        let text = std::str::from_utf8(self.body).map_err(|_| v.malformed(member, "", "String"))?;
        Ok(Some(text.to_owned()))
    }

    fn query_pairs(&self) -> impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)> + use<'a> {
        pairs(self.query)
    }
}

impl Query<'_> {
    /// A member that a parameter holds.
    pub fn get<T: Scalar>(&self, name: &'static str, v: &mut Violations) -> Result<Option<T>, Fault> {
        self.first(name).map(|text| scalar(name, text, v)).transpose()
    }

    /// A required member that a parameter holds.
    pub fn need<T: Scalar>(&self, name: &'static str, v: &mut Violations) -> Result<T, Fault> {
        Ok(required(self.get(name, v)?, name, v))
    }

    /// Every value of a repeated parameter.
    pub fn list<T: Scalar>(&self, name: &'static str, v: &mut Violations) -> Result<Option<Vec<T>>, Fault> {
        let all = self.0.iter().filter(|(key, _)| key == name).map(|(_, text)| scalar(name, text, v));
        let items = all.collect::<Result<Vec<T>, Fault>>()?;
        Ok((!items.is_empty()).then_some(items))
    }

    fn first(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, text)| text.as_ref())
    }
}

impl Labels<'_> {
    /// A label's value; required by its nature.
    ///
    /// # Errors
    /// `InvalidURI` when it is not UTF-8 once decoded.
    pub fn need<T: Scalar>(&self, name: &'static str, v: &mut Violations) -> Result<T, Fault> {
        let Some((_, raw)) = self.0.iter().find(|(label, raw)| *label == name && !raw.is_empty()) else {
            return Ok(required(None, name, v));
        };
        let text = percent_decode_str(raw).decode_utf8();
        let text = text.map_err(|_| Fault::new("InvalidURI", 400, "Couldn't parse the specified URI."))?;
        scalar(name, &text, v)
    }
}

/// Reads one text, or makes the protocol's fault.
pub(crate) fn scalar<T: Scalar>(member: &str, text: &str, v: &Violations) -> Result<T, Fault> {
    T::parse(text).ok_or_else(|| v.malformed(member, text, T::KIND))
}

/// A required member's value; absence is noted and the default stands in until the request is refused.
pub fn required<T: Default>(found: Option<T>, member: &'static str, v: &mut Violations) -> T {
    found.unwrap_or_else(|| {
        v.missing(member);
        T::default()
    })
}

/// The `name=value` pairs of a query string or form, decoded (`+` is a space).
pub(crate) fn pairs(text: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (form_decode(name), form_decode(value))
    })
}

/// Bytes that are not UTF-8 become U+FFFD, which every name pattern then refuses.
fn form_decode(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|b| b == b'%' || b == b'+') {
        return Cow::Borrowed(text);
    }
    let spaced = text.replace('+', " ");
    Cow::Owned(percent_decode_str(&spaced).decode_utf8_lossy().into_owned())
}
