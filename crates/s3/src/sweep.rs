//! Removing bytes that no row refers to any more: the background half of every overwrite and deletion.
//!
//! Safe to stop at any point: a file is deleted before its row in [`Shared`], and that before the note in [`ToDrop`];
//! what is done twice does no harm. A note waits for [`GRACE`], so that whoever opened an object finds its bytes.

use std::time::Duration;

use rolecall_base::Fault;
use rolecall_blobs::{BlobId, Blobs};
use rolecall_env::Env;
use rolecall_store::{Reader, Store, Tx};

use crate::object::millis;
use crate::records::{Dropped, DroppedSet, Manifests, Part, Parts, Shared, Shares, ToDrop};

/// How long what was given up stays readable for requests that are under way.
pub const GRACE: Duration = Duration::from_secs(60);
/// Blobs younger than this may belong to an upload whose row is about to be committed.
pub const ABANDONED: Duration = Duration::from_secs(3600);
/// Notes of one round.
const ROUND: usize = 100;
/// References that one commit lets go of.
const STEP: usize = 200;

/// What a round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// References that were let go of.
    pub dropped: u64,
    /// Blobs that were deleted because of that.
    pub deleted: u64,
    /// Blobs that no row ever referred to.
    pub abandoned: u64,
    /// There are more notes than one round takes: call again soon.
    pub more: bool,
}

/// One round of sweeping: lets go of what deleted and overwritten rows referred to, and, with `abandoned`, deletes
/// blobs that no row ever referred to (costs a look at every file: at start and once an hour).
///
/// # Errors
/// What store or file system say; the next round goes on from there.
pub async fn sweep(store: &Store, blobs: &Blobs, env: &Env, abandoned: bool) -> Result<Swept, Fault> {
    let mut swept = Swept::default();
    let until = millis(env.now() - GRACE);
    let notes = store.read()?.scan::<ToDrop>(&(), None, ROUND)?;
    swept.more = notes.len() == ROUND;
    for ((at, id), note) in notes {
        if at > until {
            swept.more = false;
            break;
        }
        let (dropped, deleted) = settle(store, blobs, &(at, id), note).await?;
        swept.dropped = swept.dropped.saturating_add(dropped);
        swept.deleted = swept.deleted.saturating_add(deleted);
    }
    if abandoned {
        let store = store.clone();
        // A snapshot for each: one for all would be held for as long as there are files.
        let live = move |id: &BlobId| {
            store.read().and_then(|db| db.exists::<Shared>(&id.to_string())).unwrap_or(true)
        };
        let removed = blobs.sweep(live, ABANDONED).await.map_err(Fault::internal)?;
        swept.abandoned = removed.removed;
    }
    Ok(swept)
}

/// Works off one note, a step at a time: each commit takes its references off the note.
async fn settle(
    store: &Store,
    blobs: &Blobs,
    key: &(u64, String),
    note: DroppedSet,
) -> Result<(u64, u64), Fault> {
    let (mut dropped, mut deleted) = (0_u64, 0_u64);
    let mut left = note.all;
    while let Some(next) = left.pop() {
        // A manifest or upload becomes the blobs that it refers to; these are then next.
        let mut blobs_now = match next {
            Dropped::Blob(id) => vec![id],
            Dropped::Manifest(id) => {
                drop_manifest(store, key, &left, &id).await?;
                left = note_now(store, key)?;
                continue;
            }
            Dropped::Upload(id) => {
                drop_parts(store, key, &left, &id).await?;
                left = note_now(store, key)?;
                continue;
            }
        };
        while blobs_now.len() < STEP
            && let Some(Dropped::Blob(id)) = left.pop_if(|next| matches!(next, Dropped::Blob(_)))
        {
            blobs_now.push(id);
        }
        deleted = deleted.saturating_add(delete_unshared(&store.read()?, blobs, &blobs_now).await?);
        dropped = dropped.saturating_add(u64::try_from(blobs_now.len()).unwrap_or(0));
        let rest = DroppedSet { all: left.clone() };
        commit(store, |tx| {
            for id in &blobs_now {
                release(tx, id)?;
            }
            keep_note(tx, key, &rest)
        })
        .await?;
    }
    commit(store, |tx| Ok(tx.delete::<ToDrop>(key)?)).await?;
    Ok((dropped, deleted))
}

/// Deletes the files of those that are dropped as often as they are referred to.
async fn delete_unshared(db: &Reader, blobs: &Blobs, ids: &[String]) -> Result<u64, Fault> {
    let mut deleted = 0_u64;
    for (i, id) in ids.iter().enumerate() {
        // One blob may stand here several times: copies that were deleted together.
        if ids.get(..i).is_some_and(|before| before.contains(id)) {
            continue;
        }
        let times = u32::try_from(ids.iter().filter(|other| *other == id).count()).unwrap_or(u32::MAX);
        if db.get::<Shared>(&id.as_str())?.is_none_or(|shares| shares.count <= times) {
            let id: BlobId = id.parse().map_err(Fault::internal)?;
            blobs.delete(&id).await.map_err(Fault::internal)?;
            deleted = deleted.saturating_add(1);
        }
    }
    Ok(deleted)
}

fn note_now(store: &Store, key: &(u64, String)) -> Result<Vec<Dropped>, Fault> {
    Ok(store.read()?.get::<ToDrop>(key)?.map(|note| note.all).unwrap_or_default())
}

fn keep_note(tx: &mut Tx, key: &(u64, String), rest: &DroppedSet) -> Result<(), Fault> {
    if rest.all.is_empty() { Ok(tx.delete::<ToDrop>(key)?) } else { Ok(tx.put::<ToDrop>(key, rest)?) }
}

/// Nobody else refers to it. Nobody will: only what a row refers to can be copied.
fn is_last(db: &Reader, id: &str) -> Result<bool, Fault> {
    Ok(db.get::<Shared>(&id)?.is_none_or(|shares| shares.count <= 1))
}

/// Takes one reference off; answers whether it was the last.
fn release(tx: &mut Tx, id: &str) -> Result<bool, Fault> {
    match tx.get::<Shared>(&id)? {
        Some(Shares { count }) if count > 1 => {
            tx.put::<Shared>(&id, &Shares { count: count.saturating_sub(1) })?;
            Ok(false)
        }
        _ => {
            tx.delete::<Shared>(&id)?;
            Ok(true)
        }
    }
}

/// Replaces a manifest in a note by the blobs of one of its rows, as often as it has rows.
async fn drop_manifest(store: &Store, key: &(u64, String), left: &[Dropped], id: &str) -> Result<(), Fault> {
    commit(store, |tx| {
        let mut rest = DroppedSet { all: left.to_vec() };
        if !is_last(tx, id)? {
            release(tx, id)?;
            return keep_note(tx, key, &rest);
        }
        let rows = tx.scan::<Manifests>(&(id,), None, 1)?;
        match rows.into_iter().next() {
            None => {
                release(tx, id)?;
            }
            Some((row, manifest)) => {
                tx.delete::<Manifests>(&row)?;
                rest.all.push(Dropped::Manifest(id.to_owned()));
                rest.all.extend(
                    manifest
                        .parts
                        .into_iter()
                        .filter(|part| part.size > 0)
                        .map(|part| Dropped::Blob(part.blob)),
                );
            }
        }
        keep_note(tx, key, &rest)
    })
    .await
}

/// Replaces an upload in a note by the blobs of some of its parts, as often as it has parts.
async fn drop_parts(store: &Store, key: &(u64, String), left: &[Dropped], id: &str) -> Result<(), Fault> {
    commit(store, |tx| {
        let mut rest = DroppedSet { all: left.to_vec() };
        let rows: Vec<((String, u32), Part)> = tx.scan::<Parts>(&(id,), None, STEP)?;
        if !rows.is_empty() {
            rest.all.push(Dropped::Upload(id.to_owned()));
        }
        for (row, part) in rows {
            tx.delete::<Parts>(&row)?;
            if part.size > 0 {
                rest.all.push(Dropped::Blob(part.blob));
            }
        }
        keep_note(tx, key, &rest)
    })
    .await
}

async fn commit(store: &Store, work: impl Fn(&mut Tx) -> Result<(), Fault>) -> Result<(), Fault> {
    store.update(|tx| work(tx)).await
}
