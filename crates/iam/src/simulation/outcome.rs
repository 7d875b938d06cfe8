//! From the engine's explanation to the words of a simulation's answer.

use std::collections::{BTreeMap, HashMap, HashSet};

use rolecall_policy::{
    Effect, Layer, LayerTrace, Layers, Owner, PolicyId, PolicySet, Reason, StatementRef, Trace,
};

use crate::model::{
    EvaluationResult, OrganizationsDecisionDetail, PermissionsBoundaryDecisionDetail, Position,
    ResourceSpecificResult, Statement,
};

/// The statements of a simulation's policies as answers name them: their places are found once, not for each resource.
#[derive(Debug, Default)]
pub(super) struct Told {
    all: Vec<Statement>,
    /// The first statement of each policy.
    first: HashMap<&'static str, HashMap<PolicyId, usize>>,
}

impl Told {
    pub fn new<'p>(sets: impl Iterator<Item = (Layer, &'p PolicySet)>) -> Told {
        let mut told = Told::default();
        for (layer, set) in sets {
            for named in set.policies() {
                told.first.entry(kind(layer)).or_default().insert(named.id.clone(), told.all.len());
                for (start, end) in named.policy.statement_positions() {
                    told.all.push(Statement {
                        source_policy_id: Some(shown(&named.id)),
                        source_policy_type: Some(kind(layer).to_owned()),
                        start_position: Some(wire(start)),
                        end_position: Some(wire(end)),
                    });
                }
            }
        }
        told
    }

    fn number(&self, layer: Layer, at: &StatementRef) -> Option<usize> {
        let first = self.first.get(kind(layer))?.get(&at.policy)?;
        first.checked_add(at.statement)
    }

    fn show(&self, numbers: &[usize]) -> Vec<Statement> {
        numbers.iter().filter_map(|number| self.all.get(*number).cloned()).collect()
    }
}

/// The answer for one resource.
#[derive(Debug)]
pub(super) struct Outcome {
    decision: &'static str,
    /// Numbers of statements.
    matched: Vec<usize>,
    allowed_by_organizations: Option<bool>,
    allowed_by_boundary: Option<bool>,
    details: Option<BTreeMap<String, String>>,
}

impl Outcome {
    /// `organized`: service control policies take part. `specific`: the resource was named.
    pub fn new(
        trace: &Trace,
        layers: &Layers<'_>,
        told: &Told,
        organized: bool,
        cross_account: bool,
        specific: bool,
    ) -> Outcome {
        let of = |layer: Layer| trace.layers.iter().filter(move |one| one.layer == layer && !one.skipped);
        let allows = |one: &LayerTrace| one.effect == Some(Effect::Allow);
        let organizations = organized.then(|| of(Layer::ServiceControl).all(allows));
        let boundary = of(Layer::Boundary).next().map(allows);
        let details = match (organizations, cross_account) {
            // A denial by the organization ends the simulation.
            (Some(false), _) => None,
            (_, true) => Some(details(trace, layers)),
            (_, false) => specific.then(BTreeMap::new),
        };
        Outcome {
            decision: trace.decision,
            matched: matched(trace, told),
            allowed_by_organizations: organizations,
            allowed_by_boundary: boundary,
            details,
        }
    }
}

/// One action's result: the strictest of its resources' decisions, and each of them where they were named.
pub(super) fn result(
    action: &str,
    template: &str,
    outcomes: &[(&str, Outcome)],
    told: &Told,
    missing: &[String],
    specific: bool,
) -> EvaluationResult {
    let all = || outcomes.iter().map(|(_, outcome)| outcome);
    let decision = all().map(|outcome| outcome.decision).max_by_key(|decision| rank(decision));
    let decision = decision.unwrap_or("implicitDeny");
    let mut seen = HashSet::new();
    let mut statements: Vec<usize> = all()
        .filter(|outcome| outcome.decision == decision)
        .flat_map(|outcome| &outcome.matched)
        .copied()
        .collect();
    statements.retain(|number| seen.insert(*number));
    let every = |of: fn(&Outcome) -> Option<bool>| all().map(of).reduce(|one, other| Some(one? && other?));
    let mut details: Option<BTreeMap<String, String>> = None;
    for (source, decision) in all().filter_map(|outcome| outcome.details.as_ref()).flatten() {
        let worst = details.get_or_insert_default().entry(source.clone()).or_insert_with(|| decision.clone());
        if rank(decision) > rank(worst) {
            worst.clone_from(decision);
        }
    }
    let present = all().any(|outcome| outcome.details.is_some());
    EvaluationResult {
        eval_action_name: action.to_owned(),
        eval_resource_name: Some(template.to_owned()),
        eval_decision: decision.to_owned(),
        matched_statements: Some(told.show(&statements)),
        missing_context_values: Some(missing.to_vec()),
        organizations_decision_detail: every(|outcome| outcome.allowed_by_organizations)
            .flatten()
            .map(|allowed| OrganizationsDecisionDetail { allowed_by_organizations: Some(allowed) }),
        permissions_boundary_decision_detail: boundary(
            every(|outcome| outcome.allowed_by_boundary).flatten(),
        ),
        eval_decision_details: details.or_else(|| present.then(BTreeMap::new)),
        resource_specific_results: specific.then(|| {
            let each = outcomes.iter().map(|(resource, outcome)| ResourceSpecificResult {
                eval_resource_name: (*resource).to_owned(),
                eval_resource_decision: outcome.decision.to_owned(),
                matched_statements: Some(told.show(&outcome.matched)),
                missing_context_values: Some(missing.to_vec()),
                eval_decision_details: outcome.details.clone(),
                permissions_boundary_decision_detail: boundary(outcome.allowed_by_boundary),
            });
            each.collect()
        }),
    }
}

fn boundary(allowed: Option<bool>) -> Option<PermissionsBoundaryDecisionDetail> {
    allowed
        .map(|allowed| PermissionsBoundaryDecisionDetail { allowed_by_permissions_boundary: Some(allowed) })
}

fn rank(decision: &str) -> u8 {
    match decision {
        "explicitDeny" => 2,
        "implicitDeny" => 1,
        _ => 0,
    }
}

/// What each kind of policy says by itself, for a caller of another account.
fn details(trace: &Trace, layers: &Layers<'_>) -> BTreeMap<String, String> {
    let word = |layers: &[Layer]| {
        let effect = trace.layers.iter().find(|one| layers.contains(&one.layer)).and_then(|one| one.effect);
        match effect {
            Some(Effect::Allow) => "allowed",
            Some(Effect::Deny) => "explicitDeny",
            None => "implicitDeny",
        }
        .to_owned()
    };
    let mut out = BTreeMap::from([
        (kind(Layer::Identity).to_owned(), word(&[Layer::Identity])),
        (kind(Layer::Resource).to_owned(), word(&[Layer::Resource, Layer::Trust])),
    ]);
    if layers.boundary.is_some() {
        out.insert(kind(Layer::Boundary).to_owned(), word(&[Layer::Boundary]));
    }
    out
}

/// The statements that decided: all Denies where one did, else the Allows that grant. Those of service control
/// policies are not told.
fn matched(trace: &Trace, told: &Told) -> Vec<usize> {
    let effect = match trace.because {
        Reason::ExplicitDeny(_) => Effect::Deny,
        Reason::Granted(_) | Reason::Root => Effect::Allow,
        Reason::Always | Reason::Silent(_) => return Vec::new(),
    };
    let counts = |layer: Layer| match layer {
        Layer::Identity | Layer::Resource | Layer::Trust => true,
        Layer::Boundary => effect == Effect::Deny,
        _ => false,
    };
    let counted = trace.layers.iter().filter(|layer| !layer.skipped && counts(layer.layer));
    let decisive = counted.flat_map(|layer| {
        let own = layer.statements.iter().filter(|one| one.matched && one.effect == effect);
        own.filter_map(|one| told.number(layer.layer, &one.at))
    });
    decisive.collect()
}

fn wire(position: rolecall_policy::Position) -> Position {
    let number = |number: usize| i32::try_from(number).ok();
    Position { line: number(position.line), column: number(position.column) }
}

/// As AWS names policies in answers: a managed one by its name, an inline one with its holder.
fn shown(id: &PolicyId) -> String {
    match id {
        PolicyId::Managed(arn) => arn.rsplit('/').next().unwrap_or(arn).to_owned(),
        PolicyId::Inline { owner, entity, name } => {
            let word = match owner {
                Owner::User => "user",
                Owner::Group => "group",
                Owner::Role => "role",
            };
            format!("{word}_{entity}_{name}")
        }
        PolicyId::Attached(name) => name.clone(),
    }
}

/// AWS's model has other words for these; its answers have these.
fn kind(layer: Layer) -> &'static str {
    match layer {
        Layer::Resource | Layer::Trust => "Resource Policy",
        Layer::Boundary => "Permissions Boundary Policy",
        _ => "IAM Policy",
    }
}
