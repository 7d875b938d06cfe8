//! Machine images, and the names by which templates know them.

use rolecall_base::{AccountId, Time};
use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

use super::{Mark, RegionalKey, Settled};

/// An image: one of an account, or one of those that are built in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// The owner.
    pub account: AccountId,
    /// Empty for a built-in one, which every region has.
    pub region: String,
    /// `ami-…`
    pub id: String,
    pub name: String,
    pub description: Option<String>,
    pub state: ImageState,
    /// Why it failed.
    pub reason: Option<String>,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    pub created: Time,
    /// `/dev/xvda`, say.
    pub root_device: String,
    pub disks: Vec<ImageDisk>,
    pub bytes: Bytes,
    /// The user that its machines are entered as.
    pub login: String,
    pub public: bool,
    /// Accounts that may launch it beside the owner.
    pub shared: Vec<AccountId>,
    pub deprecated: Option<Time>,
    /// Can't be deregistered.
    pub kept: bool,
    /// Instances of it ask for tokens (`ImdsSupport` `v2.0`).
    pub tokens_required: bool,
    pub location: String,
    /// The instance that it was made of.
    pub from_instance: Option<String>,
    /// The image that it is a copy of, and its region.
    pub from_image: Option<(String, String)>,
}

/// AWS's image states, as far as there are any here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ImageState {
    Pending,
    Available,
    Failed,
    Disabled,
}

impl ImageState {
    pub fn name(self) -> &'static str {
        match self {
            ImageState::Pending => "pending",
            ImageState::Available => "available",
            ImageState::Failed => "failed",
            ImageState::Disabled => "disabled",
        }
    }
}

/// A disk that an instance of an image gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageDisk {
    pub device: String,
    pub snapshot: Option<String>,
    /// GiB.
    pub size: i32,
    pub volume_type: String,
    pub iops: Option<i32>,
    pub throughput: Option<i32>,
    pub delete_on_termination: bool,
    pub encrypted: bool,
}

/// Where the files of a root disk are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Bytes {
    /// Nowhere of their own: the host's `/usr`, and a fresh disk.
    #[default]
    Host,
    /// In the driver's store of images, under this name.
    Stored(String),
    /// They are to come from an object of S3; whose bucket it was when that was decided, and which bytes were in it.
    Object {
        owner: AccountId,
        bucket: String,
        key: String,
        #[serde(default)]
        etag: Option<String>,
    },
}

impl Image {
    pub fn is_built_in(&self) -> bool {
        self.region.is_empty()
    }

    /// Its key in [`Images`].
    pub fn key(&self) -> RegionalKey {
        (self.account, self.region.clone(), self.id.clone())
    }

    /// The disk that it boots from.
    pub fn root(&self) -> Option<&ImageDisk> {
        self.disks.iter().find(|disk| disk.device == self.root_device)
    }

    /// Whether an account may see and launch it.
    pub fn is_for(&self, account: AccountId) -> bool {
        self.public || self.account == account || self.shared.contains(&account)
    }
}

impl Record for Image {
    const VERSION: u8 = 1;
}

/// Of accounts: (owner, region, `ami-…`).
#[derive(Debug)]
pub struct Images;

impl Table for Images {
    const ID: u16 = 84;
    const NAME: &'static str = "images";
    type Key = RegionalKey;
    type Row = Image;
}

/// Where the id of an image or a snapshot leads: they are shared between accounts.
#[derive(Debug)]
pub struct DiskPlaces;

impl Table for DiskPlaces {
    const ID: u16 = 85;
    const NAME: &'static str = "disk_places";
    type Key = String;
    type Row = Settled;
}

/// What is to be done with the bytes of disks: notes for the loop of `disks`.
#[derive(Debug)]
pub struct DiskWork;

impl Table for DiskWork {
    const ID: u16 = 89;
    const NAME: &'static str = "disk_work";
    /// What is to be done, and with which id.
    type Key = (String, String);
    type Row = Mark;
}

/// An id that stands for another image's. Written at each start, from the server's options.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageAlias {
    pub image: String,
}

impl Record for ImageAlias {
    const VERSION: u8 = 1;
}

/// The alias's `ami-…`.
#[derive(Debug)]
pub struct ImageAliases;

impl Table for ImageAliases {
    const ID: u16 = 198;
    const NAME: &'static str = "image_aliases";
    type Key = String;
    type Row = ImageAlias;
}
