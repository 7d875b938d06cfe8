//! Writing and removing object rows, with the references to the bytes they point to.
//!
//! A blob or manifest is deleted when the last row that refers to it is gone. Rows are counted in [`Shared`]; who
//! removes a row leaves a note in [`ToDrop`], in the same commit, and [`crate::sweep`] does the rest.

use rolecall_base::{Fault, Time};
use rolecall_env::Env;
use rolecall_store::{Reader, Tx};

use crate::fault;
use crate::records::{Dropped, DroppedSet, Head, Heads, Object, Objects, Place, Shared, Shares, ToDrop};

/// The most bytes of a key.
pub const MAX_KEY: usize = 1024;
/// The most bytes of one upload: PutObject, UploadPart.
pub const MAX_UPLOAD: u64 = 5 * 1024 * 1024 * 1024;

/// References of one note, so that it fits in a row.
const NOTE: usize = 500;

/// # Errors
/// KeyTooLongError.
pub fn check_key(key: &str) -> Result<(), Fault> {
    if key.len() <= MAX_KEY {
        return Ok(());
    }
    Err(Fault::new("KeyTooLongError", 400, "Your key is too long")
        .with("Size", key.len().to_string())
        .with("MaxSizeAllowed", MAX_KEY.to_string()))
}

/// An object without its bytes.
pub fn head(db: &Reader, bucket: &str, key: &str) -> Result<Option<Head>, Fault> {
    Ok(db.get::<Heads>(&(bucket, key))?.map(|row| row.head))
}

/// Version ids: there is only the null version while versioning is not there.
///
/// # Errors
/// NoSuchVersion, or InvalidArgument for what is no version id.
pub fn check_version(version: Option<&str>, key: &str) -> Result<(), Fault> {
    match version {
        None | Some("null") => Ok(()),
        Some(id) if id.len() == 32 => Err(fault::no_such_version(key, id)),
        Some(id) => Err(fault::invalid_argument("versionId", id, "Invalid version id specified")),
    }
}

/// Writes an object over what was there.
pub fn put(
    tx: &mut Tx,
    place: (&str, &str),
    object: &Object,
    old: Option<Head>,
    drops: &mut Drops,
) -> Result<(), Fault> {
    tx.put::<Objects>(&place, object)?;
    if let Some(old) = old {
        drops.place(&old.place);
    }
    Ok(())
}

/// Removes an object.
pub fn remove(tx: &mut Tx, bucket: &str, key: &str, old: &Head, drops: &mut Drops) -> Result<(), Fault> {
    tx.delete::<Objects>(&(bucket, key))?;
    drops.place(&old.place);
    Ok(())
}

/// Counts the first reference to a blob or manifest that nothing else refers to.
pub fn claim(tx: &mut Tx, id: &str) -> Result<(), Fault> {
    Ok(tx.put::<Shared>(&id, &Shares { count: 1 })?)
}

/// Counts a further reference.
///
/// # Errors
/// InternalFailure when nothing refers to it yet: it might be swept at any moment.
pub fn share(tx: &mut Tx, id: &str) -> Result<(), Fault> {
    let Some(Shares { count }) = tx.get::<Shared>(&id)? else {
        return Err(Fault::internal(format!("{id} is shared by nobody")));
    };
    Ok(tx.put::<Shared>(&id, &Shares { count: count.saturating_add(1) })?)
}

/// One more row for the bytes of an object that is being copied.
pub fn share_place(tx: &mut Tx, place: &Place) -> Result<(), Fault> {
    match place {
        Place::Inline => Ok(()),
        Place::Blob(id) | Place::Parts { manifest: id, .. } => share(tx, id),
    }
}

/// What a commit gives up.
#[derive(Debug, Default)]
pub struct Drops(DroppedSet);

impl Drops {
    pub fn place(&mut self, place: &Place) {
        match place {
            Place::Inline => {}
            Place::Blob(id) => self.0.all.push(Dropped::Blob(id.clone())),
            Place::Parts { manifest, .. } => self.0.all.push(Dropped::Manifest(manifest.clone())),
        }
    }

    /// Nothing for a part without bytes.
    pub fn blob(&mut self, id: &str) {
        if id.is_empty() {
            return;
        }
        self.0.all.push(Dropped::Blob(id.to_owned()));
    }

    pub fn upload(&mut self, id: &str) {
        self.0.all.push(Dropped::Upload(id.to_owned()));
    }

    /// Leaves the note, if there is anything to note.
    pub fn note(self, tx: &mut Tx, env: &Env) -> Result<(), Fault> {
        for some in self.0.all.chunks(NOTE) {
            tx.put::<ToDrop>(&(millis(env.now()), env.uuid()), &DroppedSet { all: some.to_vec() })?;
        }
        Ok(())
    }
}

/// A time as keys have it.
pub fn millis(time: Time) -> u64 {
    u64::try_from(time.millis()).unwrap_or(0)
}
