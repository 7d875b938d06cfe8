//! The policies of one question, held so that one can be exchanged and the question put again.

use std::borrow::Cow;
use std::sync::Arc;

use crate::decision::Layer;
use crate::explain::explain;
use crate::request::{Layers, Request};
use crate::set::PolicySet;
use crate::trace::Trace;
use crate::{Decision, Facts, Kind, Named, Policy, PolicyId, ResourceKind, Value, decide};

/// A layer, and for organization policies its level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rung {
    pub layer: Layer,
    pub level: Option<usize>,
}

impl Rung {
    /// What a new document in it would be.
    pub fn kind(self) -> Kind {
        match self.layer {
            Layer::ServiceControl => Kind::ServiceControl,
            Layer::ResourceControl => Kind::ResourceControl,
            Layer::Endpoint => Kind::Endpoint,
            Layer::Resource => Kind::Resource(ResourceKind::Other),
            Layer::Trust => Kind::Trust,
            Layer::Identity => Kind::Identity,
            Layer::Boundary => Kind::Boundary,
            Layer::Session => Kind::Session,
        }
    }
}

/// Layers, with those of them that were exchanged, and condition keys that were added to the request.
#[derive(Clone, Debug)]
pub(super) struct Stack<'a> {
    base: Layers<'a>,
    single: Vec<(Layer, Arc<PolicySet>)>,
    scps: Cow<'a, [Arc<PolicySet>]>,
    rcps: Cow<'a, [Arc<PolicySet>]>,
    given: Vec<(String, String)>,
}

impl<'a> Stack<'a> {
    pub fn new(base: &Layers<'a>) -> Stack<'a> {
        let (scps, rcps) = (Cow::Borrowed(base.scps), Cow::Borrowed(base.rcps));
        Stack { base: *base, single: Vec::new(), scps, rcps, given: Vec::new() }
    }

    pub fn decide<R>(&self, request: &Request<'_>, then: impl FnOnce(&Decision<'_>) -> R) -> R {
        let facts = Given { base: request.facts, given: &self.given };
        then(&decide(&self.layers(), &Request { facts: &facts, ..*request }))
    }

    pub fn explain(&self, request: &Request<'_>) -> Trace {
        let facts = Given { base: request.facts, given: &self.given };
        explain(&self.layers(), &Request { facts: &facts, ..*request })
    }

    /// The documents of one layer.
    pub fn policies(&self, rung: Rung) -> &[Named] {
        let layers = self.layers_at(rung);
        layers.map(PolicySet::policies).unwrap_or_default()
    }

    fn layers_at(&self, rung: Rung) -> Option<&PolicySet> {
        let level = || rung.level.unwrap_or_default();
        if let Some((_, set)) = self.single.iter().find(|(layer, _)| *layer == rung.layer) {
            return Some(set);
        }
        match rung.layer {
            Layer::ServiceControl => self.scps.get(level()).map(|set| &**set),
            Layer::ResourceControl => self.rcps.get(level()).map(|set| &**set),
            Layer::Endpoint => self.base.endpoint,
            Layer::Resource | Layer::Trust => self.base.resource,
            Layer::Identity => self.base.identity,
            Layer::Boundary => self.base.boundary,
            Layer::Session => self.base.session,
        }
    }

    /// With another text of a document, or with a new document when there is none of that name; `None` when the text
    /// is none that the layer takes.
    pub fn with_document(&self, rung: Rung, id: &PolicyId, text: &str) -> Option<Stack<'a>> {
        let mut named = self.policies(rung).to_vec();
        let place = named.iter_mut().find(|one| one.id == *id);
        match place {
            Some(one) => one.policy = Arc::new(Policy::load(text, one.policy.kind()).ok()?),
            None => {
                named.push(Named::new(Arc::new(Policy::load(text, rung.kind()).ok()?), id.clone()));
            }
        }
        Some(self.with_set(rung, Arc::new(PolicySet::new(named))))
    }

    /// Without a document.
    pub fn without_document(&self, rung: Rung, id: &PolicyId) -> Stack<'a> {
        let kept = self.policies(rung).iter().filter(|one| one.id != *id).cloned().collect();
        self.with_set(rung, Arc::new(PolicySet::new(kept)))
    }

    fn with_set(&self, rung: Rung, set: Arc<PolicySet>) -> Stack<'a> {
        let mut new = self.clone();
        let levels = match rung.layer {
            Layer::ServiceControl => &mut new.scps,
            Layer::ResourceControl => &mut new.rcps,
            layer => {
                new.single.retain(|(known, _)| *known != layer);
                new.single.push((layer, set));
                return new;
            }
        };
        if let Some(place) = levels.to_mut().get_mut(rung.level.unwrap_or_default()) {
            *place = set;
        }
        new
    }

    /// With a condition key that the request should have had.
    pub fn with_key(&self, key: &str, value: &str) -> Stack<'a> {
        let mut new = self.clone();
        new.given.push((key.to_lowercase(), value.to_owned()));
        new
    }

    fn layers(&self) -> Layers<'_> {
        let of = |wanted| self.single.iter().find(|(layer, _)| *layer == wanted).map(|(_, set)| &**set);
        Layers {
            identity: of(Layer::Identity).or(self.base.identity),
            boundary: of(Layer::Boundary).or(self.base.boundary),
            session: of(Layer::Session).or(self.base.session),
            resource: of(Layer::Resource).or_else(|| of(Layer::Trust)).or(self.base.resource),
            endpoint: of(Layer::Endpoint).or(self.base.endpoint),
            scps: &self.scps,
            rcps: &self.rcps,
            ..self.base
        }
    }
}

/// A request's facts with more keys.
struct Given<'a> {
    base: &'a dyn Facts,
    given: &'a [(String, String)],
}

impl Facts for Given<'_> {
    fn get(&self, key: &str) -> Option<Value<'_>> {
        match self.given.iter().find(|(name, _)| name == key) {
            Some((_, value)) => Some(Value::One(Cow::Borrowed(value))),
            None => self.base.get(key),
        }
    }
}
