//! The explanation of a decision: every layer, every statement, and what kept it from matching.

use serde::{Deserialize, Serialize};

use crate::caller::Level;
use crate::decision::{Layer, Reason};
use crate::document::Effect;
use crate::id::PolicyId;

/// How a decision came about. Made on request only; it allocates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trace {
    /// `allowed`, `explicitDeny` or `implicitDeny`.
    pub decision: &'static str,
    /// As in an AccessDenied message; empty when allowed.
    pub reason: String,
    /// The same for programs.
    pub because: Reason,
    pub layers: Vec<LayerTrace>,
    /// The statement that decided.
    pub deciding: Option<StatementRef>,
}

/// One layer, in the order they are looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerTrace {
    pub layer: Layer,
    /// For organization policies: the level, from the root at 0.
    pub level: Option<usize>,
    /// What the layer says on its own: Deny before Allow; `None`: nothing in it matched.
    pub effect: Option<Effect>,
    /// It does not bind this caller (SCPs and service-linked roles, for one).
    pub skipped: bool,
    pub statements: Vec<StatementTrace>,
}

/// A statement by its policy and position.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementRef {
    pub policy: PolicyId,
    pub statement: usize,
    pub sid: Option<String>,
}

/// A statement that was considered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementTrace {
    #[serde(flatten)]
    pub at: StatementRef,
    pub effect: Effect,
    pub matched: bool,
    /// How strongly it names the caller; `None` where the layer's statements name nobody.
    pub principal: Option<Level>,
    /// The first element that failed, in the order Action, Principal, Resource, Condition.
    pub failed: Option<Failed>,
}

/// The element that kept a statement from matching.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "element")]
pub enum Failed {
    /// Without the patterns: there may be thousands, and none of them is near.
    Action,
    Principal {
        /// It is `NotPrincipal`.
        not: bool,
        /// As written, each behind its word: `AWS:arn:…`, or `*`. None where a principal is needed and not there.
        values: Vec<String>,
    },
    Resource {
        /// It is `NotResource`.
        not: bool,
        /// The policy's patterns, as written.
        values: Vec<String>,
    },
    Condition {
        operator: String,
        key: String,
        /// The policy's values, as written.
        values: Vec<String>,
        /// What the request has; `None`: it does not have the key.
        request: Option<Vec<String>>,
    },
}
