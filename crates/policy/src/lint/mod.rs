//! Which documents AWS refuses, kind by kind, in its order and its words.
//!
//! AWS has two parsers with their own texts: one for identity policies (`identity`), one for documents that are
//! attached to something, trust policies included (`attached`). Organizations says one sentence for everything.

mod attached;
mod bucket_actions;
mod identity;
mod organization;

use crate::document::{Broken, Document};
use crate::{Kind, Malformed};

/// How much is asked of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rigor {
    /// It is to be stored: everything AWS checks then.
    Save,
    /// It is to be evaluated: documents stored under older rules are taken.
    Evaluate,
}

/// Words for a text that is no policy by its grammar.
pub(crate) fn broken(kind: Kind, broken: Broken, text: &str) -> Malformed {
    let message = match dialect(kind) {
        Dialect::Identity => identity::broken(broken),
        Dialect::Attached => attached::broken(broken, text),
        Dialect::Organization => organization::REFUSED,
    };
    Malformed::new(kind.code(), message)
}

/// All further rules for a document of this kind.
pub(crate) fn check(kind: Kind, document: &Document, rigor: Rigor) -> Result<(), Malformed> {
    let result = match dialect(kind) {
        Dialect::Identity => identity::check(kind, document, rigor),
        Dialect::Attached => attached::check(kind, document),
        Dialect::Organization => organization::check(kind, document, rigor),
    };
    result.map_err(|message| Malformed::new(kind.code(), message))
}

/// Words for a condition whose operator or value is none.
pub(crate) fn bad_condition(kind: Kind, operator_known: bool) -> Malformed {
    let message = match dialect(kind) {
        Dialect::Identity if operator_known => "The policy failed legacy parsing",
        Dialect::Identity => identity::SYNTAX,
        Dialect::Attached => "Invalid policy syntax.",
        Dialect::Organization => organization::REFUSED,
    };
    Malformed::new(kind.code(), message)
}

enum Dialect {
    Identity,
    Attached,
    Organization,
}

fn dialect(kind: Kind) -> Dialect {
    match kind {
        Kind::Identity | Kind::Boundary | Kind::Session => Dialect::Identity,
        Kind::Resource(_) | Kind::Trust | Kind::Endpoint => Dialect::Attached,
        Kind::ServiceControl | Kind::ResourceControl => Dialect::Organization,
    }
}

/// What is wrong with an action's form, apart from texts.
pub(crate) enum BadAction<'a> {
    NoVendor,
    ManyColons,
    Vendor(&'a str),
}

/// `*`, `*:*`, or a literal service, one colon and a name.
pub(crate) fn check_action(action: &str) -> Result<(), BadAction<'_>> {
    if action == "*" || action == "*:*" {
        return Ok(());
    }
    let Some((vendor, name)) = action.split_once(':') else { return Err(BadAction::NoVendor) };
    if name.contains(':') {
        return Err(BadAction::ManyColons);
    }
    if vendor.is_empty() || vendor == "*" {
        return Err(BadAction::NoVendor);
    }
    if !vendor.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.') {
        return Err(BadAction::Vendor(vendor));
    }
    Ok(())
}
