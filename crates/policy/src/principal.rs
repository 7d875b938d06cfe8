//! Principal elements: who a resource policy or trust policy names, and how strongly it names a caller.

use rolecall_base::{AccountId, Arn};

use crate::caller::{Level, Principal};
use crate::document::PrincipalType;

/// A compiled Principal or NotPrincipal element.
#[derive(Debug)]
pub(crate) struct Principals {
    pub not: bool,
    pub entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    Everyone,
    Account(AccountId),
    /// `arn:aws:iam::ID:user/path/N`.
    User(Box<str>),
    /// Account and name: the path takes no part.
    Role(AccountId, Box<str>),
    /// `assumed-role/R/S` or `federated-user/N`, whole ARN.
    Session(Box<str>),
    /// `AIDA…` or `AROA…`.
    UniqueId(Box<str>),
    Service(Box<str>),
    Federated(Box<str>),
    /// A canonical user id that nobody resolved to an account, or any text that names nobody.
    Nobody,
}

impl Entry {
    /// `value` as written, or what it was resolved to.
    pub fn new(kind: PrincipalType, value: &str) -> Entry {
        match kind {
            PrincipalType::Everyone => Entry::Everyone,
            PrincipalType::Service => Entry::Service(value.into()),
            PrincipalType::Federated => Entry::Federated(value.into()),
            PrincipalType::CanonicalUser => match Entry::aws(value) {
                account @ Entry::Account(_) => account,
                _ => Entry::Nobody,
            },
            PrincipalType::Aws => Entry::aws(value),
        }
    }

    fn aws(value: &str) -> Entry {
        if value == "*" {
            return Entry::Everyone;
        }
        if let Ok(account) = value.parse() {
            return Entry::Account(account);
        }
        if is_unique_id(value) {
            return Entry::UniqueId(value.into());
        }
        let Ok(arn) = Arn::parse(value) else { return Entry::Nobody };
        let Some(account) = arn.account_id() else { return Entry::Nobody };
        match (arn.service, arn.kind_and_rest().0) {
            ("iam", "root") => Entry::Account(account),
            ("iam", "user") => Entry::User(value.into()),
            ("iam", "role") => Entry::Role(account, arn.name().into()),
            ("sts", "assumed-role" | "federated-user") => Entry::Session(value.into()),
            _ => Entry::Nobody,
        }
    }

    fn level(&self, caller: &Principal<'_>) -> Level {
        match (self, *caller) {
            (Entry::Everyone, _) => Level::Direct,
            (Entry::Account(id), Principal::Root { account }) if *id == account => Level::Direct,
            (Entry::Account(id), _) if caller.account() == Some(*id) => Level::Account,
            (Entry::User(entry), Principal::User { arn, .. }) if **entry == *arn => Level::Direct,
            (Entry::User(entry), Principal::FederatedUser { user_arn, .. }) if **entry == *user_arn => {
                Level::Limited
            }
            (Entry::Role(id, name), Principal::Role { account, role_arn, .. })
                if *id == account && role_arn.rsplit('/').next() == Some(name) =>
            {
                Level::Limited
            }
            (
                Entry::Session(entry),
                Principal::Role { session_arn: arn, .. } | Principal::FederatedUser { arn, .. },
            ) if **entry == *arn => Level::Direct,
            (Entry::UniqueId(id), Principal::User { unique_id, .. }) if **id == *unique_id => Level::Direct,
            (
                Entry::UniqueId(id),
                Principal::Role { unique_id, .. }
                | Principal::FederatedUser { user_unique_id: unique_id, .. },
            ) if **id == *unique_id => Level::Limited,
            (Entry::Service(entry), Principal::Service { name }) if **entry == *name => Level::Direct,
            (Entry::Federated(entry), Principal::Federated { provider }) if **entry == *provider => {
                Level::Direct
            }
            _ => Level::None,
        }
    }
}

impl Principals {
    /// How strongly the element names the caller; `NotPrincipal` names everyone it does not list.
    pub fn level(&self, caller: &Principal<'_>) -> Level {
        let mut best = Level::None;
        for entry in &self.entries {
            best = best.max(entry.level(caller));
            if best == Level::Direct {
                break;
            }
        }
        match (self.not, best) {
            (false, level) => level,
            (true, Level::None) => Level::Direct,
            (true, _) => Level::None,
        }
    }
}

/// `AIDA…`/`AROA…`: what stands in a stored document for a user or role.
pub(crate) fn is_unique_id(text: &str) -> bool {
    (text.starts_with("AIDA") || text.starts_with("AROA"))
        && (16..=128).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}
