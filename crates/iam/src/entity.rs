//! What users, groups, roles and instance profiles have in common: a name that is unique whatever its case, a path,
//! an ARN. How an operation finds the one it is about.

use rolecall_base::{AccountId, Fault, Tags};
use rolecall_door::{At, Resource};
use rolecall_identity::records::{
    Group, Groups, InstanceProfile, InstanceProfiles, Role, Roles, User, Users, fold,
};
use rolecall_store::{Reader, Table, Tx};

use crate::model::fault;
use crate::page::{Page, Window};

/// A named thing of an account.
pub(crate) trait Entity: Resource + Sized {
    type Table: Table<Key = (AccountId, String), Row = Self>;
    /// The word in ARNs.
    const WORD: &'static str;

    fn name(&self) -> &str;

    fn path(&self) -> &str;

    /// ARN of its permissions boundary.
    fn boundary(&self) -> Option<&str> {
        None
    }

    /// What AWS calls it in errors.
    fn missing(name: &str) -> Fault;

    fn taken(name: &str) -> Fault;

    /// The key of its row.
    fn key(&self) -> (AccountId, String) {
        (Resource::account(self), fold(self.name()))
    }
}

impl Entity for User {
    type Table = Users;
    const WORD: &'static str = "user";

    fn name(&self) -> &str {
        &self.name
    }

    fn path(&self) -> &str {
        &self.path
    }

    fn boundary(&self) -> Option<&str> {
        self.boundary.as_deref()
    }

    fn missing(name: &str) -> Fault {
        fault::no_such_entity(format!("The user with name {name} cannot be found."))
    }

    fn taken(name: &str) -> Fault {
        fault::entity_already_exists(format!("User with name {name} already exists."))
    }
}

impl Entity for Group {
    type Table = Groups;
    const WORD: &'static str = "group";

    fn name(&self) -> &str {
        &self.name
    }

    fn path(&self) -> &str {
        &self.path
    }

    fn missing(name: &str) -> Fault {
        fault::no_such_entity(format!("The group with name {name} cannot be found."))
    }

    fn taken(name: &str) -> Fault {
        fault::entity_already_exists(format!("Group with name {name} already exists."))
    }
}

impl Entity for Role {
    type Table = Roles;
    const WORD: &'static str = "role";

    fn name(&self) -> &str {
        &self.name
    }

    fn path(&self) -> &str {
        &self.path
    }

    fn boundary(&self) -> Option<&str> {
        self.boundary.as_deref()
    }

    fn missing(name: &str) -> Fault {
        fault::no_such_entity(format!("The role with name {name} cannot be found."))
    }

    fn taken(name: &str) -> Fault {
        fault::entity_already_exists(format!("Role with name {name} already exists."))
    }
}

impl Entity for InstanceProfile {
    type Table = InstanceProfiles;
    const WORD: &'static str = "instance-profile";

    fn name(&self) -> &str {
        &self.name
    }

    fn path(&self) -> &str {
        &self.path
    }

    fn missing(name: &str) -> Fault {
        fault::no_such_entity(format!("Instance Profile {name} cannot be found."))
    }

    fn taken(name: &str) -> Fault {
        fault::entity_already_exists(format!("Instance Profile {name} already exists."))
    }
}

/// The one with this name, whatever its case.
pub(crate) fn find<E: Entity>(db: &Reader, account: AccountId, name: &str) -> Result<Option<E>, Fault> {
    Ok(db.get::<E::Table>(&(account, fold(name)))?)
}

/// As [`find`].
///
/// # Errors
/// NoSuchEntity.
pub(crate) fn get<E: Entity>(db: &Reader, account: AccountId, name: &str) -> Result<E, Fault> {
    find(db, account, name)?.ok_or_else(|| E::missing(name))
}

/// # Errors
/// EntityAlreadyExists when the name is taken, in whatever case.
pub(crate) fn vacant<E: Entity>(db: &Reader, account: AccountId, name: &str) -> Result<(), Fault> {
    if db.exists::<E::Table>(&(account, fold(name)))? { Err(E::taken(name)) } else { Ok(()) }
}

pub(crate) fn put<E: Entity>(tx: &mut Tx, entity: &E) -> Result<(), Fault> {
    Ok(tx.put::<E::Table>(&entity.key(), entity)?)
}

/// A page of the account's, by name, of those whose path begins with `path_prefix`.
pub(crate) fn list<E: Entity, I>(
    db: &Reader,
    account: AccountId,
    path_prefix: Option<&str>,
    window: &Window,
    show: impl Fn(&E) -> Result<I, Fault>,
) -> Result<Page<I>, Fault> {
    window.scan::<E::Table, I>(
        db,
        &(account,),
        |name| (account, name),
        |(_, name)| name.clone(),
        |_, row| {
            let wanted = path_prefix.is_none_or(|prefix| row.path().starts_with(prefix));
            wanted.then(|| show(&row)).transpose()
        },
    )
}

/// What an operation is about, before it is known whether there is such a thing: the record's ARN and tags, or for a
/// missing one the ARN it would have with path `/`, so that who may not ask learns nothing.
#[derive(Debug)]
pub(crate) struct Target<E> {
    record: Option<E>,
    arn: String,
    account: AccountId,
}

impl<E: Entity> Target<E> {
    /// The one of the caller's account with this name.
    pub fn find(at: &At<'_>, name: &str) -> Result<Target<E>, Fault> {
        let account = at.account();
        let record = find::<E>(at.db()?, account, name)?;
        let arn = record
            .as_ref()
            .map_or_else(|| format!("arn:aws:iam::{account}:{}/{name}", E::WORD), Resource::arn);
        Ok(Target { record, arn, account })
    }

    /// One that is to be made.
    pub fn new(account: AccountId, path: Option<&str>, name: &str) -> Target<E> {
        let arn = format!("arn:aws:iam::{account}:{}{}{name}", E::WORD, path.unwrap_or("/"));
        Target { record: None, arn, account }
    }

    /// Known by its ARN alone: the root user where a user is meant.
    pub fn by_arn(arn: String, account: AccountId) -> Target<E> {
        Target { record: None, arn, account }
    }

    /// Its permissions boundary, as `iam:PermissionsBoundary` shows it.
    pub fn boundary(&self) -> Option<&str> {
        self.record.as_ref().and_then(Entity::boundary)
    }

    pub fn path(&self) -> Option<&str> {
        self.record.as_ref().map(Entity::path)
    }

    /// The record, where there is one.
    pub fn into_record(self) -> Option<E> {
        self.record
    }
}

impl Target<Role> {
    /// The template that it was made of, as `iam:RoleTemplateARN` shows it.
    pub fn template(&self) -> Option<&str> {
        self.record.as_ref()?.template.as_ref().map(|from| from.arn.as_str())
    }
}

impl<E: Entity> Resource for Target<E> {
    type Kind = E::Kind;

    fn arn(&self) -> String {
        self.arn.clone()
    }

    fn account(&self) -> AccountId {
        self.account
    }

    fn tags(&self) -> Tags {
        self.record.as_ref().map(Resource::tags).unwrap_or_default()
    }
}
