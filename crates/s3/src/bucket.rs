//! Finding a bucket, and asking about it and its objects: every operation but ListBuckets and CreateBucket begins with
//! [`open`].

use std::sync::Arc;

use rolecall_actions::s3::kind;
use rolecall_base::{AccountId, Fault};
use rolecall_door::{At, Resource};
use rolecall_identity::Who;
use rolecall_policy::PolicySet;
use rolecall_store::Reader;

use crate::records::{Bucket, Buckets};
use crate::{fault, policy};

/// A bucket as a call meets it.
#[derive(Clone, Debug)]
pub struct OpenBucket {
    pub row: Arc<Bucket>,
    /// What its policy says to this caller.
    policy: Option<Arc<PolicySet>>,
}

impl Resource for OpenBucket {
    type Kind = kind::Bucket;

    fn arn(&self) -> String {
        arn(&self.row.name)
    }

    fn account(&self) -> AccountId {
        self.row.owner
    }

    fn policy(&self) -> Option<Arc<PolicySet>> {
        self.policy.clone()
    }
}

/// An object, there or not.
#[derive(Clone, Copy, Debug)]
pub struct ObjectIn<'a> {
    pub bucket: &'a OpenBucket,
    pub key: &'a str,
}

impl Resource for ObjectIn<'_> {
    type Kind = kind::Object;

    fn arn(&self) -> String {
        format!("{}/{}", arn(&self.bucket.row.name), self.key)
    }

    fn account(&self) -> AccountId {
        self.bucket.row.owner
    }

    fn policy(&self) -> Option<Arc<PolicySet>> {
        self.bucket.policy.clone()
    }
}

impl OpenBucket {
    pub fn object<'a>(&'a self, key: &'a str) -> ObjectIn<'a> {
        ObjectIn { bucket: self, key }
    }

    /// Whether the caller belongs to the account that owns it.
    pub fn is_own(&self, at: &At<'_>) -> bool {
        at.caller.who != Who::Anonymous && at.caller.account == self.row.owner
    }

    /// Whether the caller is the root user of the account that owns it, whom no bucket policy can lock out.
    pub fn is_owners_root(&self, at: &At<'_>) -> bool {
        at.caller.who == Who::Root && self.is_own(at)
    }
}

/// `arn:aws:s3:::NAME`
pub fn arn(name: &str) -> String {
    format!("arn:aws:s3:::{name}")
}

/// The bucket of a request, with what its policy says.
///
/// # Errors
/// NoSuchBucket, which S3 tells before it authorizes; AuthorizationHeaderMalformed where the request was signed for
/// another region than the bucket's; AccessDenied where the owner is not the expected one.
pub fn open(at: &At<'_>, name: &str, expected_owner: Option<&str>) -> Result<OpenBucket, Fault> {
    let row = at.db()?.get_shared::<Buckets>(&name)?.ok_or_else(|| no_bucket(name))?;
    // Services and nobody sign for no region.
    let signed = !matches!(at.caller.who, Who::Anonymous | Who::Service);
    if signed && at.region != row.region {
        return Err(other_region(at.region, &row.region));
    }
    check_owner(expected_owner, row.owner)?;
    let policy = policy::of_bucket(at, &row)?;
    Ok(OpenBucket { row, policy })
}

/// The bucket's row.
///
/// # Errors
/// NoSuchBucket, or InvalidBucketName for a name that no bucket can have.
pub fn row(db: &Reader, name: &str) -> Result<Bucket, Fault> {
    db.get::<Buckets>(&name)?.ok_or_else(|| no_bucket(name))
}

fn no_bucket(name: &str) -> Fault {
    if is_name(name) { fault::no_such_bucket(name) } else { fault::invalid_bucket_name(name) }
}

/// One endpoint serves all regions here, so a region other than the bucket's is always the signature's: S3's answer to
/// that names the right one, and SDKs then sign again.
fn other_region(signed: &str, right: &str) -> Fault {
    let text =
        format!("The authorization header is malformed; the region '{signed}' is wrong; expecting '{right}'");
    Fault::new("AuthorizationHeaderMalformed", 400, text).with("Region", right)
}

fn check_owner(expected: Option<&str>, owner: AccountId) -> Result<(), Fault> {
    let Some(expected) = expected else { return Ok(()) };
    match expected.parse::<AccountId>() {
        Ok(account) if account == owner => Ok(()),
        Ok(_) => Err(fault::access_denied()),
        Err(_) => {
            let text = "The value of the expected bucket owner parameter must be an AWS Account ID...";
            Err(Fault::new("InvalidBucketOwnerAWSAccountID", 400, format!("{text} [{expected}]")))
        }
    }
}

/// The owner's canonical id.
///
/// # Errors
/// InternalFailure when the owner's account is gone.
pub fn owner_id(db: &Reader, owner: AccountId) -> Result<String, Fault> {
    let row = db.get::<rolecall_identity::records::Accounts>(&owner)?;
    row.map(|row| row.canonical_id).ok_or_else(|| Fault::internal(format!("account {owner} has no row")))
}

/// Whether a bucket may have this name ("Bucket naming rules" of the S3 User Guide).
pub fn is_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = name.as_bytes();
    let ends = |byte: Option<&u8>| byte.is_some_and(|b| plain(*b));
    let reserved = ["xn--", "sthree-", "amzn-s3-demo-"].iter().any(|start| name.starts_with(start))
        || ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"].iter().any(|end| name.ends_with(end));
    (3..=63).contains(&bytes.len())
        && bytes.iter().all(|b| plain(*b) || matches!(b, b'.' | b'-'))
        && ends(bytes.first())
        && ends(bytes.last())
        && !name.contains("..")
        && name.parse::<std::net::Ipv4Addr>().is_err()
        && !reserved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_published_rules() {
        for name in ["abc", "my-bucket-1", "a.b.c", "0abc", &"a".repeat(63)] {
            assert!(is_name(name), "{name}");
        }
        let long = "a".repeat(64);
        for name in
            ["ab", &long, "Abc", "a_b", "-abc", "abc-", ".abc", "a..b", "192.168.5.4", "xn--abc", "a-s3alias"]
        {
            assert!(!is_name(name), "{name}");
        }
    }
}
