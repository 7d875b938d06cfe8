//! Passwords: their digests, what a policy says of a new one, and whether somebody who signs in knows it.
//!
//! A digest is Argon2id with the parameters that OWASP recommends, and with a key derived from the root key: the store
//! alone, without the root key, does not even allow guessing. Digests and checks take tens of milliseconds and 19 MiB on
//! purpose; they belong where blocking does no harm, and the store's transactions are not such a place.

use std::time::Duration;

use argon2::{Algorithm, Argon2, Params, Version};
use rolecall_base::{AccountId, Fault, Time};
use subtle::ConstantTimeEq;

use crate::known::Identity;
use crate::records::{
    LoginProfile, LoginProfiles, PasswordDigest, PasswordPolicies, PasswordPolicy, User, Users, fold,
};
use crate::vault::Vault;

/// KiB of memory that one digest takes.
const MEMORY: u32 = 19_456;
const PASSES: u32 = 2;
const LENGTH: usize = 32;
const DAY: u64 = 24 * 3600;

/// The digest of a password. Slow.
///
/// # Errors
/// InternalFailure when there is no memory for it.
pub fn digest(vault: &Vault, salt: [u8; 16], password: &str) -> Result<PasswordDigest, Fault> {
    let digest = argon2id(vault, MEMORY, PASSES, &salt, password)?;
    Ok(PasswordDigest { memory: MEMORY, passes: PASSES, salt: salt.to_vec(), digest: digest.to_vec() })
}

/// Whether a digest is of this password. Slow.
///
/// # Errors
/// As [`digest`].
pub fn is_of(vault: &Vault, kept: &PasswordDigest, password: &str) -> Result<bool, Fault> {
    let digest = argon2id(vault, kept.memory, kept.passes, &kept.salt, password)?;
    Ok(digest.ct_eq(&kept.digest).into())
}

fn argon2id(
    vault: &Vault,
    memory: u32,
    passes: u32,
    salt: &[u8],
    password: &str,
) -> Result<[u8; LENGTH], Fault> {
    let pepper = vault.key("rolecall/password/1", 0);
    let failed = |error: argon2::Error| Fault::internal(format!("Argon2: {error}"));
    let parameters = Params::new(memory, passes, 1, Some(LENGTH)).map_err(failed)?;
    let argon2 = Argon2::new_with_secret(&*pepper, Algorithm::Argon2id, Version::V0x13, parameters);
    let mut out = [0; LENGTH];
    argon2.map_err(failed)?.hash_password_into(password.as_bytes(), salt, &mut out).map_err(failed)?;
    Ok(out)
}

/// Holds a new password to the account's policy, or to AWS's default one: at least eight characters of three kinds.
/// `names` are the account's: a password must not be one of them.
///
/// # Errors
/// PasswordPolicyViolation, which says what is missing.
pub fn check_new(policy: Option<&PasswordPolicy>, password: &str, names: &[&str]) -> Result<(), Fault> {
    let has = |kind: fn(&char) -> bool| password.chars().any(|c| kind(&c));
    let kinds = [
        (policy.is_none_or(|p| p.uppercase), has(char::is_ascii_uppercase), "uppercase letter"),
        (policy.is_none_or(|p| p.lowercase), has(char::is_ascii_lowercase), "lowercase letter"),
        (policy.is_none_or(|p| p.numbers), has(char::is_ascii_digit), "number"),
        (policy.is_none_or(|p| p.symbols), has(is_symbol), "symbol"),
    ];
    let missing: Vec<String> = kinds
        .into_iter()
        .filter(|(wanted, there, _)| *wanted && !there)
        .map(|(_, _, name)| format!("Password should have at least one {name}"))
        .collect();
    let shortest = policy.map_or(8, |policy| policy.minimum_length);
    let mut wrong = Vec::new();
    if password.chars().count() < usize::try_from(shortest).unwrap_or(0) {
        wrong.push(format!("Password should have a minimum length of {shortest}"));
    }
    match policy {
        Some(_) => wrong.extend(missing),
        // Three of the four kinds are enough.
        None if missing.len() > 1 => wrong.push(format!(
            "Password should meet {} more of the following requirements: {}",
            missing.len() - 1,
            missing.join(", ")
        )),
        None => {}
    }
    if names.iter().any(|name| name.eq_ignore_ascii_case(password)) {
        wrong.push("Password should not be identical to the account name".to_owned());
    }
    if wrong.is_empty() { Ok(()) } else { Err(violation(wrong.join(", "))) }
}

/// The fault of a password that was used before.
pub fn reused() -> Fault {
    violation("Policy constraint violation with password reuse prevention during password change.")
}

fn violation(text: impl Into<String>) -> Fault {
    Fault::new("PasswordPolicyViolation", 400, text)
}

/// The symbols that AWS counts.
fn is_symbol(c: &char) -> bool {
    "!@#$%^&*()_+-=[]{}|'".contains(*c)
}

impl LoginProfile {
    /// Whether the password is too old for the policy.
    pub fn is_expired(&self, policy: Option<&PasswordPolicy>, now: Time) -> bool {
        let days = policy.and_then(|policy| policy.max_age).and_then(|days| u64::try_from(days).ok());
        days.is_some_and(|days| now >= self.changed + Duration::from_secs(days * DAY))
    }
}

/// What wrong passwords of a user are counted under; `owner` is the word of [`crate::records::KeyOwner`].
pub fn counted_as(account: AccountId, owner: &str) -> String {
    format!("password:{account}:{owner}")
}

/// Somebody who knows the password.
#[derive(Debug)]
pub struct SignedIn {
    pub user: User,
    /// The password is to be changed before anything else: the administrator wants it so, or it expired.
    pub must_change: bool,
}

/// Why a password does not sign in.
#[derive(Debug)]
pub enum NotSignedIn {
    /// No such user, no password, a wrong one, or too many wrong ones of late: told apart by nobody.
    Wrong,
    /// The password is right and expired, and the account's policy lets only an administrator set another one.
    Expired,
    /// We failed.
    Failed(Fault),
}

impl<E: Into<Fault>> From<E> for NotSignedIn {
    fn from(error: E) -> NotSignedIn {
        NotSignedIn::Failed(error.into())
    }
}

impl Identity {
    /// Checks the password of an IAM user for the console. Slow whatever the outcome, and as slow for users that are
    /// not there: call it beside the runtime's threads. Says nothing of second factors; see
    /// [`Identity::check_code`]. Who was let in is to be noted by [`Identity::password_used`].
    ///
    /// # Errors
    /// [`NotSignedIn`].
    pub fn verify_password(
        &self,
        account: AccountId,
        user: &str,
        password: &str,
    ) -> Result<SignedIn, NotSignedIn> {
        let (db, now) = (self.store.read()?, self.env.now());
        let user = db.get::<Users>(&(account, fold(user)))?;
        let profile = match &user {
            Some(user) => db.get::<LoginProfiles>(&(account, user.id.clone()))?,
            None => None,
        };
        let (Some(user), Some(profile)) = (user, profile) else {
            digest(&self.vault, [0; 16], password)?;
            return Err(NotSignedIn::Wrong);
        };
        let counted = counted_as(account, &user.id);
        let in_time = self.attempts.begin(&counted, now);
        if !is_of(&self.vault, &profile.current, password)? || !in_time {
            return Err(NotSignedIn::Wrong);
        }
        self.attempts.right(&counted);
        let policy = db.get::<PasswordPolicies>(&account)?;
        let expired = profile.is_expired(policy.as_ref(), now);
        if expired && policy.is_some_and(|policy| policy.hard_expiry == Some(true)) {
            return Err(NotSignedIn::Expired);
        }
        Ok(SignedIn { user, must_change: expired || profile.reset_required })
    }

    /// Notes that a user signed in: `PasswordLastUsed`.
    ///
    /// # Errors
    /// ServiceUnavailable when the store can't be written.
    pub async fn password_used(&self, user: &User) -> Result<(), Fault> {
        let now = self.env.now().whole_seconds();
        let key = (user.account, fold(&user.name));
        self.store
            .update(|tx| {
                if let Some(mut row) = tx.get::<Users>(&key)?.filter(|row| row.id == user.id) {
                    row.password_last_used = Some(now);
                    tx.put::<Users>(&key, &row)?;
                    // What is remembered of the user rests on this row.
                    tx.touch(key.0);
                }
                Ok::<_, Fault>(())
            })
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> PasswordPolicy {
        PasswordPolicy {
            minimum_length: 6,
            symbols: false,
            numbers: false,
            uppercase: false,
            lowercase: false,
            users_may_change: false,
            max_age: None,
            reuse_prevention: None,
            hard_expiry: None,
        }
    }

    fn refusal(policy: Option<&PasswordPolicy>, password: &str) -> String {
        let fault = check_new(policy, password, &["acme"]).unwrap_err();
        assert_eq!((fault.code(), fault.status()), ("PasswordPolicyViolation", 400));
        fault.message().to_owned()
    }

    #[test]
    fn without_a_policy_eight_characters_of_three_kinds_are_asked() {
        for good in ["Abcdefg1", "abcdefg1!", "ABCDEFG1'", "Abcdefg-"] {
            check_new(None, good, &["acme"]).unwrap();
        }
        assert_eq!(refusal(None, "Abcde1!"), "Password should have a minimum length of 8");
        assert_eq!(
            refusal(None, "abcdefg1"),
            "Password should meet 1 more of the following requirements: Password should have at least one uppercase \
             letter, Password should have at least one symbol"
        );
        assert!(refusal(None, "abcdefgh").contains("meet 2 more"));
    }

    #[test]
    fn a_policy_asks_what_it_says_and_no_more() {
        check_new(Some(&policy()), "aaaaaa", &[]).unwrap();
        let strict = PasswordPolicy { minimum_length: 10, symbols: true, numbers: true, ..policy() };
        assert_eq!(
            refusal(Some(&strict), "abc"),
            "Password should have a minimum length of 10, Password should have at least one number, Password should \
             have at least one symbol"
        );
        check_new(Some(&strict), "abcdefgh1!", &[]).unwrap();
        // Characters count, not bytes.
        check_new(Some(&policy()), "éééééé", &[]).unwrap();
        assert!(refusal(Some(&policy()), "ééééé").contains("minimum length of 6"));
    }

    #[test]
    fn the_accounts_name_is_no_password() {
        let weak = PasswordPolicy { minimum_length: 4, ..policy() };
        assert!(refusal(Some(&weak), "ACME").contains("identical to the account name"));
    }

    #[test]
    fn a_digest_is_of_its_password_under_its_root_key() {
        let (vault, other) = (Vault::new([1; 32]), Vault::new([2; 32]));
        let kept = digest(&vault, [3; 16], "right").unwrap();
        assert!(is_of(&vault, &kept, "right").unwrap());
        assert!(!is_of(&vault, &kept, "wrong").unwrap());
        assert!(!is_of(&other, &kept, "right").unwrap());
        assert_ne!(kept, digest(&vault, [4; 16], "right").unwrap());
    }
}
