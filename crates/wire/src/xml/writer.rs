//! Writes XML answers straight into bytes.

use std::collections::BTreeMap;
use std::fmt::Display;

use rolecall_base::Time;

use crate::scalar::{Scalar, base64};
use crate::{Meta, Protocol, Response};

/// XML under construction.
#[derive(Debug)]
pub struct Writer {
    out: Vec<u8>,
    protocol: Protocol,
}

/// A member that becomes an element.
pub trait ToXml {
    fn to_xml(&self, name: &str, w: &mut Writer);
}

/// A rest-xml document with one root element.
pub fn document(root: &str, xmlns: &str, meta: &Meta, out: &mut Response, members: impl FnOnce(&mut Writer)) {
    let mut w = Writer::new(meta.protocol);
    w.declaration();
    w.open_root(root, xmlns);
    members(&mut w);
    w.close(root);
    out.set_body("application/xml", w.into_bytes());
}

/// A query answer: the members within the result wrapper, then the request id.
pub fn query_answer(meta: &Meta, request_id: &str, out: &mut Response, members: impl FnOnce(&mut Writer)) {
    let root = format!("{}Response", meta.name);
    let mut w = Writer::new(meta.protocol);
    w.open_root(&root, meta.xmlns);
    if let Some(wrapper) = meta.result_wrapper {
        w.open(wrapper);
        members(&mut w);
        w.close(wrapper);
    } else {
        members(&mut w);
    }
    w.open("ResponseMetadata");
    w.put("RequestId", request_id);
    w.close("ResponseMetadata");
    w.close(&root);
    out.set_header("x-amzn-requestid", request_id);
    out.set_body("text/xml", w.into_bytes());
}

/// An ec2 answer: the request id, then the members.
pub fn ec2_answer(meta: &Meta, request_id: &str, out: &mut Response, members: impl FnOnce(&mut Writer)) {
    let root = format!("{}Response", meta.name);
    let mut w = Writer::new(meta.protocol);
    w.declaration();
    w.open_root(&root, meta.xmlns);
    w.put("requestId", request_id);
    members(&mut w);
    w.close(&root);
    out.set_header("x-amzn-requestid", request_id);
    out.set_body("text/xml;charset=UTF-8", w.into_bytes());
}

impl Writer {
    pub fn new(protocol: Protocol) -> Writer {
        Writer { out: Vec::with_capacity(512), protocol }
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    pub fn declaration(&mut self) {
        self.raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    }

    pub fn open_root(&mut self, name: &str, xmlns: &str) {
        if xmlns.is_empty() {
            self.open(name);
        } else {
            self.open_with(name, &[("xmlns", xmlns)]);
        }
    }

    pub fn open(&mut self, name: &str) {
        self.raw("<");
        self.raw(name);
        self.raw(">");
    }

    /// A start tag with attributes.
    pub fn open_with(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.raw("<");
        self.raw(name);
        for (key, value) in attributes {
            self.raw(" ");
            self.raw(key);
            self.raw("=\"");
            self.text(value);
            self.raw("\"");
        }
        self.raw(">");
    }

    pub fn close(&mut self, name: &str) {
        self.raw("</");
        self.raw(name);
        self.raw(">");
    }

    /// A member; an absent one leaves no trace.
    pub fn put<T: ToXml + ?Sized>(&mut self, name: &str, value: &T) {
        value.to_xml(name, self);
    }

    /// A list in one element; an empty list is an empty element, an absent one leaves no trace.
    pub fn list<T: ToXml>(&mut self, name: &str, item: &str, items: Option<&[T]>) {
        let Some(items) = items else { return };
        self.open(name);
        self.flat(item, Some(items));
        self.close(name);
    }

    /// A flattened list.
    pub fn flat<T: ToXml>(&mut self, name: &str, items: Option<&[T]>) {
        for item in items.unwrap_or_default() {
            item.to_xml(name, self);
        }
    }

    /// A map: `<Name><entry><key/><value/></entry></Name>`; flattened, with `entry` empty.
    pub fn map<T: ToXml>(
        &mut self,
        name: &str,
        [entry, key, value]: [&str; 3],
        pairs: Option<&BTreeMap<String, T>>,
    ) {
        let Some(pairs) = pairs else { return };
        let (outer, entry) = if entry.is_empty() { (None, name) } else { (Some(name), entry) };
        if let Some(outer) = outer {
            self.open(outer);
        }
        for (k, item) in pairs {
            self.open(entry);
            self.put(key, k);
            self.put(value, item);
            self.close(entry);
        }
        if let Some(outer) = outer {
            self.close(outer);
        }
    }

    /// A date in a form that differs from the protocol's own.
    pub fn put_text(&mut self, name: &str, text: Option<String>) {
        if let Some(text) = text {
            self.put(name, text.as_str());
        }
    }

    /// Text with what XML cannot hold as it is escaped. Control characters that XML 1.0 forbids even as references
    /// become U+FFFD.
    pub fn text(&mut self, text: &str) {
        let plain = |byte: u8| byte >= b' ' && !matches!(byte, b'&' | b'<' | b'>' | b'"' | 0xef);
        // Without a branch for each byte, since nearly all text is plain.
        if text.bytes().fold(true, |all, byte| all & plain(byte)) {
            return self.raw(text);
        }
        let mut done = 0;
        for (at, byte) in text.bytes().enumerate() {
            if plain(byte) {
                continue;
            }
            let (instead, length) = match byte {
                b'&' => ("&amp;", 1),
                b'<' => ("&lt;", 1),
                b'>' => ("&gt;", 1),
                b'"' => ("&quot;", 1),
                b'\r' => ("&#xD;", 1),
                b'\t' | b'\n' => continue,
                0xef if !text.get(at..).is_some_and(|rest| rest.starts_with(['\u{fffe}', '\u{ffff}'])) => {
                    continue;
                }
                0xef => ("\u{fffd}", 3),
                _ => ("\u{fffd}", 1),
            };
            self.raw(text.get(done..at).unwrap_or_default());
            self.raw(instead);
            done = at + length;
        }
        self.raw(text.get(done..).unwrap_or_default());
    }

    fn raw(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn leaf(&mut self, name: &str, value: impl Display) {
        self.open(name);
        self.raw(&value.to_string());
        self.close(name);
    }
}

impl ToXml for str {
    fn to_xml(&self, name: &str, w: &mut Writer) {
        w.open(name);
        w.text(self);
        w.close(name);
    }
}

impl ToXml for String {
    fn to_xml(&self, name: &str, w: &mut Writer) {
        self.as_str().to_xml(name, w);
    }
}

macro_rules! displayed {
    ($($type:ty),*) => {$(
        impl ToXml for $type {
            fn to_xml(&self, name: &str, w: &mut Writer) {
                w.leaf(name, self);
            }
        }
    )*};
}

displayed!(bool, i32, i64);

macro_rules! floats {
    ($($type:ty),*) => {$(
        impl ToXml for $type {
            fn to_xml(&self, name: &str, w: &mut Writer) {
                w.leaf(name, self.header_text());
            }
        }
    )*};
}

floats!(f32, f64);

impl ToXml for Time {
    /// EC2 and S3 always show milliseconds; query services show them when there are any.
    fn to_xml(&self, name: &str, w: &mut Writer) {
        let short = w.protocol == Protocol::Query && self.millis() % 1000 == 0;
        w.leaf(name, if short { self.iso_seconds() } else { self.iso_millis() });
    }
}

impl ToXml for Vec<u8> {
    fn to_xml(&self, name: &str, w: &mut Writer) {
        w.leaf(name, base64(self));
    }
}

impl<T: ToXml> ToXml for Option<T> {
    fn to_xml(&self, name: &str, w: &mut Writer) {
        if let Some(value) = self {
            value.to_xml(name, w);
        }
    }
}

impl<T: ToXml> ToXml for Box<T> {
    fn to_xml(&self, name: &str, w: &mut Writer) {
        self.as_ref().to_xml(name, w);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_letter_by_letter_wherever_it_stands() {
        let escaped = |letter: char| match letter {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            '"' => "&quot;".to_owned(),
            '\r' => "&#xD;".to_owned(),
            '\t' | '\n' => letter.to_string(),
            '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => "\u{fffd}".to_owned(),
            _ => letter.to_string(),
        };
        let letters = ('\0'..='\u{ff}')
            .chain("\u{eff0}\u{f000}\u{ffef}\u{fffc}\u{fffd}\u{fffe}\u{ffff}\u{10000}".chars());
        let mut all = String::new();
        for letter in letters {
            for text in [
                letter.to_string(),
                format!("é{letter}"),
                format!("{letter}{letter}z"),
                format!("a{letter}\u{feff}"),
            ] {
                let mut writer = Writer::new(Protocol::Query);
                writer.text(&text);
                let expected: String = text.chars().map(escaped).collect();
                assert_eq!(String::from_utf8(writer.out).unwrap(), expected, "{text:?}");
                all.push_str(&text);
            }
        }
        let mut writer = Writer::new(Protocol::Query);
        writer.text(&all);
        assert_eq!(String::from_utf8(writer.out).unwrap(), all.chars().map(escaped).collect::<String>());
    }
}
