//! Ways to have a silent layer allow: a statement that is near is widened, or an exact one is added.

use crate::caller::Principal;
use crate::condition::Condition;
use crate::decision::Layer;
use crate::document::Effect;
use crate::id::{Owner, PolicyId};
use crate::operator::{Family, Operator, Quantifier};
use crate::request::Request;
use crate::statement::Statement;
use crate::trace::{Failed, StatementRef, StatementTrace, Trace};

use super::stack::{Rung, Stack};
use super::text::{Document, literal, quote, resource};
use super::{Change, Edit, Step};

/// Elements of one statement that may each need a change.
const ELEMENTS: usize = 8;

pub(super) fn steps<'a>(
    stack: &Stack<'a>,
    request: &Request<'_>,
    rung: Rung,
    trace: &Trace,
) -> Vec<Step<'a>> {
    let mut found = Vec::new();
    found.extend(exact(stack, request, rung));
    let here = trace.layers.iter().filter(|layer| layer.layer == rung.layer && layer.level == rung.level);
    let near = here.flat_map(|layer| &layer.statements).filter(|statement| {
        statement.effect == Effect::Allow && !matches!(statement.failed, None | Some(Failed::Action))
    });
    for statement in near {
        found.extend(asked(stack, request, rung, statement));
        found.extend(widened(stack, request, rung, &statement.at));
    }
    found
}

/// A policy of AWS's own, which nobody can edit.
pub(super) fn is_fixed(id: &PolicyId) -> bool {
    let arn = id.arn().unwrap_or_default();
    arn.starts_with("arn:aws:iam::aws:") || arn.starts_with("arn:aws:organizations::aws:")
}

/// A statement for this action on this resource, in a document that tells on nobody else where there is one.
fn exact<'a>(stack: &Stack<'a>, request: &Request<'_>, rung: Rung) -> Option<Step<'a>> {
    let statement = statement(request, rung)?;
    let home = stack.policies(rung).iter().find(|one| match (&one.id, rung.layer) {
        (PolicyId::Inline { owner, .. }, _) => *owner != Owner::Group,
        (_, Layer::Identity) => false,
        (id, _) => !is_fixed(id),
    });
    let (id, new, document) = match home {
        Some(one) => (one.id.clone(), false, Document::read(one.policy.text())?.with_statement(&statement)),
        // A session's policies and a boundary are what they are: there is no second one to add.
        None if matches!(rung.layer, Layer::Session | Layer::Boundary) => return None,
        None => {
            let id = new_id(request, rung);
            (id, true, format!(r#"{{"Version": "2012-10-17", "Statement": [{statement}]}}"#))
        }
    };
    let stack = stack.with_document(rung, &id, &document)?;
    let edit = Edit {
        statement: None,
        element: "Statement".to_owned(),
        add: vec![statement],
        remove: Vec::new(),
        elsewhere: Vec::new(),
    };
    let change =
        Change::Policy { layer: rung.layer, level: rung.level, policy: id, new, edits: vec![edit], document };
    Some(Step { stack, change })
}

fn new_id(request: &Request<'_>, rung: Rung) -> PolicyId {
    let name = |arn: &str| arn.rsplit('/').next().unwrap_or_default().to_owned();
    match (rung.layer, request.principal) {
        (Layer::Identity, Principal::User { arn, .. }) => PolicyId::inline(Owner::User, name(arn), "NEW"),
        (Layer::Identity, Principal::FederatedUser { user_arn, .. }) => {
            PolicyId::inline(Owner::User, name(user_arn), "NEW")
        }
        (Layer::Identity, Principal::Role { role_arn, .. }) => {
            PolicyId::inline(Owner::Role, name(role_arn), "NEW")
        }
        (Layer::Resource, _) => PolicyId::attached(request.resource),
        (layer, _) => PolicyId::attached(format!("new {}", layer.noun())),
    }
}

/// As text.
fn statement(request: &Request<'_>, rung: Rung) -> Option<String> {
    let action = quote(request.action);
    let principal = match rung.layer {
        Layer::Resource | Layer::Trust => format!(r#""Principal": {}, "#, principal(request.principal)?),
        Layer::Endpoint => r#""Principal": "*", "#.to_owned(),
        _ => String::new(),
    };
    let on = match rung.layer {
        Layer::Trust => String::new(),
        _ => format!(r#", "Resource": {}"#, quote(&resource(request.resource))),
    };
    Some(format!(r#"{{"Effect": "Allow", {principal}"Action": {action}{on}}}"#))
}

/// The caller as a Principal element.
fn principal(caller: Principal<'_>) -> Option<String> {
    let aws = |arn: &str| format!(r#"{{"AWS": {}}}"#, quote(arn));
    Some(match caller {
        Principal::Anonymous => r#""*""#.to_owned(),
        Principal::Root { account } => aws(&account.root_arn()),
        Principal::User { arn, .. } | Principal::FederatedUser { arn, .. } => aws(arn),
        Principal::Role { role_arn, .. } => aws(role_arn),
        Principal::Service { name } => format!(r#"{{"Service": {}}}"#, quote(name)),
        Principal::Federated { provider } => format!(r#"{{"Federated": {}}}"#, quote(provider)),
    })
}

/// The request with the condition key that a near statement wants, where the statement fails by nothing else.
fn asked<'a>(
    stack: &Stack<'a>,
    request: &Request<'_>,
    rung: Rung,
    near: &StatementTrace,
) -> Option<Step<'a>> {
    let Some(Failed::Condition { operator, key, values, request: None }) = &near.failed else { return None };
    let operator = Operator::parse(operator)?;
    let plain = values.iter().find(|value| !value.contains(['*', '?', '$']))?;
    let telling =
        matches!(operator.family, Family::Text | Family::TextIgnoringCase | Family::Like | Family::Bool);
    if operator.negated || operator.quantifier.is_some() || !telling {
        return None;
    }
    let stack = stack.with_key(key, plain);
    passes(&stack, request, rung, &near.at).then(|| {
        let change = Change::Request { key: key.clone(), value: plain.clone() };
        Step { stack, change }
    })
}

/// A near statement, with each element that fails widened by just what the request has.
fn widened<'a>(stack: &Stack<'a>, request: &Request<'_>, rung: Rung, at: &StatementRef) -> Option<Step<'a>> {
    if is_fixed(&at.policy) {
        return None;
    }
    let (mut stack, mut edits, mut document) = (stack.clone(), Vec::new(), String::new());
    for _ in 0..ELEMENTS {
        let trace = stack.explain(request);
        let mut layers =
            trace.layers.iter().filter(|layer| layer.layer == rung.layer && layer.level == rung.level);
        let now = layers.find_map(|layer| layer.statements.iter().find(|statement| statement.at == *at))?;
        let Some(failed) = &now.failed else {
            let (layer, level, policy) = (rung.layer, rung.level, at.policy.clone());
            let change = Change::Policy { layer, level, policy, new: false, edits, document };
            return Some(Step { stack, change });
        };
        let named = stack.policies(rung).iter().find(|one| one.id == at.policy)?;
        let text = Document::read(named.policy.text())?;
        let (path, add) = wider(failed, request)?;
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        document = text.with_values(at.statement, &path, &add)?;
        let elsewhere = match failed {
            Failed::Resource { .. } if request.resource == "*" => add.clone(),
            Failed::Condition { .. } => elsewhere(&text, at.statement, request),
            _ => Vec::new(),
        };
        let element = path.join(" ");
        edits.push(Edit { statement: Some(at.statement), element, add, remove: Vec::new(), elsewhere });
        stack = stack.with_document(rung, &at.policy, &document)?;
    }
    None
}

/// The statement's resources, if they are more than the request's.
pub(super) fn elsewhere(text: &Document<'_>, statement: usize, request: &Request<'_>) -> Vec<String> {
    let mut resources = text.values(statement, &["Resource"]);
    if resources.is_empty() {
        resources =
            text.values(statement, &["NotResource"]).iter().map(|one| format!("all but {one}")).collect();
    }
    resources.retain(|resource| resource != request.resource);
    resources
}

/// What to add where so that the element matches.
fn wider(failed: &Failed, request: &Request<'_>) -> Option<(Vec<String>, Vec<String>)> {
    let path = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    match failed {
        Failed::Resource { not: false, .. } => Some((path(&["Resource"]), vec![resource(request.resource)])),
        Failed::Condition { operator, key, request: Some(values), .. } => {
            let parsed = Operator::parse(operator)?;
            let telling = matches!(
                parsed.family,
                Family::Text | Family::TextIgnoringCase | Family::Like | Family::Ip | Family::Arn
            );
            let fits = telling && !parsed.negated && !values.is_empty();
            let values = values.iter().map(|value| literal(value)).collect();
            fits.then(|| (path(&["Condition", operator, key]), values))
        }
        Failed::Principal { not: false, .. } => {
            let (kind, name) = match request.principal {
                Principal::User { arn, .. } | Principal::FederatedUser { arn, .. } => ("AWS", arn),
                Principal::Role { role_arn, .. } => ("AWS", role_arn),
                Principal::Service { name } => ("Service", name),
                Principal::Federated { provider } => ("Federated", provider),
                Principal::Root { .. } | Principal::Anonymous => return None,
            };
            Some((path(&["Principal", kind]), vec![name.to_owned()]))
        }
        _ => None,
    }
}

fn passes(stack: &Stack<'_>, request: &Request<'_>, rung: Rung, at: &StatementRef) -> bool {
    let trace = stack.explain(request);
    let mut layers =
        trace.layers.iter().filter(|layer| layer.layer == rung.layer && layer.level == rung.level);
    layers.any(|layer| layer.statements.iter().any(|statement| statement.at == *at && statement.matched))
}

/// Where a value may be added to a negated condition so that it no longer holds: the conditions of a Deny.
pub(super) fn escapes(statement: &Statement) -> impl Iterator<Item = &Condition> {
    statement.conditions.iter().filter(|condition| {
        Operator::parse(&condition.raw.operator).is_some_and(|operator| {
            let telling = matches!(
                operator.family,
                Family::Text | Family::TextIgnoringCase | Family::Like | Family::Ip | Family::Arn
            );
            operator.negated && telling && operator.quantifier != Some(Quantifier::Any)
        })
    })
}
