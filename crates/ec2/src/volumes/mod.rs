//! Volumes: records of their own, the root volume's too. Its bytes are its instance's disk.

mod attach;
mod launch;
mod shape;
mod show;

use rolecall_base::Fault;
use rolecall_store::{Reader, Scan};

use crate::faults;
use crate::images::ROOT_GIB;
use crate::place::Place;
use crate::records::{Instance, Instances, State, Volume, VolumeAttachment, Volumes};

pub use attach::{attach, check_device, detach, release};
pub use launch::{disks, make};
pub use shape::shape;
pub use show::{Shown, attachment};

/// The volume of an id.
///
/// # Errors
/// InvalidVolume.NotFound, InvalidVolumeID.Malformed.
pub fn get(db: &Reader, place: Place<'_>, id: &str) -> Result<Volume, Fault> {
    check_id(id)?;
    find(db, place, id)?.ok_or_else(|| faults::no_volume(id))
}

/// The same, or nothing.
///
/// # Errors
/// When the store can't be read.
pub fn find(db: &Reader, place: Place<'_>, id: &str) -> Result<Option<Volume>, Fault> {
    if let Some(volume) = db.get::<Volumes>(&place.key(id))? {
        return Ok(Some(volume));
    }
    // Root volumes of instances that are older than volumes' records.
    let rows = db.run::<Instances>(&Scan::new(&(place.account, place.region)))?;
    let old = rows.into_iter().map(|(_, row)| row).find(|row| row.volume == id && is_unwritten(row));
    Ok(old.as_ref().map(root_of))
}

/// Checks the form of a volume's id.
fn check_id(id: &str) -> Result<(), Fault> {
    let digits = id.strip_prefix("vol-").unwrap_or_default();
    let hex = digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if hex && matches!(digits.len(), 8 | 17) {
        return Ok(());
    }
    Err(faults::malformed("InvalidVolumeID.Malformed", id, "vol"))
}

/// Every volume at a place.
///
/// # Errors
/// When the store can't be read.
pub fn all(db: &Reader, place: Place<'_>) -> Result<Vec<Volume>, Fault> {
    let rows = db.run::<Volumes>(&Scan::new(&(place.account, place.region)))?;
    let mut all: Vec<Volume> = rows.into_iter().map(|(_, volume)| volume).collect();
    for (_, instance) in db.run::<Instances>(&Scan::new(&(place.account, place.region)))? {
        if is_unwritten(&instance) && !all.iter().any(|volume| volume.id == instance.volume) {
            all.push(root_of(&instance));
        }
    }
    Ok(all)
}

/// The volumes of an instance, its root first.
///
/// # Errors
/// When the store can't be read.
pub fn of_instance(db: &Reader, instance: &Instance) -> Result<Vec<Volume>, Fault> {
    if instance.state == State::Terminated {
        return Ok(Vec::new());
    }
    let place = Place { account: instance.account, region: &instance.region };
    let mut volumes = Vec::new();
    match db.get::<Volumes>(&place.key(&instance.volume))? {
        Some(root) => volumes.push(root),
        None if is_unwritten(instance) => volumes.push(root_of(instance)),
        None => {}
    }
    for id in &instance.data_volumes {
        volumes.extend(db.get::<Volumes>(&place.key(id))?);
    }
    Ok(volumes)
}

/// Whether it was launched before volumes were records: then its root volume is what every image's was.
fn is_unwritten(instance: &Instance) -> bool {
    !instance.has_volumes && instance.state != State::Terminated
}

fn root_of(instance: &Instance) -> Volume {
    Volume {
        account: instance.account,
        region: instance.region.clone(),
        id: instance.volume.clone(),
        zone: instance.zone.clone(),
        size: ROOT_GIB,
        volume_type: "gp3".into(),
        iops: Some(3000),
        throughput: Some(125),
        snapshot: None,
        created: instance.launched,
        multi_attach: false,
        auto_enable_io: false,
        attachments: vec![VolumeAttachment {
            instance: instance.id.clone(),
            device: instance.boot.root_device.clone(),
            attached: instance.launched,
            delete_on_termination: true,
        }],
        modification: None,
    }
}

/// Refuses what would only be said: nothing on a disk here is encrypted by a key of the account.
///
/// # Errors
/// UnsupportedOperation.
pub fn refuse_encryption(encrypted: Option<bool>, key: Option<&str>) -> Result<(), Fault> {
    if encrypted == Some(true) || key.is_some_and(|key| !key.is_empty()) {
        return Err(faults::unsupported("Encryption of volumes"));
    }
    Ok(())
}
