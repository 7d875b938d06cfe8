//! Which condition keys and variables policies ask for: what a simulation must be told.

use std::collections::HashSet;
use std::sync::Arc;

use rolecall_base::{Arn, Fault};
use rolecall_door::At;
use rolecall_identity::Loader;
use rolecall_identity::records::{Group, Role, User};
use rolecall_policy::{Kind, Policy, PolicySet};

use crate::entity::{self, Target};
use crate::model::fault;

/// A user, group or role by its ARN.
#[derive(Debug)]
pub(crate) enum Source {
    User(Target<User>, String),
    Group(Target<Group>, String),
    Role(Target<Role>, String),
}

impl Source {
    /// # Errors
    /// InvalidInput for what is no such ARN.
    pub fn find(at: &At<'_>, arn: &str) -> Result<Source, Fault> {
        let invalid = || {
            fault::invalid_input(format!(
                "Invalid Entity Arn: {arn} does not clearly define entity type and name."
            ))
        };
        let parsed = Arn::parse(arn).map_err(|_| invalid())?;
        let name = parsed.name().to_owned();
        let account = parsed.account_id().filter(|_| parsed.service == "iam" && !name.is_empty());
        let account = account.ok_or_else(invalid)?;
        if account != at.account() {
            return Err(fault::invalid_input(format!(
                "Invalid Policy Source Arn: caller's account {} does not have access to policies in account {account}",
                at.account()
            )));
        }
        match parsed.kind_and_rest().0 {
            "user" => Ok(Source::User(Target::find(at, &name)?, name)),
            "group" => Ok(Source::Group(Target::find(at, &name)?, name)),
            "role" => Ok(Source::Role(Target::find(at, &name)?, name)),
            _ => Err(invalid()),
        }
    }

    /// All policies that grant to it.
    ///
    /// # Errors
    /// NoSuchEntity.
    pub fn policies(&self, at: &At<'_>) -> Result<Arc<PolicySet>, Fault> {
        let (db, account) = (at.db()?, at.account());
        let loader = Loader { db, documents: &at.identity.documents };
        match self {
            Source::User(_, name) => {
                entity::get::<User>(db, account, name).and_then(|user| loader.user(account, &user.name))
            }
            Source::Group(_, name) => {
                entity::get::<Group>(db, account, name).and_then(|group| loader.group(account, &group.name))
            }
            Source::Role(_, name) => {
                entity::get::<Role>(db, account, name).and_then(|role| loader.role(account, &role.name))
            }
        }
    }
}

/// Condition keys, each once whatever its case, in the order in which they come. A request may bring many of them.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    list: Vec<String>,
    seen: HashSet<String>,
}

impl Keys {
    /// Adds those of a policy.
    pub fn add(&mut self, policy: &Policy) {
        for key in policy.context_keys() {
            if self.seen.insert(key.to_ascii_lowercase()) {
                self.list.push(key);
            }
        }
    }

    pub fn list(self) -> Vec<String> {
        self.list
    }
}

/// The keys of documents that a request brings.
///
/// # Errors
/// InvalidInput for what is no policy.
pub(crate) fn of_texts(texts: &[String]) -> Result<Keys, Fault> {
    let mut keys = Keys::default();
    for text in texts {
        let policy = Policy::load(text, Kind::Identity)
            .map_err(|malformed| fault::invalid_input(malformed.message))?;
        keys.add(&policy);
    }
    Ok(keys)
}
