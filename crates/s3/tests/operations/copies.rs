//! Copies: what they take along, and what they ask.

use std::collections::BTreeMap;

use rolecall_testkit::check_fault;

use super::*;

fn copy(from: &str, to: &str) -> CopyObjectRequest {
    CopyObjectRequest {
        bucket: "photos".into(),
        key: to.into(),
        copy_source: format!("photos/{from}"),
        ..Default::default()
    }
}

#[test]
fn a_copy_has_the_bytes_headers_and_tags_and_outlives_its_source() {
    let (world, root) = world();
    for size in [10, 100_000] {
        let body = pattern(size);
        let input = PutObjectRequest {
            tagging: Some("a=b".into()),
            metadata: Some(BTreeMap::from([("m".to_owned(), "1".to_owned())])),
            ..to_put("a")
        };
        world.upload::<PutObject>(&root, input, &body).unwrap();
        world.call::<CopyObject>(&root, copy("a", "b")).unwrap();
        world.call::<DeleteObject>(&root, to_delete("a")).unwrap();
        assert_eq!(get(&world, &root, "b").unwrap(), body);
        let head = world.call::<HeadObject>(&root, to_head("b")).unwrap();
        assert_eq!((head.tag_count, head.metadata.unwrap()["m"].as_str()), (Some(1), "1"));
    }
}

#[test]
fn directives_replace_what_they_name() {
    let (world, root) = world();
    let input =
        PutObjectRequest { tagging: Some("a=b".into()), content_type: Some("x/y".into()), ..to_put("a") };
    world.upload::<PutObject>(&root, input, b"x").unwrap();
    let input = CopyObjectRequest {
        metadata_directive: Some("REPLACE".into()),
        tagging_directive: Some("REPLACE".into()),
        content_type: Some("z/z".into()),
        ..copy("a", "a")
    };
    world.call::<CopyObject>(&root, input).unwrap();
    let head = world.call::<HeadObject>(&root, to_head("a")).unwrap();
    assert_eq!((head.tag_count, head.content_type.as_deref()), (None, Some("z/z")));
    check_fault(world.call::<CopyObject>(&root, copy("a", "a")), "InvalidRequest");
    let stale = CopyObjectRequest { copy_source_if_match: Some("x".into()), ..copy("a", "b") };
    check_fault(world.call::<CopyObject>(&root, stale), "PreconditionFailed");
    check_fault(world.call::<CopyObject>(&root, copy("none", "b")), "NoSuchKey");
}

#[test]
fn a_copy_needs_reading_and_writing() {
    let (world, root) = world();
    put(&world, &root, "a", b"x").unwrap();
    let only = |action: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"{action}","Resource":"*"}}}}"#
        )
    };
    let reader = world.user("reader", &only("s3:GetObject"));
    let writer = world.user("writer", &only("s3:PutObject"));
    assert!(
        check_fault(world.call::<CopyObject>(&reader, copy("a", "b")), "AccessDenied")
            .contains("s3:PutObject")
    );
    assert!(
        check_fault(world.call::<CopyObject>(&writer, copy("a", "b")), "AccessDenied")
            .contains("s3:GetObject")
    );
}
