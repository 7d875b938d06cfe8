//! What a call's input and output look like in its audit record: CloudTrail's `requestParameters` and
//! `responseElements`.
//!
//! Generated code says which members there are and what CloudTrail calls them; those that the model marks as sensitive
//! are not among them, so no code by hand can show a secret by mistake.

use std::collections::BTreeMap;
use std::fmt::Write;

use rolecall_base::Time;

use crate::scalar::base64;

/// In place of a member that others must know to be there, and nothing else of it.
pub const HIDDEN: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";
/// In place of an EC2 instance's user data.
pub const REMOVED: &str = "<sensitiveDataRemoved>";

/// How deep objects and lists may nest. Shapes that hold themselves are read no deeper than this.
const DEEPEST: usize = 100;

/// A value that has a form in audit records.
pub trait Tell {
    fn tell(&self, t: &mut Teller);
}

/// Writes JSON without spaces or line breaks.
#[derive(Debug)]
pub struct Teller {
    text: String,
    /// Something stands before the next member or item, at this depth.
    follows: bool,
    depth: usize,
    dates: Dates,
}

/// How times are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dates {
    /// `May 6, 2024, 7:08:09 AM`
    Words,
    /// Milliseconds since the epoch, as EC2's records have them.
    Millis,
    /// `2024-05-06T07:08:09Z`
    Iso,
}

impl Teller {
    pub fn new(dates: Dates) -> Teller {
        Teller { text: String::new(), follows: false, depth: 0, dates }
    }

    /// The text; `None` for an object without members.
    pub fn finish(self) -> Option<String> {
        (!matches!(self.text.as_str(), "" | "{}")).then_some(self.text)
    }

    /// Begins an object, as a value.
    pub fn open(&mut self) {
        self.begin('{');
    }

    /// Ends it.
    pub fn close(&mut self) {
        self.end('}');
    }

    fn begin(&mut self, bracket: char) {
        self.text.push(bracket);
        self.follows = false;
        self.depth += 1;
    }

    fn end(&mut self, bracket: char) {
        self.text.push(bracket);
        self.follows = true;
        self.depth = self.depth.saturating_sub(1);
    }

    fn comma(&mut self) {
        if std::mem::replace(&mut self.follows, true) {
            self.text.push(',');
        }
    }

    fn name(&mut self, name: &str) {
        self.comma();
        quote(&mut self.text, name);
        self.text.push(':');
    }

    /// A member, unless it is absent.
    pub fn put<T: Tell + ?Sized>(&mut self, name: &str, value: Option<&T>) {
        if let Some(value) = value
            && self.depth < DEEPEST
        {
            self.name(name);
            value.tell(self);
            self.follows = true;
        }
    }

    /// A member that is a list.
    pub fn list<T: Tell>(&mut self, name: &str, items: Option<&[T]>) {
        let Some(items) = items.filter(|_| self.depth < DEEPEST) else { return };
        self.name(name);
        self.begin('[');
        for item in items {
            self.comma();
            item.tell(self);
            self.follows = true;
        }
        self.end(']');
    }

    /// A list as EC2's records have it: `{"items":[…]}`. Where items are texts, each is an object with one member `item`.
    pub fn set<T: Tell>(&mut self, name: &str, item: &str, items: Option<&[T]>) {
        let Some(items) = items.filter(|_| self.depth < DEEPEST) else { return };
        self.name(name);
        self.begin('{');
        self.name("items");
        self.begin('[');
        for value in items {
            self.comma();
            if item.is_empty() {
                value.tell(self);
            } else {
                self.begin('{');
                self.put(item, Some(value));
                self.end('}');
            }
            self.follows = true;
        }
        self.end(']');
        self.end('}');
    }

    /// A member with this in place of its value, if it is there.
    pub fn masked(&mut self, name: &str, is_there: bool, mask: &str) {
        self.put(name, is_there.then_some(mask));
    }

    /// A member that is JSON in a text, as JSON; as a text when it is not.
    pub fn json(&mut self, name: &str, text: Option<&str>) {
        let Some(text) = text else { return };
        match serde_json::from_str::<serde_json::Value>(text) {
            Ok(value) => self.raw(name, &value.to_string()),
            Err(_) => self.put(name, Some(text)),
        }
    }

    /// A member whose JSON was written before; it has no line breaks.
    pub fn raw(&mut self, name: &str, json: &str) {
        self.name(name);
        self.text.push_str(json);
    }
}

/// A text with quotes, so that JSON, a line and a terminal can hold it.
fn quote(out: &mut String, text: &str) {
    let plain = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\' && byte != 0x7f;
    out.reserve(text.len() + 2);
    out.push('"');
    // Without a branch for each byte, since nearly all text is plain.
    if text.bytes().fold(true, |all, byte| all & plain(byte)) {
        out.push_str(text);
        return out.push('"');
    }
    let mut done = 0;
    for (at, byte) in text.bytes().enumerate() {
        if plain(byte) {
            continue;
        }
        out.push_str(text.get(done..at).unwrap_or_default());
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            _ => _ = write!(out, "\\u{byte:04x}"),
        }
        done = at + 1;
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out.push('"');
}

impl Tell for str {
    fn tell(&self, t: &mut Teller) {
        quote(&mut t.text, self);
    }
}

impl Tell for String {
    fn tell(&self, t: &mut Teller) {
        self.as_str().tell(t);
    }
}

macro_rules! plain {
    ($($type:ty),*) => {$(
        impl Tell for $type {
            fn tell(&self, t: &mut Teller) {
                let _ = write!(t.text, "{self}");
            }
        }
    )*};
}

plain!(bool, i32, i64, u64);

macro_rules! floats {
    ($($type:ty),*) => {$(
        impl Tell for $type {
            fn tell(&self, t: &mut Teller) {
                match self.is_finite() {
                    true => _ = write!(t.text, "{self}"),
                    false => self.to_string().as_str().tell(t),
                }
            }
        }
    )*};
}

floats!(f32, f64);

impl Tell for Time {
    fn tell(&self, t: &mut Teller) {
        match t.dates {
            Dates::Words => self.words().as_str().tell(t),
            Dates::Millis => self.millis().tell(t),
            Dates::Iso => self.iso_seconds().as_str().tell(t),
        }
    }
}

/// A blob.
impl Tell for Vec<u8> {
    fn tell(&self, t: &mut Teller) {
        base64(self).as_str().tell(t);
    }
}

impl<T: Tell> Tell for Box<T> {
    fn tell(&self, t: &mut Teller) {
        self.as_ref().tell(t);
    }
}

impl<T: Tell> Tell for BTreeMap<String, T> {
    fn tell(&self, t: &mut Teller) {
        t.open();
        for (key, value) in self {
            t.put(key, Some(value));
        }
        t.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(write: impl Fn(&mut Teller)) -> Option<String> {
        let mut t = Teller::new(Dates::Words);
        t.open();
        write(&mut t);
        t.close();
        t.finish()
    }

    #[test]
    fn what_is_told_is_json_on_one_line() {
        let pairs = BTreeMap::from([("a\"b".to_owned(), "c\u{1}\u{7f}\r\n\\é".to_owned())]);
        let text = told(|t| {
            t.put("time", Some(&Time::from_millis(1_714_979_289_120)));
            t.list("names", Some(&["x".to_owned(), "y".to_owned()][..]));
            t.set("instancesSet", "instanceId", Some(&["i-1".to_owned(), "i-2".to_owned()][..]));
            t.put("pairs", Some(&pairs));
            t.put("absent", None::<&String>);
            t.masked("sessionToken", true, HIDDEN);
            t.json("bucketPolicy", Some("{\n \"Version\": \"2012-10-17\"}"));
            t.json("noPolicy", Some("{"));
        });
        let expected = r#"{"time":"May 6, 2024, 7:08:09 AM","names":["x","y"],"#.to_owned()
            + r#""instancesSet":{"items":[{"instanceId":"i-1"},{"instanceId":"i-2"}]},"#
            + r#""pairs":{"a\"b":"c\u0001\u007f\r\n\\é"},"sessionToken":"HIDDEN_DUE_TO_SECURITY_REASONS","#
            + r#""bucketPolicy":{"Version":"2012-10-17"},"noPolicy":"{"}"#;
        assert_eq!(text.as_deref(), Some(expected.as_str()));
        let read: serde_json::Value = serde_json::from_str(&text.unwrap()).unwrap();
        assert_eq!(read["pairs"]["a\"b"], "c\u{1}\u{7f}\r\n\\é");
    }

    #[test]
    fn an_object_without_members_is_nothing() {
        assert_eq!(told(|_| {}), None);
    }
}
