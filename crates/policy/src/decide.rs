//! The decision: which layers must allow, which denies win, and what a resource policy grants by itself.

use std::sync::Arc;

use crate::action::Folded;
use crate::caller::{Level, Principal};
use crate::decision::{Decision, Layer, Matched, Reason};
use crate::request::{Layers, Request, Rule};
use crate::set::{PolicySet, Query};

/// Decides one question. Allocates nothing on the way to an allow.
pub fn decide<'a>(layers: &Layers<'a>, request: &Request<'_>) -> Decision<'a> {
    let cross_account = is_cross_account(request);
    let folded = Folded::new(request.action);
    if folded.as_str() == "sts:getcalleridentity" && request.principal.is_signed() {
        return Decision { allowed: true, reason: Reason::Always, matched: None, cross_account };
    }
    let (reason, matched) = Evaluation::new(layers, request, folded.as_str(), cross_account).run();
    let allowed = matches!(reason, Reason::Granted(_) | Reason::Root | Reason::Always);
    Decision { allowed, reason, matched, cross_account }
}

fn is_cross_account(request: &Request<'_>) -> bool {
    matches!((request.principal.account(), request.resource_account), (Some(caller), Some(owner)) if caller != owner)
}

pub(crate) struct Evaluation<'l, 'a, 'q> {
    layers: &'l Layers<'a>,
    principal: &'q Principal<'q>,
    /// Of layers whose statements bind every caller alike.
    plain: Query<'q>,
    /// Of layers whose statements must name principals.
    named: Query<'q>,
    /// Of endpoint policies, whose statements may name principals.
    endpoint: Query<'q>,
    rule: Rule,
    cross_account: bool,
}

type Outcome<'a> = (Reason, Option<Matched<'a>>);

impl<'l, 'a, 'q> Evaluation<'l, 'a, 'q> {
    pub fn new(
        layers: &'l Layers<'a>,
        request: &'q Request<'q>,
        action: &'q str,
        cross_account: bool,
    ) -> Self {
        let has_boundary = layers.boundary.is_some() && !matches!(request.principal, Principal::Root { .. });
        let plain = Query {
            action,
            resource: request.resource,
            facts: request.facts,
            caller: None,
            unnamed: Level::Direct,
            has_boundary,
        };
        let endpoint = Query { caller: Some(&request.principal), ..plain };
        let named = Query { unnamed: Level::None, ..endpoint };
        let rule = if request.rule == Rule::KmsLike && request.resource == "*" {
            Rule::Standard
        } else {
            request.rule
        };
        Evaluation { layers, principal: &request.principal, plain, named, endpoint, rule, cross_account }
    }

    /// What layers are asked whose statements name nobody, must name someone, may name someone.
    pub fn queries(&self) -> (&Query<'q>, &Query<'q>, &Query<'q>) {
        (&self.plain, &self.named, &self.endpoint)
    }

    fn run(&self) -> Outcome<'a> {
        if let Some((layer, matched)) = self.explicit_deny() {
            return (Reason::ExplicitDeny(layer), Some(matched));
        }
        if let Some(layer) = self.silent_guard() {
            return (Reason::Silent(layer), None);
        }
        let grant = self.layers.resource.and_then(|set| set.allow(&self.named));
        if !self.principal.is_signed() {
            return match grant {
                Some((Level::Direct, matched)) => (Reason::Granted(self.resource_layer()), Some(matched)),
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
        self.principal.is_signed() && !self.layers.service_linked_role && !self.layers.management_account
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
        self.layers.boundary.filter(|_| !matches!(self.principal, Principal::Root { .. }))
    }

    /// The first Deny, in the order in which layers are named to the caller.
    fn explicit_deny(&self) -> Option<(Layer, Matched<'a>)> {
        let of = |layer, set: Option<&'a PolicySet>, query| Some((layer, set?.deny(query)?));
        let (plain, named) = (&self.plain, &self.named);
        self.scps()
            .iter()
            .find_map(|set| of(Layer::ServiceControl, Some(set), plain))
            .or_else(|| self.rcps().iter().find_map(|set| of(Layer::ResourceControl, Some(set), named)))
            .or_else(|| of(Layer::Endpoint, self.layers.endpoint, &self.endpoint))
            .or_else(|| of(self.resource_layer(), self.layers.resource, named))
            .or_else(|| of(Layer::Identity, self.layers.identity, plain))
            .or_else(|| of(Layer::Boundary, self.boundary(), plain))
            .or_else(|| of(Layer::Session, self.layers.session, plain))
    }

    /// A layer that must allow whatever else grants, and does not.
    fn silent_guard(&self) -> Option<Layer> {
        if self.scps().iter().any(|set| set.allow(&self.plain).is_none()) {
            return Some(Layer::ServiceControl);
        }
        let endpoint = self.layers.endpoint?;
        endpoint.allow(&self.endpoint).is_none().then_some(Layer::Endpoint)
    }

    /// What the resource grants against what the caller's own policies allow.
    fn weigh(&self, grant: Option<(Level, Matched<'a>)>) -> Outcome<'a> {
        if !self.cross_account
            && let Some((Level::Direct, matched)) = grant
        {
            return (Reason::Granted(self.resource_layer()), Some(matched));
        }
        let alone = self.rule == Rule::Standard && !self.cross_account;
        if grant.is_none() && !alone {
            return (Reason::Silent(self.resource_layer()), None);
        }
        if !self.cross_account
            && let Some((Level::Limited, matched)) = grant
        {
            return match self.silent_limit() {
                None => (Reason::Granted(self.resource_layer()), Some(matched)),
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
        if let Principal::Root { .. } = self.principal {
            return Ok((Reason::Root, None));
        }
        if matches!(self.principal, Principal::FederatedUser { .. }) && self.layers.session.is_none() {
            return Err(Layer::Session);
        }
        let set = self.layers.identity.ok_or(Layer::Identity)?;
        let (_, matched) = set.allow(&self.plain).ok_or(Layer::Identity)?;
        Ok((Reason::Granted(Layer::Identity), Some(matched)))
    }

    /// The boundary or session policy that does not allow.
    fn silent_limit(&self) -> Option<Layer> {
        let silent = |set: Option<&PolicySet>| set.is_some_and(|set| set.allow(&self.plain).is_none());
        if silent(self.boundary()) {
            Some(Layer::Boundary)
        } else if silent(self.layers.session) {
            Some(Layer::Session)
        } else {
            None
        }
    }
}
