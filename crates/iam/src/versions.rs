//! Versions of managed policies: at most five, one of them in force.

use rolecall_base::{AccountId, Fault, Time};
use rolecall_identity::records::{ManagedPolicy, PolicyVersion, PolicyVersions};
use rolecall_policy::{Kind, Policy};
use rolecall_store::{Reader, Tx};

use crate::managed::{self, Managed};
use crate::model::{self, fault};
use crate::page::{Page, Window};
use crate::quota;
use crate::wire::encoded;

/// # Errors
/// MalformedPolicyDocument; LimitExceeded above 6,144 characters, white space apart.
pub(crate) fn check(document: &str) -> Result<(), Fault> {
    Policy::parse(document, Kind::Identity)?;
    quota::size("PolicySize", document, quota::POLICY_SIZE)
}

/// Adds a version under the next number and puts it in force if asked.
///
/// # Errors
/// As [`check`]; LimitExceeded when there are five.
pub(crate) fn add(
    tx: &mut Tx,
    policy: &mut ManagedPolicy,
    document: &str,
    in_force: bool,
    now: Time,
) -> Result<model::PolicyVersion, Fault> {
    check(document)?;
    if tx.count::<PolicyVersions>(&managed::key(policy))? >= quota::VERSIONS_PER_POLICY {
        return Err(fault::limit_exceeded(
            "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.",
        ));
    }
    let number = policy.last_version.saturating_add(1);
    let created = now.whole_seconds();
    let row = PolicyVersion { document: document.to_owned(), created };
    tx.put::<PolicyVersions>(&key(policy, number), &row)?;
    policy.last_version = number;
    policy.updated = created;
    if in_force {
        policy.default_version = number;
    }
    managed::put(tx, policy)?;
    Ok(model::PolicyVersion {
        version_id: Some(format!("v{number}")),
        is_default_version: Some(in_force),
        create_date: Some(created),
        document: None,
    })
}

/// One version with its document.
///
/// # Errors
/// NoSuchEntity.
pub(crate) fn get(db: &Reader, policy: &Managed, version: &str) -> Result<model::PolicyVersion, Fault> {
    let absent = || missing(&policy.arn(), version);
    let (document, created, in_force) = match policy {
        Managed::Own(own) => {
            let number = number(version).ok_or_else(absent)?;
            let row = db.get::<PolicyVersions>(&key(own, number))?.ok_or_else(absent)?;
            (row.document, row.created, number == own.default_version)
        }
        Managed::Aws(aws) if aws.version == version => (aws.document(), aws.updated, true),
        Managed::Aws(_) => return Err(absent()),
    };
    Ok(model::PolicyVersion {
        document: Some(encoded(&document)),
        version_id: Some(version.to_owned()),
        is_default_version: Some(in_force),
        create_date: Some(created),
    })
}

/// All versions, newest first, without their documents. Of AWS's policies only the one in force is known.
pub(crate) fn list(
    db: &Reader,
    policy: &Managed,
    window: &Window,
) -> Result<Page<model::PolicyVersion>, Fault> {
    let mut versions = Vec::new();
    match policy {
        Managed::Own(own) => {
            let rows = db.scan::<PolicyVersions>(&managed::key(own), None, usize::MAX)?;
            for ((_, _, number), row) in rows.into_iter().rev() {
                versions.push((number, row.created, number == own.default_version));
            }
        }
        Managed::Aws(aws) => versions.push((number(&aws.version).unwrap_or(1), aws.updated, true)),
    }
    Ok(window.cut(versions.into_iter().map(|(number, created, in_force)| {
        let version = model::PolicyVersion {
            version_id: Some(format!("v{number}")),
            is_default_version: Some(in_force),
            create_date: Some(created),
            document: None,
        };
        // Newest first: the page's order is that of what is left to the top.
        (format!("{:010}", u32::MAX - number), version)
    })))
}

/// Puts another version in force.
///
/// # Errors
/// NoSuchEntity.
pub(crate) fn put_in_force(
    tx: &mut Tx,
    policy: &mut ManagedPolicy,
    version: &str,
    now: Time,
) -> Result<(), Fault> {
    policy.default_version = existing(tx, policy, version)?;
    policy.updated = now.whole_seconds();
    managed::put(tx, policy)
}

/// # Errors
/// NoSuchEntity; DeleteConflict for the one in force.
pub(crate) fn delete(tx: &mut Tx, policy: &ManagedPolicy, version: &str) -> Result<(), Fault> {
    let number = existing(tx, policy, version)?;
    if number == policy.default_version {
        return Err(fault::delete_conflict("Cannot delete the default version of a policy."));
    }
    Ok(tx.delete::<PolicyVersions>(&key(policy, number))?)
}

fn existing(db: &Reader, policy: &ManagedPolicy, version: &str) -> Result<u32, Fault> {
    let absent = || missing(&policy.arn(), version);
    let number = number(version).ok_or_else(absent)?;
    if db.exists::<PolicyVersions>(&key(policy, number))? { Ok(number) } else { Err(absent()) }
}

fn missing(arn: &str, version: &str) -> Fault {
    fault::no_such_entity(format!("Policy {arn} version {version} does not exist or is not attachable."))
}

fn key(policy: &ManagedPolicy, number: u32) -> (AccountId, String, u32) {
    let (account, name) = managed::key(policy);
    (account, name, number)
}

fn number(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.parse().ok()
}
