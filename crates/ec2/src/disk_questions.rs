//! The questions about images, volumes and snapshots, with the condition keys that tell one from another.

use rolecall_actions::ec2::{key, kind};
use rolecall_actions::{Action, On, Takes};
use rolecall_base::Fault;
use rolecall_door::{At, ByArn, Needs, Question};

use crate::place::Place;
use crate::records::{Image, Snapshot, Volume};
use crate::{images, regions, snapshots, tags, volumes};

/// Actions on a volume.
pub trait OnVolume:
    Action
    + On<kind::Volume>
    + Takes<key::Encrypted>
    + Takes<key::Region>
    + Takes<key::VolumeID>
    + Takes<key::VolumeIops>
    + Takes<key::VolumeSize>
    + Takes<key::VolumeThroughput>
    + Takes<key::VolumeType>
{
}

impl<A> OnVolume for A where
    A: Action
        + On<kind::Volume>
        + Takes<key::Encrypted>
        + Takes<key::Region>
        + Takes<key::VolumeID>
        + Takes<key::VolumeIops>
        + Takes<key::VolumeSize>
        + Takes<key::VolumeThroughput>
        + Takes<key::VolumeType>
{
}

/// An action on a volume, with where it is and what it was made of.
///
/// # Errors
/// When the store can't be read.
pub fn on_volume<A>(action: A, at: &At<'_>, id: &str) -> Result<Question<A>, Fault>
where
    A: OnVolume + Takes<key::AvailabilityZone> + Takes<key::AvailabilityZoneId> + Takes<key::ParentSnapshot>,
{
    let question = on_bare_volume(action, at, id)?;
    let Some(volume) = volumes::find(at.db()?, Place::of(at), id)? else { return Ok(question) };
    let parent = volume.snapshot.as_deref().map(|id| snapshots::arn(at.region, id));
    Ok(question
        .key(key::AvailabilityZoneId, regions::zone_id(at.region, &volume.zone))
        .key(key::AvailabilityZone, Some(volume.zone))
        .key(key::ParentSnapshot, parent))
}

/// An action on a volume, to be finished by the caller. One that does not exist has no tags and no keys.
///
/// # Errors
/// When the store can't be read.
pub fn on_bare_volume<A: OnVolume>(action: A, at: &At<'_>, id: &str) -> Result<Question<A>, Fault> {
    let place = Place::of(at);
    let resource = place.resource::<kind::Volume>(id).tagged(tags::of(at.db()?, place, id)?);
    let question = Needs::action(action).on(&resource).key(key::Region, Some(at.region));
    let found: Option<Volume> = volumes::find(at.db()?, place, id)?;
    let Some(volume) = found else { return Ok(question) };
    Ok(question
        .key(key::VolumeID, Some(id))
        .key(key::Encrypted, Some("false"))
        .key(key::VolumeIops, volume.iops.map(|iops| iops.to_string()))
        .key(key::VolumeSize, Some(volume.size.to_string()))
        .key(key::VolumeThroughput, volume.throughput.map(|speed| speed.to_string()))
        .key(key::VolumeType, Some(volume.volume_type)))
}

/// Actions on an image of an account.
pub trait OnImage:
    Action
    + On<kind::Image>
    + Takes<key::ImageID>
    + Takes<key::ImageType>
    + Takes<key::Owner>
    + Takes<key::Public>
    + Takes<key::Region>
    + Takes<key::RootDeviceType>
{
}

impl<A> OnImage for A where
    A: Action
        + On<kind::Image>
        + Takes<key::ImageID>
        + Takes<key::ImageType>
        + Takes<key::Owner>
        + Takes<key::Public>
        + Takes<key::Region>
        + Takes<key::RootDeviceType>
{
}

/// An action on an image, to be finished by the caller.
///
/// # Errors
/// When the store can't be read.
pub fn on_image<A: OnImage>(action: A, at: &At<'_>, id: &str) -> Result<Question<A>, Fault> {
    let found: Option<Image> = images::find(at.db()?, Place::of(at), id)?;
    let question = Needs::action(action).on(&image(at, id)?).key(key::Region, Some(at.region));
    let Some(image) = found else { return Ok(question) };
    Ok(question
        .key(key::ImageID, Some(id))
        .key(key::ImageType, Some("machine"))
        .key(key::Owner, Some(images::owner(&image)))
        .key(key::Public, Some(image.public.to_string()))
        .key(key::RootDeviceType, Some("ebs")))
}

/// An image as policies name it: without an account. `*` is one that is yet to be made.
///
/// # Errors
/// When the store can't be read.
pub fn image(at: &At<'_>, id: &str) -> Result<ByArn<kind::Image>, Fault> {
    let place = Place::of(at);
    Ok(ByArn::new(images::arn(at.region, id), at.account()).tagged(tags::of(at.db()?, place, id)?))
}

/// A snapshot as policies name it.
///
/// # Errors
/// When the store can't be read.
pub fn snapshot(at: &At<'_>, id: &str) -> Result<ByArn<kind::Snapshot>, Fault> {
    let place = Place::of(at);
    Ok(ByArn::new(snapshots::arn(at.region, id), at.account()).tagged(tags::of(at.db()?, place, id)?))
}

/// Actions on a snapshot.
pub trait OnSnapshot:
    Action
    + On<kind::Snapshot>
    + Takes<key::Owner>
    + Takes<key::ParentVolume>
    + Takes<key::Region>
    + Takes<key::SnapshotTime>
    + Takes<key::VolumeSize>
{
}

impl<A> OnSnapshot for A where
    A: Action
        + On<kind::Snapshot>
        + Takes<key::Owner>
        + Takes<key::ParentVolume>
        + Takes<key::Region>
        + Takes<key::SnapshotTime>
        + Takes<key::VolumeSize>
{
}

/// An action on a snapshot, to be finished by the caller.
///
/// # Errors
/// When the store can't be read.
pub fn on_snapshot<A>(action: A, at: &At<'_>, id: &str) -> Result<Question<A>, Fault>
where
    A: OnSnapshot + Takes<key::SnapshotID>,
{
    Ok(on_bare_snapshot(action, at, id)?.key(key::SnapshotID, Some(id)))
}

/// The same without its id apart, which CreateVolume is not asked about.
///
/// # Errors
/// When the store can't be read.
pub fn on_bare_snapshot<A: OnSnapshot>(action: A, at: &At<'_>, id: &str) -> Result<Question<A>, Fault> {
    let found: Option<Snapshot> = snapshots::find(at.db()?, Place::of(at), id)?;
    let question = Needs::action(action).on(&snapshot(at, id)?).key(key::Region, Some(at.region));
    let Some(snapshot) = found else { return Ok(question) };
    let parent = Place { account: snapshot.account, region: at.region }.arn("volume", &snapshot.volume);
    Ok(question
        .key(key::Owner, Some(snapshot.account.to_string()))
        .key(key::ParentVolume, Some(parent))
        .key(key::SnapshotTime, Some(snapshot.started.iso_millis()))
        .key(key::VolumeSize, Some(snapshot.size.to_string())))
}
