//! Runs one case through the engine, and draws random ones from a seed.
#![allow(dead_code, reason = "each test file uses its part")]

pub mod random;

use std::sync::Arc;

use rolecall_base::AccountId;
use rolecall_policy::{
    Context, Decision, Kind, Layers, Malformed, Named, Policy, PolicyId, PolicySet, Principal, Request,
    ResourceKind, Rule, Trace, decide, explain,
};
use serde_json::Value;

use crate::oracle::{Case, Who};

/// A case with its documents compiled.
pub struct Prepared<'c> {
    case: &'c Case,
    identity: PolicySet,
    boundary: Option<PolicySet>,
    session: Option<PolicySet>,
    resource: Option<PolicySet>,
    endpoint: Option<PolicySet>,
    scps: Vec<Arc<PolicySet>>,
    rcps: Vec<Arc<PolicySet>>,
    facts: Context,
}

impl<'c> Prepared<'c> {
    pub fn new(case: &'c Case) -> Result<Prepared<'c>, Malformed> {
        let optional = |documents: &Option<Vec<Value>>, kind, name| {
            documents.as_ref().map(|documents| set(documents, kind, name)).transpose()
        };
        let levels = |levels: &[Vec<Value>], kind, name: &str| {
            let sets = levels.iter().enumerate();
            sets.map(|(at, level)| set(level, kind, &format!("{name}{at}")).map(Arc::new))
                .collect::<Result<Vec<_>, _>>()
        };
        let resource = if case.rule == "trust" { Kind::Trust } else { Kind::Resource(ResourceKind::Other) };
        Ok(Prepared {
            case,
            identity: set(&case.identity, Kind::Identity, "identity")?,
            boundary: optional(&case.boundary, Kind::Boundary, "boundary")?,
            session: optional(&case.session, Kind::Session, "session")?,
            resource: optional(&case.resource_policy, resource, "resource")?,
            endpoint: optional(&case.endpoint, Kind::Endpoint, "endpoint")?,
            scps: levels(&case.scps, Kind::ServiceControl, "scp")?,
            rcps: levels(&case.rcps, Kind::ResourceControl, "rcp")?,
            facts: facts(case),
        })
    }

    pub fn decide(&self) -> Decision<'_> {
        self.with(|layers, request| decide(layers, request))
    }

    pub fn explain(&self) -> Trace {
        self.with(|layers, request| explain(layers, request))
    }

    fn with<'s, T>(&'s self, ask: impl FnOnce(&Layers<'s>, &Request<'_>) -> T) -> T {
        let case = self.case;
        let layers = Layers {
            identity: Some(&self.identity),
            boundary: self.boundary.as_ref(),
            session: self.session.as_ref(),
            resource: self.resource.as_ref(),
            endpoint: self.endpoint.as_ref(),
            scps: &self.scps,
            rcps: &self.rcps,
            service_linked_role: case.service_linked_role,
            management_account: case.management_account,
            resource_in_management_account: case.resource_in_management_account,
        };
        let request = Request {
            principal: principal(&case.who),
            action: &case.action,
            resource: &case.resource,
            resource_account: case.resource_account.as_ref().map(|text| text.parse().unwrap()),
            facts: &self.facts,
            rule: match case.rule {
                "trust" => Rule::TrustDecides,
                "kms" => Rule::KmsLike,
                _ => Rule::Standard,
            },
        };
        ask(&layers, &request)
    }
}

fn set(documents: &[Value], kind: Kind, name: &str) -> Result<PolicySet, Malformed> {
    let named = documents.iter().enumerate().map(|(at, document)| {
        let policy = Policy::load(&document.to_string(), kind)?;
        let id = match kind {
            Kind::ServiceControl => {
                PolicyId::managed(format!("arn:aws:organizations::999999999999:policy/{name}/{at}"))
            }
            Kind::Boundary => PolicyId::managed(format!("arn:aws:iam::111111111111:policy/{name}{at}")),
            _ => PolicyId::attached(format!("{name}[{at}]")),
        };
        Ok(Named::new(Arc::new(policy), id))
    });
    Ok(PolicySet::new(named.collect::<Result<_, _>>()?))
}

fn facts(case: &Case) -> Context {
    let mut facts = Context::new();
    for (key, value) in &case.context {
        match value {
            Value::Array(list) => {
                facts.set_list(key, list.iter().map(|text| text.as_str().unwrap().to_owned()).collect());
            }
            text => facts.set(key, text.as_str().unwrap()),
        }
    }
    facts
}

pub fn principal(who: &Who) -> Principal<'_> {
    let account = || who.account.parse::<AccountId>().unwrap();
    match who.kind {
        "anonymous" => Principal::Anonymous,
        "root" => Principal::Root { account: account() },
        "user" => Principal::User { account: account(), arn: &who.arn, unique_id: &who.unique_id },
        "role" => Principal::Role {
            account: account(),
            role_arn: &who.parent,
            session_arn: &who.arn,
            unique_id: &who.unique_id,
        },
        "federated-user" => Principal::FederatedUser {
            account: account(),
            arn: &who.arn,
            user_arn: &who.parent,
            user_unique_id: &who.unique_id,
        },
        "service" => Principal::Service { name: &who.arn },
        "provider" => Principal::Federated { provider: &who.arn },
        other => panic!("{other}"),
    }
}

/// Reads a caller as `rolecall eval` does: an ARN, a service, a provider, `anonymous`.
pub fn who(text: &str) -> Who {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let (account, resource) = (parts.get(4).copied().unwrap_or(""), parts.get(5).copied().unwrap_or(""));
    let (kind, name) = resource.split_once('/').unwrap_or((resource, ""));
    let base = Who { account: account.to_owned(), arn: text.to_owned(), ..Who::default() };
    match kind {
        _ if text == "anonymous" => Who { kind: "anonymous", ..Who::default() },
        "" => Who { kind: if text.contains("amazonaws") { "service" } else { "provider" }, ..base },
        "root" => Who { kind: "root", ..base },
        "user" => Who { kind: "user", unique_id: unique_id("AIDA", name), ..base },
        "role" => {
            let last = name.rsplit('/').next().unwrap();
            let arn = format!("arn:aws:sts::{account}:assumed-role/{last}/unnamed");
            Who { kind: "role", parent: text.to_owned(), arn, unique_id: unique_id("AROA", last), ..base }
        }
        "assumed-role" => {
            let role = name.split('/').next().unwrap();
            let parent = format!("arn:aws:iam::{account}:role/{role}");
            Who { kind: "role", parent, unique_id: unique_id("AROA", role), ..base }
        }
        "federated-user" => {
            if name == "root" {
                return Who {
                    kind: "federated-user",
                    parent: format!("arn:aws:iam::{account}:root"),
                    ..base
                };
            }
            let parent = format!("arn:aws:iam::{account}:user/issuer");
            Who { kind: "federated-user", parent, unique_id: unique_id("AIDA", "issuer"), ..base }
        }
        "saml-provider" | "oidc-provider" => Who { kind: "provider", account: String::new(), ..base },
        other => panic!("{other}"),
    }
}

/// The id of the user or role of that name, in tests.
pub fn unique_id(prefix: &str, name: &str) -> String {
    format!("{prefix}{:0>17}", name.to_uppercase().replace(|c: char| !c.is_ascii_alphanumeric(), "0"))
}

/// A case from one line of a data file, in the form of `rolecall eval` with a `rule` beside.
pub fn case(line: &Value) -> Case {
    let text = |name: &str| line[name].as_str().map(str::to_owned);
    let documents = |name: &str| match &line[name] {
        Value::Null => None,
        Value::Array(list) => Some(list.clone()),
        single => Some(vec![single.clone()]),
    };
    let levels = |name: &str| {
        line[name].as_array().into_iter().flatten().map(|level| level.as_array().unwrap().clone()).collect()
    };
    let context = line["context"].as_object().into_iter().flatten();
    let management = line["management_account"] == true;
    let who = who(line["principal"].as_str().unwrap());
    let resource_account = text("resource_account");
    let same = resource_account.as_ref().is_none_or(|account| *account == who.account);
    Case {
        action: text("action").unwrap(),
        resource: text("resource").unwrap(),
        context: context.map(|(key, value)| (key.to_lowercase(), value.clone())).collect(),
        identity: documents("identity_policies").unwrap_or_default(),
        boundary: documents("boundary"),
        session: documents("session_policy"),
        resource_policy: documents("resource_policy"),
        endpoint: documents("endpoint_policy"),
        scps: levels("scps"),
        rcps: levels("rcps"),
        service_linked_role: line["service_linked_role"] == true,
        management_account: management,
        resource_in_management_account: management && same,
        rule: match line["rule"].as_str() {
            Some("trust") => "trust",
            Some("kms") => "kms",
            _ => "standard",
        },
        who,
        resource_account,
    }
}
