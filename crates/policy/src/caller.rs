//! Who asks, as policies see it.

use rolecall_base::AccountId;

/// The caller of a request. All ARNs are whole ARNs; unique ids are `AIDA…` and `AROA…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Principal<'a> {
    /// No signature.
    Anonymous,
    /// The root user of an account.
    Root { account: AccountId },
    /// An IAM user, also with GetSessionToken credentials.
    User { account: AccountId, arn: &'a str, unique_id: &'a str },
    /// A session of a role.
    Role {
        account: AccountId,
        /// `arn:aws:iam::ID:role/path/R`.
        role_arn: &'a str,
        /// `arn:aws:sts::ID:assumed-role/R/SESSION`.
        session_arn: &'a str,
        /// `AROA…` of the role, without the session name.
        unique_id: &'a str,
    },
    /// A session that a user (or root) got from GetFederationToken.
    FederatedUser {
        account: AccountId,
        /// `arn:aws:sts::ID:federated-user/N`.
        arn: &'a str,
        /// The user who called GetFederationToken; for root its account's root ARN.
        user_arn: &'a str,
        /// `AIDA…` of that user; empty for root.
        user_unique_id: &'a str,
    },
    /// A service that acts for itself, `ec2.amazonaws.com`.
    Service { name: &'a str },
    /// The unsigned caller of AssumeRoleWithSAML (the provider's ARN) or AssumeRoleWithWebIdentity (the OIDC
    /// provider's ARN or a host such as `accounts.google.com`).
    Federated { provider: &'a str },
}

impl<'a> Principal<'a> {
    /// The caller's account; `None` for anonymous, services and providers.
    pub fn account(&self) -> Option<AccountId> {
        match *self {
            Principal::Root { account }
            | Principal::User { account, .. }
            | Principal::Role { account, .. }
            | Principal::FederatedUser { account, .. } => Some(account),
            Principal::Anonymous | Principal::Service { .. } | Principal::Federated { .. } => None,
        }
    }

    /// The request is signed with credentials of an account.
    pub fn is_signed(&self) -> bool {
        self.account().is_some()
    }
}

/// How strongly a principal element names the caller.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Not at all.
    #[default]
    None,
    /// By the caller's account: permission is delegated to that account's own policies.
    Account,
    /// By the role or user a session was made from: boundaries and session policies still limit it.
    Limited,
    /// By itself, or as anyone.
    Direct,
}
