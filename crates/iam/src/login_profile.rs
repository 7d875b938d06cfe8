//! Passwords of users: whose, whether a new one may be, and the slow part of both, which is done beside the transaction.

use std::sync::Arc;

use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Operation, Slow};
use rolecall_identity::passwords::{self, counted_as};
use rolecall_identity::records::{
    FORMER, KeyOwner, LoginProfile, LoginProfiles, PasswordDigest, PasswordPolicies, PasswordPolicy, User,
};
use rolecall_identity::{Caller, SessionKind, Who};
use rolecall_policy::{Kind, PolicySet, ResourceKind};
use rolecall_store::{Reader, Tx};

use crate::holder::conflict;
use crate::model::{self, fault};
use crate::{access_key, account_alias};

/// Whose password a request is about, and the name that answers show. The root user's is meant only in a session that
/// AssumeRoot gave.
///
/// # Errors
/// NoSuchEntity when there is no such user; ValidationError when it names nobody and the caller is neither.
pub(crate) fn owner(db: &Reader, caller: &Caller, given: Option<&str>) -> Result<(KeyOwner, String), Fault> {
    if given.is_none() && caller.who == Who::Root && !is_assumed_root(caller) {
        return Err(Fault::validation("Must specify userName when calling with non-User credentials"));
    }
    let (owner, name) = access_key::owner(db, caller, given)?;
    Ok((owner, name.unwrap_or_else(|| "root".into())))
}

/// Whether this is the root user in a session that AssumeRoot gave.
pub(crate) fn is_assumed_root(caller: &Caller) -> bool {
    caller.session.as_deref().is_some_and(|session| session.kind == SessionKind::Root)
}

/// # Errors
/// NoSuchEntity when there is no password.
pub(crate) fn get(db: &Reader, caller: &Caller, owner: &KeyOwner, name: &str) -> Result<LoginProfile, Fault> {
    let profile = db.get::<LoginProfiles>(&(caller.account, owner.word().to_owned()))?;
    profile.ok_or_else(|| missing(name))
}

pub(crate) fn missing(name: &str) -> Fault {
    fault::no_such_entity(format!("Login Profile for User {name} cannot be found."))
}

pub(crate) fn put(
    tx: &mut Tx,
    caller: &Caller,
    owner: &KeyOwner,
    profile: &LoginProfile,
) -> Result<(), Fault> {
    Ok(tx.put::<LoginProfiles>(&(caller.account, owner.word().to_owned()), profile)?)
}

pub(crate) fn to_wire(name: &str, profile: &LoginProfile) -> model::LoginProfile {
    model::LoginProfile {
        user_name: name.to_owned(),
        create_date: profile.created,
        password_reset_required: Some(profile.reset_required),
    }
}

/// # Errors
/// DeleteConflict while the user has a password.
pub(crate) fn check_none(db: &Reader, user: &User) -> Result<(), Fault> {
    match db.exists::<LoginProfiles>(&(user.account, user.id.clone()))? {
        true => Err(conflict("must delete login profile first.")),
        false => Ok(()),
    }
}

/// What was found out about a new password, and about the old one that came with it.
#[derive(Clone, Debug)]
pub(crate) struct Prepared {
    digest: PasswordDigest,
    /// The password that the user had.
    before: Option<PasswordDigest>,
    /// Whether the new one is among those that the account's policy forbids to use again.
    reused: bool,
    is_current: bool,
    pub old_is_right: bool,
    pub too_many: bool,
}

/// Gathers what the digests of a request are made of.
///
/// # Errors
/// NoSuchEntity.
pub(crate) fn prepare(at: &At<'_>, owner: &KeyOwner, old: Option<&str>, new: &str) -> Result<Slow, Fault> {
    let (db, account) = (at.db()?, at.account());
    let profile = db.get::<LoginProfiles>(&(account, owner.word().to_owned()))?;
    let policy = db.get::<PasswordPolicies>(&account)?;
    let forbidden = policy.and_then(|p| p.reuse_prevention).and_then(|n| usize::try_from(n).ok());
    let forbidden = forbidden.unwrap_or(0);
    let (vault, salt) = (at.identity.vault.clone(), at.env.random::<16>());
    let (attempts, counted, now) = (at.identity.attempts.clone(), counted_as(account, owner.word()), at.now);
    let (old, new) = (old.map(str::to_owned), new.to_owned());
    Ok(Box::new(move || {
        let before = profile.as_ref().map(|profile| profile.current.clone());
        let mut found = Prepared {
            digest: passwords::digest(&vault, salt, &new)?,
            before,
            reused: false,
            is_current: false,
            old_is_right: false,
            too_many: false,
        };
        let Some(profile) = profile else { return Ok(Box::new(found) as _) };
        if let Some(old) = old {
            found.too_many = !attempts.begin(&counted, now);
            found.old_is_right = !found.too_many && passwords::is_of(&vault, &profile.current, &old)?;
            if !found.old_is_right {
                // The rest would only be work for who guesses.
                return Ok(Box::new(found) as _);
            }
            attempts.right(&counted);
        }
        found.is_current = passwords::is_of(&vault, &profile.current, &new)?;
        found.reused = forbidden > 0 && found.is_current;
        for former in profile.former.iter().take(forbidden.saturating_sub(1)) {
            found.reused = found.reused || passwords::is_of(&vault, former, &new)?;
        }
        Ok(Box::new(found) as _)
    }))
}

/// What [`prepare`] found out.
///
/// # Errors
/// InternalFailure when the operation prepared nothing.
pub(crate) fn prepared<Op: Operation>(req: &Authorized<'_, Op>) -> Result<Prepared, Fault> {
    let found = req.staged::<Prepared>().cloned();
    found.ok_or_else(|| Fault::internal("a password was not prepared"))
}

impl Prepared {
    /// # Errors
    /// EntityTemporarilyUnmodifiable when the password was changed while this one was being digested.
    pub fn check_unchanged(&self, name: &str, now: Option<&LoginProfile>) -> Result<(), Fault> {
        if now.map(|profile| &profile.current) == self.before.as_ref() {
            return Ok(());
        }
        Err(fault::entity_temporarily_unmodifiable(format!(
            "Login Profile for User {name} cannot be modified while login profile is being changed."
        )))
    }

    /// Holds the new password to the account's policy.
    ///
    /// # Errors
    /// PasswordPolicyViolation.
    pub fn check_policy(&self, db: &Reader, caller: &Caller, new: &str) -> Result<(), Fault> {
        let account = caller.account;
        let policy = db.get::<PasswordPolicies>(&account)?;
        let (number, alias) = (account.to_string(), account_alias::read(db, account)?.alias);
        let names: Vec<&str> = [Some(number.as_str()), alias.as_deref()].into_iter().flatten().collect();
        passwords::check_new(policy.as_ref(), new, &names)?;
        if self.reused { Err(passwords::reused()) } else { Ok(()) }
    }

    /// # Errors
    /// PasswordPolicyViolation when a password that must be changed would stay as it is.
    pub fn check_differs(&self, profile: &LoginProfile) -> Result<(), Fault> {
        if self.is_current && profile.reset_required { Err(passwords::reused()) } else { Ok(()) }
    }

    /// The profile of a user that had none.
    pub fn first(self, now: rolecall_base::Time, reset_required: bool) -> LoginProfile {
        LoginProfile { created: now, changed: now, reset_required, current: self.digest, former: Vec::new() }
    }

    /// Puts the new password in the place of the old one.
    pub fn replace(self, profile: &mut LoginProfile, now: rolecall_base::Time) {
        let old = std::mem::replace(&mut profile.current, self.digest);
        profile.former.insert(0, old);
        profile.former.truncate(FORMER);
        profile.changed = now;
    }
}

/// What `AllowUsersToChangePassword` grants: an IAM user may change its own password and see what it must be like, whatever
/// its policies say, unless one denies it.
///
/// # Errors
/// ServiceUnavailable when the store can't be read.
pub(crate) fn self_service(at: &At<'_>) -> Result<Option<Arc<PolicySet>>, Fault> {
    let caller = at.caller;
    let policy = at.db()?.get::<PasswordPolicies>(&caller.account)?;
    if caller.who != Who::User || !policy.is_some_and(|policy: PasswordPolicy| policy.users_may_change) {
        return Ok(None);
    }
    let text = format!(
        r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Principal": {{"AWS": "{}"}},
            "Action": ["iam:ChangePassword", "iam:GetAccountPasswordPolicy"], "Resource": "*"}}}}"#,
        caller.principal_id
    );
    let policy = at.identity.documents.compile(&text, Kind::Resource(ResourceKind::Other))?;
    let name = rolecall_policy::PolicyId::attached("account password policy");
    Ok(Some(Arc::new(PolicySet::new(vec![rolecall_policy::Named::new(policy, name)]))))
}
