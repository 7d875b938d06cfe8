//! From an action and a resource to the few statements that may match: the heart of the engine's speed.
//!
//! The action's literal beginning leads to routes, each a pattern with a group; the group's resource patterns, found
//! by their literal beginnings in turn, lead to entries: one statement with what is left to check. Actions with the
//! same entries share a group, so a statement of two thousand actions on `*` costs one.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::action::Action;
use crate::set::Query;
use crate::statement::Statement;
use crate::trie::Trie;

/// All statements of one effect.
#[derive(Debug, Default)]
pub(crate) struct Index {
    actions: Trie,
    routes: Box<[Route]>,
    groups: Box<[Group]>,
}

/// An action pattern, past its literal beginning.
#[derive(Debug)]
struct Route {
    check: ActionCheck,
    group: u32,
}

#[derive(Clone, Copy, Debug)]
enum ActionCheck {
    /// The beginning is all.
    Done,
    /// No wildcard: the action has this many bytes.
    Length(usize),
    /// Match the pattern of this statement.
    Pattern { statement: u32, pattern: u32 },
}

#[derive(Debug)]
struct Group {
    resources: Trie,
    entries: Box<[Entry]>,
}

/// A statement that may match, with what is left to check beside principal and conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Entry {
    statement: u32,
    resource: ResourceCheck,
    /// NotAction: the action itself is still to be checked.
    not_action: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum ResourceCheck {
    /// The pattern's literal beginning is all.
    Done,
    /// One pattern of the statement.
    Pattern(u32),
    /// The whole element: NotResource, none, or too many patterns to list.
    Element,
}

/// Above this many pairs of action and resource, a statement's resources are not listed one by one.
const MAX_PAIRS: usize = 256;

/// An entry with the text its resource must begin with.
type Keyed<'s> = (&'s str, Entry);

impl Index {
    /// `wanted` picks the statements of one effect; positions are those in `statements`.
    pub fn new(statements: &[Arc<Statement>], wanted: impl Fn(&Statement) -> bool) -> Index {
        let mut by_action: HashMap<&str, (&str, ActionCheck, Vec<Keyed<'_>>)> = HashMap::new();
        for (at, statement) in statements.iter().enumerate().filter(|(_, statement)| wanted(statement)) {
            let number = count(at);
            for (text, prefix, check) in action_keys(number, statement) {
                let (_, _, keyed) = by_action.entry(text).or_insert_with(|| (prefix, check, Vec::new()));
                keyed.extend(resource_keys(number, statement));
            }
        }
        let mut patterns: Vec<_> = by_action.into_iter().collect();
        patterns.sort_by_key(|(text, _)| *text);
        Index::assemble(patterns.into_iter().map(|(_, pattern)| pattern))
    }

    fn assemble<'s>(patterns: impl Iterator<Item = (&'s str, ActionCheck, Vec<Keyed<'s>>)>) -> Index {
        let mut known: HashMap<Vec<Keyed<'s>>, u32> = HashMap::new();
        let (mut prefixes, mut routes, mut groups) = (Vec::new(), Vec::new(), Vec::new());
        for (prefix, check, keyed) in patterns {
            let group = *known.entry(keyed).or_insert_with_key(|keyed| {
                groups.push(Group::new(keyed));
                count(groups.len() - 1)
            });
            prefixes.push((prefix, count(routes.len())));
            routes.push(Route { check, group });
        }
        Index { actions: Trie::new(prefixes), routes: routes.into(), groups: groups.into() }
    }

    /// Visits every statement whose action and resource match the query, until `visit` breaks. A statement may come
    /// more than once.
    pub fn visit<B>(
        &self,
        statements: &[Arc<Statement>],
        query: &Query<'_>,
        mut visit: impl FnMut(u32, &Statement) -> ControlFlow<B>,
    ) -> Option<B> {
        self.actions.visit_folded(query.action.text.as_bytes(), |route| {
            let found = self
                .routes
                .get(route as usize)
                .filter(|route| route.check.matches(statements, &query.action));
            let Some(group) = found.and_then(|route| self.groups.get(route.group as usize)) else {
                return ControlFlow::Continue(());
            };
            let inner = group.resources.visit(query.resource.as_bytes(), |at| {
                let entry = group.entries.get(at as usize);
                let found = entry.and_then(|entry| Some((entry, statements.get(entry.statement as usize)?)));
                match found {
                    Some((entry, statement)) if entry.matches(statement, query) => {
                        visit(entry.statement, statement)
                    }
                    _ => ControlFlow::Continue(()),
                }
            });
            inner.map_or(ControlFlow::Continue(()), ControlFlow::Break)
        })
    }
}

impl Group {
    fn new(keyed: &[Keyed<'_>]) -> Group {
        let resources =
            Trie::new(keyed.iter().enumerate().map(|(at, (prefix, _))| (*prefix, count(at))).collect());
        Group { resources, entries: keyed.iter().map(|(_, entry)| *entry).collect() }
    }
}

impl ActionCheck {
    fn matches(self, statements: &[Arc<Statement>], action: &Action<'_>) -> bool {
        match self {
            ActionCheck::Done => true,
            ActionCheck::Length(len) => action.text.len() == len,
            ActionCheck::Pattern { statement, pattern } => statements
                .get(statement as usize)
                .and_then(|statement| statement.actions.patterns.get(pattern as usize))
                .is_some_and(|pattern| pattern.matches(action)),
        }
    }
}

impl Entry {
    fn matches(self, statement: &Statement, query: &Query<'_>) -> bool {
        if self.not_action && !statement.actions.matches(&query.action) {
            return false;
        }
        match (self.resource, &statement.resources) {
            (ResourceCheck::Done, _) | (_, None) => true,
            (ResourceCheck::Pattern(at), Some(resources)) => resources
                .patterns
                .get(at as usize)
                .is_some_and(|pattern| pattern.matches_tail(query.resource, query.facts)),
            (ResourceCheck::Element, Some(resources)) => resources.matches(query.resource, query.facts),
        }
    }
}

/// The statement's action patterns: the folded text, its literal beginning, and what is left to check.
fn action_keys(number: u32, statement: &Statement) -> Vec<(&str, &str, ActionCheck)> {
    if statement.actions.not {
        return vec![("*", "", ActionCheck::Done)];
    }
    let patterns = statement.actions.patterns.iter().enumerate();
    patterns
        .map(|(at, pattern)| {
            let prefix = pattern.glob.literal_prefix();
            let check = if pattern.glob.is_prefix_only() {
                ActionCheck::Done
            } else if pattern.glob.is_exact() {
                ActionCheck::Length(prefix.len())
            } else {
                ActionCheck::Pattern { statement: number, pattern: count(at) }
            };
            (&*pattern.folded, prefix, check)
        })
        .collect()
}

fn resource_keys(number: u32, statement: &Statement) -> Vec<Keyed<'_>> {
    let entry = |resource| Entry { statement: number, resource, not_action: statement.actions.not };
    let Some(resources) = statement.resources.as_ref().filter(|resources| !resources.not) else {
        return vec![("", entry(ResourceCheck::Element))];
    };
    let globs =
        resources.patterns.iter().enumerate().filter_map(|(at, pattern)| Some((at, pattern.glob.as_ref()?)));
    if resources.patterns.len() > 1 && resources.patterns.len() * statement.actions.patterns.len() > MAX_PAIRS
    {
        let shared = globs.map(|(_, glob)| glob.literal_prefix()).reduce(shared_prefix).unwrap_or_default();
        return vec![(shared, entry(ResourceCheck::Element))];
    }
    globs
        .map(|(at, glob)| {
            let check =
                if glob.is_prefix_only() { ResourceCheck::Done } else { ResourceCheck::Pattern(count(at)) };
            (glob.literal_prefix(), entry(check))
        })
        .collect()
}

fn shared_prefix<'s>(a: &'s str, b: &'s str) -> &'s str {
    let end = a.char_indices().zip(b.chars()).find(|((_, x), y)| x != y).map(|((at, _), _)| at);
    a.get(..end.unwrap_or(a.len().min(b.len()))).unwrap_or_default()
}

/// Positions are bounded by the policies' text, far below 2³².
fn count(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
