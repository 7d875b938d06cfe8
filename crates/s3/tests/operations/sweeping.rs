//! Bytes go when the last row that refers to them is gone, and not before.

use std::time::Duration;

use rolecall_blobs::Blobs;
use rolecall_s3::{Swept, sweep};

use super::*;

const LARGE: usize = 100_000;

/// Sweeps once everything that was given up is old enough.
fn swept(world: &World, abandoned: bool) -> Swept {
    world.env.advance(Duration::from_secs(2 * 3600));
    let blobs = world.door.extensions.get::<Blobs>().unwrap();
    world.run(sweep(&world.store, &blobs, &world.env, abandoned)).unwrap()
}

#[test]
fn overwritten_and_deleted_bytes_are_removed_once() {
    let (world, root) = world();
    put(&world, &root, "k", &pattern(LARGE)).unwrap();
    put(&world, &root, "k", b"small").unwrap();
    put(&world, &root, "l", &pattern(LARGE)).unwrap();
    assert_eq!(swept(&world, true), Swept { dropped: 1, deleted: 1, ..Swept::default() });
    assert_eq!(get(&world, &root, "l").unwrap().len(), LARGE);
    world.call::<DeleteObject>(&root, to_delete("l")).unwrap();
    assert_eq!(swept(&world, true).deleted, 1);
    assert_eq!(swept(&world, true), Swept::default());
}

#[test]
fn what_was_given_up_is_left_for_those_who_are_reading() {
    let (world, root) = world();
    put(&world, &root, "k", &pattern(LARGE)).unwrap();
    let open = world.call::<GetObject>(&root, to_get("k")).unwrap();
    world.call::<DeleteObject>(&root, to_delete("k")).unwrap();
    let blobs = world.door.extensions.get::<Blobs>().unwrap();
    assert_eq!(world.run(sweep(&world.store, &blobs, &world.env, false)).unwrap(), Swept::default());
    assert_eq!(bytes(&world, open.body).len(), LARGE);
}

#[test]
fn shared_bytes_stay_until_the_last_copy_is_gone() {
    let (world, root) = world();
    put(&world, &root, "a", &pattern(LARGE)).unwrap();
    let copy = CopyObjectRequest {
        bucket: "photos".into(),
        key: "b".into(),
        copy_source: "photos/a".into(),
        ..Default::default()
    };
    world.call::<CopyObject>(&root, copy).unwrap();
    world.call::<DeleteObject>(&root, to_delete("a")).unwrap();
    assert_eq!(swept(&world, true).deleted, 0);
    assert_eq!(get(&world, &root, "b").unwrap().len(), LARGE);
    world.call::<DeleteObject>(&root, to_delete("b")).unwrap();
    assert_eq!(swept(&world, true).deleted, 1);
}

#[test]
fn bytes_of_a_refused_upload_are_abandoned() {
    let (world, root) = world();
    put(&world, &root, "k", b"x").unwrap();
    let refused = PutObjectRequest { if_none_match: Some("*".into()), ..to_put("k") };
    world.upload::<PutObject>(&root, refused, &pattern(LARGE)).unwrap_err();
    assert_eq!(swept(&world, true), Swept { abandoned: 1, ..Swept::default() });
}

#[test]
fn parts_go_with_their_upload_and_with_their_object() {
    let (world, root) = world();
    let begin = || {
        let input =
            CreateMultipartUploadRequest { bucket: "photos".into(), key: "k".into(), ..Default::default() };
        world.call::<CreateMultipartUpload>(&root, input).unwrap().upload_id.unwrap()
    };
    let part = |id: &str, number| {
        let input = UploadPartRequest {
            bucket: "photos".into(),
            key: "k".into(),
            upload_id: id.into(),
            part_number: number,
            ..Default::default()
        };
        world.upload::<UploadPart>(&root, input, &pattern(LARGE)).unwrap().e_tag
    };
    let given_up = begin();
    for number in 1..=3 {
        part(&given_up, number);
    }
    let abort = AbortMultipartUploadRequest {
        bucket: "photos".into(),
        key: "k".into(),
        upload_id: given_up,
        ..Default::default()
    };
    world.call::<AbortMultipartUpload>(&root, abort).unwrap();
    assert_eq!(swept(&world, true).deleted, 3);
    let id = begin();
    let (etag, _unused) = (part(&id, 1), part(&id, 2));
    let parts = vec![CompletedPart { part_number: Some(1), e_tag: etag, ..Default::default() }];
    let complete = CompleteMultipartUploadRequest {
        bucket: "photos".into(),
        key: "k".into(),
        upload_id: id,
        multipart_upload: Some(CompletedMultipartUpload { parts: Some(parts) }),
        ..Default::default()
    };
    world.call::<CompleteMultipartUpload>(&root, complete).unwrap();
    assert_eq!(swept(&world, true).deleted, 1);
    assert_eq!(get(&world, &root, "k").unwrap().len(), LARGE);
    world.call::<DeleteObject>(&root, to_delete("k")).unwrap();
    assert_eq!(swept(&world, true).deleted, 1);
}
