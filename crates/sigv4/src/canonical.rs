//! The canonical request and the string to sign, written piece by piece into a hasher or a buffer.

use std::borrow::Cow;

use http::HeaderMap;
use rolecall_base::Time;
use sha2::{Digest, Sha256};

use crate::encode::{self, Hex};
use crate::{Family, Request};

/// Where canonical bytes go.
pub trait Sink {
    fn put(&mut self, bytes: &[u8]);
}

impl Sink for Sha256 {
    fn put(&mut self, bytes: &[u8]) {
        self.update(bytes);
    }
}

impl Sink for Vec<u8> {
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// How a path is made canonical.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum PathForm {
    /// Dots and double slashes resolved, then what was sent escaped once more: all services but S3.
    Normalized,
    /// Each byte escaped once, as S3 does.
    Once,
    /// As it was sent: SDKs that escape more (or less) than S3 would sign that very text.
    Sent,
}

impl PathForm {
    pub fn of(family: Family) -> PathForm {
        if family == Family::S3 { PathForm::Once } else { PathForm::Normalized }
    }
}

/// What a canonical request is made of beside the request itself.
#[derive(Clone, Copy)]
pub struct Form<'a> {
    pub path: PathForm,
    /// Lower-case names, separated by semicolons.
    pub signed_headers: &'a str,
    /// The last line: a digest, or `UNSIGNED-PAYLOAD` and its like.
    pub payload: &'a str,
}

/// Writes the canonical request.
pub fn request(request: &Request<'_>, form: Form<'_>, out: &mut impl Sink) {
    out.put(request.method.as_bytes());
    out.put(b"\n");
    path(request.path, form.path, out);
    out.put(b"\n");
    query(request.query, out);
    out.put(b"\n");
    for name in form.signed_headers.split(';').filter(|name| !name.is_empty()) {
        header(request.headers, name, out);
    }
    out.put(b"\n");
    out.put(form.signed_headers.as_bytes());
    out.put(b"\n");
    out.put(form.payload.as_bytes());
}

/// Writes the string to sign of a canonical request's digest.
pub fn string_to_sign(time: &str, scope: &str, canonical: &Hex, out: &mut impl FnMut(&[u8])) {
    out(b"AWS4-HMAC-SHA256\n");
    out(time.as_bytes());
    out(b"\n");
    out(scope.as_bytes());
    out(b"\n");
    out(canonical.as_bytes());
}

/// The time's text, from `X-Amz-Date` (or `Date`, which may be an HTTP date).
pub fn time(text: &str) -> Option<(Time, Cow<'_, str>)> {
    if let Some(time) = basic_time(text) {
        return Some((time, Cow::Borrowed(text)));
    }
    let time = Time::parse_http_date(text)?;
    Some((time, Cow::Owned(time.iso_basic())))
}

/// Reads `20240506T070809Z`.
pub fn basic_time(text: &str) -> Option<Time> {
    if text.len() == 16 { Time::parse_iso_basic(text) } else { None }
}

fn path(raw: &str, form: PathForm, out: &mut impl Sink) {
    match form {
        PathForm::Sent => out.put(raw.as_bytes()),
        PathForm::Once => escape_once(raw.as_bytes(), out),
        PathForm::Normalized if is_plain(raw) => escape_all(raw.as_bytes(), out),
        PathForm::Normalized => normalized(raw, out),
    }
}

/// Whether a path has neither a dot segment nor an empty one.
fn is_plain(path: &str) -> bool {
    path.starts_with('/') && !path.contains("/.") && !path.contains("//")
}

fn normalized(raw: &str, out: &mut impl Sink) {
    let mut segments: Vec<&str> = Vec::new();
    for segment in raw.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            _ => segments.push(segment),
        }
    }
    for segment in &segments {
        out.put(b"/");
        escape_all(segment.as_bytes(), out);
    }
    if segments.is_empty() || raw.ends_with('/') {
        out.put(b"/");
    }
}

/// Escapes every byte that is neither unreserved nor a slash, also the percent signs of what was escaped already.
fn escape_all(raw: &[u8], out: &mut impl Sink) {
    runs(raw, |byte| encode::unreserved(byte) || byte == b'/', |_, _| None, out);
}

/// Escapes what must be and unescapes what need not be.
fn escape_once(raw: &[u8], out: &mut impl Sink) {
    runs(raw, |byte| encode::unreserved(byte) || byte == b'/', |rest, _| encode::escaped(rest), out);
}

/// Writes runs of clean bytes as they are and the others one by one; `unescape` may read an escape at such a byte.
fn runs(
    raw: &[u8],
    clean: impl Fn(u8) -> bool,
    unescape: impl Fn(&[u8], u8) -> Option<u8>,
    out: &mut impl Sink,
) {
    let mut rest = raw;
    loop {
        let length = rest.iter().position(|byte| !clean(*byte)).unwrap_or(rest.len());
        let (run, tail) = rest.split_at_checked(length).unwrap_or((rest, b""));
        if !run.is_empty() {
            out.put(run);
        }
        let [first, after @ ..] = tail else { return };
        let byte = unescape(tail, *first);
        rest = if byte.is_some() { tail.get(3..).unwrap_or(b"") } else { after };
        match byte {
            Some(byte) if encode::unreserved(byte) => out.put(&[byte]),
            byte => out.put(&encode::escape(byte.unwrap_or(*first))),
        }
    }
}

type Component<'a> = Cow<'a, [u8]>;

/// Writes the parameters sorted by encoded name, then value, without the signature itself.
fn query(raw: &str, out: &mut impl Sink) {
    if raw.is_empty() {
        return;
    }
    let mut pairs: Vec<(Component<'_>, Component<'_>)> = raw
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .filter(|(name, _)| *name != "X-Amz-Signature")
        .map(|(name, value)| (encode::component(name), encode::component(value)))
        .collect();
    pairs.sort_unstable();
    for (at, (name, value)) in pairs.iter().enumerate() {
        if at > 0 {
            out.put(b"&");
        }
        out.put(name);
        out.put(b"=");
        out.put(value);
    }
}

/// Writes `name:value\n`: values trimmed, inner runs of spaces made one, repeated headers joined by commas.
fn header(headers: &HeaderMap, name: &str, out: &mut impl Sink) {
    out.put(name.as_bytes());
    out.put(b":");
    for (at, value) in headers.get_all(name).iter().enumerate() {
        if at > 0 {
            out.put(b",");
        }
        trimmed(value.as_bytes(), out);
    }
    out.put(b"\n");
}

fn trimmed(value: &[u8], out: &mut impl Sink) {
    let value = value.trim_ascii();
    // Most values (a token of a kilobyte above all) have no space at all, which is quickly seen.
    let tabs = value.contains(&b'\t');
    if !tabs && (!value.contains(&b' ') || !value.windows(2).any(|pair| pair == b"  ")) {
        return out.put(value);
    }
    let words = value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    for (at, word) in words.enumerate() {
        if at > 0 {
            out.put(b" ");
        }
        out.put(word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path_of(raw: &str, form: PathForm) -> String {
        let mut out = Vec::new();
        path(raw, form, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn s3_paths_are_escaped_once_and_never_normalized() {
        assert_eq!(path_of("/b/a%20b//../c", PathForm::Once), "/b/a%20b//../c");
        assert_eq!(path_of("/b/a(b)%7e%c3", PathForm::Once), "/b/a%28b%29~%C3");
    }

    #[test]
    fn other_paths_are_normalized_and_escaped_twice() {
        assert_eq!(path_of("/a%20b/./c/../d//", PathForm::Normalized), "/a%2520b/d/");
        assert_eq!(path_of("", PathForm::Normalized), "/");
        assert_eq!(path_of("/..", PathForm::Normalized), "/");
    }

    #[test]
    fn a_query_is_sorted_after_encoding() {
        let mut out = Vec::new();
        query("b=2&a=%7e&a=&X-Amz-Signature=no&c", &mut out);
        assert_eq!(out, b"a=&a=~&b=2&c=");
    }
}
