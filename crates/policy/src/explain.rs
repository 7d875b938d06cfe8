//! Builds the explanation of a decision: every layer, and for each statement the first element that failed.

use crate::caller::Level;
use crate::condition::Condition;
use crate::decide::{Evaluation, decide};
use crate::decision::{Layer, Matched};
use crate::document::{Effect, PrincipalType};
use crate::id::Named;
use crate::json::{self, Json, Node};
use crate::request::{Layers, Request};
use crate::set::{Naming, PolicySet, Query, level};
use crate::statement::Statement;
use crate::trace::{Failed, LayerTrace, StatementRef, StatementTrace, Trace};
use crate::{Facts, Value};

/// Explains one question: the same decision as [`decide`], with every statement of every layer.
pub fn explain(layers: &Layers<'_>, request: &Request<'_>) -> Trace {
    let decision = decide(layers, request);
    let evaluation = Evaluation::new(layers, request);
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
    let query = &evaluation.query;
    let mut out = Vec::new();
    for (level, set) in layers.scps.iter().enumerate() {
        let layer = (Layer::ServiceControl, Some(level), Naming::Nobody, evaluation.scps_bind());
        out.push(one(layer, set, query));
    }
    for (level, set) in layers.rcps.iter().enumerate() {
        let layer = (Layer::ResourceControl, Some(level), Naming::Required, evaluation.rcps_bind());
        out.push(one(layer, set, query));
    }
    let single = [
        (Layer::Endpoint, layers.endpoint, Naming::Optional, true),
        (evaluation.resource_layer(), layers.resource, Naming::Required, true),
        (Layer::Identity, layers.identity, Naming::Nobody, true),
        (Layer::Boundary, layers.boundary, Naming::Nobody, evaluation.boundary().is_some()),
        (Layer::Session, layers.session, Naming::Nobody, true),
    ];
    for (layer, set, naming, binds) in single {
        out.extend(set.map(|set| one((layer, None, naming, binds), set, query)));
    }
    out
}

/// `about`: the layer, its level, how its statements name callers, and whether it binds this one.
fn one(about: (Layer, Option<usize>, Naming, bool), set: &PolicySet, query: &Query<'_>) -> LayerTrace {
    let (layer, level, naming, binds) = about;
    let statements: Vec<_> =
        set.statements().map(|(named, statement)| trace(named, statement, query, naming)).collect();
    let says = |effect| statements.iter().any(|statement| statement.matched && statement.effect == effect);
    let effect = [Effect::Deny, Effect::Allow].into_iter().find(|effect| says(*effect));
    LayerTrace { layer, level, effect, skipped: !binds, statements }
}

fn trace(named: &Named, statement: &Statement, query: &Query<'_>, naming: Naming) -> StatementTrace {
    let level = level(statement, query, naming);
    let failed = failure(named, statement, query, level);
    StatementTrace {
        at: StatementRef {
            policy: named.id.clone(),
            statement: statement.index,
            sid: statement.sid.as_deref().map(str::to_owned),
        },
        effect: statement.effect,
        matched: failed.is_none(),
        principal: (naming != Naming::Nobody).then_some(level),
        failed,
    }
}

/// The first element that does not match, by the elements themselves and not by the index.
fn failure(named: &Named, statement: &Statement, query: &Query<'_>, level: Level) -> Option<Failed> {
    if !statement.actions.matches(&query.action) {
        return Some(Failed::Action);
    }
    if level == Level::None {
        return Some(failed_principal(named, statement));
    }
    if let Some(resources) = &statement.resources
        && !resources.matches(query.resource, query.facts)
    {
        let element = if resources.not { "NotResource" } else { "Resource" };
        return Some(Failed::Resource { not: resources.not, values: written(named, statement, element) });
    }
    let condition = statement.conditions.iter().find(|condition| !condition.holds(query.facts))?;
    Some(failed_condition(condition, query.facts))
}

fn failed_principal(named: &Named, statement: &Statement) -> Failed {
    let entries = named.policy.principals().iter().filter(|entry| entry.statement == statement.index);
    let values = entries.map(|entry| match entry.kind {
        PrincipalType::Everyone => entry.value.clone(),
        kind => format!("{}:{}", kind.as_str(), entry.value),
    });
    let not = statement.principals.as_ref().is_some_and(|principals| principals.not);
    Failed::Principal { not, values: values.collect() }
}

/// A statement's texts under one element, read again from the document: compiled patterns do not keep them.
fn written(named: &Named, statement: &Statement, element: &str) -> Vec<String> {
    let text = named.policy.text().get(statement.span.clone()).unwrap_or_default();
    let Ok(Node { value: Json::Object(members), .. }) = json::parse(text) else { return Vec::new() };
    let found = members.into_iter().find(|(key, _)| key == element);
    let texts = match found.map(|(_, node)| node.value) {
        Some(Json::Array(items)) => items,
        Some(single) => vec![Node { value: single, span: 0..0 }],
        None => Vec::new(),
    };
    let text = |node: Node| if let Json::String(text) = node.value { Some(text) } else { None };
    texts.into_iter().filter_map(text).collect()
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
