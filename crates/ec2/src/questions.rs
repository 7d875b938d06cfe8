//! The questions that several operations ask: about instances, and about the tags of any resource.

use rolecall_actions::ec2::{self, key, kind};
use rolecall_actions::{Action, On, Takes, Wildcard, aws};
use rolecall_base::Fault;
use rolecall_door::{At, ByArn, Needs, Question};

use crate::images;
use crate::place::Place;
use crate::records::{Instance, Instances, KeyPairNames};
use crate::tags;

/// The keys that every action on an instance takes.
pub trait OnInstance:
    Action
    + On<kind::Instance>
    + Takes<key::AvailabilityZone>
    + Takes<key::EbsOptimized>
    + Takes<key::InstanceID>
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

impl<A> OnInstance for A where
    A: Action
        + On<kind::Instance>
        + Takes<key::AvailabilityZone>
        + Takes<key::EbsOptimized>
        + Takes<key::InstanceID>
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
    let asked: Result<Vec<_>, Fault> = ids.iter().map(|id| Ok(on_instance(action, at, id)?.done())).collect();
    let asked = asked?;
    if asked.is_empty() {
        return Ok(Needs::action(action).on(&Place::of(at).resource::<kind::Instance>("*")).done());
    }
    Ok(Needs::all(asked))
}

/// An action on one instance, to be finished by the caller. One that does not exist has no tags and no keys.
///
/// # Errors
/// When the store can't be read.
pub fn on_instance<A: OnInstance>(action: A, at: &At<'_>, id: &str) -> Result<Question<A>, Fault> {
    let place = Place::of(at);
    let found = at.db()?.get::<Instances>(&place.key(id))?;
    let resource = place.resource::<kind::Instance>(id).tagged(tags::of(at.db()?, place, id)?);
    let question = Needs::action(action).on(&resource).key(key::Region, Some(at.region));
    Ok(match found {
        Some(instance) => described(question, &instance),
        None => question,
    })
}

fn described<A: OnInstance>(question: Question<A>, instance: &Instance) -> Question<A> {
    let metadata = &instance.metadata;
    question
        .key(key::InstanceID, Some(instance.id.as_str()))
        .key(key::InstanceType, Some(instance.instance_type.as_str()))
        .key(key::InstanceProfile, instance.profile.as_ref().map(|profile| profile.arn.as_str()))
        .key(key::AvailabilityZone, Some(instance.interface.zone.as_str()))
        .key(key::EbsOptimized, Some("false"))
        .key(key::RootDeviceType, Some("ebs"))
        .key(key::Tenancy, Some("default"))
        .key(key::MetadataHttpEndpoint, Some(enabled(metadata.enabled)))
        .key(key::MetadataHttpTokens, Some(required(metadata.tokens_required)))
        .key(key::MetadataHttpPutResponseHopLimit, Some(metadata.hop_limit.to_string()))
}

/// `enabled` or `disabled`
pub fn enabled(yes: bool) -> &'static str {
    if yes { "enabled" } else { "disabled" }
}

/// `required` or `optional`
pub fn required(yes: bool) -> &'static str {
    if yes { "required" } else { "optional" }
}

/// `CreateTags` and `DeleteTags`: actions on nearly every kind of resource.
pub trait OnTagged:
    Action
    + Takes<key::Region>
    + Takes<aws::key::TagKeys>
    + On<kind::Instance>
    + On<kind::Volume>
    + On<kind::NetworkInterface>
    + On<kind::Vpc>
    + On<kind::Subnet>
    + On<kind::SecurityGroup>
    + On<kind::KeyPair>
    + On<kind::Image>
    + On<kind::RouteTable>
    + On<kind::InternetGateway>
    + On<kind::DhcpOptions>
{
}

impl OnTagged for ec2::CreateTags {}
impl OnTagged for ec2::DeleteTags {}

/// An action on the resource that an id stands for; on `*` when it can be none's.
///
/// # Errors
/// When the store can't be read.
pub fn on_tagged<A: OnTagged + Wildcard>(action: A, at: &At<'_>, id: &str) -> Result<Question<A>, Fault> {
    let place = Place::of(at);
    let has = tags::of(at.db()?, place, id)?;
    let asking = Needs::action(action);
    let question = match tags::kind_of(id) {
        Some("instance") => asking.on(&place.resource::<kind::Instance>(id).tagged(has)),
        Some("volume") => asking.on(&place.resource::<kind::Volume>(id).tagged(has)),
        Some("network-interface") => asking.on(&place.resource::<kind::NetworkInterface>(id).tagged(has)),
        Some("vpc") => asking.on(&place.resource::<kind::Vpc>(id).tagged(has)),
        Some("subnet") => asking.on(&place.resource::<kind::Subnet>(id).tagged(has)),
        Some("security-group") => asking.on(&place.resource::<kind::SecurityGroup>(id).tagged(has)),
        Some("route-table") => asking.on(&place.resource::<kind::RouteTable>(id).tagged(has)),
        Some("internet-gateway") => asking.on(&place.resource::<kind::InternetGateway>(id).tagged(has)),
        Some("dhcp-options") => asking.on(&place.resource::<kind::DhcpOptions>(id).tagged(has)),
        Some("image") => {
            let arn = images::arn(at.region, id);
            asking.on(&ByArn::<kind::Image>::new(arn, place.account).tagged(has))
        }
        Some("key-pair") => {
            // Policies name key pairs by their names.
            let named = at.db()?.get::<KeyPairNames>(&place.key(id))?;
            let name = named.map_or_else(|| id.to_owned(), |row| row.name);
            asking.on(&place.resource::<kind::KeyPair>(&name).tagged(has))
        }
        _ => asking.anywhere(),
    };
    Ok(question.key(key::Region, Some(at.region)))
}
