//! The questions that many operations ask alike.

use rolecall_actions::s3::{self, key, kind};
use rolecall_actions::{Action, On, Takes};
use rolecall_base::{Fault, Tag, Tags};
use rolecall_door::{At, Authorized, Needs, Operation, Question};

use crate::bucket::{self, OpenBucket};
use crate::fault;
use crate::headers::Asked;
use crate::object;
use crate::records::Head;

/// One action on the request's bucket.
///
/// # Errors
/// As [`bucket::open`].
pub fn on_bucket<A: Action + On<kind::Bucket>>(
    action: A,
    at: &At<'_>,
    name: &str,
    expected_owner: Option<&str>,
) -> Result<Needs, Fault> {
    let bucket = bucket::open(at, name, expected_owner)?;
    Ok(Needs::action(action).on(&bucket).done())
}

/// One action on the policy of the request's bucket. For the root user of the owner's account that policy does not count,
/// so that nobody is locked out for good; nobody of another account may, whatever the policy says.
///
/// # Errors
/// As [`bucket::open`].
pub fn on_policy<A: Action + On<kind::Bucket>>(
    action: A,
    at: &At<'_>,
    name: &str,
    expected_owner: Option<&str>,
) -> Result<Needs, Fault> {
    let bucket = bucket::open(at, name, expected_owner)?;
    let question = Needs::action(action).on(&bucket);
    if bucket.is_owners_root(at) {
        return Ok(question.in_account(bucket.row.owner, None).done());
    }
    Ok(question.done())
}

/// # Errors
/// MethodNotAllowed for a caller who may, but is not of the account that owns the bucket.
pub fn check_own<Op: Operation>(
    req: &Authorized<'_, Op>,
    bucket: &crate::records::Bucket,
    method: &'static str,
) -> Result<(), Fault> {
    if req.account() == bucket.owner && req.caller.who != rolecall_identity::Who::Anonymous {
        return Ok(());
    }
    Err(fault::method_not_allowed(method, "BUCKETPOLICY"))
}

/// One action on an object that may exist, with its tags. Where it does not, a second question says whether the caller
/// may learn that: [`found`] looks at the answers.
///
/// # Errors
/// As [`bucket::open`].
pub fn on_object<A>(
    action: A,
    at: &At<'_>,
    bucket: &str,
    name: &str,
    expected_owner: Option<&str>,
) -> Result<Needs, Fault>
where
    A: Action + On<kind::Object> + Takes<key::ExistingObjectTag>,
{
    let bucket = bucket::open(at, bucket, expected_owner)?;
    let head = object::head(at.db()?, &bucket.row.name, name)?;
    Ok(on_object_in(action, &bucket, name, head.as_ref()))
}

/// [`on_object`] for a bucket and an object at hand.
pub fn on_object_in<A>(action: A, bucket: &OpenBucket, name: &str, head: Option<&Head>) -> Needs
where
    A: Action + On<kind::Object> + Takes<key::ExistingObjectTag>,
{
    let question = Needs::action(action).on(&bucket.object(name));
    let Some(head) = head else {
        return Needs::each([question.done(), Needs::action(s3::ListBucket).on(bucket).done()]);
    };
    let tagged =
        |question: Question<A>, tag: &Tag| question.tag(key::ExistingObjectTag, &tag.key, &tag.value);
    head.tags.iter().fold(question, tagged).done()
}

/// The object that [`on_object`] asked about.
///
/// # Errors
/// For a missing one AccessDenied, or NoSuchKey to those who may list the bucket.
pub fn found<Op: Operation, T>(req: &Authorized<'_, Op>, object: Option<T>, name: &str) -> Result<T, Fault> {
    match object {
        Some(object) => Ok(object),
        None => {
            req.allowed(0)?;
            req.allowed(1)?;
            Err(fault::no_such_key(name))
        }
    }
}

/// What a write that makes an object says about it.
#[derive(Clone, Copy, Debug)]
pub struct Writing<'a> {
    pub asked: Asked<'a>,
    pub tags: &'a Tags,
    pub if_match: Option<&'a str>,
    pub if_none_match: Option<&'a str>,
    pub redirect: Option<&'a str>,
    /// `bucket/key` of a copy's source.
    pub copy_source: Option<&'a str>,
    pub metadata_directive: Option<&'a str>,
}

/// s3:PutObject with the keys of the request, and s3:PutObjectTagging where it sets tags.
pub fn to_write(bucket: &OpenBucket, name: &str, writing: Writing<'_>) -> Needs {
    let object = bucket.object(name);
    let Writing { asked, tags, .. } = writing;
    let mut question = Needs::action(s3::PutObject)
        .on(&object)
        .key(key::XAmzAcl, asked.acl)
        .key(key::XAmzServerSideEncryption, asked.encryption)
        .key(key::XAmzStorageClass, Some(asked.storage_class.unwrap_or("STANDARD")))
        .key(key::XAmzWebsiteRedirectLocation, writing.redirect)
        .key(key::IfMatch, writing.if_match)
        .key(key::IfNoneMatch, writing.if_none_match)
        .key(key::XAmzCopySource, writing.copy_source)
        .key(key::XAmzMetadataDirective, writing.metadata_directive);
    for tag in tags {
        question = question.tag(key::RequestObjectTag, &tag.key, &tag.value);
    }
    if tags.is_empty() {
        return question.done();
    }
    let keys: Vec<String> = tags.iter().map(|tag| tag.key.clone()).collect();
    let mut tagging =
        Needs::action(s3::PutObjectTagging).on(&object).list(key::RequestObjectTagKeys, keys.clone());
    for tag in tags {
        tagging = tagging.tag(key::RequestObjectTag, &tag.key, &tag.value);
    }
    question.list(key::RequestObjectTagKeys, keys).done().and(tagging.done())
}
