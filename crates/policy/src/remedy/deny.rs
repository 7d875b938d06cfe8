//! Ways past a Deny that matches: it is narrowed by what the request has, or dropped.

use crate::operator::{Family, Operator};
use crate::request::Request;
use crate::statement::Statement;
use crate::trace::{StatementRef, Trace};

use super::allow::{elsewhere, escapes, is_fixed};
use super::stack::{Rung, Stack};
use super::text::{Document, literal, resource};
use super::{Change, Edit, Step};

pub(super) fn steps<'a>(
    stack: &Stack<'a>,
    request: &Request<'_>,
    rung: Rung,
    trace: &Trace,
) -> Vec<Step<'a>> {
    let Some(at) = &trace.deciding else { return Vec::new() };
    let Some(named) = stack.policies(rung).iter().find(|one| one.id == at.policy) else { return Vec::new() };
    let Some(statement) = named.policy.statements.get(at.statement) else { return Vec::new() };
    let mut found = asked(stack, request, at, statement);
    if is_fixed(&at.policy) {
        return found;
    }
    let Some(text) = Document::read(named.policy.text()) else { return found };
    let edits = narrowed(&text, at.statement, statement, request);
    found.extend(edits.into_iter().filter_map(|(edit, document)| {
        let stack = stack.with_document(rung, &at.policy, &document)?;
        let (layer, level, policy) = (rung.layer, rung.level, at.policy.clone());
        let change = Change::Policy { layer, level, policy, new: false, edits: vec![edit], document };
        Some(Step { stack, change })
    }));
    if found.iter().all(|step| !matches!(&step.change, Change::Policy { .. }))
        && named.policy.statements.len() == 1
    {
        found.push(without(stack, request, rung, at, &text));
    }
    found.retain(|step| step.stack.explain(request).deciding.as_ref() != Some(at));
    found
}

/// Without a policy that is this one Deny.
fn without<'a>(
    stack: &Stack<'a>,
    request: &Request<'_>,
    rung: Rung,
    at: &StatementRef,
    text: &Document<'_>,
) -> Step<'a> {
    let edit = Edit {
        statement: Some(at.statement),
        element: "Policy".to_owned(),
        add: Vec::new(),
        remove: Vec::new(),
        elsewhere: elsewhere(text, at.statement, request),
    };
    let change = Change::Policy {
        layer: rung.layer,
        level: rung.level,
        policy: at.policy.clone(),
        new: false,
        edits: vec![edit],
        document: String::new(),
    };
    Step { stack: stack.without_document(rung, &at.policy), change }
}

/// The edits of a document's text after which the Deny should not match, the narrowest first.
fn narrowed(
    text: &Document<'_>,
    at: usize,
    statement: &Statement,
    request: &Request<'_>,
) -> Vec<(Edit, String)> {
    let mut found = Vec::new();
    let mut try_adding = |path: &[&str], add: Vec<String>, elsewhere: Vec<String>| {
        if let Some(document) = text.with_values(at, path, &add) {
            let element = path.join(" ");
            found.push((Edit { statement: Some(at), element, add, remove: Vec::new(), elsewhere }, document));
        }
    };
    let everywhere = || elsewhere(text, at, request);
    let all = if request.resource == "*" { everywhere() } else { Vec::new() };
    try_adding(&["NotResource"], vec![resource(request.resource)], all);
    try_adding(&["NotAction"], vec![request.action.to_owned()], everywhere());
    for condition in escapes(statement) {
        let values = request.facts.get(condition.key()).map(|value| value.texts()).unwrap_or_default();
        if !values.is_empty() {
            let path = ["Condition", condition.raw.operator.as_str(), condition.raw.key.as_str()];
            try_adding(&path, values.iter().map(|value| literal(value)).collect(), everywhere());
        }
    }
    for (element, value) in [("Resource", request.resource), ("Action", request.action)] {
        if let Some(document) = text.without_value(at, &[element], value) {
            let elsewhere = if element == "Action" { everywhere() } else { Vec::new() };
            let (statement, remove) = (Some(at), vec![value.to_owned()]);
            let element = element.to_owned();
            found.push((Edit { statement, element, add: Vec::new(), remove, elsewhere }, document));
        }
    }
    if let Some(document) = text.without_statement(at) {
        let (statement, element) = (Some(at), "Statement".to_owned());
        let elsewhere = everywhere();
        found.push((Edit { statement, element, add: Vec::new(), remove: Vec::new(), elsewhere }, document));
    }
    found
}

/// The request with a condition key by which the Deny spares others: a second factor, an allowed region.
fn asked<'a>(
    stack: &Stack<'a>,
    request: &Request<'_>,
    at: &StatementRef,
    statement: &Statement,
) -> Vec<Step<'a>> {
    let other = |operator: &str, values: &[String]| {
        let operator = Operator::parse(operator)?;
        let first = values.iter().find(|value| !value.contains(['*', '?', '$']))?;
        match (operator.family, operator.negated) {
            (Family::Bool, false) => Some(if first == "true" { "false" } else { "true" }.to_owned()),
            (Family::Bool, true) => Some(first.clone()),
            (Family::Text | Family::TextIgnoringCase | Family::Like, true) => Some(first.clone()),
            _ => None,
        }
    };
    let keys = statement.conditions.iter().filter_map(|condition| {
        let value = other(&condition.raw.operator, &condition.raw.values)?;
        Some((condition.raw.key.clone(), value))
    });
    let steps = keys.map(|(key, value)| {
        let stack = stack.with_key(&key, &value);
        Step { stack, change: Change::Request { key, value } }
    });
    steps.filter(|step| step.stack.explain(request).deciding.as_ref() != Some(at)).collect()
}
