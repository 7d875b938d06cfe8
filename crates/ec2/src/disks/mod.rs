//! What images, volumes and snapshots have in common: bytes that several of them share, and calls that are repeated.

mod work;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use rolecall_base::{AccountId, Fault, Tags};
use rolecall_compute::ImageSource;
use rolecall_door::At;
use rolecall_policy::PolicySet;
use rolecall_store::{Reader, Scan, Tx};
use sha2::{Digest, Sha256};

use crate::faults;
use crate::place::Place;
use crate::records::{Bytes, DiskWork, Images, MadeDisk, MadeDisks, Mark, Snapshot};
use crate::snapshots::{self, DELETE};
use crate::tags;

pub use work::DiskWorker;

/// The note that an image's bytes are to be brought in.
pub const IMPORT: &str = "import";

/// Objects of S3, which is another service's: the server hands them over. An extension of the door.
#[derive(Clone, Debug)]
pub struct Objects(pub Arc<dyn Source>);

/// An object that is being opened.
pub type Opening = Pin<Box<dyn Future<Output = Result<ImageSource, Fault>> + Send>>;

/// Who has objects.
pub trait Source: Send + Sync + fmt::Debug {
    /// Whose bucket it is, and what its policy says to the caller; `None` without such a bucket.
    ///
    /// # Errors
    /// When the store can't be read.
    fn bucket(&self, at: &At<'_>, bucket: &str) -> Result<Option<BucketSays>, Fault>;

    /// An object; `None` when there is none.
    ///
    /// # Errors
    /// When the store can't be read.
    fn object(&self, db: &Reader, bucket: &str, key: &str) -> Result<Option<ObjectSays>, Fault>;

    /// Its bytes, as the bucket's owner reads them, as long as they are those of the entity tag.
    fn open(&self, owner: AccountId, region: &str, bucket: &str, key: &str, etag: &str) -> Opening;
}

/// What is asked about an object, and what tells whether it is still the same one later.
#[derive(Clone, Debug)]
pub struct ObjectSays {
    pub tags: Tags,
    pub etag: String,
}

/// What a bucket adds to the question whether its object may be read.
#[derive(Clone, Debug)]
pub struct BucketSays {
    pub owner: AccountId,
    pub policy: Option<Arc<PolicySet>>,
}

/// The image of its owner that needs a snapshot. Others' images of a shared one keep the bytes by themselves.
///
/// # Errors
/// When the store can't be read.
pub fn image_of(db: &Reader, place: Place<'_>, snapshot: &str) -> Result<Option<String>, Fault> {
    let rows = db.run::<Images>(&Scan::new(&(place.account, place.region)))?;
    let needs = |disk: &crate::records::ImageDisk| disk.snapshot.as_deref() == Some(snapshot);
    Ok(rows
        .into_iter()
        .map(|(_, image)| image)
        .find(|image| image.disks.iter().any(needs))
        .map(|image| image.id))
}

/// Deletes a snapshot's record; its bytes go when nothing else needs them.
///
/// # Errors
/// When the store can't be written.
pub fn delete_snapshot(tx: &mut Tx, snapshot: &Snapshot) -> Result<(), Fault> {
    let place = Place { account: snapshot.account, region: &snapshot.region };
    snapshots::delete(tx, snapshot)?;
    tags::put(tx, place, &snapshot.id, Default::default())?;
    match &snapshot.boot {
        Some(boot) => let_go(tx, &boot.bytes),
        None => Ok(()),
    }
}

/// Notes that bytes may be needed no more.
///
/// # Errors
/// When the store can't be written.
pub fn let_go(tx: &mut Tx, bytes: &Bytes) -> Result<(), Fault> {
    if let Bytes::Stored(id) = bytes {
        tx.put::<DiskWork>(&(DELETE.to_owned(), id.clone()), &Mark {})?;
    }
    Ok(())
}

/// A call that may be a repetition of an earlier one, by its client token.
#[derive(Debug)]
pub struct Repeat {
    /// Operation and token; none without a token.
    name: Option<String>,
    digest: String,
}

/// What an earlier call has done.
#[derive(Debug)]
pub enum Repeated {
    Already(String),
    New,
}

impl Repeat {
    /// # Errors
    /// InvalidParameterValue for a token that can be none.
    pub fn new(operation: &str, token: Option<&str>, input: &impl fmt::Debug) -> Result<Repeat, Fault> {
        let token = token.filter(|token| !token.is_empty());
        if let Some(token) = token.filter(|token| token.len() > 64 || !token.is_ascii()) {
            let why = "A client token has at most 64 ASCII characters.";
            return Err(faults::invalid_value(token, "clientToken", why));
        }
        let hash = Sha256::digest(format!("{input:?}"));
        let digest = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Repeat { name: token.map(|token| format!("{operation}/{token}")), digest })
    }

    /// # Errors
    /// IdempotentParameterMismatch when that call had other parameters.
    pub fn look(&self, db: &Reader, place: Place<'_>) -> Result<Repeated, Fault> {
        let Some(name) = &self.name else { return Ok(Repeated::New) };
        match db.get::<MadeDisks>(&place.key(name))? {
            None => Ok(Repeated::New),
            Some(row) if row.digest != self.digest => Err(faults::token_mismatch()),
            Some(row) => Ok(Repeated::Already(row.id)),
        }
    }

    /// Notes what this call has made.
    ///
    /// # Errors
    /// When the store can't be written.
    pub fn note(self, tx: &mut Tx, place: Place<'_>, id: &str) -> Result<(), Fault> {
        if let Some(name) = self.name {
            tx.put::<MadeDisks>(&place.key(&name), &MadeDisk { digest: self.digest, id: id.to_owned() })?;
        }
        Ok(())
    }
}
