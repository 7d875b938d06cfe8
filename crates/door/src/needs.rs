//! What a caller must be allowed before an operation runs: questions of action, resource and condition keys.
//!
//! An operation states them in `needs`; there is no default. Actions, resource kinds and keys are types generated from
//! the Service Authorization Reference, so a question that AWS does not ask does not compile.

use std::borrow::Cow;
use std::sync::Arc;

use rolecall_actions::{Action, Key, Kind, On, PrefixKey, Takes, Wildcard};
use rolecall_base::{AccountId, Tags};
use rolecall_identity::Placement;
use rolecall_policy::{PolicySet, Rule};
use rolecall_store::Tx;

use crate::request::Origin;

/// A thing that can be asked about: what its ARN is, whose it is, its tags, and its own policy.
pub trait Resource {
    /// The kind of the Service Authorization Reference.
    type Kind: Kind;

    fn arn(&self) -> String;

    /// The account that owns it.
    fn account(&self) -> AccountId;

    fn tags(&self) -> Tags {
        Tags::default()
    }

    /// The resource policy: a bucket's, or a role's trust policy.
    fn policy(&self) -> Option<Arc<PolicySet>> {
        None
    }
}

/// The value of a condition key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyValue {
    One(String),
    Many(Vec<String>),
}

/// One question.
#[derive(Clone, Debug)]
pub struct Ask {
    pub action: &'static str,
    /// An ARN, or `*` for actions without a resource.
    pub resource: Cow<'static, str>,
    /// The owner; `None` for `*`, which counts as the caller's own.
    pub account: Option<AccountId>,
    pub tags: Tags,
    pub policy: Option<Arc<PolicySet>>,
    /// Condition keys of this question, in lower case, beside the global ones.
    pub keys: Vec<(Cow<'static, str>, KeyValue)>,
    /// How the resource's own policy counts (POLICY.md 6.2, step 5).
    pub rule: Rule,
    /// Which accounts' organizations take part, once the door has looked.
    pub placed: Placed,
    /// Where the question comes from if not from where the call does: a service asks it with the caller's rights.
    pub via: Option<Box<Origin>>,
}

/// Where the accounts of a question stand. `None`: as the caller's own account, or nowhere.
#[derive(Clone, Debug, Default)]
pub struct Placed {
    /// The caller's account, where the caller does not bring it.
    pub(crate) caller: Option<Arc<Placement>>,
    /// The resource's account, where it is another one.
    pub(crate) owner: Option<Arc<Placement>>,
    /// The account for which a service calls.
    pub(crate) source: Option<Arc<Placement>>,
    /// The account of the VPC endpoint.
    pub(crate) endpoint: Option<Arc<Placement>>,
}

impl Placed {
    pub(crate) fn all(&self) -> impl Iterator<Item = &Placement> {
        [&self.caller, &self.owner, &self.source, &self.endpoint].into_iter().filter_map(|p| p.as_deref())
    }
}

impl Ask {
    /// A tag's condition key. Two tags whose keys differ only in case are two values of one key, which a condition on a
    /// single value then does not match: a permitted one must not bring the other in.
    fn add(&mut self, name: String, value: &str) {
        let Some((_, known)) = self.keys.iter_mut().find(|(known, _)| *known == name) else {
            return self.keys.push((Cow::Owned(name), KeyValue::One(value.to_owned())));
        };
        match known {
            KeyValue::One(first) => *known = KeyValue::Many(vec![std::mem::take(first), value.to_owned()]),
            KeyValue::Many(all) => all.push(value.to_owned()),
        }
    }

    /// Bytes that this takes, about.
    pub(crate) fn weight(&self) -> usize {
        let of_keys = |(name, value): &(Cow<'static, str>, KeyValue)| {
            name.len()
                + match value {
                    KeyValue::One(text) => text.len(),
                    KeyValue::Many(list) => list.iter().map(String::len).sum(),
                }
        };
        let tags: usize = self.tags.iter().map(|tag| tag.key.len() + tag.value.len()).sum();
        size_of::<Ask>() + self.resource.len() + tags + self.keys.iter().map(of_keys).sum::<usize>()
    }
}

/// Makes what was decided by the organizations of other accounts than the caller's premises of a commit.
pub(crate) fn require_placements(asks: &[Ask], tx: &mut Tx) {
    let mut required: Vec<&Placement> = Vec::new();
    for placement in asks.iter().flat_map(|ask| ask.placed.all()) {
        if required.iter().any(|known| std::ptr::eq(*known, placement)) {
            continue;
        }
        for premise in &placement.premises {
            tx.require(premise.clone());
        }
        required.push(placement);
    }
}

/// All questions of one call.
#[derive(Debug, Default)]
pub struct Needs {
    pub(crate) asks: Vec<Ask>,
    pub(crate) mode: Mode,
    pub(crate) open: Option<&'static str>,
}

/// What a denial of one question means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The call is denied.
    #[default]
    All,
    /// That item is denied; the operation asks `Authorized::allowed` for each.
    Each,
}

impl Needs {
    /// Begins a question about one action.
    pub fn action<A: Action>(_action: A) -> Asking<A> {
        Asking(std::marker::PhantomData)
    }

    /// No permission is needed. The reason shows in `docs/permissions.txt`.
    pub fn nothing(reason: &'static str) -> Needs {
        Needs { asks: Vec::new(), mode: Mode::All, open: Some(reason) }
    }

    /// Several questions, each of which must be answered with yes.
    pub fn all(parts: impl IntoIterator<Item = Needs>) -> Needs {
        let mut all = Needs::default();
        for part in parts {
            all.asks.extend(part.asks);
        }
        all
    }

    /// Several questions of which each decides about one item only, in order.
    pub fn each(parts: impl IntoIterator<Item = Needs>) -> Needs {
        Needs { mode: Mode::Each, ..Needs::all(parts) }
    }

    /// This and further questions.
    #[must_use]
    pub fn and(mut self, more: Needs) -> Needs {
        self.asks.extend(more.asks);
        self
    }

    /// The questions, for tables and tests.
    pub fn asks(&self) -> &[Ask] {
        &self.asks
    }
}

/// An action that waits for its resource.
#[derive(Debug)]
pub struct Asking<A>(std::marker::PhantomData<A>);

impl<A: Action> Asking<A> {
    /// On one resource.
    pub fn on<R: Resource>(self, resource: &R) -> Question<A>
    where
        A: On<R::Kind>,
    {
        Question::new(Ask {
            action: A::NAME,
            resource: Cow::Owned(resource.arn()),
            account: Some(resource.account()),
            tags: resource.tags(),
            policy: resource.policy(),
            keys: Vec::new(),
            rule: Rule::Standard,
            placed: Placed::default(),
            via: None,
        })
    }

    /// On no resource: asked as `*`.
    pub fn anywhere(self) -> Question<A>
    where
        A: Wildcard,
    {
        Question::new(Ask {
            action: A::NAME,
            resource: Cow::Borrowed("*"),
            account: None,
            tags: Tags::default(),
            policy: None,
            keys: Vec::new(),
            rule: Rule::Standard,
            placed: Placed::default(),
            via: None,
        })
    }
}

/// A question that may yet get condition keys.
#[derive(Debug)]
pub struct Question<A> {
    ask: Ask,
    action: std::marker::PhantomData<A>,
}

impl<A: Action> Question<A> {
    fn new(ask: Ask) -> Question<A> {
        Question { ask, action: std::marker::PhantomData }
    }

    /// A condition key of this request; nothing when the request does not have it.
    #[must_use]
    pub fn key<K: Key>(mut self, _key: K, value: Option<impl Into<String>>) -> Question<A>
    where
        A: Takes<K>,
    {
        if let Some(value) = value {
            self.ask.keys.push((Cow::Borrowed(K::NAME), KeyValue::One(value.into())));
        }
        self
    }

    /// A condition key with a list of values: one of those that AWS gives lists to. A condition without `ForAnyValue` or
    /// `ForAllValues` never holds for it, so a list of another key would be out of reach for policies that deny.
    #[must_use]
    pub fn list<K: Key>(mut self, _key: K, values: Vec<String>) -> Question<A>
    where
        A: Takes<K>,
    {
        const { assert!(K::TYPE.is_list(), "this condition key has a single value: see once_for_each") }
        self.ask.keys.push((Cow::Borrowed(K::NAME), KeyValue::Many(values)));
        self
    }

    /// Finished: one question for each value of a condition key that holds a single one, else alike; one question when
    /// there is no value. So of several values none hides another.
    pub fn once_for_each<K: Key>(self, _key: K, values: impl IntoIterator<Item = String>) -> Needs
    where
        A: Takes<K>,
    {
        let with = |value| {
            let mut ask = self.ask.clone();
            ask.keys.push((Cow::Borrowed(K::NAME), KeyValue::One(value)));
            ask
        };
        let asks: Vec<Ask> = values.into_iter().map(with).collect();
        if asks.is_empty() {
            return self.done();
        }
        Needs { asks, mode: Mode::All, open: None }
    }

    /// One tag's condition key, such as `s3:ExistingObjectTag/team`.
    #[must_use]
    pub fn tag<K: PrefixKey>(mut self, _key: K, tag: &str, value: &str) -> Question<A>
    where
        A: Takes<K>,
    {
        self.ask.add(format!("{}{}", K::PREFIX, tag.to_lowercase()), value);
        self
    }

    /// The tags that the request would set: `aws:RequestTag/…` and `aws:TagKeys`.
    #[must_use]
    pub fn request_tags<'t>(mut self, tags: impl IntoIterator<Item = (&'t str, &'t str)>) -> Question<A> {
        let mut keys = Vec::new();
        for (key, value) in tags {
            self.ask.add(format!("aws:requesttag/{}", key.to_lowercase()), value);
            keys.push(key.to_owned());
        }
        if !keys.is_empty() {
            self.ask.keys.push((Cow::Borrowed("aws:tagkeys"), KeyValue::Many(keys)));
        }
        self
    }

    /// The keys of tags that the request would remove: `aws:TagKeys`.
    #[must_use]
    pub fn tag_keys(mut self, keys: Vec<String>) -> Question<A> {
        self.ask.keys.push((Cow::Borrowed("aws:tagkeys"), KeyValue::Many(keys)));
        self
    }

    /// Tags that the request would remove, some only where they have a certain value: `aws:TagKeys`, and of these
    /// `aws:RequestTag/…`.
    #[must_use]
    pub fn removed_tags<'t>(
        mut self,
        tags: impl IntoIterator<Item = (&'t str, Option<&'t str>)>,
    ) -> Question<A> {
        let mut keys = Vec::new();
        for (key, value) in tags {
            if let Some(value) = value {
                self.ask.add(format!("aws:requesttag/{}", key.to_lowercase()), value);
            }
            keys.push(key.to_owned());
        }
        if keys.is_empty() { self } else { self.tag_keys(keys) }
    }

    /// The resource's policy must allow too; the caller's own permissions alone are not enough.
    #[must_use]
    pub fn trust_decides(mut self) -> Question<A> {
        self.ask.rule = Rule::TrustDecides;
        self
    }

    /// A policy that counts as the resource's own: what the account as a whole grants.
    #[must_use]
    pub fn granted_by(mut self, policy: Option<Arc<PolicySet>>) -> Question<A> {
        self.ask.policy = policy.or(self.ask.policy);
        self
    }

    /// The resource belongs to `owner`, whose policy on it is this one; another account's principals need it to allow.
    #[must_use]
    pub fn in_account(mut self, owner: AccountId, policy: Option<Arc<PolicySet>>) -> Question<A> {
        self.ask.account = Some(owner);
        self.ask.policy = policy;
        self
    }

    /// What the called service does elsewhere with the caller's rights: `aws:CalledVia` and `aws:ViaAWSService` tell
    /// that it does.
    #[must_use]
    pub fn via(mut self, service: &str) -> Question<A> {
        self.ask.via = Some(Box::new(Origin::via(service)));
        self
    }

    /// The finished question.
    pub fn done(self) -> Needs {
        Needs { asks: vec![self.ask], mode: Mode::All, open: None }
    }
}

#[cfg(test)]
mod tests {
    use rolecall_actions::iam;

    use super::*;

    #[test]
    fn tags_that_differ_only_in_case_are_several_values_of_one_key() {
        let tags = [("Env", "dev"), ("team", "x"), ("env", "prod")];
        let needs = Needs::action(iam::ListUsers).anywhere().request_tags(tags).done();
        let keys = &needs.asks()[0].keys;
        let value = |name: &str| keys.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        let both = KeyValue::Many(vec!["dev".into(), "prod".into()]);
        assert_eq!(value("aws:requesttag/env"), Some(both));
        assert_eq!(value("aws:requesttag/team"), Some(KeyValue::One("x".into())));
    }
}
