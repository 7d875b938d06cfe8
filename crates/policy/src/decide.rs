//! The decision: which layers must allow, which denies win, and what a resource policy grants by itself.

use std::sync::Arc;

use crate::action::Action;
use crate::caller::{Level, Principal};
use crate::decision::{Decision, Layer, Reason};
use crate::request::{Layers, Request, Rule};
use crate::set::{Hit, Naming, PolicySet, Query};

/// Decides one question. Allocates nothing on the way to an allow.
pub fn decide<'a>(layers: &Layers<'a>, request: &Request<'_>) -> Decision<'a> {
    let cross_account = is_cross_account(request);
    if request.action.eq_ignore_ascii_case("sts:GetCallerIdentity") && request.principal.is_signed() {
        return Decision { allowed: true, reason: Reason::Always, matched: None, cross_account };
    }
    let (reason, hit) = Evaluation::new(layers, request).run();
    let allowed = matches!(reason, Reason::Granted(_) | Reason::Root | Reason::Always);
    Decision { allowed, reason, matched: hit.and_then(Hit::matched), cross_account }
}

fn is_cross_account(request: &Request<'_>) -> bool {
    matches!((request.principal.account(), request.resource_account), (Some(caller), Some(owner)) if caller != owner)
}

pub(crate) struct Evaluation<'l, 'a, 'q> {
    layers: &'l Layers<'a>,
    pub query: Query<'q>,
    rule: Rule,
    cross_account: bool,
}

type Outcome<'a> = (Reason, Option<Hit<'a>>);

impl<'l, 'a, 'q> Evaluation<'l, 'a, 'q> {
    pub fn new(layers: &'l Layers<'a>, request: &Request<'q>) -> Self {
        let query = Query {
            action: Action::new(request.action),
            resource: request.resource,
            facts: request.facts,
            caller: request.principal,
            has_boundary: layers.boundary.is_some() && !matches!(request.principal, Principal::Root { .. }),
        };
        let rule = match request.rule {
            Rule::KmsLike if request.resource == "*" => Rule::Standard,
            rule => rule,
        };
        Evaluation { layers, query, rule, cross_account: is_cross_account(request) }
    }

    fn run(&self) -> Outcome<'a> {
        if let Some((layer, hit)) = self.explicit_deny() {
            return (Reason::ExplicitDeny(layer), Some(hit));
        }
        if let Some(layer) = self.silent_guard() {
            return (Reason::Silent(layer), None);
        }
        let grant = self.layers.resource.and_then(|set| set.allow(&self.query, Naming::Required));
        if !self.query.caller.is_signed() {
            return match grant {
                Some((Level::Direct, hit)) => (Reason::Granted(self.resource_layer()), Some(hit)),
                _ => (Reason::Silent(self.resource_layer()), None),
            };
        }
        self.weigh(grant)
    }

    /// Which layer the resource's own policy is.
    pub fn resource_layer(&self) -> Layer {
        if self.rule == Rule::TrustDecides { Layer::Trust } else { Layer::Resource }
    }

    pub fn scps_bind(&self) -> bool {
        self.query.caller.is_signed() && !self.layers.service_linked_role && !self.layers.management_account
    }

    pub fn rcps_bind(&self) -> bool {
        !self.layers.service_linked_role && !self.layers.resource_in_management_account
    }

    fn scps(&self) -> &'a [Arc<PolicySet>] {
        if self.scps_bind() { self.layers.scps } else { &[] }
    }

    fn rcps(&self) -> &'a [Arc<PolicySet>] {
        if self.rcps_bind() { self.layers.rcps } else { &[] }
    }

    /// The boundary, which root does not have.
    pub fn boundary(&self) -> Option<&'a PolicySet> {
        self.layers.boundary.filter(|_| !matches!(self.query.caller, Principal::Root { .. }))
    }

    /// The first Deny, in the order in which layers are named to the caller.
    fn explicit_deny(&self) -> Option<(Layer, Hit<'a>)> {
        let one = |layer, set: Option<&'a PolicySet>, naming| Some((layer, set?.deny(&self.query, naming)?));
        let any = |layer, sets: &'a [Arc<PolicySet>], naming| {
            sets.iter().find_map(|set| one(layer, Some(set), naming))
        };
        any(Layer::ServiceControl, self.scps(), Naming::Nobody)
            .or_else(|| any(Layer::ResourceControl, self.rcps(), Naming::Required))
            .or_else(|| one(Layer::Endpoint, self.layers.endpoint, Naming::Optional))
            .or_else(|| one(self.resource_layer(), self.layers.resource, Naming::Required))
            .or_else(|| one(Layer::Identity, self.layers.identity, Naming::Nobody))
            .or_else(|| one(Layer::Boundary, self.boundary(), Naming::Nobody))
            .or_else(|| one(Layer::Session, self.layers.session, Naming::Nobody))
    }

    /// A layer that must allow whatever else grants, and does not.
    fn silent_guard(&self) -> Option<Layer> {
        if self.scps().iter().any(|set| !set.allows(&self.query, Naming::Nobody)) {
            return Some(Layer::ServiceControl);
        }
        let endpoint = self.layers.endpoint?;
        (!endpoint.allows(&self.query, Naming::Optional)).then_some(Layer::Endpoint)
    }

    /// What the resource grants against what the caller's own policies allow.
    fn weigh(&self, grant: Option<(Level, Hit<'a>)>) -> Outcome<'a> {
        if !self.cross_account
            && let Some((Level::Direct, hit)) = grant
        {
            return (Reason::Granted(self.resource_layer()), Some(hit));
        }
        let alone = self.rule == Rule::Standard && !self.cross_account;
        if grant.is_none() && !alone {
            return (Reason::Silent(self.resource_layer()), None);
        }
        if !self.cross_account
            && let Some((Level::Limited, hit)) = grant
        {
            return match self.silent_limit() {
                None => (Reason::Granted(self.resource_layer()), Some(hit)),
                Some(layer) => (Reason::Silent(layer), None),
            };
        }
        let identity = match self.identity() {
            Ok(outcome) => outcome,
            Err(layer) => return (Reason::Silent(layer), None),
        };
        match self.silent_limit() {
            None => identity,
            Some(layer) => (Reason::Silent(layer), None),
        }
    }

    fn identity(&self) -> Result<Outcome<'a>, Layer> {
        if let Principal::Root { .. } = self.query.caller {
            return Ok((Reason::Root, None));
        }
        if matches!(self.query.caller, Principal::FederatedUser { .. }) && self.layers.session.is_none() {
            return Err(Layer::Session);
        }
        let set = self.layers.identity.ok_or(Layer::Identity)?;
        let (_, hit) = set.allow(&self.query, Naming::Nobody).ok_or(Layer::Identity)?;
        Ok((Reason::Granted(Layer::Identity), Some(hit)))
    }

    /// The boundary or session policy that does not allow.
    fn silent_limit(&self) -> Option<Layer> {
        let silent =
            |set: Option<&PolicySet>| set.is_some_and(|set| !set.allows(&self.query, Naming::Nobody));
        if silent(self.boundary()) {
            Some(Layer::Boundary)
        } else if silent(self.layers.session) {
            Some(Layer::Session)
        } else {
            None
        }
    }
}
