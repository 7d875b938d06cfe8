//! Edits of a policy document's text that leave everything else in it as its author wrote it.

use std::ops::Range;

use crate::json::{self, Json, Node};

/// A document's text with the places of its statements.
#[derive(Debug)]
pub(super) struct Document<'t> {
    text: &'t str,
    /// `Statement` as a whole: a list, or a single one.
    place: Range<usize>,
    statements: Vec<Node>,
}

impl<'t> Document<'t> {
    pub fn read(text: &'t str) -> Option<Document<'t>> {
        let Json::Object(members) = json::parse(text).ok()?.value else { return None };
        let (_, statement) = members.into_iter().find(|(key, _)| key == "Statement")?;
        let place = statement.span.clone();
        let statements = match statement.value {
            Json::Array(list) => list,
            value => vec![Node { value, span: place.clone() }],
        };
        Some(Document { text, place, statements })
    }

    /// With one more statement, the last.
    pub fn with_statement(&self, statement: &str) -> String {
        let mut all: Vec<&str> = self.statements.iter().map(|node| self.at(&node.span)).collect();
        all.push(statement);
        self.replaced(&self.place, &list(&all))
    }

    /// Without a statement; `None` when it is the only one, for a document needs one.
    pub fn without_statement(&self, index: usize) -> Option<String> {
        let kept = self.statements.iter().enumerate().filter(|(at, _)| *at != index);
        let kept: Vec<&str> = kept.map(|(_, node)| self.at(&node.span)).collect();
        (!kept.is_empty()).then(|| self.replaced(&self.place, &list(&kept)))
    }

    /// With more values at a statement's element, such as `["Condition", "StringEquals", "aws:RequestedRegion"]`.
    pub fn with_values(&self, index: usize, path: &[&str], values: &[String]) -> Option<String> {
        let node = self.element(index, path)?;
        let quoted: Vec<String> = values.iter().map(|value| quote(value)).collect();
        let mut all = self.items(node);
        all.extend(quoted.iter().map(String::as_str));
        Some(self.replaced(&node.span, &list(&all)))
    }

    /// Without one value at a statement's element; `None` when it is not there, or alone.
    pub fn without_value(&self, index: usize, path: &[&str], dropped: &str) -> Option<String> {
        let node = self.element(index, path)?;
        let Json::Array(items) = &node.value else { return None };
        let is_it =
            |item: &&Node| matches!(&item.value, Json::String(text) if text.eq_ignore_ascii_case(dropped));
        let kept: Vec<&str> =
            items.iter().filter(|item| !is_it(item)).map(|item| self.at(&item.span)).collect();
        (!kept.is_empty() && kept.len() < items.len()).then(|| self.replaced(&node.span, &list(&kept)))
    }

    /// The texts at a statement's element.
    pub fn values(&self, index: usize, path: &[&str]) -> Vec<String> {
        let Some(node) = self.element(index, path) else { return Vec::new() };
        let items = match &node.value {
            Json::Array(items) => items.as_slice(),
            _ => std::slice::from_ref(node),
        };
        let text = |item: &Node| match &item.value {
            Json::String(text) => Some(text.clone()),
            _ => None,
        };
        items.iter().filter_map(text).collect()
    }

    fn element(&self, index: usize, path: &[&str]) -> Option<&Node> {
        let mut node = self.statements.get(index)?;
        for wanted in path {
            let Json::Object(members) = &node.value else { return None };
            node = members.iter().find(|(key, _)| key.eq_ignore_ascii_case(wanted)).map(|(_, node)| node)?;
        }
        Some(node)
    }

    fn items(&self, node: &Node) -> Vec<&str> {
        match &node.value {
            Json::Array(items) => items.iter().map(|item| self.at(&item.span)).collect(),
            _ => vec![self.at(&node.span)],
        }
    }

    fn at(&self, span: &Range<usize>) -> &str {
        self.text.get(span.clone()).unwrap_or_default()
    }

    fn replaced(&self, span: &Range<usize>, by: &str) -> String {
        [self.at(&(0..span.start)), by, self.at(&(span.end..self.text.len()))].concat()
    }
}

fn list(items: &[&str]) -> String {
    format!("[{}]", items.join(", "))
}

/// A text in JSON.
pub(super) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            char if char < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(char))),
            char => out.push(char),
        }
    }
    out.push('"');
    out
}

/// A pattern that matches this resource and no other; `*`, which is none in particular, as it is.
pub(super) fn resource(text: &str) -> String {
    if text == "*" { text.to_owned() } else { literal(text) }
}

/// A pattern that matches this text and no other.
pub(super) fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '*' | '?' | '$' => out.extend(['$', '{', char, '}']),
            char => out.push(char),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{"Version": "2012-10-17",
 "Statement": [{"Effect": "Allow", "Action": ["s3:Get*", "s3:Put*"], "Resource": "a"}, {"Sid": "two"}]}"#;

    #[test]
    fn an_edit_leaves_the_rest_of_the_text_as_it_was() {
        let document = Document::read(TEXT).unwrap();
        let more = document.with_values(0, &["Resource"], &["b\"".to_owned()]).unwrap();
        assert_eq!(more, TEXT.replace(r#""Resource": "a""#, r#""Resource": ["a", "b\""]"#));
        let less = document.without_value(0, &["Action"], "S3:get*").unwrap();
        assert_eq!(less, TEXT.replace(r#"["s3:Get*", "s3:Put*"]"#, r#"["s3:Put*"]"#));
        assert_eq!(document.without_statement(1).unwrap(), TEXT.replace(r#", {"Sid": "two"}"#, ""));
        assert_eq!(document.with_statement("{}"), TEXT.replace(r#""two"}]"#, r#""two"}, {}]"#));
    }

    #[test]
    fn what_is_not_there_or_alone_is_not_dropped() {
        let document = Document::read(TEXT).unwrap();
        assert_eq!(document.without_value(0, &["Resource"], "a"), None);
        assert_eq!(document.without_value(0, &["Action"], "s3:List*"), None);
        assert_eq!(document.with_values(1, &["Resource"], &[]), None);
        let single = r#"{"Statement": {"Sid": "one"}}"#;
        let single = Document::read(single).unwrap();
        assert_eq!(single.without_statement(0), None);
        assert_eq!(single.with_statement("{}"), r#"{"Statement": [{"Sid": "one"}, {}]}"#);
    }

    #[test]
    fn a_literal_matches_only_itself() {
        assert_eq!(literal("arn:aws:s3:::b/what?*$"), "arn:aws:s3:::b/what${?}${*}${$}");
    }
}
