//! The line format: one case as JSON, checked, and compiled to what the engine asks for. `docs/eval.md` tells it.

use std::sync::Arc;

use rolecall_base::{AccountId, Arn};
use rolecall_policy::{
    Context, Facts, Kind, Layers, Named, Policy, PolicyId, PolicySet, Request, ResourceKind, Rule,
};
use serde::Deserialize;

use super::Refusal;
use super::caller::Caller;
use super::context::Keys;
use super::documents::{Document, Documents};

/// What AssumeRole and its kin ask of a role's trust policy.
const TRUST_ACTIONS: [&str; 6] = [
    "sts:AssumeRole",
    "sts:AssumeRoleWithSAML",
    "sts:AssumeRoleWithWebIdentity",
    "sts:TagSession",
    "sts:SetSourceIdentity",
    "sts:SetContext",
];

/// One line as written. An unknown field is refused: a mistyped one must not change a decision.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    pub principal: String,
    pub action: String,
    pub resource: String,
    pub resource_account: Option<String>,
    pub context: Option<Keys>,
    pub identity_policies: Option<Vec<Document>>,
    pub boundary: Option<Documents>,
    pub session_policy: Option<Documents>,
    pub resource_policy: Option<Documents>,
    pub endpoint_policy: Option<Documents>,
    pub scps: Option<Vec<Vec<Document>>>,
    pub rcps: Option<Vec<Vec<Document>>>,
    pub service_linked_role: Option<bool>,
    pub management_account: Option<bool>,
}

/// A case that can be decided.
#[derive(Debug)]
pub struct Compiled {
    action: String,
    resource: String,
    caller: Caller,
    resource_account: Option<AccountId>,
    facts: Context,
    rule: Rule,
    identity: Option<PolicySet>,
    boundary: Option<PolicySet>,
    session: Option<PolicySet>,
    resource_policy: Option<PolicySet>,
    endpoint: Option<PolicySet>,
    scps: Vec<Arc<PolicySet>>,
    rcps: Vec<Arc<PolicySet>>,
    service_linked_role: bool,
    management_account: bool,
}

impl Line {
    /// # Errors
    /// [`Refusal::Input`] for anything that is not an object of this form.
    pub fn read(text: &[u8]) -> Result<Line, Refusal> {
        // A list in the order of the fields would be taken otherwise.
        if text.trim_ascii_start().first() != Some(&b'{') {
            return Err(Refusal::Input("the line is not a JSON object".to_owned()));
        }
        serde_json::from_slice(text).map_err(|error| Refusal::Input(error.to_string()))
    }

    /// # Errors
    /// [`Refusal::Input`] for a value that has no meaning, [`Refusal::Document`] for a document that AWS refuses.
    pub fn compile(self) -> Result<Compiled, Refusal> {
        check_action(&self.action)?;
        let arn = resource(&self.resource)?;
        let Keys(facts) = self.context.unwrap_or_default();
        let user_id = facts.get("aws:userid");
        let user_id = user_id.as_ref().and_then(|value| value.text());
        let caller = Caller::read(&self.principal, &self.action, user_id.as_deref())?;
        let resource_account = owner(self.resource_account.as_deref(), arn)?;
        let has_policy = self.resource_policy.as_ref().is_some_and(|given| !given.0.is_empty());
        let rule = rule(&self.action, arn.as_ref(), has_policy);
        let kind = match rule {
            Rule::TrustDecides => Kind::Trust,
            _ => Kind::Resource(ResourceKind::Other),
        };
        Ok(Compiled {
            identity: optional(self.identity_policies.map(Documents), Kind::Identity, "identity")?,
            boundary: optional(self.boundary, Kind::Boundary, "boundary")?,
            session: optional(self.session_policy, Kind::Session, "session")?,
            resource_policy: optional(self.resource_policy, kind, "resource")?,
            endpoint: optional(self.endpoint_policy, Kind::Endpoint, "endpoint")?,
            scps: levels(self.scps, Kind::ServiceControl, "scps")?,
            rcps: levels(self.rcps, Kind::ResourceControl, "rcps")?,
            service_linked_role: self.service_linked_role.unwrap_or_default(),
            management_account: self.management_account.unwrap_or_default(),
            action: self.action,
            resource: self.resource,
            caller,
            resource_account,
            facts,
            rule,
        })
    }
}

impl Compiled {
    pub fn layers(&self) -> Layers<'_> {
        let owner = self.resource_account.or(self.caller.account());
        Layers {
            identity: self.identity.as_ref(),
            boundary: self.boundary.as_ref(),
            session: self.session.as_ref(),
            resource: self.resource_policy.as_ref(),
            endpoint: self.endpoint.as_ref(),
            scps: &self.scps,
            rcps: &self.rcps,
            service_linked_role: self.service_linked_role,
            management_account: self.management_account,
            resource_in_management_account: self.management_account && owner == self.caller.account(),
        }
    }

    pub fn request(&self) -> Request<'_> {
        Request {
            principal: self.caller.principal(),
            action: &self.action,
            resource: &self.resource,
            resource_account: self.resource_account,
            facts: &self.facts,
            rule: self.rule,
        }
    }
}

fn wrong(field: &str, what: &str, text: &str) -> Refusal {
    Refusal::Input(format!("{field}: `{text}` {what}"))
}

/// `service:Name`, without wildcards: a request does one thing.
fn check_action(action: &str) -> Result<(), Refusal> {
    let is_word = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
    };
    match action.split_once(':') {
        Some((service, name)) if is_word(service) && is_word(name) => Ok(()),
        _ => Err(wrong("action", "is not an action such as s3:GetObject", action)),
    }
}

/// `None` for `*`.
fn resource(text: &str) -> Result<Option<Arn<'_>>, Refusal> {
    if text == "*" {
        return Ok(None);
    }
    Arn::parse(text).map(Some).map_err(|_| wrong("resource", "is neither an ARN nor `*`", text))
}

/// The account that owns the resource, where the line tells it.
fn owner(given: Option<&str>, arn: Option<Arn<'_>>) -> Result<Option<AccountId>, Refusal> {
    match given {
        Some(text) => {
            text.parse().map(Some).map_err(|_| wrong("resource_account", "is not twelve digits", text))
        }
        None => Ok(arn.and_then(|arn| arn.account_id())),
    }
}

/// Who has the last word: assuming a role is its trust policy's matter, using a key the key policy's.
fn rule(action: &str, arn: Option<&Arn<'_>>, has_resource_policy: bool) -> Rule {
    let is = |service, kind| arn.is_some_and(|arn| arn.service == service && arn.kind_and_rest().0 == kind);
    let is_trust_action = TRUST_ACTIONS.iter().any(|known| known.eq_ignore_ascii_case(action));
    if is_trust_action && (is("iam", "role") || has_resource_policy) {
        Rule::TrustDecides
    } else if is("kms", "key") {
        Rule::KmsLike
    } else {
        Rule::Standard
    }
}

fn levels(
    levels: Option<Vec<Vec<Document>>>,
    kind: Kind,
    name: &str,
) -> Result<Vec<Arc<PolicySet>>, Refusal> {
    let levels = levels.into_iter().flatten().enumerate();
    levels.map(|(at, level)| set(level, kind, &format!("{name}[{at}]")).map(Arc::new)).collect()
}

/// A layer without documents is not there.
fn optional(documents: Option<Documents>, kind: Kind, name: &str) -> Result<Option<PolicySet>, Refusal> {
    match documents {
        Some(Documents(list)) if !list.is_empty() => set(list, kind, name).map(Some),
        _ => Ok(None),
    }
}

fn set(documents: Vec<Document>, kind: Kind, name: &str) -> Result<PolicySet, Refusal> {
    let named = documents.into_iter().enumerate().map(|(at, Document(text))| {
        let name = format!("{name}[{at}]");
        match Policy::load(&text, kind) {
            Ok(policy) => Ok(Named::new(Arc::new(policy), PolicyId::attached(name))),
            Err(malformed) => Err(Refusal::Document(name, malformed)),
        }
    });
    Ok(PolicySet::new(named.collect::<Result<_, _>>()?))
}
