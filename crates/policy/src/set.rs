//! The documents of one layer, merged.

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::action::Action;
use crate::caller::{Level, Principal};
use crate::decision::Matched;
use crate::document::Effect;
use crate::index::Index;
use crate::statement::Statement;
use crate::{Facts, Named};

/// All documents of one layer, merged into an index. Build it once per principal or resource, and keep it.
#[derive(Debug, Default)]
pub struct PolicySet {
    named: Vec<Named>,
    statements: Vec<Arc<Statement>>,
    /// The document of each statement.
    owners: Vec<usize>,
    deny: Index,
    allow: Index,
}

/// What a set is asked.
pub(crate) struct Query<'q> {
    pub action: Action<'q>,
    pub resource: &'q str,
    pub facts: &'q dyn Facts,
    pub caller: Principal<'q>,
    pub has_boundary: bool,
}

/// What a layer's statements say of principals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Naming {
    /// Nothing: they bind everyone they are attached to.
    Nobody,
    /// A statement without a principal names everyone.
    Optional,
    /// A statement without a principal names nobody.
    Required,
}

/// A statement of a set, by its position. Two words, so that passing it on costs nothing.
#[derive(Clone, Copy)]
pub(crate) struct Hit<'a> {
    set: &'a PolicySet,
    at: u32,
}

impl<'a> Hit<'a> {
    pub fn matched(self) -> Option<Matched<'a>> {
        let statement = self.set.statements.get(self.at as usize)?;
        let named = self.set.named.get(*self.set.owners.get(self.at as usize)?)?;
        Some(Matched { policy: &named.id, statement: statement.index, sid: statement.sid.as_deref() })
    }
}

impl PolicySet {
    /// Merges the documents. Their order has no effect on what is allowed.
    pub fn new(named: Vec<Named>) -> PolicySet {
        let mut owners = Vec::new();
        let mut statements = Vec::new();
        for (at, one) in named.iter().enumerate() {
            owners.resize(owners.len() + one.policy.statements.len(), at);
            statements.extend(one.policy.statements.iter().cloned());
        }
        let deny = Index::new(&statements, |statement| statement.effect == Effect::Deny);
        let allow = Index::new(&statements, |statement| statement.effect == Effect::Allow);
        PolicySet { named, statements, owners, deny, allow }
    }

    /// The documents, in the order given.
    pub fn policies(&self) -> &[Named] {
        &self.named
    }

    pub fn is_empty(&self) -> bool {
        self.named.is_empty()
    }

    /// All statements with their documents, in the order of the texts.
    pub(crate) fn statements(&self) -> impl Iterator<Item = (&Named, &Statement)> {
        let owners = self.owners.iter().filter_map(|at| self.named.get(*at));
        owners.zip(self.statements.iter().map(|statement| &**statement))
    }

    /// A Deny that matches.
    pub(crate) fn deny(&self, query: &Query<'_>, naming: Naming) -> Option<Hit<'_>> {
        let found =
            self.deny.visit(&self.statements, query, |at, statement| match rest(statement, query, naming) {
                Level::None => ControlFlow::Continue(()),
                _ => ControlFlow::Break(at),
            });
        found.map(|at| Hit { set: self, at })
    }

    /// Whether any Allow matches.
    pub(crate) fn allows(&self, query: &Query<'_>, naming: Naming) -> bool {
        let found =
            self.allow.visit(&self.statements, query, |_, statement| match rest(statement, query, naming) {
                Level::None => ControlFlow::Continue(()),
                _ => ControlFlow::Break(()),
            });
        found.is_some()
    }

    /// The Allow that names the caller most strongly.
    pub(crate) fn allow(&self, query: &Query<'_>, naming: Naming) -> Option<(Level, Hit<'_>)> {
        let (mut best, mut place) = (Level::None, 0);
        let _direct: Option<()> = self.allow.visit(&self.statements, query, |at, statement| {
            let level = rest(statement, query, naming);
            if level > best {
                (best, place) = (level, at);
            }
            if level == Level::Direct { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        (best > Level::None).then_some((best, Hit { set: self, at: place }))
    }
}

/// What the index leaves to check: the principal, then the conditions.
fn rest(statement: &Statement, query: &Query<'_>, naming: Naming) -> Level {
    let level = level(statement, query, naming);
    if level > Level::None && statement.conditions.iter().all(|condition| condition.holds(query.facts)) {
        level
    } else {
        Level::None
    }
}

/// How strongly the statement names the caller; Direct where its layer names nobody.
pub(crate) fn level(statement: &Statement, query: &Query<'_>, naming: Naming) -> Level {
    match (naming, &statement.principals) {
        (Naming::Nobody, _) | (Naming::Optional, None) => Level::Direct,
        (Naming::Required, None) => Level::None,
        (_, Some(principals)) if principals.not && statement.effect == Effect::Deny && query.has_boundary => {
            // AWS documents that such a statement hits every principal with a boundary, whatever it lists.
            Level::Direct
        }
        (_, Some(principals)) => principals.level(&query.caller),
    }
}
