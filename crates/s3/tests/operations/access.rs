//! Who may do what: identity policies, bucket policies, the public access block.

use rolecall_base::AccountId;
use rolecall_identity::Caller;
use rolecall_testkit::check_fault;

use super::*;

fn allow(action: &str, resource: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":{action},"Resource":{resource}}}}}"#
    )
}

fn set_policy(world: &World, who: &Visitor, text: &str) -> Result<PutBucketPolicyResponse, Fault> {
    let input = PutBucketPolicyRequest { bucket: "photos".into(), policy: text.into(), ..Default::default() };
    world.call::<PutBucketPolicy>(who, input)
}

fn shown_policy(world: &World, who: &Visitor) -> Result<String, Fault> {
    let input = GetBucketPolicyRequest { bucket: "photos".into(), ..Default::default() };
    world.call::<GetBucketPolicy>(who, input).map(|output| output.policy.unwrap())
}

fn unblock(world: &World, root: &Visitor) {
    let input = DeletePublicAccessBlockRequest { bucket: "photos".into(), ..Default::default() };
    world.call::<DeletePublicAccessBlock>(root, input).unwrap();
}

fn list(world: &World, who: &Visitor) -> Result<ListObjectsV2Output, Fault> {
    let input =
        ListObjectsV2Request { bucket: "photos".into(), prefix: Some("a/".into()), ..Default::default() };
    world.call::<ListObjectsV2>(who, input)
}

#[test]
fn the_tutorials_read_only_policy_reads_and_lists_and_nothing_else() {
    let (world, root) = world();
    world.call::<CreateBucket>(&root, bucket("others")).unwrap();
    put(&world, &root, "cat.jpg", b"meow").unwrap();
    // As printed in tutorial 1; no action is called s3:HeadBucket, and the word does no harm.
    let policy = r#"{ "Version": "2012-10-17", "Statement": [ { "Sid": "AllowAccountLevelS3Actions", "Effect": "Allow",
        "Action": [ "s3:ListAllMyBuckets", "s3:HeadBucket" ], "Resource": "*" },
        { "Sid": "AllowListAndReadS3ActionOnMyBucket", "Effect": "Allow", "Action": [ "s3:Get*", "s3:List*" ],
        "Resource": [ "arn:aws:s3:::photos/*", "arn:aws:s3:::photos" ] } ] }"#;
    let reader = world.user("reader", policy);
    world.call::<ListBuckets>(&reader, ListBucketsRequest::default()).unwrap();
    assert_eq!(get(&world, &reader, "cat.jpg").unwrap(), b"meow");
    list(&world, &reader).unwrap();
    let head = |name: &str| HeadBucketRequest { bucket: name.into(), ..Default::default() };
    world.call::<HeadBucket>(&reader, head("photos")).unwrap();
    check_fault(world.call::<HeadBucket>(&reader, head("others")), "AccessDenied");
    let message = check_fault(put(&world, &reader, "dog.jpg", b"x"), "AccessDenied");
    assert_eq!(
        message,
        "User: arn:aws:iam::000000000000:user/reader is not authorized to perform: s3:PutObject on resource: \
         \"arn:aws:s3:::photos/dog.jpg\" because no identity-based policy allows the s3:PutObject action"
    );
    check_fault(world.call::<DeleteObject>(&reader, to_delete("cat.jpg")), "AccessDenied");
}

#[test]
fn a_missing_object_shows_only_to_those_who_may_list() {
    let (world, _) = world();
    let reader = world.user("reader", &allow("\"s3:GetObject\"", "\"*\""));
    let message = check_fault(get(&world, &reader, "none"), "AccessDenied");
    assert!(message.contains("s3:ListBucket on resource: \"arn:aws:s3:::photos\""), "{message}");
    let lister = world.user("lister", &allow("[\"s3:GetObject\",\"s3:ListBucket\"]", "\"*\""));
    check_fault(get(&world, &lister, "none"), "NoSuchKey");
    check_fault(world.call::<HeadObject>(&lister, to_head("none")), "NoSuchKey");
    check_fault(get(&world, &world.user("nobody", ""), "none"), "AccessDenied");
}

#[test]
fn condition_keys_of_listings_and_tags_are_those_of_the_request() {
    let (world, root) = world();
    let policy = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":"s3:ListBucket","Resource":"*","Condition":{"StringEquals":{"s3:prefix":"a/"}}},
        {"Effect":"Allow","Action":"s3:GetObject","Resource":"*",
         "Condition":{"StringEquals":{"s3:ExistingObjectTag/team":"a"}}}]}"#;
    let user = world.user("ann", policy);
    list(&world, &user).unwrap();
    let all = ListObjectsV2Request { bucket: "photos".into(), ..Default::default() };
    check_fault(world.call::<ListObjectsV2>(&user, all), "AccessDenied");
    for (key, tagging) in [("mine", "team=a"), ("theirs", "team=b")] {
        let input = PutObjectRequest { tagging: Some(tagging.into()), ..to_put(key) };
        world.upload::<PutObject>(&root, input, b"x").unwrap();
    }
    get(&world, &user, "mine").unwrap();
    check_fault(get(&world, &user, "theirs"), "AccessDenied");
}

#[test]
fn tags_on_a_new_object_need_a_permission_of_their_own() {
    let (world, _) = world();
    let writer = world.user("writer", &allow("\"s3:PutObject\"", "\"*\""));
    put(&world, &writer, "k", b"x").unwrap();
    let tagged = PutObjectRequest { tagging: Some("a=b".into()), ..to_put("k") };
    let message = check_fault(world.upload::<PutObject>(&writer, tagged, b"x"), "AccessDenied");
    assert!(message.contains("s3:PutObjectTagging"), "{message}");
}

#[test]
fn another_account_needs_both_its_own_policy_and_the_buckets() {
    let (world, root) = world();
    put(&world, &root, "k", b"x").unwrap();
    let other = AccountId::new(222_222_222_222).unwrap();
    world.account(other);
    let key = world.user_key(other, "bob", &allow("\"s3:*\"", "\"*\""));
    let bob = world.signed_in(&key.id, None).unwrap();
    assert_eq!(check_fault(get(&world, &bob, "k"), "AccessDenied"), "Access Denied");
    let policy = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":
        "arn:aws:iam::222222222222:user/bob"},"Action":["s3:GetObject","s3:GetBucketPolicy"],
        "Resource":["arn:aws:s3:::photos/*","arn:aws:s3:::photos"]}}"#;
    set_policy(&world, &root, policy).unwrap();
    assert_eq!(get(&world, &bob, "k").unwrap(), b"x");
    check_fault(put(&world, &bob, "k", b"y"), "AccessDenied");
    check_fault(shown_policy(&world, &bob), "MethodNotAllowed");
    let powerless = world.user_key(other, "eve", "");
    let eve = world.signed_in(&powerless.id, None).unwrap();
    check_fault(get(&world, &eve, "k"), "AccessDenied");
    assert_eq!(shown_policy(&world, &root).unwrap(), policy);
}

#[test]
fn policies_that_s3_would_not_store_are_refused_in_its_words() {
    let (world, root) = world();
    let with = |principal: &str, resource: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{principal},
            "Action":"s3:GetObject","Resource":"{resource}"}}}}"#
        )
    };
    let own = r#"{"AWS":"arn:aws:iam::000000000000:root"}"#;
    let refused = |text: &str| check_fault(set_policy(&world, &root, text), "MalformedPolicy");
    assert_eq!(refused(&with(own, "arn:aws:s3:::others/*")), "Policy has invalid resource");
    assert_eq!(
        refused(&with(r#"{"AWS":"arn:aws:iam::000000000000:user/none"}"#, "arn:aws:s3:::photos/*")),
        "Invalid principal in policy"
    );
    refused("{");
    check_fault(shown_policy(&world, &root), "NoSuchBucketPolicy");
    set_policy(&world, &root, &with(own, "arn:aws:s3:::photos/*")).unwrap();
    let delete = DeleteBucketPolicyRequest { bucket: "photos".into(), ..Default::default() };
    world.call::<DeleteBucketPolicy>(&root, delete).unwrap();
    check_fault(shown_policy(&world, &root), "NoSuchBucketPolicy");
}

const PUBLIC: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*",
    "Action":"s3:GetObject","Resource":"arn:aws:s3:::photos/*"}}"#;

#[test]
fn the_public_access_block_stops_public_policies_and_their_readers() {
    let (world, root) = world();
    put(&world, &root, "k", b"x").unwrap();
    let nobody = Visitor::vouched(Caller::anonymous());
    let message = check_fault(set_policy(&world, &root, PUBLIC), "AccessDenied");
    assert!(message.contains("BlockPublicPolicy"), "{message}");
    unblock(&world, &root);
    set_policy(&world, &root, PUBLIC).unwrap();
    let status = GetBucketPolicyStatusRequest { bucket: "photos".into(), ..Default::default() };
    let status = world.call::<GetBucketPolicyStatus>(&root, status).unwrap().policy_status.unwrap();
    assert_eq!(status.is_public, Some(true));
    assert_eq!(get(&world, &nobody, "k").unwrap(), b"x");
    check_fault(put(&world, &nobody, "k", b"y"), "AccessDenied");
    let restrict = PutPublicAccessBlockRequest {
        bucket: "photos".into(),
        public_access_block_configuration: PublicAccessBlockConfiguration {
            restrict_public_buckets: Some(true),
            ..Default::default()
        },
        ..Default::default()
    };
    world.call::<PutPublicAccessBlock>(&root, restrict).unwrap();
    check_fault(get(&world, &nobody, "k"), "AccessDenied");
}

#[test]
fn root_reaches_a_policy_that_denies_everyone() {
    let (world, root) = world();
    let lock = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*",
        "Resource":["arn:aws:s3:::photos","arn:aws:s3:::photos/*"]}}"#;
    set_policy(&world, &root, lock).unwrap();
    check_fault(put(&world, &root, "k", b"x"), "AccessDenied");
    shown_policy(&world, &root).unwrap();
    let admin = world.user("admin", &allow("\"*\"", "\"*\""));
    check_fault(shown_policy(&world, &admin), "AccessDenied");
    let delete = DeleteBucketPolicyRequest { bucket: "photos".into(), ..Default::default() };
    world.call::<DeleteBucketPolicy>(&root, delete).unwrap();
    put(&world, &root, "k", b"x").unwrap();
}

#[test]
fn one_of_many_that_is_denied_stays_and_is_named() {
    let (world, root) = world();
    for key in ["mine/1", "theirs/1"] {
        put(&world, &root, key, b"x").unwrap();
    }
    let user = world.user("ann", &allow("\"s3:DeleteObject\"", "\"arn:aws:s3:::photos/mine/*\""));
    let objects =
        ["mine/1", "theirs/1"].map(|key| ObjectIdentifier { key: key.into(), ..Default::default() }).to_vec();
    let input = DeleteObjectsRequest {
        bucket: "photos".into(),
        delete: Delete { objects, quiet: None },
        ..Default::default()
    };
    let output = world.call::<DeleteObjects>(&user, input).unwrap();
    assert_eq!(output.deleted.unwrap()[0].key.as_deref(), Some("mine/1"));
    let error = &output.errors.unwrap()[0];
    assert_eq!((error.key.as_deref(), error.code.as_deref()), (Some("theirs/1"), Some("AccessDenied")));
    assert_eq!(get(&world, &root, "theirs/1").unwrap(), b"x");
}
