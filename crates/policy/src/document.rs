//! A document as written: JSON turned into elements, with the grammar of policies checked and nothing else.
//!
//! Rules that depend on the kind of document, and their texts, are in `lint`.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::json::{self, Json, Node};

/// Any text that is not a policy by its grammar; `lint` words it for the kind of document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// Not JSON.
    Json,
    /// No `Statement`.
    NoStatement,
    /// `Statement` is an empty list.
    NoStatements,
    NoEffect,
    /// `Version` is none of the two.
    Version,
    /// An element is unknown, twice there, or of the wrong type.
    Syntax,
    /// `Effect` is `allow` or another spelling of a known word.
    EffectCase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    Allow,
    Deny,
}

#[derive(Debug)]
pub(crate) struct Document {
    pub version: Option<String>,
    pub id: Option<String>,
    pub statements: Vec<RawStatement>,
}

#[derive(Debug)]
pub(crate) struct RawStatement {
    pub sid: Option<String>,
    pub effect: Effect,
    pub principal: Option<Listed<RawPrincipal>>,
    pub action: Option<Listed<String>>,
    pub resource: Option<Listed<String>>,
    pub conditions: Vec<RawCondition>,
    pub span: Range<usize>,
}

/// An element or its `Not…` form.
#[derive(Debug, Clone)]
pub(crate) struct Listed<T> {
    pub not: bool,
    pub items: Vec<T>,
}

#[derive(Debug, Clone)]
pub(crate) struct RawPrincipal {
    pub kind: PrincipalType,
    pub value: String,
    pub span: Range<usize>,
}

/// The word before a principal's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum PrincipalType {
    /// The bare `"*"`.
    Everyone,
    #[serde(rename = "AWS")]
    Aws,
    Service,
    Federated,
    CanonicalUser,
}

impl PrincipalType {
    pub fn as_str(self) -> &'static str {
        match self {
            PrincipalType::Everyone => "*",
            PrincipalType::Aws => "AWS",
            PrincipalType::Service => "Service",
            PrincipalType::Federated => "Federated",
            PrincipalType::CanonicalUser => "CanonicalUser",
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct RawCondition {
    pub operator: String,
    pub key: String,
    pub values: Vec<String>,
}

pub(crate) fn read(text: &str) -> Result<Document, Broken> {
    let node = json::parse(text).map_err(|error| match error {
        json::JsonError::Syntax => Broken::Json,
        json::JsonError::DuplicateKey => Broken::Syntax,
    })?;
    let Json::Object(members) = node.value else { return Err(Broken::Json) };
    let mut document = Document { version: None, id: None, statements: Vec::new() };
    let mut seen = false;
    for (key, node) in members {
        match key.as_str() {
            "Version" => document.version = Some(version(node)?),
            "Id" => document.id = Some(string(node)?),
            "Statement" => {
                seen = true;
                document.statements = statements(node)?;
            }
            _ => return Err(Broken::Syntax),
        }
    }
    if seen { Ok(document) } else { Err(Broken::NoStatement) }
}

fn version(node: Node) -> Result<String, Broken> {
    let text = string(node)?;
    if text == "2012-10-17" || text == "2008-10-17" { Ok(text) } else { Err(Broken::Version) }
}

fn string(node: Node) -> Result<String, Broken> {
    match node.value {
        Json::String(text) => Ok(text),
        _ => Err(Broken::Syntax),
    }
}

fn strings(node: Node) -> Result<Vec<String>, Broken> {
    match node.value {
        Json::String(text) => Ok(vec![text]),
        Json::Array(items) => items.into_iter().map(string).collect(),
        _ => Err(Broken::Syntax),
    }
}

fn statements(node: Node) -> Result<Vec<RawStatement>, Broken> {
    match node.value {
        Json::Object(members) => Ok(vec![statement(members, node.span)?]),
        Json::Array(items) if items.is_empty() => Err(Broken::NoStatements),
        Json::Array(items) => items
            .into_iter()
            .map(|item| match item.value {
                Json::Object(members) => statement(members, item.span),
                _ => Err(Broken::Syntax),
            })
            .collect(),
        _ => Err(Broken::Syntax),
    }
}

fn statement(members: Vec<(String, Node)>, span: Range<usize>) -> Result<RawStatement, Broken> {
    let mut effect = None;
    let mut out = RawStatement {
        sid: None,
        effect: Effect::Deny,
        principal: None,
        action: None,
        resource: None,
        conditions: Vec::new(),
        span,
    };
    for (key, node) in members {
        match key.as_str() {
            "Sid" => out.sid = Some(string(node)?),
            "Effect" => effect = Some(read_effect(&string(node)?)?),
            "Principal" => once(&mut out.principal, false, principals(node)?)?,
            "NotPrincipal" => once(&mut out.principal, true, principals(node)?)?,
            "Action" => once(&mut out.action, false, strings(node)?)?,
            "NotAction" => once(&mut out.action, true, strings(node)?)?,
            "Resource" => once(&mut out.resource, false, strings(node)?)?,
            "NotResource" => once(&mut out.resource, true, strings(node)?)?,
            "Condition" => out.conditions = conditions(node)?,
            _ => return Err(Broken::Syntax),
        }
    }
    out.effect = effect.ok_or(Broken::NoEffect)?;
    Ok(out)
}

/// An element and its `Not…` form exclude each other.
fn once<T>(place: &mut Option<Listed<T>>, not: bool, items: Vec<T>) -> Result<(), Broken> {
    if place.is_some() {
        return Err(Broken::Syntax);
    }
    *place = Some(Listed { not, items });
    Ok(())
}

fn read_effect(text: &str) -> Result<Effect, Broken> {
    match text {
        "Allow" => Ok(Effect::Allow),
        "Deny" => Ok(Effect::Deny),
        _ if text.eq_ignore_ascii_case("allow") || text.eq_ignore_ascii_case("deny") => {
            Err(Broken::EffectCase)
        }
        _ => Err(Broken::Syntax),
    }
}

fn principals(node: Node) -> Result<Vec<RawPrincipal>, Broken> {
    let members = match node.value {
        Json::String(value) => {
            let kind = if value == "*" { PrincipalType::Everyone } else { PrincipalType::Aws };
            return Ok(vec![RawPrincipal { kind, value, span: node.span }]);
        }
        Json::Object(members) => members,
        _ => return Err(Broken::Syntax),
    };
    let mut out = Vec::new();
    for (key, node) in members {
        let kind = match key.as_str() {
            "AWS" => PrincipalType::Aws,
            "Service" => PrincipalType::Service,
            "Federated" => PrincipalType::Federated,
            "CanonicalUser" => PrincipalType::CanonicalUser,
            _ => return Err(Broken::Syntax),
        };
        let nodes = match node.value {
            Json::Array(items) => items,
            _ => vec![node],
        };
        for item in nodes {
            let span = item.span.clone();
            out.push(RawPrincipal { kind, value: string(item)?, span });
        }
    }
    Ok(out)
}

fn conditions(node: Node) -> Result<Vec<RawCondition>, Broken> {
    let Json::Object(blocks) = node.value else { return Err(Broken::Syntax) };
    let mut out = Vec::new();
    for (operator, block) in blocks {
        let Json::Object(keys) = block.value else { return Err(Broken::Syntax) };
        for (key, node) in keys {
            out.push(RawCondition { operator: operator.clone(), key, values: condition_values(node)? });
        }
    }
    Ok(out)
}

fn condition_values(node: Node) -> Result<Vec<String>, Broken> {
    match node.value {
        Json::Array(items) => items.into_iter().map(|item| scalar(item.value)).collect(),
        value => Ok(vec![scalar(value)?]),
    }
}

/// Numbers and booleans stand for their text.
fn scalar(value: Json) -> Result<String, Broken> {
    match value {
        Json::String(text) | Json::Number(text) => Ok(text),
        Json::Bool(flag) => Ok(flag.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => Err(Broken::Syntax),
    }
}
