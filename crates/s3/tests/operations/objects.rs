//! Objects: put, get, head, delete; what they carry and under which conditions.

use std::collections::BTreeMap;

use rolecall_testkit::check_fault;

use super::*;

#[test]
fn bytes_come_back_as_they_went_in_whatever_their_size() {
    let (world, root) = world();
    for size in [0, 1, 32 * 1024, 32 * 1024 + 1, 3 * 1024 * 1024 + 7] {
        let body = pattern(size);
        put(&world, &root, "k", &body).unwrap();
        assert_eq!(get(&world, &root, "k").unwrap(), body, "{size}");
        let head = world.call::<HeadObject>(&root, to_head("k")).unwrap();
        assert_eq!(head.content_length, i64::try_from(size).ok());
    }
}

#[test]
fn ranges_are_served_from_rows_and_from_blobs() {
    let (world, root) = world();
    for size in [1000_usize, 100_000] {
        let body = pattern(size);
        put(&world, &root, "k", &body).unwrap();
        let ranged = |range: &str| GetObjectRequest { range: Some(range.into()), ..to_get("k") };
        let output = world.call::<GetObject>(&root, ranged("bytes=10-99")).unwrap();
        assert_eq!(output.content_range.clone().unwrap(), format!("bytes 10-99/{size}"));
        assert_eq!(output.content_length, Some(90));
        assert_eq!(bytes(&world, output.body), body[10..100]);
        let tail = world.call::<GetObject>(&root, ranged("bytes=-5")).unwrap();
        assert_eq!(bytes(&world, tail.body), body[size - 5..]);
        check_fault(world.call::<GetObject>(&root, ranged(&format!("bytes={size}-"))), "InvalidRange");
    }
}

#[test]
fn etags_and_checksums_are_those_of_the_bytes() {
    let (world, root) = world();
    let output = put(&world, &root, "k", b"abc").unwrap();
    assert_eq!(output.e_tag.as_deref(), Some("\"900150983cd24fb0d6963f7d28e17f72\""));
    assert!(output.checksum_crc64nvme.is_some());
    let sha = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";
    let with = |value: &str| PutObjectRequest { checksum_sha256: Some(value.into()), ..to_put("k") };
    let output = world.upload::<PutObject>(&root, with(sha), b"abc").unwrap();
    assert_eq!(output.checksum_sha256.as_deref(), Some(sha));
    let message = check_fault(world.upload::<PutObject>(&root, with(sha), b"abd"), "BadDigest");
    assert_eq!(message, "The SHA256 you specified did not match the calculated checksum.");
    check_fault(world.upload::<PutObject>(&root, with("AAAA"), b"abc"), "InvalidRequest");
    let md5 = |value: &str| PutObjectRequest { content_md5: Some(value.into()), ..to_put("k") };
    world.upload::<PutObject>(&root, md5("kAFQmDzST7DWlj99KOF/cg=="), b"abc").unwrap();
    check_fault(world.upload::<PutObject>(&root, md5("kAFQmDzST7DWlj99KOF/cg=="), b"abd"), "BadDigest");
    check_fault(world.upload::<PutObject>(&root, md5("x"), b"abc"), "InvalidDigest");
    let mode = HeadObjectRequest { checksum_mode: Some("ENABLED".into()), ..to_head("k") };
    assert!(world.call::<HeadObject>(&root, mode).unwrap().checksum_crc64nvme.is_some());
}

#[test]
fn headers_metadata_and_tags_come_back() {
    let (world, root) = world();
    let input = PutObjectRequest {
        content_type: Some("text/plain".into()),
        content_encoding: Some("aws-chunked,gzip".into()),
        metadata: Some(BTreeMap::from([("who".to_owned(), "me".to_owned())])),
        tagging: Some("team=a&x=y%20z".into()),
        ..to_put("k")
    };
    world.upload::<PutObject>(&root, input, b"abc").unwrap();
    let head = world.call::<HeadObject>(&root, to_head("k")).unwrap();
    assert_eq!(head.content_type.as_deref(), Some("text/plain"));
    assert_eq!(head.content_encoding.as_deref(), Some("gzip"));
    assert_eq!(head.metadata.unwrap()["who"], "me");
    assert_eq!(head.tag_count, Some(2));
    let get = GetObjectRequest { response_content_type: Some("x/y".into()), ..to_get("k") };
    assert_eq!(world.call::<GetObject>(&root, get).unwrap().content_type.as_deref(), Some("x/y"));
    let tags = GetObjectTaggingRequest { bucket: "photos".into(), key: "k".into(), ..Default::default() };
    assert_eq!(world.call::<GetObjectTagging>(&root, tags).unwrap().tag_set[1].value, "y z");
}

#[test]
fn writes_keep_their_conditions() {
    let (world, root) = world();
    let new = || PutObjectRequest { if_none_match: Some("*".into()), ..to_put("k") };
    let etag = world.upload::<PutObject>(&root, new(), b"1").unwrap().e_tag;
    check_fault(world.upload::<PutObject>(&root, new(), b"2"), "PreconditionFailed");
    let same = PutObjectRequest { if_match: etag, ..to_put("k") };
    world.upload::<PutObject>(&root, same.clone(), b"2").unwrap();
    check_fault(world.upload::<PutObject>(&root, same, b"3"), "PreconditionFailed");
    assert_eq!(get(&world, &root, "k").unwrap(), b"2");
}

#[test]
fn features_that_are_not_there_are_refused() {
    let (world, root) = world();
    let class = PutObjectRequest { storage_class: Some("GLACIER".into()), ..to_put("k") };
    check_fault(world.upload::<PutObject>(&root, class, b"x"), "NotImplemented");
    let kms = PutObjectRequest { server_side_encryption: Some("aws:kms".into()), ..to_put("k") };
    check_fault(world.upload::<PutObject>(&root, kms, b"x"), "NotImplemented");
    let hold = PutObjectRequest { object_lock_event_hold_duration_days: Some(1), ..to_put("k") };
    check_fault(world.upload::<PutObject>(&root, hold, b"x"), "InvalidRequest");
    let regional = CreateBucketRequest {
        bucket: "regional".into(),
        bucket_namespace: Some("account-regional".into()),
        ..CreateBucketRequest::default()
    };
    check_fault(world.call::<CreateBucket>(&root, regional), "NotImplemented");
    let acl = PutObjectRequest { acl: Some("public-read".into()), ..to_put("k") };
    check_fault(world.upload::<PutObject>(&root, acl, b"x"), "AccessControlListNotSupported");
    let long = to_put(&"k".repeat(1025));
    check_fault(world.upload::<PutObject>(&root, long, b"x"), "KeyTooLongError");
    check_fault(get(&world, &root, "k"), "NoSuchKey");
}

#[test]
fn many_are_deleted_at_once_each_for_itself() {
    let (world, root) = world();
    let keys: Vec<String> = (0..1000).map(|n| format!("k{n:04}")).collect();
    for key in keys.iter().step_by(100) {
        put(&world, &root, key, &pattern(40_000)).unwrap();
    }
    let objects =
        keys.iter().map(|key| ObjectIdentifier { key: key.clone(), ..Default::default() }).collect();
    let input = DeleteObjectsRequest {
        bucket: "photos".into(),
        delete: Delete { objects, quiet: None },
        ..Default::default()
    };
    let output = world.call::<DeleteObjects>(&root, input).unwrap();
    assert_eq!(output.deleted.unwrap().len(), 1000);
    assert_eq!(output.errors, None);
    check_fault(get(&world, &root, "k0100"), "NoSuchKey");
}

#[test]
fn deleting_what_is_not_there_succeeds() {
    let (world, root) = world();
    world.call::<DeleteObject>(&root, to_delete("k")).unwrap();
    let version = DeleteObjectRequest { version_id: Some("x".into()), ..to_delete("k") };
    check_fault(world.call::<DeleteObject>(&root, version), "InvalidArgument");
}
