//! Volumes and snapshots. The bytes of a root volume live with its instance's disk; other volumes have none.

use rolecall_base::{AccountId, Time};
use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

use super::{Boot, RegionalKey};

/// A volume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    pub account: AccountId,
    pub region: String,
    /// `vol-…`
    pub id: String,
    pub zone: String,
    /// GiB.
    pub size: i32,
    /// `gp3`, …
    pub volume_type: String,
    pub iops: Option<i32>,
    /// MiB a second; gp3 only.
    pub throughput: Option<i32>,
    pub snapshot: Option<String>,
    pub created: Time,
    pub multi_attach: bool,
    pub auto_enable_io: bool,
    pub attachments: Vec<VolumeAttachment>,
    /// The last change of its size, type or speed.
    pub modification: Option<Modification>,
}

/// Where a volume is attached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumeAttachment {
    pub instance: String,
    pub device: String,
    pub attached: Time,
    pub delete_on_termination: bool,
}

/// What ModifyVolume changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Modification {
    pub started: Time,
    pub from: Shape,
    pub to: Shape,
}

/// What can be modified of a volume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    pub size: i32,
    pub volume_type: String,
    pub iops: Option<i32>,
    pub throughput: Option<i32>,
    pub multi_attach: bool,
}

impl Volume {
    pub fn key(&self) -> RegionalKey {
        (self.account, self.region.clone(), self.id.clone())
    }

    /// `available` or `in-use`.
    pub fn state(&self) -> &'static str {
        if self.attachments.is_empty() { "available" } else { "in-use" }
    }

    pub fn shape(&self) -> Shape {
        Shape {
            size: self.size,
            volume_type: self.volume_type.clone(),
            iops: self.iops,
            throughput: self.throughput,
            multi_attach: self.multi_attach,
        }
    }
}

impl Record for Volume {
    const VERSION: u8 = 1;
}

#[derive(Debug)]
pub struct Volumes;

impl Table for Volumes {
    const ID: u16 = 86;
    const NAME: &'static str = "volumes";
    type Key = RegionalKey;
    type Row = Volume;
}

/// A snapshot of a volume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    pub account: AccountId,
    pub region: String,
    /// `snap-…`
    pub id: String,
    /// What it was made of; `vol-ffffffff` for a copy.
    pub volume: String,
    /// GiB, of the volume.
    pub size: i32,
    pub description: String,
    pub state: SnapshotState,
    /// Why it failed.
    pub reason: Option<String>,
    pub started: Time,
    pub completed: Option<Time>,
    /// What a machine of its bytes is; none for a volume without any.
    pub boot: Option<Boot>,
    /// The instance whose disk is to be copied, and whether it is to be stopped for that.
    pub of: Option<Source>,
    pub public: bool,
    pub shared: Vec<AccountId>,
}

/// The instance that a snapshot is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    pub instance: String,
    pub reboot: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SnapshotState {
    Pending,
    Completed,
    Error,
}

impl SnapshotState {
    pub fn name(self) -> &'static str {
        match self {
            SnapshotState::Pending => "pending",
            SnapshotState::Completed => "completed",
            SnapshotState::Error => "error",
        }
    }
}

impl Snapshot {
    pub fn key(&self) -> RegionalKey {
        (self.account, self.region.clone(), self.id.clone())
    }

    /// Whether an account may see it and make volumes of it.
    pub fn is_for(&self, account: AccountId) -> bool {
        self.public || self.account == account || self.shared.contains(&account)
    }
}

impl Record for Snapshot {
    const VERSION: u8 = 1;
}

/// (owner, region, `snap-…`).
#[derive(Debug)]
pub struct Snapshots;

impl Table for Snapshots {
    const ID: u16 = 87;
    const NAME: &'static str = "snapshots";
    type Key = RegionalKey;
    type Row = Snapshot;
}

/// What a call with a client token has made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeDisk {
    /// SHA-256 of the request, in hexadecimal.
    pub digest: String,
    pub id: String,
}

impl Record for MadeDisk {
    const VERSION: u8 = 1;
}

/// (account, region, operation and token).
#[derive(Debug)]
pub struct MadeDisks;

impl Table for MadeDisks {
    const ID: u16 = 199;
    const NAME: &'static str = "made_disks";
    type Key = RegionalKey;
    type Row = MadeDisk;
}
