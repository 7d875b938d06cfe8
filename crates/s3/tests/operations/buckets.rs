//! Buckets: names, regions, configuration.

use rolecall_base::AccountId;
use rolecall_door::Origin;
use rolecall_testkit::check_fault;

use super::*;

#[test]
fn a_bucket_is_made_listed_found_and_deleted() {
    let (world, root) = world();
    let listed = world.call::<ListBuckets>(&root, ListBucketsRequest::default()).unwrap();
    let first = &listed.buckets.unwrap()[0];
    assert_eq!((first.name.as_deref(), first.bucket_region.as_deref()), (Some("photos"), Some("us-east-1")));
    let head = HeadBucketRequest { bucket: "photos".into(), ..HeadBucketRequest::default() };
    assert_eq!(world.call::<HeadBucket>(&root, head).unwrap().bucket_region.as_deref(), Some("us-east-1"));
    let location =
        GetBucketLocationRequest { bucket: "photos".into(), ..GetBucketLocationRequest::default() };
    assert_eq!(world.call::<GetBucketLocation>(&root, location).unwrap().location_constraint, None);
    put(&world, &root, "k", b"x").unwrap();
    let delete = || DeleteBucketRequest { bucket: "photos".into(), ..DeleteBucketRequest::default() };
    check_fault(world.call::<DeleteBucket>(&root, delete()), "BucketNotEmpty");
    world.call::<DeleteObject>(&root, to_delete("k")).unwrap();
    world.call::<DeleteBucket>(&root, delete()).unwrap();
    check_fault(world.call::<DeleteBucket>(&root, delete()), "NoSuchBucket");
}

#[test]
fn a_name_belongs_to_one_account() {
    let (world, root) = world();
    world.call::<CreateBucket>(&root, bucket("photos")).unwrap();
    let other = AccountId::new(222_222_222_222).unwrap();
    world.account(other);
    let stranger = world.root(other);
    check_fault(world.call::<CreateBucket>(&stranger, bucket("photos")), "BucketAlreadyExists");
    check_fault(world.call::<CreateBucket>(&root, bucket("Photos")), "InvalidBucketName");
    let owner = HeadBucketRequest { bucket: "photos".into(), expected_bucket_owner: Some(other.to_string()) };
    check_fault(world.call::<HeadBucket>(&root, owner), "AccessDenied");
    let wrong = HeadBucketRequest { bucket: "photos".into(), expected_bucket_owner: Some("abcd".into()) };
    check_fault(world.call::<HeadBucket>(&root, wrong), "InvalidBucketOwnerAWSAccountID");
}

fn in_region(constraint: &str) -> CreateBucketRequest {
    let configuration =
        CreateBucketConfiguration { location_constraint: Some(constraint.into()), ..Default::default() };
    CreateBucketRequest { create_bucket_configuration: Some(configuration), ..bucket("elsewhere") }
}

#[test]
fn a_location_constraint_must_fit_the_endpoint() {
    let (world, root) = world();
    check_fault(world.call::<CreateBucket>(&root, in_region("us-east-1")), "InvalidLocationConstraint");
    check_fault(world.call::<CreateBucket>(&root, in_region("nowhere")), "InvalidLocationConstraint");
    let from_west = |input| {
        world.run(world.door.call::<CreateBucket>(root.clone(), "eu-west-1", Origin::default(), input))
    };
    let text = check_fault(from_west(bucket("elsewhere")), "IllegalLocationConstraintException");
    assert!(text.starts_with("The unspecified location constraint"), "{text}");
    check_fault(from_west(in_region("us-west-2")), "IllegalLocationConstraintException");
    from_west(in_region("eu-west-1")).unwrap();
    check_fault(from_west(in_region("eu-west-1")), "BucketAlreadyOwnedByYou");
    // From us-east-1 the bucket is in another region.
    let fault = world
        .call::<HeadBucket>(&root, HeadBucketRequest { bucket: "elsewhere".into(), ..Default::default() })
        .unwrap_err();
    assert_eq!((fault.code(), fault.status()), ("AuthorizationHeaderMalformed", 400));
    assert_eq!(fault.members(), [("Region", "eu-west-1".to_owned())]);
}

#[test]
fn tags_of_a_bucket_are_set_and_taken_away() {
    let (world, root) = world();
    let get = || GetBucketTaggingRequest { bucket: "photos".into(), ..Default::default() };
    check_fault(world.call::<GetBucketTagging>(&root, get()), "NoSuchTagSet");
    let tagging = Tagging { tag_set: vec![Tag { key: "team".into(), value: "a".into() }] };
    let set = PutBucketTaggingRequest { bucket: "photos".into(), tagging, ..Default::default() };
    world.call::<PutBucketTagging>(&root, set).unwrap();
    assert_eq!(world.call::<GetBucketTagging>(&root, get()).unwrap().tag_set[0].value, "a");
    let delete = DeleteBucketTaggingRequest { bucket: "photos".into(), ..Default::default() };
    world.call::<DeleteBucketTagging>(&root, delete).unwrap();
    check_fault(world.call::<GetBucketTagging>(&root, get()), "NoSuchTagSet");
}

#[test]
fn new_buckets_have_todays_defaults() {
    let (world, root) = world();
    let block = GetPublicAccessBlockRequest { bucket: "photos".into(), ..Default::default() };
    let block =
        world.call::<GetPublicAccessBlock>(&root, block).unwrap().public_access_block_configuration.unwrap();
    assert_eq!(block.block_public_policy, Some(true));
    let controls = GetBucketOwnershipControlsRequest { bucket: "photos".into(), ..Default::default() };
    let controls =
        world.call::<GetBucketOwnershipControls>(&root, controls).unwrap().ownership_controls.unwrap();
    assert_eq!(controls.rules[0].object_ownership, "BucketOwnerEnforced");
    let versioning = GetBucketVersioningRequest { bucket: "photos".into(), ..Default::default() };
    assert_eq!(world.call::<GetBucketVersioning>(&root, versioning).unwrap().status, None);
}

#[test]
fn every_object_is_its_own_null_version() {
    let (world, root) = world();
    put(&world, &root, "a", b"x").unwrap();
    put(&world, &root, "b/1", b"x").unwrap();
    let input = ListObjectVersionsRequest {
        bucket: "photos".into(),
        delimiter: Some("/".into()),
        ..Default::default()
    };
    let output = world.call::<ListObjectVersions>(&root, input).unwrap();
    let versions = output.versions.unwrap();
    assert_eq!((versions.len(), versions[0].version_id.as_deref()), (1, Some("null")));
    assert_eq!(output.common_prefixes.unwrap()[0].prefix.as_deref(), Some("b/"));
}
