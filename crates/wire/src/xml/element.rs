//! A request body as a tree, bounded in depth and size, and the members read from it.

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use rolecall_base::{Fault, Time};

use crate::message::{required, scalar};
use crate::scalar::Scalar;
use crate::violations::malformed_xml;
use crate::{Message, Violations};

/// No S3 document nests deeper than about ten levels.
const MAX_DEPTH: usize = 32;

/// Ten thousand parts with ten members each, and some room.
const MAX_ELEMENTS: usize = 200_000;

/// One element: its local name, its attributes under their full names, its text, its children.
#[derive(Clone, Debug, Default)]
pub struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
    children: Vec<Element>,
}

/// A member that an element can hold.
pub trait FromXml: Sized + Default {
    fn from_xml(element: &Element, v: &mut Violations) -> Result<Self, Fault>;
}

/// Reads a request's body; `None` when there is none.
///
/// # Errors
/// `MalformedXML` when it is not one well-formed element, has a document type, nests deeper than 32 levels or has
/// more than 200,000 elements.
pub fn body(m: &Message<'_>) -> Result<Option<Element>, Fault> {
    if m.body.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    parse(m.body).map(Some).ok_or_else(malformed_xml)
}

/// Reads the structure that is a request's whole body.
///
/// # Errors
/// `MalformedXML` for what is not XML, or has another root element.
pub fn get_payload<T: FromXml>(
    m: &Message<'_>,
    root: &'static str,
    v: &mut Violations,
) -> Result<Option<T>, Fault> {
    let Some(element) = body(m)? else { return Ok(None) };
    if element.name != root {
        return Err(malformed_xml());
    }
    v.within(root, |v| T::from_xml(&element, v)).map(Some)
}

/// The same for a structure that must be there.
///
/// # Errors
/// Those of [`get_payload`], and `MissingRequestBodyError` for an empty body.
pub fn need_payload<T: FromXml>(m: &Message<'_>, root: &'static str, v: &mut Violations) -> Result<T, Fault> {
    let empty = || Fault::new("MissingRequestBodyError", 400, "Request Body is empty");
    get_payload(m, root, v)?.ok_or_else(empty)
}

/// Reads a document; `None` under the conditions of [`body`]'s error.
pub fn parse(bytes: &[u8]) -> Option<Element> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    let mut count = 0_usize;
    loop {
        match reader.read_event().ok()? {
            Event::Start(_) | Event::Empty(_)
                if root.is_some() || open.len() >= MAX_DEPTH || count >= MAX_ELEMENTS =>
            {
                return None;
            }
            Event::Start(start) => {
                count = count.saturating_add(1);
                open.push(begun(&start)?);
            }
            Event::Empty(start) => {
                count = count.saturating_add(1);
                ended(begun(&start)?, &mut open, &mut root);
            }
            Event::End(_) => ended(open.pop()?, &mut open, &mut root),
            Event::Text(text) => add_text(&text.xml10_content(), &mut open)?,
            Event::CData(text) => add_text(&text.xml10_content(), &mut open)?,
            Event::GeneralRef(reference) => add_text(&resolved(&reference)?, &mut open)?,
            Event::DocType(_) => return None,
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof => return root.filter(|_| open.is_empty()),
        }
    }
}

fn begun(start: &BytesStart<'_>) -> Option<Element> {
    let name = start.local_name().into_inner().to_owned();
    let mut element = Element { name, ..Element::default() };
    for attribute in start.attributes() {
        let attribute = attribute.ok()?;
        let key = attribute.key.into_inner().to_owned();
        let value = quick_xml::escape::unescape(&attribute.value).ok()?.into_owned();
        element.attributes.push((key, value));
    }
    Some(element)
}

fn ended(element: Element, open: &mut [Element], root: &mut Option<Element>) {
    match open.last_mut() {
        Some(parent) => parent.children.push(element),
        None => *root = Some(element),
    }
}

/// Text outside the root may only be white space.
fn add_text(text: &str, open: &mut [Element]) -> Option<()> {
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return None,
    }
    Some(())
}

fn resolved(reference: &BytesRef<'_>) -> Option<String> {
    if let Some(letter) = reference.resolve_char_ref().ok()? {
        return Some(letter.to_string());
    }
    resolve_xml_entity(reference).map(str::to_owned)
}

impl Element {
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text, as it is; white space counts.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The first child of a name.
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// All children, in order.
    pub fn children(&self) -> &[Element] {
        &self.children
    }

    /// Keeps the children that the test holds for.
    #[cfg(feature = "vectors")]
    pub(crate) fn retain(&mut self, test: impl FnMut(&Element) -> bool) {
        self.children.retain(test);
    }

    /// A member that may be absent.
    pub fn get<T: FromXml>(&self, name: &'static str, v: &mut Violations) -> Result<Option<T>, Fault> {
        self.child(name).map(|child| v.within(name, |v| T::from_xml(child, v))).transpose()
    }

    /// A member that must be there.
    pub fn need<T: FromXml>(&self, name: &'static str, v: &mut Violations) -> Result<T, Fault> {
        Ok(required(self.get(name, v)?, name, v))
    }

    /// A member in an attribute.
    pub fn attribute<T: Scalar>(&self, name: &'static str, v: &mut Violations) -> Result<Option<T>, Fault> {
        let found = self.attributes.iter().find(|(key, _)| key == name);
        found.map(|(_, text)| v.within(name, |v| scalar("", text, v))).transpose()
    }

    /// A required member in an attribute.
    pub fn need_attribute<T: Scalar>(&self, name: &'static str, v: &mut Violations) -> Result<T, Fault> {
        Ok(required(self.attribute(name, v)?, name, v))
    }

    /// A list in one element: `<Name><item>…`.
    pub fn list<T: FromXml>(
        &self,
        name: &'static str,
        item: &str,
        v: &mut Violations,
    ) -> Result<Option<Vec<T>>, Fault> {
        let read = |list: &Element| v.within(name, |v| items(list, item, v));
        self.child(name).map(read).transpose()
    }

    /// A list in one element that must be there.
    pub fn need_list<T: FromXml>(
        &self,
        name: &'static str,
        item: &str,
        v: &mut Violations,
    ) -> Result<Vec<T>, Fault> {
        Ok(required(self.list(name, item, v)?, name, v))
    }

    /// A flattened list: `<Name>…</Name><Name>…</Name>`.
    pub fn flat<T: FromXml>(&self, name: &'static str, v: &mut Violations) -> Result<Option<Vec<T>>, Fault> {
        let found: Vec<T> = v.within(name, |v| items(self, name, v))?;
        Ok((!found.is_empty()).then_some(found))
    }

    /// A flattened list that must have at least one item.
    pub fn need_flat<T: FromXml>(&self, name: &'static str, v: &mut Violations) -> Result<Vec<T>, Fault> {
        Ok(required(self.flat(name, v)?, name, v))
    }

    /// A map: `<Name><entry><key/><value/></entry></Name>`; flattened, with `entry` empty.
    pub fn map<T: FromXml>(
        &self,
        name: &'static str,
        [entry, key, value]: [&'static str; 3],
        v: &mut Violations,
    ) -> Result<Option<BTreeMap<String, T>>, Fault> {
        let (parent, entry) = if entry.is_empty() { (Some(self), name) } else { (self.child(name), entry) };
        let Some(parent) = parent else { return Ok(None) };
        let mut pairs = BTreeMap::new();
        for pair in parent.children.iter().filter(|child| child.name == entry) {
            pairs.insert(pair.need(key, v)?, pair.need(value, v)?);
        }
        Ok(Some(pairs))
    }
}

fn items<T: FromXml>(parent: &Element, item: &str, v: &mut Violations) -> Result<Vec<T>, Fault> {
    let found = parent.children.iter().filter(|child| child.name == item).enumerate();
    found.map(|(i, child)| v.within_item(i, |v| T::from_xml(child, v))).collect()
}

macro_rules! scalars {
    ($($type:ty),*) => {$(
        impl FromXml for $type {
            fn from_xml(element: &Element, v: &mut Violations) -> Result<Self, Fault> {
                scalar("", &element.text, v)
            }
        }
    )*};
}

scalars!(String, bool, i32, i64, f32, f64, Time, Vec<u8>);

impl<T: FromXml> FromXml for Box<T> {
    fn from_xml(element: &Element, v: &mut Violations) -> Result<Self, Fault> {
        T::from_xml(element, v).map(Box::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_entities_and_cdata_are_joined() {
        let root =
            parse(b"<?xml version='1.0'?><!-- c --><a x:b='1&amp;2'>&lt;b&#x41;<![CDATA[<c>]]><d/></a>")
                .unwrap();
        assert_eq!((root.name(), root.text()), ("a", "<bA<c>"));
        assert_eq!(root.attributes, [("x:b".to_owned(), "1&2".to_owned())]);
        assert_eq!(root.children().len(), 1);
    }

    #[test]
    fn what_is_not_one_bounded_document_is_refused() {
        let deep = "<a>".repeat(100_000);
        for bad in [
            "",
            "<a>",
            "<a></b>",
            "<a/><b/>",
            "<a/>x",
            "x<a/>",
            "<a>&unknown;</a>",
            "<a b='1' b='2'/>",
            &deep,
        ] {
            assert!(parse(bad.as_bytes()).is_none(), "{bad:.40}");
        }
        assert!(parse(b"<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>").is_none());
        assert!(parse(b"<a>\xff</a>").is_none());
    }
}
