//! Simulations: what given or attached policies would answer, put to the engine that enforces.
//!
//! `source` gathers the policies, `caller` who is simulated, `context` the condition keys; `outcome` words the
//! engine's answers. What AWS leaves open is settled in `docs/decisions/0011-simulations-and-reports-of-use.md`.

mod caller;
mod context;
mod exclusion;
mod outcome;
mod scenario;
mod source;

use rolecall_actions::catalog;
use rolecall_base::{AccountId, Arn, Fault};
use rolecall_policy::{
    Kind, Layer, Layers, Named, Policy, PolicyId, PolicySet, Request, ResourceKind, Rule, explain,
};

pub(crate) use caller::Caller;
pub(crate) use exclusion::Exclusions;
pub(crate) use source::{Sources, truly_named};

use crate::context_keys::Keys;
use crate::model::{self, ContextEntry, fault};
use crate::page::Window;
use context::Known;
use outcome::{Outcome, Told};

/// Statements and missing keys that one call may weigh, over all resources and actions of its page. Its answer may name
/// each of them, so this bounds time and memory: about a second's work, and some 100 MB.
const BUDGET: usize = 200_000;

/// What AssumeRole and its kin ask of a role's trust policy.
const TRUST_ACTIONS: [&str; 6] = [
    "sts:AssumeRole",
    "sts:AssumeRoleWithSAML",
    "sts:AssumeRoleWithWebIdentity",
    "sts:TagSession",
    "sts:SetSourceIdentity",
    "sts:SetContext",
];

/// The questions, as both operations put them.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub actions: &'a [String],
    pub resources: Option<&'a [String]>,
    pub resource_policy: Option<&'a str>,
    pub resource_owner: Option<&'a str>,
    pub context: Option<&'a [ContextEntry]>,
    pub handling: Option<&'a str>,
    pub window: Window,
}

/// A simulation that can be run.
struct Simulation<'a> {
    sources: &'a Sources,
    caller: Option<&'a Caller>,
    owner: Option<AccountId>,
    policy: Option<Attached>,
    known: Known,
    missing: Vec<String>,
    told: Told,
    /// Given one by one, not as `*`.
    specific: bool,
    resources: Vec<&'a str>,
}

/// The resource policy; a trust policy where a role is assumed. Only one of the two forms need be readable.
struct Attached {
    other: Result<PolicySet, Fault>,
    trust: Result<PolicySet, Fault>,
}

/// Runs a simulation and answers a page of it: one result an action.
///
/// # Errors
/// InvalidInput.
pub(crate) fn run(
    sources: &Sources,
    caller: Option<&Caller>,
    asked: &Asked<'_>,
) -> Result<model::SimulatePolicyResponse, Fault> {
    for action in asked.actions {
        check_action(action)?;
    }
    let resources: Vec<&str> = match asked.resources {
        Some(list) if !list.is_empty() => list.iter().map(String::as_str).collect(),
        _ => vec!["*"],
    };
    for resource in &resources {
        check_resource(resource)?;
    }
    scenario::check(asked.handling, &resources)?;
    if asked.resource_policy.is_some() && !caller.is_some_and(Caller::is_user) {
        return Err(fault::invalid_input("Invalid caller - Caller must be an IAM user in this context."));
    }
    let policy = asked.resource_policy.map(Attached::read).transpose()?;
    let known = Known::new(asked.context.unwrap_or_default(), caller)?;
    let mut simulation = Simulation {
        sources,
        caller,
        owner: asked.resource_owner.map(owner).transpose()?,
        missing: Vec::new(),
        told: Told::default(),
        specific: resources.iter().any(|resource| *resource != "*"),
        policy,
        known,
        resources,
    };
    simulation.missing = simulation.missing();
    let each = simulation.statements().saturating_add(simulation.missing.len()).max(1);
    let weight = simulation.resources.len().saturating_mul(each);
    if weight > BUDGET {
        return Err(fault::invalid_input("The simulation has too many resources and policy statements."));
    }
    simulation.told = simulation.told();
    let window = Window { limit: asked.window.limit.min(BUDGET / weight).max(1), ..asked.window.clone() };
    let actions = asked.actions.iter().enumerate().map(|(at, action)| (format!("{at:06}"), action));
    let page = window.cut(actions);
    let results = page.items.iter().map(|action| simulation.action(action)).collect::<Result<_, _>>()?;
    Ok(model::SimulatePolicyResponse {
        evaluation_results: Some(results),
        is_truncated: page.is_truncated(),
        marker: page.marker,
    })
}

impl Attached {
    fn read(text: &str) -> Result<Attached, Fault> {
        let set = |kind| -> Result<PolicySet, Fault> {
            let policy = source::read(text, kind)?;
            Ok(PolicySet::new(vec![Named::new(policy, PolicyId::attached("ResourcePolicy"))]))
        };
        let (other, trust) = (set(Kind::Resource(ResourceKind::Other)), set(Kind::Trust));
        match (&other, &trust) {
            (Err(fault), Err(_)) => Err(fault.clone()),
            _ => Ok(Attached { other, trust }),
        }
    }

    fn any(&self) -> Option<&PolicySet> {
        self.other.as_ref().or(self.trust.as_ref()).ok()
    }
}

impl Simulation<'_> {
    fn sets(&self) -> impl Iterator<Item = &PolicySet> {
        let own = [Some(&self.sources.identity), self.sources.boundary.as_ref()];
        own.into_iter().flatten().chain(self.policy.as_ref().and_then(Attached::any))
    }

    fn statements(&self) -> usize {
        let scps = self.sources.scps.iter().flatten().map(|level| &**level);
        let named = self.sets().chain(scps).flat_map(PolicySet::policies);
        named.map(|named| named.policy.statement_count()).sum()
    }

    /// The keys that the policies ask for and nobody gave. AWS leaves out those of service control policies.
    fn missing(&self) -> Vec<String> {
        let mut keys = Keys::default();
        for named in self.sets().flat_map(PolicySet::policies) {
            keys.add(&named.policy);
        }
        let mut keys = keys.list();
        keys.retain(|key| !self.known.has(key));
        keys
    }

    /// The statements that answers may name.
    fn told(&self) -> Told {
        let policy = self.policy.as_ref().and_then(Attached::any).map(|set| (Layer::Resource, set));
        let boundary = self.sources.boundary.as_ref().map(|set| (Layer::Boundary, set));
        let sets = [Some((Layer::Identity, &self.sources.identity)), boundary, policy];
        Told::new(sets.into_iter().flatten())
    }

    fn action(&self, action: &str) -> Result<model::EvaluationResult, Fault> {
        let each = self.resources.iter().copied();
        let outcomes = each.map(|resource| Ok((resource, self.question(action, resource)?)));
        let outcomes = outcomes.collect::<Result<Vec<_>, Fault>>()?;
        Ok(outcome::result(
            action,
            template(action, &self.resources),
            &outcomes,
            &self.told,
            &self.missing,
            self.specific,
        ))
    }

    fn question(&self, action: &str, resource: &str) -> Result<Outcome, Fault> {
        let arn = Arn::parse(resource).ok();
        let rule = self.rule(action, arn.as_ref());
        let policy = match (&self.policy, rule) {
            (Some(attached), Rule::TrustDecides) => Some(attached.trust.as_ref()),
            (Some(attached), _) => Some(attached.other.as_ref()),
            (None, _) => None,
        };
        let layers = Layers {
            identity: Some(&self.sources.identity),
            boundary: self.sources.boundary.as_ref(),
            resource: policy.transpose().map_err(Clone::clone)?,
            scps: self.sources.scps.as_deref().unwrap_or_default(),
            service_linked_role: self.sources.service_linked,
            ..Layers::default()
        };
        // Without a caller nobody is of another account than the resource.
        let owner = arn.and_then(|arn| arn.account_id()).or(self.owner).filter(|_| self.caller.is_some());
        let nobody = Caller::nobody();
        let request = Request {
            principal: self.caller.unwrap_or(&nobody).principal(),
            action,
            resource,
            resource_account: owner,
            facts: &self.known,
            rule,
        };
        let cross_account = owner.is_some() && owner != request.principal.account();
        let trace = explain(&layers, &request);
        let organized = self.sources.scps.is_some();
        Ok(Outcome::new(&trace, &layers, &self.told, organized, cross_account, self.specific))
    }

    /// Who has the last word. Without a resource policy AWS leaves role trust and key policies out of account.
    fn rule(&self, action: &str, arn: Option<&Arn<'_>>) -> Rule {
        let is =
            |service, kind| arn.is_some_and(|arn| arn.service == service && arn.kind_and_rest().0 == kind);
        if self.policy.is_none() {
            Rule::Standard
        } else if is("iam", "role") && TRUST_ACTIONS.iter().any(|known| known.eq_ignore_ascii_case(action)) {
            Rule::TrustDecides
        } else if is("kms", "key") {
            Rule::KmsLike
        } else {
            Rule::Standard
        }
    }
}

/// An action of AWS, or of our own service.
fn check_action(action: &str) -> Result<(), Fault> {
    let ours = || rolecall_actions::rolecall::ALL.iter().any(|row| row.name.eq_ignore_ascii_case(action));
    if catalog::action(action).is_some() || ours() {
        return Ok(());
    }
    Err(fault::invalid_input(format!("Invalid Action: {action} is not the name of an action.")))
}

fn check_resource(resource: &str) -> Result<(), Fault> {
    if resource == "*" || Arn::parse(resource).is_ok() {
        return Ok(());
    }
    Err(fault::invalid_input(format!("Invalid Resource Arn: {resource} must be in ARN format or \"*\".")))
}

/// `arn:aws:iam::111111111111:root`.
fn owner(text: &str) -> Result<AccountId, Fault> {
    let arn = Arn::parse(text).ok().filter(|arn| arn.service == "iam" && arn.resource == "root");
    arn.and_then(|arn| arn.account_id())
        .ok_or_else(|| fault::invalid_input(format!("'{text}' is not a valid as a Resource Owner.")))
}

/// The form of the action's resources: of the first one asked about, else the shortest; `*` where it takes none.
fn template(action: &str, resources: &[&str]) -> &'static str {
    let Some(listed) = catalog::action(action) else { return "*" };
    let first = resources.first().copied().unwrap_or("*");
    let fitting = listed.templates().filter(|template| catalog::is_of_form(first, template));
    let fitting = fitting.max_by_key(|template| template.len());
    fitting.or_else(|| listed.templates().min_by_key(|template| template.len())).unwrap_or("*")
}

/// A document of a request, compiled.
type Document = std::sync::Arc<Policy>;
