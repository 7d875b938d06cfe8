//! Passwords of users for the console, and what an account asks of them.

use rolecall_base::{AccountId, Time};
use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

/// What passwords of IAM users must be like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordPolicy {
    pub minimum_length: i32,
    pub symbols: bool,
    pub numbers: bool,
    pub uppercase: bool,
    pub lowercase: bool,
    pub users_may_change: bool,
    /// Days; `None` when passwords do not expire.
    pub max_age: Option<i32>,
    /// How many former passwords may not be used again.
    pub reuse_prevention: Option<i32>,
    pub hard_expiry: Option<bool>,
}

impl Record for PasswordPolicy {
    const VERSION: u8 = 1;
}

/// By account; an account without a row has AWS's default policy.
#[derive(Debug)]
pub struct PasswordPolicies;

impl Table for PasswordPolicies {
    const ID: u16 = 32;
    const NAME: &'static str = "password_policies";
    type Key = AccountId;
    type Row = PasswordPolicy;
}

/// A password as it is kept: Argon2id of it with the root key's pepper. See [`crate::passwords`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordDigest {
    /// KiB.
    pub memory: u32,
    pub passes: u32,
    pub salt: Vec<u8>,
    pub digest: Vec<u8>,
}

impl std::fmt::Debug for PasswordDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordDigest")
    }
}

/// A user's password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginProfile {
    /// When the user first got a password.
    pub created: Time,
    /// When it got this one.
    pub changed: Time,
    /// The user must choose another one at the next sign-in.
    pub reset_required: bool,
    pub current: PasswordDigest,
    /// The ones before, newest first; at most [`FORMER`].
    pub former: Vec<PasswordDigest>,
}

/// How many former passwords are kept: the most that a policy may forbid.
pub const FORMER: usize = 24;

impl Record for LoginProfile {
    const VERSION: u8 = 1;
}

/// (account, owner's word): see [`super::KeyOwner::word`].
#[derive(Debug)]
pub struct LoginProfiles;

impl Table for LoginProfiles {
    const ID: u16 = 130;
    const NAME: &'static str = "login_profiles";
    type Key = (AccountId, String);
    type Row = LoginProfile;
}
