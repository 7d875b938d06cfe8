//! What every driver must do.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "test code")]

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use rolecall_blobs::{BlobError, BlobId, Blobs, Body, Durability, INLINE_BYTES, Plan, Staged, Wanted};
use rolecall_env::Env;

/// Each driver, with its folder where it has one.
fn drivers(env: &Env) -> Vec<(Blobs, Option<tempfile::TempDir>)> {
    let folder = |durability| {
        let root = tempfile::tempdir().unwrap();
        (Blobs::folder(env.clone(), &root.path().join("blobs"), durability).unwrap(), Some(root))
    };
    vec![folder(Durability::Strict), folder(Durability::None), (Blobs::memory(env.clone()), None)]
}

/// Bytes that differ from place to place.
fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at ^ at >> 8 ^ at >> 16) as u8).collect()
}

async fn stage(blobs: &Blobs, plan: Plan, body: &[u8], step: usize) -> Result<Staged, BlobError> {
    let mut staging = blobs.stage(plan);
    for piece in body.chunks(step) {
        staging.write(Bytes::copy_from_slice(piece)).await?;
    }
    staging.commit().await
}

async fn stored(blobs: &Blobs, body: &[u8]) -> BlobId {
    match stage(blobs, Plan::default(), body, 70_000).await.unwrap().body {
        Body::Blob(id) => id,
        Body::Inline(_) => panic!("a blob was expected"),
    }
}

async fn read(blobs: &Blobs, id: &BlobId, range: Option<std::ops::Range<u64>>) -> Vec<u8> {
    let mut stream = blobs.open(id, range).await.unwrap();
    let expected = stream.remaining();
    let mut out = Vec::new();
    while let Some(piece) = stream.next().await {
        let piece = piece.unwrap();
        assert!((1..=256 * 1024).contains(&piece.len()));
        out.extend_from_slice(&piece);
    }
    assert_eq!(out.len() as u64, expected);
    out
}

/// Blob files and drafts under a folder.
fn files(root: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    files.into_iter().chain(folders.iter().flat_map(|folder| self::files(folder))).collect()
}

#[tokio::test]
async fn a_body_of_any_length_is_read_back_whole_and_in_ranges() {
    for (blobs, _root) in drivers(&Env::sim(1)) {
        for length in [INLINE_BYTES + 1, 256 * 1024, 1024 * 1024, 3 * 1024 * 1024 + 17] {
            let body = pattern(length);
            let id = stored(&blobs, &body).await;
            assert_eq!(read(&blobs, &id, None).await, body, "{blobs:?} {length}");
            for range in [0..1, 5..40_000, 1000..1000, length as u64 - 1..u64::MAX, u64::MAX - 1..u64::MAX] {
                let at = |place: u64| usize::try_from(place).unwrap().min(length);
                let expected = &body[at(range.start)..at(range.end)];
                assert_eq!(read(&blobs, &id, Some(range)).await, expected, "{blobs:?}");
            }
            assert_eq!(blobs.open(&id, Some(0..1)).await.unwrap().blob_bytes(), length as u64);
        }
    }
}

#[tokio::test]
async fn a_small_body_stays_inline_and_makes_no_file() {
    for (blobs, root) in drivers(&Env::sim(1)) {
        for length in [0, 1, INLINE_BYTES] {
            let body = pattern(length);
            let staged = stage(&blobs, Plan::default(), &body, 1000).await.unwrap();
            assert_eq!(staged.body, Body::Inline(Bytes::from(body)));
            assert_eq!(staged.length, length as u64);
        }
        assert!(root.as_ref().is_none_or(|root| files(root.path()).is_empty()));
        let never = Plan { inline_bytes: 0, ..Plan::default() };
        assert!(matches!(stage(&blobs, never, b"x", 1).await.unwrap().body, Body::Blob(_)));
    }
}

#[tokio::test]
async fn digests_are_the_same_inline_and_stored_whatever_the_pieces() {
    let all = Wanted { md5: true, crc32: true, crc32c: true, crc64nvme: true, sha1: true, sha256: true };
    for (blobs, _root) in drivers(&Env::sim(1)) {
        let body = pattern(2_500_000);
        let plan = Plan { digests: all, ..Plan::default() };
        let stored = stage(&blobs, plan, &body, 1024 * 1024).await.unwrap();
        let pieces = stage(&blobs, plan, &body, 7919).await.unwrap();
        let inline =
            stage(&blobs, Plan { inline_bytes: usize::MAX - 1, ..plan }, &body, 65536).await.unwrap();
        assert!(matches!(inline.body, Body::Inline(_)));
        assert_eq!(stored.digests, pieces.digests);
        assert_eq!(stored.digests, inline.digests);
        assert!(stored.digests.md5.is_some() && stored.digests.sha1.is_some());
        let none = stage(&blobs, Plan::default(), &body, 65536).await.unwrap();
        assert_eq!(none.digests, rolecall_blobs::Digests::default());
    }
}

#[tokio::test]
async fn a_body_over_its_limit_is_refused_and_leaves_nothing() {
    for (blobs, root) in drivers(&Env::sim(1)) {
        let plan = Plan { limit_bytes: 2_000_000, ..Plan::default() };
        stage(&blobs, plan, &pattern(2_000_000), 65536).await.unwrap();
        let refused = stage(&blobs, plan, &pattern(2_000_001), 65536).await;
        assert!(matches!(refused, Err(BlobError::TooLarge { limit_bytes: 2_000_000 })));
        assert!(root.as_ref().is_none_or(|root| files(root.path()).len() == 1));
    }
}

#[tokio::test]
async fn a_body_that_is_dropped_before_its_commit_leaves_nothing() {
    for (blobs, root) in drivers(&Env::sim(1)) {
        let mut staging = blobs.stage(Plan::default());
        staging.write(Bytes::from(pattern(1_500_000))).await.unwrap();
        drop(staging);
        let mut staging = blobs.stage(Plan::default());
        staging.write(Bytes::from(pattern(1_500_000))).await.unwrap();
        drop(staging.finish().await.unwrap());
        assert!(root.as_ref().is_none_or(|root| files(root.path()).is_empty()));
    }
}

#[tokio::test]
async fn a_deleted_blob_is_gone_and_an_open_stream_reads_on() {
    for (blobs, _root) in drivers(&Env::sim(1)) {
        let body = pattern(600_000);
        let id = stored(&blobs, &body).await;
        let mut stream = blobs.open(&id, None).await.unwrap();
        assert!(blobs.delete(&id).await.unwrap());
        assert!(!blobs.delete(&id).await.unwrap());
        assert!(matches!(blobs.open(&id, None).await, Err(BlobError::NotFound(gone)) if gone == id));
        let mut length = 0;
        while let Some(piece) = stream.next().await {
            length += piece.unwrap().len();
        }
        assert_eq!(length, body.len());
    }
}

#[tokio::test]
async fn a_sweep_takes_what_is_old_and_not_live() {
    let env = Env::sim(1);
    for (blobs, _root) in drivers(&env) {
        let (live, dead) = (stored(&blobs, &pattern(40_000)).await, stored(&blobs, &pattern(50_000)).await);
        env.advance(Duration::from_secs(3600));
        let young = stored(&blobs, &pattern(60_000)).await;
        let hour = Duration::from_secs(1800);
        let swept = blobs.sweep(move |id| *id == live, hour).await.unwrap();
        assert_eq!((swept.removed, swept.removed_bytes, swept.kept), (1, 50_000, 2), "{blobs:?}");
        assert!(matches!(blobs.open(&dead, None).await, Err(BlobError::NotFound(_))));
        for kept in [live, young] {
            blobs.open(&kept, None).await.unwrap();
        }
    }
}

#[tokio::test]
async fn equal_bodies_have_different_names() {
    for (blobs, _root) in drivers(&Env::sim(1)) {
        let body = pattern(40_000);
        let (one, other) = (stored(&blobs, &body).await, stored(&blobs, &body).await);
        assert_ne!(one, other);
        assert_eq!(one.checksum(), other.checksum());
    }
}

#[tokio::test]
async fn blobs_are_there_after_a_new_start_in_files_for_the_owner_only() {
    let root = tempfile::tempdir().unwrap();
    let env = Env::sim(1);
    let blobs = Blobs::folder(env.clone(), root.path(), Durability::Strict).unwrap();
    let id = stored(&blobs, &pattern(100_000)).await;
    drop(blobs);
    let again = Blobs::folder(env, root.path(), Durability::Strict).unwrap();
    assert_eq!(read(&again, &id, None).await, pattern(100_000));
    let found = files(root.path());
    assert_eq!(found.len(), 1);
    assert_eq!(fs::metadata(&found[0]).unwrap().permissions().mode() & 0o777, 0o600);
    let name = id.to_string();
    assert!(found[0].ends_with(format!("{}/{}/{name}", &name[..2], &name[2..4])));
}

#[tokio::test]
async fn changed_bytes_are_noticed_by_whoever_reads_them_all() {
    let root = tempfile::tempdir().unwrap();
    let blobs = Blobs::folder(Env::sim(1), root.path(), Durability::None).unwrap();
    let id = stored(&blobs, &pattern(700_000)).await;
    let file = files(root.path()).remove(0);
    let mut bytes = fs::read(&file).unwrap();
    bytes[400_000] ^= 1;
    fs::write(&file, &bytes).unwrap();
    assert_eq!(last_error(&blobs, &id).await, Some(ErrorKind::InvalidData));
    fs::write(&file, &bytes[..300_000]).unwrap();
    assert_eq!(last_error(&blobs, &id).await, Some(ErrorKind::InvalidData));
}

/// What a full read ends with.
async fn last_error(blobs: &Blobs, id: &BlobId) -> Option<ErrorKind> {
    let mut stream = blobs.open(id, None).await.unwrap();
    let mut last = None;
    while let Some(piece) = stream.next().await {
        last = piece.err().map(|failure| failure.kind());
    }
    last
}

#[tokio::test]
async fn a_sweep_takes_abandoned_drafts() {
    let root = tempfile::tempdir().unwrap();
    let env = Env::system();
    let blobs = Blobs::folder(env.clone(), root.path(), Durability::None).unwrap();
    fs::write(root.path().join("tmp/0123"), b"half").unwrap();
    fs::write(root.path().join("README"), b"not ours").unwrap();
    assert_eq!(blobs.sweep(|_| true, Duration::from_secs(60)).await.unwrap().removed, 0);
    env.advance(Duration::from_secs(120));
    assert_eq!(blobs.sweep(|_| true, Duration::from_secs(60)).await.unwrap().removed, 1);
    assert!(root.path().join("README").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_bodies_at_once_do_not_mix() {
    for (blobs, _root) in drivers(&Env::sim(1)) {
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..24_usize {
            let blobs = blobs.clone();
            tasks.spawn(async move {
                let body = pattern(100_000 * number + number)[number..].to_vec();
                match stage(&blobs, Plan::default(), &body, 33_333).await.unwrap().body {
                    Body::Blob(id) => assert_eq!(read(&blobs, &id, None).await, body),
                    Body::Inline(bytes) => assert_eq!(bytes, body),
                }
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
    }
}
