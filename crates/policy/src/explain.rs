//! Builds the explanation of a decision: every layer, and for each statement the first element that failed.

use crate::action::Folded;
use crate::caller::Level;
use crate::condition::Condition;
use crate::decide::{Evaluation, decide};
use crate::decision::{Layer, Matched};
use crate::document::Effect;
use crate::id::Named;
use crate::request::{Layers, Request};
use crate::set::{PolicySet, Query, level};
use crate::statement::Statement;
use crate::trace::{Failed, LayerTrace, StatementRef, StatementTrace, Trace};
use crate::{Facts, Value};

/// Explains one question: the same decision as [`decide`], with every statement of every layer.
pub fn explain(layers: &Layers<'_>, request: &Request<'_>) -> Trace {
    let decision = decide(layers, request);
    let action = Folded::new(request.action);
    let evaluation = Evaluation::new(layers, request, action.as_str(), decision.cross_account);
    Trace {
        decision: decision.word(),
        reason: decision.full_reason(request.action),
        because: decision.reason,
        layers: all_layers(layers, &evaluation),
        deciding: decision.matched.map(StatementRef::from),
    }
}

/// In the order in which denies are looked for.
fn all_layers(layers: &Layers<'_>, evaluation: &Evaluation<'_, '_, '_>) -> Vec<LayerTrace> {
    let (plain, named, endpoint) = evaluation.queries();
    let mut out = Vec::new();
    for (level, set) in layers.scps.iter().enumerate() {
        out.push(one(Layer::ServiceControl, Some(level), set, plain, evaluation.scps_bind()));
    }
    for (level, set) in layers.rcps.iter().enumerate() {
        out.push(one(Layer::ResourceControl, Some(level), set, named, evaluation.rcps_bind()));
    }
    let single = [
        (Layer::Endpoint, layers.endpoint, endpoint, true),
        (evaluation.resource_layer(), layers.resource, named, true),
        (Layer::Identity, layers.identity, plain, true),
        (Layer::Boundary, layers.boundary, plain, evaluation.boundary().is_some()),
        (Layer::Session, layers.session, plain, true),
    ];
    for (layer, set, query, binds) in single {
        out.extend(set.map(|set| one(layer, None, set, query, binds)));
    }
    out
}

fn one(layer: Layer, level: Option<usize>, set: &PolicySet, query: &Query<'_>, binds: bool) -> LayerTrace {
    let statements: Vec<_> =
        set.statements().map(|(named, statement)| trace(named, statement, query)).collect();
    let says = |effect| statements.iter().any(|statement| statement.matched && statement.effect == effect);
    let effect = [Effect::Deny, Effect::Allow].into_iter().find(|effect| says(*effect));
    LayerTrace { layer, level, effect, skipped: !binds, statements }
}

fn trace(named: &Named, statement: &Statement, query: &Query<'_>) -> StatementTrace {
    let level = level(statement, query);
    let failed = failure(statement, query, level);
    StatementTrace {
        at: StatementRef {
            policy: named.id.clone(),
            statement: statement.index,
            sid: statement.sid.as_deref().map(str::to_owned),
        },
        effect: statement.effect,
        matched: failed.is_none(),
        principal: query.caller.map(|_| level),
        failed,
    }
}

/// The first element that does not match, by the elements themselves and not by the index.
fn failure(statement: &Statement, query: &Query<'_>, level: Level) -> Option<Failed> {
    if level == Level::None {
        return Some(Failed::Principal);
    }
    if !statement.actions.matches(query.action) {
        return Some(Failed::Action);
    }
    let resources = statement.resources.as_ref();
    if !resources.is_none_or(|resources| resources.matches(query.resource, query.facts)) {
        return Some(Failed::Resource);
    }
    let condition = statement.conditions.iter().find(|condition| !condition.holds(query.facts))?;
    Some(failed_condition(condition, query.facts))
}

fn failed_condition(condition: &Condition, facts: &dyn Facts) -> Failed {
    Failed::Condition {
        operator: condition.raw.operator.clone(),
        key: condition.raw.key.clone(),
        values: condition.raw.values.clone(),
        request: facts.get(condition.key()).map(|value: Value<'_>| value.texts()),
    }
}

impl From<Matched<'_>> for StatementRef {
    fn from(matched: Matched<'_>) -> StatementRef {
        StatementRef {
            policy: matched.policy.clone(),
            statement: matched.statement,
            sid: matched.sid.map(str::to_owned),
        }
    }
}
