//! Builds the explanation of a decision.

use crate::decide::decide;
use crate::request::{Layers, Request};
use crate::trace::{StatementRef, Trace};

/// Explains one question: the same decision as [`decide`], with every statement of every layer.
pub fn explain(layers: &Layers<'_>, request: &Request<'_>) -> Trace {
    let decision = decide(layers, request);
    Trace {
        decision: decision.word(),
        reason: decision.full_reason(request.action),
        layers: Vec::new(),
        deciding: decision.matched.map(|matched| StatementRef {
            policy: matched.policy.clone(),
            statement: matched.statement,
            sid: matched.sid.map(str::to_owned),
        }),
    }
}
