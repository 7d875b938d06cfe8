//! A policy document: its text, and the same compiled.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use crate::condition::{Condition, Unreadable};
use crate::document::{self, Document, Effect, Listed, PrincipalType, RawStatement};
use crate::lint::{self, Rigor};
use crate::principal::{Entry, Principals};
use crate::statement::Statement;
use crate::{Kind, Malformed};

/// A parsed, checked and compiled document. Immutable; share it as `Arc<Policy>`.
#[derive(Debug)]
pub struct Policy {
    text: Box<str>,
    kind: Kind,
    version: Version,
    pub(crate) statements: Vec<Arc<Statement>>,
    principals: Vec<PrincipalEntry>,
}

/// The policy language's version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// Also where the document has none. Without variables.
    V2008,
    V2012,
}

/// A principal as the document names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrincipalEntry {
    /// Position of the statement, from 0.
    pub statement: usize,
    pub effect: Effect,
    /// It stands in `NotPrincipal`.
    pub negated: bool,
    pub kind: PrincipalType,
    pub value: String,
    /// Byte range of the value in the text, quotes included.
    pub span: Range<usize>,
}

impl Policy {
    /// Reads a document that is to be stored, with all of AWS's rules for its kind.
    ///
    /// # Errors
    /// What AWS answers: `MalformedPolicyDocument`, for buckets `MalformedPolicy`. Sizes are the caller's to check
    /// (`size_without_whitespace`), and whether principals exist.
    pub fn parse(text: &str, kind: Kind) -> Result<Policy, Malformed> {
        Policy::parse_resolved(text, kind, &|_| None)
    }

    /// As [`Policy::parse`], with principals matched by what `resolve` gives in their place.
    ///
    /// `resolve` is asked for every principal as written: answer a user's or role's unique id (`AIDA…`, `AROA…`) for
    /// its ARN, or an account's id for a `CanonicalUser`; `None` leaves it as it is.
    ///
    /// # Errors
    /// As [`Policy::parse`].
    pub fn parse_resolved(
        text: &str,
        kind: Kind,
        resolve: &dyn Fn(&PrincipalEntry) -> Option<String>,
    ) -> Result<Policy, Malformed> {
        Policy::read(text, kind, Rigor::Save, resolve)
    }

    /// Reads a document to evaluate it only: as [`Policy::parse`], but documents of version 2008-10-17 are taken for
    /// every kind, as AWS evaluates those stored long ago and simulates them still.
    ///
    /// # Errors
    /// As [`Policy::parse`].
    pub fn load(text: &str, kind: Kind) -> Result<Policy, Malformed> {
        Policy::load_resolved(text, kind, &|_| None)
    }

    /// [`Policy::load`] with the resolver of [`Policy::parse_resolved`].
    ///
    /// # Errors
    /// As [`Policy::parse`].
    pub fn load_resolved(
        text: &str,
        kind: Kind,
        resolve: &dyn Fn(&PrincipalEntry) -> Option<String>,
    ) -> Result<Policy, Malformed> {
        Policy::read(text, kind, Rigor::Evaluate, resolve)
    }

    fn read(
        text: &str,
        kind: Kind,
        rigor: Rigor,
        resolve: &dyn Fn(&PrincipalEntry) -> Option<String>,
    ) -> Result<Policy, Malformed> {
        let document = document::read(text).map_err(|broken| lint::broken(kind, broken, text))?;
        lint::check(kind, &document, rigor)?;
        let version = match document.version.as_deref() {
            Some("2012-10-17") => Version::V2012,
            _ => Version::V2008,
        };
        let principals = list_principals(&document);
        let statements = document
            .statements
            .into_iter()
            .enumerate()
            .map(|(index, raw)| {
                let named = principals.iter().filter(|entry| entry.statement == index);
                let named =
                    named.map(|entry| (entry.kind, resolve(entry).unwrap_or_else(|| entry.value.clone())));
                compile(index, raw, kind, version, named.collect()).map(Arc::new)
            })
            .collect::<Result<_, _>>()?;
        Ok(Policy { text: text.into(), kind, version, statements, principals })
    }

    /// The document as it was given.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    pub fn version(&self) -> Version {
        self.version
    }

    pub fn statement_count(&self) -> usize {
        self.statements.len()
    }

    /// Byte range of a statement in the text.
    pub fn statement_span(&self, index: usize) -> Option<Range<usize>> {
        self.statements.get(index).map(|statement| statement.span.clone())
    }

    /// All principals named, in the order of the text.
    pub fn principals(&self) -> &[PrincipalEntry] {
        &self.principals
    }

    /// The text with other words for its principals: how AWS shows the unique id of a deleted role in its place, or
    /// an account's root ARN for a bare account id. `replace` answers `None` to keep one.
    pub fn text_with_principals(&self, replace: &dyn Fn(&PrincipalEntry) -> Option<String>) -> String {
        let mut out = String::with_capacity(self.text.len());
        let mut from = 0;
        let mut entries: Vec<_> = self.principals.iter().collect();
        entries.sort_by_key(|entry| entry.span.start);
        for entry in entries {
            let Some(other) = replace(entry) else { continue };
            out.push_str(self.text.get(from..entry.span.start).unwrap_or_default());
            out.push_str(&serde_json::Value::String(other).to_string());
            from = entry.span.end;
        }
        out.push_str(self.text.get(from..).unwrap_or_default());
        out
    }

    /// Characters that count against a limit: all but white space outside of strings.
    ///
    /// Limits: managed policy 6,144; inline together: user 2,048, role 10,240, group 5,120; trust 2,048 (4,096 on
    /// request). Bucket policies (20,480 bytes), organization and session policies count every character instead.
    pub fn size_without_whitespace(text: &str) -> usize {
        let (mut inside, mut escaped, mut size) = (false, false, 0);
        for char in text.chars() {
            match char {
                _ if escaped => escaped = false,
                '\\' if inside => escaped = true,
                '"' => inside = !inside,
                ' ' | '\t' | '\n' | '\r' if !inside => continue,
                _ => {}
            }
            size += 1;
        }
        size
    }

    /// The condition keys and variables that it asks for, in the order of the text, each once, as written.
    pub fn context_keys(&self) -> Vec<String> {
        let (mut keys, mut seen) = (Vec::new(), HashSet::new());
        for statement in &self.statements {
            let named = statement.resources.iter().flat_map(|resources| resources.variables());
            for key in named.chain(statement.conditions.iter().flat_map(Condition::keys)) {
                if seen.insert(key.to_ascii_lowercase()) {
                    keys.push(key.to_owned());
                }
            }
        }
        keys
    }
}

fn list_principals(document: &Document) -> Vec<PrincipalEntry> {
    let mut out = Vec::new();
    for (index, statement) in document.statements.iter().enumerate() {
        let Some(listed) = &statement.principal else { continue };
        out.extend(listed.items.iter().map(|item| PrincipalEntry {
            statement: index,
            effect: statement.effect,
            negated: listed.not,
            kind: item.kind,
            value: item.value.clone(),
            span: item.span.clone(),
        }));
    }
    out
}

fn compile(
    index: usize,
    raw: RawStatement,
    kind: Kind,
    version: Version,
    principals: Vec<(PrincipalType, String)>,
) -> Result<Statement, Malformed> {
    let variables = version == Version::V2012;
    let conditions = raw
        .conditions
        .into_iter()
        .map(|condition| {
            Condition::compile(condition, variables)
                .map_err(|bad| lint::bad_condition(kind, matches!(bad, Unreadable::Value)))
        })
        .collect::<Result<_, _>>()?;
    let principals = raw.principal.map(|listed| Principals {
        not: listed.not,
        entries: principals.iter().map(|(kind, value)| Entry::new(*kind, value)).collect(),
    });
    // The lint has refused statements without an action.
    let actions = raw.action.unwrap_or(Listed { not: false, items: Vec::new() });
    Ok(Statement {
        index,
        sid: raw.sid.map(Into::into),
        effect: raw.effect,
        span: raw.span,
        principals,
        actions: crate::action::Actions::new(actions.not, &actions.items),
        resources: raw
            .resource
            .map(|listed| crate::resource::Resources::new(listed.not, &listed.items, kind, variables)),
        conditions,
    })
}
