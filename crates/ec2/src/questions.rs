//! The questions that several operations ask: about instances, and about what is yet to be made.

use rolecall_actions::ec2::{CreateTags, key, kind};
use rolecall_actions::{Action, Kind, On, Takes, Wildcard};
use rolecall_base::Fault;
use rolecall_door::{At, ByArn, Needs, Question};

use crate::describe::unless;
use crate::model::TagSpecification;
use crate::place::Place;
use crate::records::{Instance, Instances};
use crate::regions;
use crate::tags;

/// The keys that every action on an instance takes.
pub trait OnBareInstance:
    Action
    + On<kind::Instance>
    + Takes<key::AvailabilityZone>
    + Takes<key::AvailabilityZoneId>
    + Takes<key::EbsOptimized>
    + Takes<key::InstanceID>
    + Takes<key::InstanceMarketType>
    + Takes<key::InstanceProfile>
    + Takes<key::InstanceType>
    + Takes<key::MetadataHttpEndpoint>
    + Takes<key::MetadataHttpPutResponseHopLimit>
    + Takes<key::MetadataHttpTokens>
    + Takes<key::Region>
    + Takes<key::RootDeviceType>
    + Takes<key::Tenancy>
{
}

impl<A> OnBareInstance for A where
    A: Action
        + On<kind::Instance>
        + Takes<key::AvailabilityZone>
        + Takes<key::AvailabilityZoneId>
        + Takes<key::EbsOptimized>
        + Takes<key::InstanceID>
        + Takes<key::InstanceMarketType>
        + Takes<key::InstanceProfile>
        + Takes<key::InstanceType>
        + Takes<key::MetadataHttpEndpoint>
        + Takes<key::MetadataHttpPutResponseHopLimit>
        + Takes<key::MetadataHttpTokens>
        + Takes<key::Region>
        + Takes<key::RootDeviceType>
        + Takes<key::Tenancy>
{
}

/// The keys that all of them take but StartInstances and ResetInstanceAttribute.
pub trait OnInstance:
    OnBareInstance
    + Takes<key::InstanceAutoRecovery>
    + Takes<key::InstanceMetadataTags>
    + Takes<key::PlacementGroup>
{
}

impl<A> OnInstance for A where
    A: OnBareInstance
        + Takes<key::InstanceAutoRecovery>
        + Takes<key::InstanceMetadataTags>
        + Takes<key::PlacementGroup>
{
}

/// An action on no resource: what nearly every Describe asks.
///
/// # Errors
/// None; the signature is that of `needs`.
pub fn anywhere<A: Action + Wildcard + Takes<key::Region>>(action: A, at: &At<'_>) -> Result<Needs, Fault> {
    Ok(Needs::action(action).anywhere().key(key::Region, Some(at.region)).done())
}

/// An action on each of some instances.
///
/// # Errors
/// When the store can't be read.
pub fn on_instances<A: OnInstance>(action: A, at: &At<'_>, ids: &[String]) -> Result<Needs, Fault> {
    on_each(action, at, ids, |id| on_instance(action, at, id))
}

/// The same with each question asked as `ask` asks it.
///
/// # Errors
/// When the store can't be read.
pub fn on_each<A: Action + On<kind::Instance> + Takes<key::Region>>(
    action: A,
    at: &At<'_>,
    ids: &[String],
    ask: impl Fn(&str) -> Result<Question<A>, Fault>,
) -> Result<Needs, Fault> {
    let asked: Result<Vec<_>, Fault> = ids.iter().map(|id| Ok(ask(id)?.done())).collect();
    let asked = asked?;
    if asked.is_empty() {
        let any = Place::of(at).resource::<kind::Instance>("*");
        return Ok(Needs::action(action).on(&any).key(key::Region, Some(at.region)).done());
    }
    Ok(Needs::all(asked))
}

/// An action on one instance, to be finished by the caller. One that does not exist has no tags and no keys.
///
/// # Errors
/// When the store can't be read.
pub fn on_instance<A: OnInstance>(action: A, at: &At<'_>, id: &str) -> Result<Question<A>, Fault> {
    let (question, instance) = on_bare_instance(action, at, id)?;
    let Some(instance) = instance else { return Ok(question) };
    let group = placement_group_arn(at, &instance);
    Ok(with_options(question, &instance).key(key::PlacementGroup, group))
}

/// The same with the keys that every action takes, and the instance itself.
///
/// # Errors
/// When the store can't be read.
pub fn on_bare_instance<A: OnBareInstance>(
    action: A,
    at: &At<'_>,
    id: &str,
) -> Result<(Question<A>, Option<Instance>), Fault> {
    let place = Place::of(at);
    let found = at.db()?.get::<Instances>(&place.key(id))?;
    let resource = place.resource::<kind::Instance>(id).tagged(tags::of(at.db()?, place, id)?);
    let question = Needs::action(action).on(&resource).key(key::Region, Some(at.region));
    Ok(match found {
        Some(instance) => (described(question, &instance), Some(instance)),
        None => (question, None),
    })
}

fn described<A: OnBareInstance>(question: Question<A>, instance: &Instance) -> Question<A> {
    let metadata = &instance.metadata;
    question
        .key(key::InstanceID, Some(instance.id.as_str()))
        .key(key::InstanceType, Some(instance.instance_type.as_str()))
        .key(key::InstanceMarketType, Some("on-demand"))
        .key(key::InstanceProfile, instance.profile.as_ref().map(|profile| profile.arn.as_str()))
        .key(key::AvailabilityZone, Some(instance.zone.as_str()))
        .key(key::AvailabilityZoneId, regions::zone_id(&instance.region, &instance.zone))
        .key(key::EbsOptimized, Some(instance.settings.ebs_optimized.to_string()))
        .key(key::RootDeviceType, Some("ebs"))
        .key(key::Tenancy, Some("default"))
        .key(key::MetadataHttpEndpoint, Some(enabled(metadata.enabled)))
        .key(key::MetadataHttpTokens, Some(required(metadata.tokens_required)))
        .key(key::MetadataHttpPutResponseHopLimit, Some(metadata.hop_limit.to_string()))
}

/// What an instance was told that not every action is asked about.
pub fn with_options<A>(question: Question<A>, instance: &Instance) -> Question<A>
where
    A: Action + Takes<key::InstanceAutoRecovery> + Takes<key::InstanceMetadataTags>,
{
    question
        .key(key::InstanceAutoRecovery, Some(unless(instance.settings.no_recovery)))
        .key(key::InstanceMetadataTags, Some(enabled(instance.metadata.tags)))
}

/// The placement group that an instance is in, as policies name it.
pub fn placement_group_arn(at: &At<'_>, instance: &Instance) -> Option<String> {
    let group = instance.settings.placement.as_ref()?;
    Some(Place::of(at).arn(kind::PlacementGroup::NAME, &group.name))
}

/// What a request sets: attributes by AWS's names, each with its value if the request gives one.
pub type Given<'g> = [(&'g str, Option<String>)];

/// Adds the values that a request gives: `ec2:Attribute/HttpTokens`.
pub fn with_values<A>(question: Question<A>, given: &Given<'_>) -> Question<A>
where
    A: Action + Takes<key::AttributeAttributeName>,
{
    let values = given.iter().filter_map(|(name, value)| Some((name, value.as_deref()?)));
    values.fold(question, |question, (name, value)| question.tag(key::AttributeAttributeName, name, value))
}

/// The same, finished, with the names of the attributes: `ec2:Attribute`. Each attribute is asked about.
pub fn with_attributes<A>(question: Question<A>, given: &Given<'_>) -> Needs
where
    A: Action + Takes<key::Attribute> + Takes<key::AttributeAttributeName>,
{
    with_named(question, given, &[])
}

/// The same where the request sets further attributes that only their names are told of: those that have several
/// members, as in AWS, and user data, which decisions that are kept must not show.
pub fn with_named<A>(question: Question<A>, given: &Given<'_>, named: &[(&str, bool)]) -> Needs
where
    A: Action + Takes<key::Attribute> + Takes<key::AttributeAttributeName>,
{
    let told = given.iter().map(|(name, value)| (*name, value.is_some())).chain(named.iter().copied());
    let names = told.filter(|(_, is_set)| *is_set).map(|(name, _)| name.to_owned());
    with_values(question, given).once_for_each(key::Attribute, names)
}

/// A list as a condition key of one value has it, which is how AWS gives an attribute's: `["sg-1","sg-2"]`.
pub fn listed(list: Option<&[String]>) -> Option<String> {
    let texts =
        list.filter(|list| !list.is_empty())?.iter().map(|text| serde_json::Value::from(text.as_str()));
    Some(serde_json::Value::Array(texts.collect()).to_string())
}

/// A number or a flag as condition keys have it.
pub fn said(value: Option<impl ToString>) -> Option<String> {
    value.map(|value| value.to_string())
}

/// `enabled` or `disabled`
pub fn enabled(yes: bool) -> &'static str {
    if yes { "enabled" } else { "disabled" }
}

/// `required` or `optional`
pub fn required(yes: bool) -> &'static str {
    if yes { "required" } else { "optional" }
}

/// The question about what an operation is yet to make, and with it, where the request has tags for that, the question
/// whether they may be set. `with` adds what further condition keys the first one takes.
pub fn to_make<A, K>(
    action: A,
    made: &ByArn<K>,
    place: Place<'_>,
    given: Option<&[TagSpecification]>,
    with: impl FnOnce(Question<A>) -> Question<A>,
) -> Needs
where
    A: Action + On<K> + Takes<key::Region>,
    K: Kind,
    CreateTags: On<K>,
{
    let wished = tags::wished(given, K::NAME);
    let question = Needs::action(action)
        .on(made)
        .key(key::Region, Some(place.region))
        .request_tags(tags::pairs(&wished));
    let needs = with(question).done();
    if wished.is_empty() {
        return needs;
    }
    let question = Needs::action(CreateTags)
        .on(made)
        .key(key::CreateAction, Some(A::NAME.strip_prefix("ec2:").unwrap_or(A::NAME)))
        .key(key::Region, Some(place.region));
    needs.and(question.request_tags(tags::pairs(&wished)).done())
}

/// The same for what is made beside the resource that the operation is about: asked only when it is to have tags.
pub fn to_make_too<A, K>(
    action: A,
    made: &ByArn<K>,
    place: Place<'_>,
    given: Option<&[TagSpecification]>,
) -> Needs
where
    A: Action + On<K> + Takes<key::Region>,
    K: Kind,
    CreateTags: On<K>,
{
    if tags::wished(given, K::NAME).is_empty() {
        return Needs::all([]);
    }
    to_make(action, made, place, given, |question| question)
}
