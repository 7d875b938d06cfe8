//! Which documents AWS refuses, kind by kind, in its order and its words.

use crate::document::{Broken, Document};
use crate::policy::Version;
use crate::{Kind, Malformed};

pub(crate) fn broken(kind: Kind, broken: Broken, _text: &str) -> Malformed {
    let text = match broken {
        Broken::EffectCase => "The policy failed legacy parsing",
        _ => "Syntax errors in policy.",
    };
    Malformed::new(kind.code(), text)
}

pub(crate) fn check(kind: Kind, document: &Document) -> Result<(), Malformed> {
    for statement in &document.statements {
        if statement.principal.is_some() && !kind.has_principals() {
            return Err(Malformed::new(kind.code(), "Policy document should not specify a principal."));
        }
    }
    Ok(())
}

pub(crate) fn check_version(kind: Kind, version: Version) -> Result<(), Malformed> {
    if matches!(kind, Kind::Identity | Kind::Boundary) && version < Version::V2012 {
        return Err(Malformed::new(kind.code(), "Policy document must be version 2012-10-17 or greater."));
    }
    Ok(())
}

pub(crate) fn no_action(kind: Kind) -> Malformed {
    Malformed::new(kind.code(), "Policy statement must contain actions.")
}

pub(crate) fn bad_condition(kind: Kind) -> Malformed {
    Malformed::new(kind.code(), "Syntax errors in policy.")
}
