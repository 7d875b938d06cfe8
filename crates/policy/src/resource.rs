//! Resource patterns: ARNs with wildcards and variables, compared with regard to case.

use crate::glob::{Glob, Style};
use crate::{Facts, Kind};

/// A compiled Resource or NotResource element.
#[derive(Debug)]
pub(crate) struct Resources {
    pub not: bool,
    pub patterns: Vec<ResourcePattern>,
}

#[derive(Debug)]
pub(crate) struct ResourcePattern {
    /// `None`: matches nothing, since the ARN is cut short where that is not filled up.
    pub glob: Option<Glob>,
    everything: bool,
}

impl Resources {
    pub fn new(not: bool, texts: &[String], kind: Kind, variables: bool) -> Resources {
        let patterns = texts.iter().map(|text| ResourcePattern::new(text, kind, variables)).collect();
        Resources { not, patterns }
    }

    /// The keys of the variables in it.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        let globs = self.patterns.iter().filter_map(|pattern| pattern.glob.as_ref());
        globs.flat_map(|glob| glob.variables().map(|variable| &*variable.key))
    }

    /// One of its patterns is a bare `*`.
    pub fn is_everything(&self) -> bool {
        self.patterns.iter().any(|pattern| pattern.everything)
    }

    pub fn matches(&self, resource: &str, facts: &dyn Facts) -> bool {
        self.patterns.iter().any(|pattern| pattern.matches(resource, facts)) != self.not
    }
}

impl ResourcePattern {
    fn new(text: &str, kind: Kind, variables: bool) -> ResourcePattern {
        ResourcePattern { glob: compile(text, kind, variables), everything: text == "*" }
    }

    /// For a resource that is known to begin with the pattern's literal prefix.
    pub fn matches_tail(&self, resource: &str, facts: &dyn Facts) -> bool {
        self.glob.as_ref().is_some_and(|glob| glob.matches_tail(resource, facts))
    }

    pub fn matches(&self, resource: &str, facts: &dyn Facts) -> bool {
        self.glob.as_ref().is_some_and(|glob| glob.matches(resource, facts))
    }
}

fn compile(text: &str, kind: Kind, variables: bool) -> Option<Glob> {
    if text == "*" {
        return Some(Glob::new("*", Style::Free, false));
    }
    let colons = text.bytes().filter(|b| *b == b':').count();
    let full = if colons >= 5 || text.ends_with('*') {
        text.to_owned()
    } else if matches!(kind, Kind::Identity | Kind::Boundary | Kind::Session) {
        // Missing segments act as if they were `*`.
        format!("{text}{}", ":*".repeat(5 - colons))
    } else {
        return None;
    };
    // Variables have a meaning behind the fifth colon only.
    let head = full.match_indices(':').nth(4).map_or(full.len(), |(at, _)| at + 1);
    let (head, tail) = full.split_at_checked(head)?;
    Some(Glob::in_two(head, tail, Style::Resource, variables))
}
