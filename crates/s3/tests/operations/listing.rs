//! Listings: prefixes, delimiters, pages.

use rolecall_testkit::check_fault;

use super::*;

fn filled() -> (World, Visitor) {
    let (world, root) = world();
    for key in ["a", "b/1", "b/2", "b/c/3", "d e", "z"] {
        put(&world, &root, key, b"x").unwrap();
    }
    (world, root)
}

fn list() -> ListObjectsV2Request {
    ListObjectsV2Request { bucket: "photos".into(), ..Default::default() }
}

/// Keys, with common prefixes in brackets.
#[track_caller]
fn check(input: ListObjectsV2Request, expected: &str) {
    let (world, root) = filled();
    let output = world.call::<ListObjectsV2>(&root, input).unwrap();
    assert_eq!(line(&output), expected);
}

fn line(output: &ListObjectsV2Output) -> String {
    let keys = output.contents.iter().flatten().map(|object| object.key.clone().unwrap());
    let folded =
        output.common_prefixes.iter().flatten().map(|folded| format!("[{}]", folded.prefix.clone().unwrap()));
    keys.chain(folded).collect::<Vec<_>>().join(",")
}

#[test]
fn keys_come_in_order_under_their_prefix() {
    check(list(), "a,b/1,b/2,b/c/3,d e,z");
    check(ListObjectsV2Request { prefix: Some("b/".into()), ..list() }, "b/1,b/2,b/c/3");
    check(ListObjectsV2Request { delimiter: Some("/".into()), ..list() }, "a,d e,z,[b/]");
    let both = ListObjectsV2Request { prefix: Some("b/".into()), delimiter: Some("/".into()), ..list() };
    check(both, "b/1,b/2,[b/c/]");
    check(ListObjectsV2Request { start_after: Some("b/2".into()), ..list() }, "b/c/3,d e,z");
    check(
        ListObjectsV2Request { encoding_type: Some("url".into()), prefix: Some("d".into()), ..list() },
        "d%20e",
    );
    check(ListObjectsV2Request { max_keys: Some(0), ..list() }, "");
}

#[test]
fn pages_follow_each_other_without_gap_or_repetition() {
    for delimiter in [None, Some("/".to_owned())] {
        let (world, root) = filled();
        let whole = world
            .call::<ListObjectsV2>(&root, ListObjectsV2Request { delimiter: delimiter.clone(), ..list() })
            .unwrap();
        let mut lines = Vec::new();
        let mut token = None;
        loop {
            let input = ListObjectsV2Request {
                max_keys: Some(1),
                delimiter: delimiter.clone(),
                continuation_token: token,
                ..list()
            };
            let page = world.call::<ListObjectsV2>(&root, input).unwrap();
            lines.push(line(&page));
            token = page.next_continuation_token;
            assert_eq!(page.is_truncated, Some(token.is_some()));
            if token.is_none() {
                break;
            }
        }
        let mut expected: Vec<String> = line(&whole).split(',').map(str::to_owned).collect();
        expected.sort_by_key(|text| text.trim_matches(['[', ']']).to_owned());
        assert_eq!(lines, expected);
    }
}

#[test]
fn the_old_listing_goes_on_from_markers() {
    let (world, root) = filled();
    let input = ListObjectsRequest {
        bucket: "photos".into(),
        delimiter: Some("/".into()),
        max_keys: Some(2),
        ..Default::default()
    };
    let page = world.call::<ListObjects>(&root, input.clone()).unwrap();
    assert_eq!(page.next_marker.as_deref(), Some("b/"));
    let rest = ListObjectsRequest { marker: page.next_marker, ..input };
    let rest = world.call::<ListObjects>(&root, rest).unwrap();
    let keys: Vec<_> = rest.contents.unwrap().into_iter().map(|object| object.key.unwrap()).collect();
    assert_eq!(keys, ["d e", "z"]);
    assert_eq!(rest.is_truncated, Some(false));
}

#[test]
fn arguments_that_make_no_sense_are_refused() {
    let (world, root) = filled();
    let bad = ListObjectsV2Request { continuation_token: Some("???".into()), ..list() };
    check_fault(world.call::<ListObjectsV2>(&root, bad), "InvalidArgument");
    let bad = ListObjectsV2Request { max_keys: Some(-1), ..list() };
    check_fault(world.call::<ListObjectsV2>(&root, bad), "InvalidArgument");
}
