//! XML canonicalization 1.0 of one element and all below it: exclusive (<https://www.w3.org/TR/xml-exc-c14n/>) or inclusive
//! (<https://www.w3.org/TR/2001/REC-xml-c14n-20010315>).

use std::collections::BTreeMap;

use roxmltree::{Attribute, Node, NodeId};

/// How to canonicalize.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Method {
    pub comments: bool,
    /// With all namespaces in scope, used or not, and the `xml:` attributes of what stands above.
    pub inclusive: bool,
    /// Prefixes whose namespaces are kept although nothing uses them; the empty one is the default namespace.
    pub prefixes: Vec<String>,
}

/// What the prefix `xml` stands for.
const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// Namespaces that the written ancestors have declared: prefix and name; `None` where they have not.
type Declared<'a> = BTreeMap<&'a str, &'a str>;

/// The canonical form of `apex`, without the element `without`.
pub(crate) fn canonical(apex: Node<'_, '_>, method: &Method, without: Option<NodeId>) -> String {
    let mut out = String::new();
    element(apex, method, without, None, &mut out);
    out
}

/// The `xml:` attributes that an apex has from what stands above it, with their written names.
fn inherited<'a, 'i>(apex: Node<'a, 'i>) -> Vec<(&'a str, Attribute<'a, 'i>)> {
    let mut found: Vec<(&str, Attribute<'_, '_>)> = Vec::new();
    for above in apex.ancestors().skip(1) {
        for attribute in above.attributes().filter(|attribute| attribute.namespace() == Some(XML)) {
            let own = apex.attribute((XML, attribute.name())).is_some();
            if !own && found.iter().all(|(_, known)| known.name() != attribute.name()) {
                found.push((written(above, &attribute), attribute));
            }
        }
    }
    found
}

/// Recursion is bounded by the depth that `xml::parse` lets through.
fn element<'a>(
    node: Node<'a, '_>,
    method: &Method,
    without: Option<NodeId>,
    above: Option<&Declared<'a>>,
    out: &mut String,
) {
    let is_apex = above.is_none();
    let nothing = Declared::new();
    let above = above.unwrap_or(&nothing);
    let name = written_name(node);
    out.push('<');
    out.push_str(name);
    let mut declared = above.clone();
    for (prefix, uri) in namespaces(node, name, method) {
        // The default namespace counts as empty until it is declared.
        let before = above.get(prefix).copied().or(prefix.is_empty().then_some(""));
        if before == Some(uri) {
            continue;
        }
        declared.insert(prefix, uri);
        out.push_str(if prefix.is_empty() { " xmlns" } else { " xmlns:" });
        out.push_str(prefix);
        out.push_str("=\"");
        escape(uri, true, out);
        out.push('"');
    }
    let mut attributes: Vec<_> = node.attributes().map(|own| (written(node, &own), own)).collect();
    if method.inclusive && is_apex {
        attributes.extend(inherited(node));
    }
    attributes.sort_by_key(|(_, attribute)| (attribute.namespace().unwrap_or_default(), attribute.name()));
    for (name, attribute) in attributes {
        out.push(' ');
        out.push_str(name);
        out.push_str("=\"");
        escape(attribute.value(), true, out);
        out.push('"');
    }
    out.push('>');
    for child in node.children() {
        if Some(child.id()) == without {
            continue;
        }
        if child.is_element() {
            element(child, method, without, Some(&declared), out);
        } else if child.is_text() {
            escape(child.text().unwrap_or_default(), false, out);
        } else if child.is_comment() && method.comments {
            out.push_str("<!--");
            out.push_str(child.text().unwrap_or_default());
            out.push_str("-->");
        }
    }
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}

/// The namespaces that an element makes use of, or that the method keeps; sorted by prefix. Inclusively, an element whose
/// prefix is empty and that has no default namespace says so, as exclusively.
fn namespaces<'a>(node: Node<'a, '_>, name: &'a str, method: &Method) -> BTreeMap<&'a str, &'a str> {
    let mut used = BTreeMap::new();
    let mut take = |prefix: &'a str| {
        let uri = node.namespaces().find(|space| space.name().unwrap_or_default() == prefix);
        match uri {
            Some(space) if prefix != "xml" => {
                used.insert(prefix, space.uri());
            }
            None if prefix.is_empty() => {
                used.insert(prefix, "");
            }
            _ => {}
        }
    };
    take(prefix(name));
    for attribute in node.attributes() {
        let prefix = prefix(written(node, &attribute));
        if !prefix.is_empty() {
            take(prefix);
        }
    }
    for space in node.namespaces() {
        let prefix = space.name().unwrap_or_default();
        let kept = method.inclusive || method.prefixes.iter().any(|kept| kept == prefix);
        if kept && prefix != "xml" {
            used.insert(prefix, space.uri());
        }
    }
    used
}

fn prefix(name: &str) -> &str {
    name.split_once(':').map_or("", |(prefix, _)| prefix)
}

/// An element's name as it was written, with its prefix: the tree itself keeps only what the prefix stands for.
fn written_name<'a>(node: Node<'a, '_>) -> &'a str {
    let tag = source(node, node.range()).strip_prefix('<').unwrap_or_default();
    let end = tag.find(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>')).unwrap_or(tag.len());
    tag.get(..end).unwrap_or_default()
}

fn written<'a>(node: Node<'a, '_>, attribute: &Attribute<'a, '_>) -> &'a str {
    source(node, attribute.range_qname())
}

fn source<'a>(node: Node<'a, '_>, range: std::ops::Range<usize>) -> &'a str {
    node.document().input_text().get(range).unwrap_or_default()
}

fn escape(text: &str, in_attribute: bool, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '\r' => out.push_str("&#xD;"),
            '>' if !in_attribute => out.push_str("&gt;"),
            '"' if in_attribute => out.push_str("&quot;"),
            '\t' if in_attribute => out.push_str("&#x9;"),
            '\n' if in_attribute => out.push_str("&#xA;"),
            c => out.push(c),
        }
    }
}
