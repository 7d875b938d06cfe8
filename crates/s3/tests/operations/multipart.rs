//! Multipart uploads: parts become one object, or nothing.

use rolecall_testkit::check_fault;

use super::*;

const PART: usize = 5 * 1024 * 1024;

fn begin(world: &World, who: &Visitor, algorithm: Option<&str>) -> String {
    let input = CreateMultipartUploadRequest {
        bucket: "photos".into(),
        key: "big".into(),
        content_type: Some("x/y".into()),
        checksum_algorithm: algorithm.map(str::to_owned),
        ..Default::default()
    };
    world.call::<CreateMultipartUpload>(who, input).unwrap().upload_id.unwrap()
}

fn part(world: &World, who: &Visitor, id: &str, number: i32, body: &[u8]) -> Result<UploadPartOutput, Fault> {
    let input = UploadPartRequest {
        bucket: "photos".into(),
        key: "big".into(),
        upload_id: id.into(),
        part_number: number,
        ..Default::default()
    };
    world.upload::<UploadPart>(who, input, body)
}

fn complete(
    world: &World,
    who: &Visitor,
    id: &str,
    parts: &[(i32, String)],
) -> Result<CompleteMultipartUploadOutput, Fault> {
    let parts = parts
        .iter()
        .map(|(number, etag)| CompletedPart {
            part_number: Some(*number),
            e_tag: Some(etag.clone()),
            ..Default::default()
        })
        .collect();
    let input = CompleteMultipartUploadRequest {
        bucket: "photos".into(),
        key: "big".into(),
        upload_id: id.into(),
        multipart_upload: Some(CompletedMultipartUpload { parts: Some(parts) }),
        ..Default::default()
    };
    world.call::<CompleteMultipartUpload>(who, input)
}

#[test]
fn parts_become_one_object() {
    let (world, root) = world();
    let body = pattern(PART + 10);
    let id = begin(&world, &root, None);
    let first = part(&world, &root, &id, 2, &body[..PART]).unwrap().e_tag.unwrap();
    let last = part(&world, &root, &id, 7, &body[PART..]).unwrap().e_tag.unwrap();
    let listed = ListPartsRequest {
        bucket: "photos".into(),
        key: "big".into(),
        upload_id: id.clone(),
        ..Default::default()
    };
    let listed = world.call::<ListParts>(&root, listed).unwrap();
    assert_eq!(
        listed.parts.unwrap().iter().map(|part| part.part_number.unwrap()).collect::<Vec<_>>(),
        [2, 7]
    );
    let output = complete(&world, &root, &id, &[(2, first), (7, last)]).unwrap();
    assert!(output.e_tag.unwrap().ends_with("-2\""));
    assert_eq!(output.checksum_type.as_deref(), Some("FULL_OBJECT"));
    let whole = world.call::<GetObject>(&root, to_get("big")).unwrap();
    assert_eq!(
        (whole.content_type.as_deref(), whole.content_length),
        (Some("x/y"), i64::try_from(body.len()).ok())
    );
    assert!(bytes(&world, whole.body) == body);
    let across =
        GetObjectRequest { range: Some(format!("bytes={}-{}", PART - 3, PART + 2)), ..to_get("big") };
    let across = world.call::<GetObject>(&root, across).unwrap();
    assert_eq!(bytes(&world, across.body), body[PART - 3..PART + 3]);
    let second = GetObjectRequest { part_number: Some(2), ..to_get("big") };
    let second = world.call::<GetObject>(&root, second).unwrap();
    assert_eq!((second.parts_count, second.content_length), (Some(2), Some(10)));
    assert_eq!(bytes(&world, second.body), body[PART..]);
    check_fault(part(&world, &root, &id, 1, b"x"), "NoSuchUpload");
    // The checksum that was put together is that of the bytes.
    world.upload::<PutObject>(&root, to_put("same"), &body).unwrap();
    let of = |key| {
        let head = HeadObjectRequest { checksum_mode: Some("ENABLED".into()), ..to_head(key) };
        world.call::<HeadObject>(&root, head).unwrap().checksum_crc64nvme.unwrap()
    };
    assert_eq!(of("big"), of("same"));
}

#[test]
fn composite_checksums_are_kept_for_the_whole_and_each_part() {
    let (world, root) = world();
    let id = begin(&world, &root, Some("SHA256"));
    let body = pattern(PART);
    let first = part(&world, &root, &id, 1, &body).unwrap();
    assert!(first.checksum_sha256.is_some());
    let last = part(&world, &root, &id, 2, b"end").unwrap();
    let output =
        complete(&world, &root, &id, &[(1, first.e_tag.unwrap()), (2, last.e_tag.clone().unwrap())]).unwrap();
    assert!(output.checksum_sha256.unwrap().ends_with("-2"));
    let input = GetObjectAttributesRequest {
        bucket: "photos".into(),
        key: "big".into(),
        object_attributes: vec!["ObjectParts".into(), "ObjectSize".into()],
        ..Default::default()
    };
    let attributes = world.call::<GetObjectAttributes>(&root, input).unwrap();
    assert_eq!(attributes.object_size, i64::try_from(PART + 3).ok());
    let parts = attributes.object_parts.unwrap();
    assert_eq!(parts.total_parts_count, Some(2));
    assert_eq!(parts.parts.unwrap()[1].checksum_sha256, last.checksum_sha256);
}

#[test]
fn lists_of_parts_that_are_wrong_are_refused() {
    let (world, root) = world();
    let id = begin(&world, &root, None);
    let small = part(&world, &root, &id, 1, b"a").unwrap().e_tag.unwrap();
    let other = part(&world, &root, &id, 2, b"b").unwrap().e_tag.unwrap();
    let refused = |parts: &[(i32, String)], code| check_fault(complete(&world, &root, &id, parts), code);
    refused(&[], "InvalidRequest");
    refused(&[(1, small.clone()), (2, other.clone())], "EntityTooSmall");
    refused(&[(2, other.clone()), (1, small.clone())], "InvalidPartOrder");
    refused(&[(1, other)], "InvalidPart");
    refused(&[(3, small.clone())], "InvalidPart");
    complete(&world, &root, &id, &[(1, small)]).unwrap();
    assert_eq!(get(&world, &root, "big").unwrap(), b"a");
    check_fault(part(&world, &root, &id, 10_001, b"x"), "InvalidArgument");
}

#[test]
fn an_upload_is_listed_until_it_is_given_up() {
    let (world, root) = world();
    let id = begin(&world, &root, None);
    part(&world, &root, &id, 1, b"a").unwrap();
    let list = || ListMultipartUploadsRequest { bucket: "photos".into(), ..Default::default() };
    let listed = world.call::<ListMultipartUploads>(&root, list()).unwrap();
    assert_eq!(listed.uploads.unwrap()[0].upload_id.as_deref(), Some(id.as_str()));
    let abort = || AbortMultipartUploadRequest {
        bucket: "photos".into(),
        key: "big".into(),
        upload_id: id.clone(),
        ..Default::default()
    };
    world.call::<AbortMultipartUpload>(&root, abort()).unwrap();
    check_fault(world.call::<AbortMultipartUpload>(&root, abort()), "NoSuchUpload");
    assert!(world.call::<ListMultipartUploads>(&root, list()).unwrap().uploads.unwrap().is_empty());
    check_fault(get(&world, &root, "big"), "NoSuchKey");
}

#[test]
fn a_part_may_be_a_range_of_another_object() {
    let (world, root) = world();
    let body = pattern(100_000);
    put(&world, &root, "source", &body).unwrap();
    let id = begin(&world, &root, None);
    let input = |range: &str| UploadPartCopyRequest {
        bucket: "photos".into(),
        key: "big".into(),
        upload_id: id.clone(),
        part_number: 1,
        copy_source: "photos/source".into(),
        copy_source_range: Some(range.into()),
        ..Default::default()
    };
    check_fault(world.upload::<UploadPartCopy>(&root, input("bytes=0-100000"), b""), "InvalidArgument");
    let output = world.upload::<UploadPartCopy>(&root, input("bytes=10-50009"), b"").unwrap();
    let etag = output.copy_part_result.unwrap().e_tag.unwrap();
    complete(&world, &root, &id, &[(1, etag)]).unwrap();
    assert!(get(&world, &root, "big").unwrap() == body[10..50_010]);
    let missing = UploadPartCopyRequest { copy_source: "photos/none".into(), ..input("bytes=0-1") };
    check_fault(world.upload::<UploadPartCopy>(&root, missing, b""), "NoSuchUpload");
}
