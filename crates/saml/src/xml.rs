//! XML within bounds: no document types, no entities of their own, nothing deep, nothing endless; and the few ways in
//! which the rest of this crate looks at a tree.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use roxmltree::{Document, Node, ParsingOptions};

pub(crate) const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
pub(crate) const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
pub(crate) const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
pub(crate) const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
pub(crate) const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";
pub(crate) const XENC11: &str = "http://www.w3.org/2009/xmlenc11#";

/// Why a text is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadXml {
    /// Not well-formed, or not UTF-8.
    Malformed,
    /// It has a document type.
    DocumentType,
    /// It has a processing instruction where none may be.
    Instruction,
    /// More elements, attributes, namespaces or levels than allowed.
    TooLarge,
}

/// What a document may have. They bound time and memory, which grow with the products of some of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub elements: usize,
    /// Declarations of namespaces in the whole document.
    pub namespaces: usize,
    pub instructions: bool,
}

/// A response: 75,000 bytes at most.
pub(crate) const RESPONSE: Bounds = Bounds { elements: 5_000, namespaces: 500, instructions: false };
/// Metadata: 10,000,000 bytes at most.
pub(crate) const LARGE: Bounds = Bounds { elements: 100_000, namespaces: 4_000, instructions: true };

/// Levels of elements.
const DEPTH: usize = 64;
/// Attributes of one element, declarations of namespaces among them.
const ATTRIBUTES: usize = 64;

/// Parses a document within bounds.
pub(crate) fn parse(text: &str, bounds: Bounds) -> Result<Document<'_>, BadXml> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    survey(text, bounds)?;
    let nodes_limit = u32::try_from(bounds.elements * 4).unwrap_or(u32::MAX);
    let options = ParsingOptions { allow_dtd: false, nodes_limit, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).map_err(|_| BadXml::Malformed)
}

/// Counts before the tree is built.
fn survey(text: &str, bounds: Bounds) -> Result<(), BadXml> {
    let mut reader = Reader::from_str(text);
    let (mut depth, mut elements, mut namespaces) = (0_usize, 0_usize, 0_usize);
    loop {
        let event = reader.read_event().map_err(|_| BadXml::Malformed)?;
        match &event {
            Event::Eof => return Ok(()),
            Event::DocType(_) => return Err(BadXml::DocumentType),
            Event::PI(_) if !bounds.instructions => return Err(BadXml::Instruction),
            Event::Start(start) => {
                depth += 1;
                elements += 1;
                namespaces += declared(start)?;
            }
            Event::Empty(start) => {
                elements += 1;
                namespaces += declared(start)?;
            }
            Event::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH || elements > bounds.elements || namespaces > bounds.namespaces {
            return Err(BadXml::TooLarge);
        }
    }
}

/// How many namespaces an element declares; refuses what parsers are known to disagree on.
fn declared(start: &BytesStart<'_>) -> Result<usize, BadXml> {
    let mut namespaces = 0;
    for (count, attribute) in start.attributes().enumerate() {
        let attribute = attribute.map_err(|_| BadXml::Malformed)?;
        if count >= ATTRIBUTES {
            return Err(BadXml::TooLarge);
        }
        let name: &str = attribute.key.as_ref();
        if name.ends_with(":xmlns") || name == "xmlns:xml" || name == "xmlns:xmlns" {
            return Err(BadXml::Malformed);
        }
        if name == "xmlns" || name.starts_with("xmlns:") {
            namespaces += 1;
            if name != "xmlns" && attribute.value.is_empty() {
                return Err(BadXml::Malformed);
            }
        }
    }
    Ok(namespaces)
}

pub(crate) fn is(node: Node<'_, '_>, namespace: &str, name: &str) -> bool {
    node.is_element() && node.tag_name().name() == name && node.tag_name().namespace() == Some(namespace)
}

/// The elements below a node, one level.
pub(crate) fn elements<'a, 'i>(node: Node<'a, 'i>) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(Node::is_element)
}

/// The elements of a name below a node, one level.
pub(crate) fn named<'a, 'i>(
    node: Node<'a, 'i>,
    namespace: &'static str,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(move |child| is(*child, namespace, name))
}

/// The only element of a name below a node; `None` when there is none, or another.
pub(crate) fn only<'a, 'i>(
    node: Node<'a, 'i>,
    namespace: &'static str,
    name: &'static str,
) -> Option<Node<'a, 'i>> {
    let mut found = named(node, namespace, name);
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// The whole text of an element that has text only. A comment splits no text here: it refuses it.
pub(crate) fn text<'a>(node: Node<'a, '_>) -> Option<&'a str> {
    let mut children = node.children();
    match (children.next(), children.next()) {
        (None, _) => Some(""),
        (Some(child), None) if child.is_text() => child.text(),
        _ => None,
    }
}

/// The text of an element without the white space around it.
pub(crate) fn trimmed<'a>(node: Node<'a, '_>) -> Option<&'a str> {
    text(node).map(str::trim)
}

/// Base64 with white space wherever it pleases.
pub(crate) fn base64(text: &str) -> Option<Vec<u8>> {
    use ::base64::Engine as _;
    let plain: String = text.chars().filter(|c| !matches!(c, ' ' | '\t' | '\r' | '\n')).collect();
    ::base64::engine::general_purpose::STANDARD.decode(plain).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> BadXml {
        parse(text, RESPONSE).unwrap_err()
    }

    #[test]
    fn document_types_and_instructions_are_refused() {
        let laughs = r#"<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;">]><a>&c;</a>"#;
        assert_eq!(refused(laughs), BadXml::DocumentType);
        assert_eq!(refused("<!DOCTYPE a><a/>"), BadXml::DocumentType);
        assert_eq!(refused("<a><?php x ?></a>"), BadXml::Instruction);
        assert!(parse("<?xml version='1.0'?><a><?b c?></a>", LARGE).is_ok());
    }

    #[test]
    fn what_is_deep_or_wide_is_refused_before_a_tree_is_built() {
        let deep = format!("{}{}", "<a>".repeat(65), "</a>".repeat(65));
        assert_eq!(refused(&deep), BadXml::TooLarge);
        assert_eq!(refused(&format!("<a>{}</a>", "<b/>".repeat(5_000))), BadXml::TooLarge);
        let wide: String = (0..65).map(|n| format!(" a{n}=''")).collect();
        assert_eq!(refused(&format!("<a{wide}/>")), BadXml::TooLarge);
        let spaces = r#"<a xmlns:b="c"/>"#.repeat(501);
        assert_eq!(refused(&format!("<a>{spaces}</a>")), BadXml::TooLarge);
    }

    #[test]
    fn doubled_and_undeclared_names_are_refused() {
        for bad in [
            "<a b='1' b='2'/>",
            "<a xmlns='x' xmlns='y'/>",
            "<a xmlns:p='x' p:xmlns='y'/>",
            "<a xmlns:p=''/>",
            "<p:a/>",
            "<a>&b;</a>",
            "<a/><a/>",
            "<a",
            "<a>",
            "",
        ] {
            assert_eq!(refused(bad), BadXml::Malformed, "{bad}");
        }
    }

    #[test]
    fn a_comment_inside_refuses_a_text() {
        let document = parse("<a><b>admin<!-- -->istrator</b><b> x </b><b/></a>", RESPONSE).unwrap();
        let texts: Vec<_> = elements(document.root_element()).map(trimmed).collect();
        assert_eq!(texts, [None, Some("x"), Some("")]);
    }
}
