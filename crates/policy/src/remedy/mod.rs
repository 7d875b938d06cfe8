//! The smallest changes that would let a denied request through, each put to the engine again, with what else it
//! would open.
//!
//! Greedy: the layer that denies is changed, the question is put again, and so on until it is allowed. Several ways
//! out of the first obstacle are told apart by how much they open; later obstacles take the narrowest.

mod allow;
mod deny;
mod stack;
mod text;

use serde::{Deserialize, Serialize};

use crate::decision::{Layer, Reason};
use crate::id::PolicyId;
use crate::request::{Layers, Request};
use stack::{Rung, Stack};

/// Changes that, together, let the request through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remedy {
    pub changes: Vec<Change>,
    /// Other actions on the same resource that the same request could then do.
    pub opens: Vec<String>,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of")]
pub enum Change {
    /// A policy's text.
    Policy {
        layer: Layer,
        /// For organization policies: the level, from the root at 0.
        level: Option<usize>,
        policy: PolicyId,
        /// There is no such policy yet.
        new: bool,
        edits: Vec<Edit>,
        /// The whole text afterwards; empty when the policy goes.
        document: String,
    },
    /// Not a policy: the request, or who makes it, would need this condition key.
    Request { key: String, value: String },
}

/// What is done to a policy's text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// The statement's position, from 0; `None` for a new one.
    pub statement: Option<usize>,
    /// `Resource`, `Action`, `Condition StringEquals aws:RequestedRegion`; `Statement` or `Policy` for a whole one.
    pub element: String,
    pub add: Vec<String>,
    pub remove: Vec<String>,
    /// The resources on which this edit tells, when they are more than the one of the request.
    pub elsewhere: Vec<String>,
}

/// One way past an obstacle.
struct Step<'a> {
    stack: Stack<'a>,
    change: Change,
}

/// Layers that may have to be changed one after the other.
const OBSTACLES: usize = 12;
/// Ways that are told.
const WAYS: usize = 3;

/// Ways to have a denied request allowed, the one that opens least first; none for a request that is allowed.
///
/// `others` are the actions to try for what a change would open besides.
pub fn remedies(layers: &Layers<'_>, request: &Request<'_>, others: &[&str]) -> Vec<Remedy> {
    let stack = Stack::new(layers);
    if stack.decide(request, |decision| decision.allowed) {
        return Vec::new();
    }
    let before = allowed_of(&stack, request, others);
    let mut found: Vec<Remedy> = steps(&stack, request)
        .into_iter()
        .filter_map(|first| {
            let (stack, changes) = onward(first, request)?;
            // A request that had another key gets what the policies give already: nothing is opened.
            let changed = changes.iter().any(|change| matches!(change, Change::Policy { .. }));
            let mut opens = if changed { allowed_of(&stack, request, others) } else { Vec::new() };
            opens.retain(|action| !before.contains(action) && !action.eq_ignore_ascii_case(request.action));
            Some(Remedy { changes, opens })
        })
        .collect();
    found.sort_by_key(Remedy::breadth);
    found.truncate(WAYS);
    found
}

impl Remedy {
    /// How much it opens, for telling ways apart: beyond the resource first, then actions on it, then its length.
    fn breadth(&self) -> (usize, usize, usize) {
        let edits = |change: &Change| match change {
            Change::Policy { edits, .. } => edits.iter().filter(|edit| !edit.elsewhere.is_empty()).count(),
            Change::Request { .. } => 0,
        };
        (self.changes.iter().map(edits).sum(), self.opens.len(), self.changes.len())
    }
}

fn allowed_of(stack: &Stack<'_>, request: &Request<'_>, actions: &[&str]) -> Vec<String> {
    let allowed = |action: &&&str| stack.decide(&Request { action, ..*request }, |decision| decision.allowed);
    actions.iter().filter(allowed).map(|action| (*action).to_owned()).collect()
}

/// Goes on from a first step, by the narrowest one each time, until the request is allowed.
fn onward<'a>(first: Step<'a>, request: &Request<'_>) -> Option<(Stack<'a>, Vec<Change>)> {
    let mut stack = first.stack;
    let mut changes = vec![first.change];
    for _ in 0..OBSTACLES {
        if stack.decide(request, |decision| decision.allowed) {
            return Some((stack, changes));
        }
        let next = steps(&stack, request).into_iter().next()?;
        stack = next.stack;
        changes.push(next.change);
    }
    None
}

/// The ways past whatever denies now, the narrowest first. Each of them really passes it.
fn steps<'a>(stack: &Stack<'a>, request: &Request<'_>) -> Vec<Step<'a>> {
    let trace = stack.explain(request);
    let level = |effect| {
        let here = trace.layers.iter().filter(|layer| !layer.skipped);
        here.filter(|layer| {
            Reason::ExplicitDeny(layer.layer) == trace.because || Reason::Silent(layer.layer) == trace.because
        })
        .find(|layer| layer.effect == effect)
        .and_then(|layer| layer.level)
    };
    match trace.because {
        Reason::ExplicitDeny(layer) => {
            let rung = Rung { layer, level: level(Some(crate::Effect::Deny)) };
            deny::steps(stack, request, rung, &trace)
        }
        Reason::Silent(layer) => {
            let rung = Rung { layer, level: level(None) };
            allow::steps(stack, request, rung, &trace)
        }
        Reason::Granted(_) | Reason::Root | Reason::Always => Vec::new(),
    }
}
