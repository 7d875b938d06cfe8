//! The credential report: a line of text for root and for each user, with what each can sign in and sign with.

use rolecall_base::{AccountId, Fault, Time};
use rolecall_identity::Identity;
use rolecall_identity::records::{
    AccessKeys, AccessKeysOfOwner, Accounts, KeyOwner, LoginProfiles, MfaDevicesOfOwner, PasswordPolicies,
    Users,
};
use rolecall_store::Reader;

use crate::records::SigningCertificates;

/// The id under which an account's report is kept.
pub(crate) const ID: &str = "credential-report";
/// Seconds for which a report is good.
pub(crate) const GOOD_FOR: i64 = 4 * 3600;

const HEAD: &str = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,\
password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,\
access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,\
access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,\
cert_1_last_rotated,cert_2_active,cert_2_last_rotated";

const NONE: &str = "N/A";
const UNKNOWN: &str = "no_information";
const UNSUPPORTED: &str = "not_supported";

/// The whole report.
pub(crate) fn text(identity: &Identity, db: &Reader, account: AccountId) -> Result<String, Fault> {
    let mut lines = vec![HEAD.to_owned(), root(identity, db, account)?];
    let max_age = db.get::<PasswordPolicies>(&account)?.and_then(|policy| policy.max_age);
    for (_, user) in db.scan::<Users>(&(account,), None, usize::MAX)? {
        let owner = KeyOwner::User(user.id.clone());
        let mut line = vec![user.name.clone(), user.arn(), shown(user.created)];
        match db.get::<LoginProfiles>(&(account, owner.word().to_owned()))? {
            None => line.extend(["false", NONE, NONE, NONE].map(str::to_owned)),
            Some(profile) => {
                let rotation = max_age
                    .map(|days| Time::from_seconds(profile.changed.seconds() + i64::from(days) * 24 * 3600));
                line.push("true".to_owned());
                line.push(user.password_last_used.map_or_else(|| UNKNOWN.to_owned(), shown));
                line.push(shown(profile.changed));
                line.push(rotation.map_or_else(|| NONE.to_owned(), shown));
            }
        }
        credentials(identity, db, account, &owner, &mut line)?;
        lines.push(line.join(","));
    }
    Ok(lines.join("\n"))
}

fn root(identity: &Identity, db: &Reader, account: AccountId) -> Result<String, Fault> {
    let created = db.get::<Accounts>(&account)?.map_or_else(|| UNKNOWN.to_owned(), |row| shown(row.created));
    let mut line = vec!["<root_account>".to_owned(), account.root_arn(), created];
    line.extend([UNSUPPORTED, UNKNOWN, UNSUPPORTED, UNSUPPORTED].map(str::to_owned));
    credentials(identity, db, account, &KeyOwner::Root, &mut line)?;
    Ok(line.join(","))
}

/// Second factor, two access keys, two certificates.
fn credentials(
    identity: &Identity,
    db: &Reader,
    account: AccountId,
    owner: &KeyOwner,
    line: &mut Vec<String>,
) -> Result<(), Fault> {
    let of = (account, owner.word().to_owned());
    line.push(db.any::<MfaDevicesOfOwner>(&of)?.to_string());
    let mut keys = Vec::new();
    for ((_, _, id), _) in db.scan::<AccessKeysOfOwner>(&of, None, 2)? {
        keys.extend(db.get::<AccessKeys>(&id)?);
    }
    keys.sort_by_key(|key| key.created);
    let mut keys = keys.into_iter();
    for _ in 0..2 {
        let Some(key) = keys.next() else {
            line.extend(["false", NONE, NONE, NONE, NONE].map(str::to_owned));
            continue;
        };
        let used = identity.usage.of_key(db, &key.id)?;
        line.extend([key.active.to_string(), shown(key.created)]);
        line.push(used.as_ref().map_or_else(|| NONE.to_owned(), |used| shown(used.time)));
        line.push(used.as_ref().map_or_else(|| NONE.to_owned(), |used| used.region.clone()));
        line.push(used.map_or_else(|| NONE.to_owned(), |used| used.service));
    }
    let mut certificates: Vec<_> =
        db.scan::<SigningCertificates>(&of, None, 2)?.into_iter().map(|(_, row)| row).collect();
    certificates.sort_by_key(|certificate| certificate.uploaded);
    let mut certificates = certificates.into_iter();
    for _ in 0..2 {
        match certificates.next() {
            Some(certificate) => {
                line.extend([certificate.active.to_string(), shown(certificate.uploaded)]);
            }
            None => line.extend(["false", NONE].map(str::to_owned)),
        }
    }
    Ok(())
}

/// `2026-01-02T03:04:05+00:00`.
fn shown(time: Time) -> String {
    time.iso_seconds().replace('Z', "+00:00")
}
