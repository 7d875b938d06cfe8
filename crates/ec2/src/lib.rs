//! EC2: instances with their key pairs, images, tags and instance profiles, in a default VPC per region.
//!
//! Operations write what is wanted; the [`Reconciler`] makes the machines follow and writes what was reached. The
//! metadata service and SSH find instances through [`instances`].

pub mod faults;
pub mod images;
pub mod instance_types;
pub mod instances;
pub mod model;
pub mod ops;
pub mod origins;
pub mod records;
pub mod regions;

mod addresses;
mod describe;
mod described_interface;
mod disk_questions;
mod disks;
mod elastic;
mod endpoints;
mod filters;
mod groups;
mod image_parameters;
mod instance_filters;
mod interface_questions;
mod interfaces;
mod key_pairs;
mod keys;
mod kinds;
mod launch;
mod lifecycle;
mod machines;
mod managed_prefix_lists;
mod monitoring;
mod network;
mod paging;
mod permissions;
mod place;
mod placement_groups;
mod ppk;
mod prefix_lists;
mod profiles;
mod questions;
mod quotas;
mod reconcile;
mod settings;
mod shared_disks;
mod snapshots;
mod tags;
mod templates;
mod turns;
mod upgrade;
mod volumes;
pub mod wiring;

pub use disks::{BucketSays, DiskWorker, ObjectSays, Objects, Opening, Source};
pub use image_parameters::{ImageName, ImageNames, Parameters};
#[cfg(feature = "hostile")]
pub use keys::{Public, read as read_public_key};
pub use machines::{Change, Guest, Machines, Preparing};
pub use quotas::Quotas;
pub use reconcile::Reconciler;
pub use upgrade::{UpgradeError, upgrade};
pub use wiring::{Plans, Wiring};

#[cfg(test)]
mod attribute_keys;
#[cfg(test)]
mod scene;
