//! Snapshots of volumes. That of a root volume holds the files of its machine, copied by the driver; those of other
//! volumes have no bytes, as the volumes have none.

use std::collections::BTreeSet;

use rolecall_base::{AccountId, Fault, Tags, Time};
use rolecall_env::Env;
use rolecall_store::{Reader, Scan, Tx};

use crate::faults;
use crate::filters::Filtered;
use crate::instances;
use crate::model;
use crate::place::Place;
use crate::records::{
    Boot, Bytes, DiskPlaces, DiskWork, Instance, Mark, Settled, Snapshot, SnapshotState, Snapshots, Source,
    Volume,
};
use crate::{shared_disks, tags};

/// The note that a snapshot's bytes are to be copied, and that bytes are to be deleted.
pub const COPY: &str = "snapshot";
pub const DELETE: &str = "delete";
/// The volume that a copied snapshot says it is of.
pub const NO_VOLUME: &str = "vol-ffffffff";

/// The snapshot of an id, as an account sees it.
///
/// # Errors
/// InvalidSnapshotID.Malformed, InvalidSnapshot.NotFound.
pub fn get(db: &Reader, place: Place<'_>, id: &str) -> Result<Snapshot, Fault> {
    let digits = id.strip_prefix("snap-").unwrap_or_default();
    let hex = digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if !hex || !matches!(digits.len(), 8 | 17) {
        return Err(faults::malformed("InvalidSnapshotID.Malformed", id, "snap"));
    }
    find(db, place, id)?.ok_or_else(|| faults::no_snapshot(id))
}

/// The same, or nothing.
///
/// # Errors
/// When the store can't be read.
pub fn find(db: &Reader, place: Place<'_>, id: &str) -> Result<Option<Snapshot>, Fault> {
    let Some(settled) = db.get::<DiskPlaces>(&id)?.filter(|settled| settled.region == place.region) else {
        return Ok(None);
    };
    let snapshot = db.get::<Snapshots>(&(settled.account, settled.region, id))?;
    Ok(snapshot.filter(|snapshot| snapshot.is_for(place.account)))
}

/// A snapshot that volumes and images can be made of.
///
/// # Errors
/// As [`get`], and IncorrectState.
pub fn usable(db: &Reader, place: Place<'_>, id: &str) -> Result<Snapshot, Fault> {
    let snapshot = get(db, place, id)?;
    if snapshot.state == SnapshotState::Completed {
        return Ok(snapshot);
    }
    Err(faults::other("IncorrectState", format!("Snapshot is in invalid state - {}", snapshot.state.name())))
}

/// A snapshot of this account, to be changed.
///
/// # Errors
/// As [`get`]; another account's that is shared is not there either.
pub fn own(db: &Reader, place: Place<'_>, id: &str) -> Result<Snapshot, Fault> {
    let snapshot = get(db, place, id)?;
    if snapshot.account == place.account { Ok(snapshot) } else { Err(faults::no_snapshot(id)) }
}

/// Every snapshot that an account sees in a region.
///
/// # Errors
/// When the store can't be read.
pub fn all(db: &Reader, place: Place<'_>) -> Result<Vec<Snapshot>, Fault> {
    let own = db.run::<Snapshots>(&Scan::new(&(place.account, place.region)))?;
    let mut all: Vec<Snapshot> = own.into_iter().map(|(_, snapshot)| snapshot).collect();
    for (id, owner) in shared_disks::seen(db, place, "snap-")? {
        let snapshot = db.get::<Snapshots>(&(owner, place.region, id.as_str()))?;
        all.extend(snapshot.filter(|snapshot| snapshot.is_for(place.account)));
    }
    Ok(all)
}

/// An ARN names no account.
pub fn arn(region: &str, id: &str) -> String {
    format!("arn:aws:ec2:{region}::snapshot/{id}")
}

/// Begins a snapshot of a volume, and notes the work that it makes. Without a machine behind it is complete at once.
///
/// # Errors
/// When the store can't be read.
pub fn begin(tx: &mut Tx, env: &Env, now: Time, volume: &Volume, wish: Wish<'_>) -> Result<Snapshot, Fault> {
    let root = root_of(tx, volume)?;
    let copied = root.as_ref().filter(|_| !wish.at_once);
    let id = env.resource_id("snap");
    let snapshot = Snapshot {
        account: volume.account,
        region: volume.region.clone(),
        id: id.clone(),
        volume: volume.id.clone(),
        size: volume.size,
        description: wish.description.to_owned(),
        state: if copied.is_some() { SnapshotState::Pending } else { SnapshotState::Completed },
        reason: None,
        started: now,
        completed: copied.is_none().then_some(now),
        of: copied.map(|instance| Source { instance: instance.id.clone(), reboot: wish.reboot }),
        boot: root.map(|instance| match wish.at_once {
            true => instance.boot,
            false => Boot { bytes: Bytes::Stored(id.clone()), ..instance.boot },
        }),
        public: false,
        shared: Vec::new(),
    };
    if snapshot.of.is_some() {
        tx.put::<DiskWork>(&(COPY.to_owned(), id), &Mark {})?;
    }
    write_new(tx, &snapshot, wish.tags)?;
    Ok(snapshot)
}

/// What a snapshot is to be.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    pub description: &'a str,
    pub tags: &'a Tags,
    /// Its instance is to be stopped for it.
    pub reboot: bool,
    pub at_once: bool,
}

/// Writes a snapshot that is new.
///
/// # Errors
/// When it can't be written.
pub fn write_new(tx: &mut Tx, snapshot: &Snapshot, set: &Tags) -> Result<(), Fault> {
    let place = Place { account: snapshot.account, region: &snapshot.region };
    let settled = Settled { account: snapshot.account, region: snapshot.region.clone() };
    tx.put::<DiskPlaces>(&snapshot.id, &settled)?;
    put(tx, snapshot)?;
    tags::put(tx, place, &snapshot.id, set.clone())
}

/// Writes a snapshot, and to whom it is open.
///
/// # Errors
/// When it can't be written.
pub fn put(tx: &mut Tx, snapshot: &Snapshot) -> Result<(), Fault> {
    open_to(tx, snapshot, &shared_disks::of_snapshot(snapshot))?;
    Ok(tx.put::<Snapshots>(&snapshot.key(), snapshot)?)
}

/// Deletes a snapshot's record; its tags and bytes are others' work.
///
/// # Errors
/// When it can't be written.
pub fn delete(tx: &mut Tx, snapshot: &Snapshot) -> Result<(), Fault> {
    open_to(tx, snapshot, &BTreeSet::new())?;
    tx.delete::<Snapshots>(&snapshot.key())?;
    Ok(tx.delete::<DiskPlaces>(&snapshot.id)?)
}

fn open_to(tx: &mut Tx, snapshot: &Snapshot, viewers: &BTreeSet<String>) -> Result<(), Fault> {
    let place = Place { account: snapshot.account, region: &snapshot.region };
    let before = tx.get::<Snapshots>(&snapshot.key())?;
    let before = before.as_ref().map(shared_disks::of_snapshot).unwrap_or_default();
    shared_disks::change(tx, place, &snapshot.id, &before, viewers)
}

/// The instance whose root a volume is.
fn root_of(db: &Reader, volume: &Volume) -> Result<Option<Instance>, Fault> {
    for known in &volume.attachments {
        let instance = instances::find(db, &known.instance)?;
        if let Some(instance) = instance.filter(|instance| instance.volume == volume.id) {
            return Ok(Some(instance));
        }
    }
    Ok(None)
}

/// A snapshot with its tags.
#[derive(Clone, Debug)]
pub struct Shown {
    pub snapshot: Snapshot,
    pub tags: Tags,
}

impl Shown {
    fn progress(&self) -> &'static str {
        match self.snapshot.state {
            SnapshotState::Completed => "100%",
            SnapshotState::Pending | SnapshotState::Error => "0%",
        }
    }

    pub fn to_wire(&self) -> model::Snapshot {
        let own = &self.snapshot;
        model::Snapshot {
            snapshot_id: Some(own.id.clone()),
            volume_id: Some(own.volume.clone()),
            volume_size: Some(own.size),
            state: Some(own.state.name().to_owned()),
            state_message: own.reason.clone(),
            start_time: Some(own.started),
            completion_time: own.completed,
            progress: Some(self.progress().to_owned()),
            owner_id: Some(own.account.to_string()),
            description: Some(own.description.clone()),
            encrypted: Some(false),
            storage_tier: Some("standard".into()),
            tags: tags::to_wire_if_any(&self.tags),
            ..Default::default()
        }
    }

    pub fn to_info(&self) -> model::SnapshotInfo {
        let own = &self.snapshot;
        model::SnapshotInfo {
            description: Some(own.description.clone()),
            tags: tags::to_wire_if_any(&self.tags),
            encrypted: Some(false),
            volume_id: Some(own.volume.clone()),
            state: Some(own.state.name().to_owned()),
            volume_size: Some(own.size),
            start_time: Some(own.started),
            progress: Some(self.progress().to_owned()),
            owner_id: Some(own.account.to_string()),
            snapshot_id: Some(own.id.clone()),
            ..Default::default()
        }
    }
}

/// Whether a snapshot is of one of these owners: an account, or `self`. None are `amazon`'s.
pub fn is_of(snapshot: &Snapshot, owner: &str, me: AccountId) -> bool {
    match owner {
        "self" => snapshot.account == me,
        account => snapshot.account.to_string() == account,
    }
}

impl Filtered for Shown {
    const NAMES: &'static [&'static str] = &[
        "description",
        "encrypted",
        "owner-alias",
        "owner-id",
        "progress",
        "snapshot-id",
        "start-time",
        "status",
        "storage-tier",
        "transfer-type",
        "volume-id",
        "volume-size",
    ];

    fn values(&self, name: &str) -> Vec<String> {
        let own = &self.snapshot;
        vec![match name {
            "description" => own.description.clone(),
            "encrypted" => "false".to_owned(),
            "owner-id" => own.account.to_string(),
            "progress" => self.progress().to_owned(),
            "snapshot-id" => own.id.clone(),
            "start-time" => own.started.iso_millis(),
            "status" => own.state.name().to_owned(),
            "storage-tier" => "standard".to_owned(),
            "volume-id" => own.volume.clone(),
            "volume-size" => own.size.to_string(),
            _ => return Vec::new(),
        }]
    }

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }
}
