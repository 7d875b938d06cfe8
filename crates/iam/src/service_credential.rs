//! Service-specific credentials: names and passwords, or long-term API keys, that users have for one service each.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rolecall_base::{AccountId, Fault, Time};
use rolecall_door::At;
use rolecall_env::Env;
use rolecall_identity::records::{User, Users};
use rolecall_store::{Reader, Tx};
use sha2::{Digest, Sha256};

use crate::access_key;
use crate::entity;
use crate::holder::conflict;
use crate::model::{self, fault};
use crate::quota;
use crate::records::{ServiceCredential, ServiceCredentials};

/// Credentials of one user for one service.
const PER_SERVICE: usize = 2;

/// A service that has credentials of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Service {
    pub name: &'static str,
    /// What a long-term API key begins with; `None` where it is a name and a password.
    api_key: Option<&'static str>,
}

const SERVICES: [Service; 4] = [
    Service { name: "bedrock.amazonaws.com", api_key: Some("ABSK") },
    Service { name: "cassandra.amazonaws.com", api_key: None },
    Service { name: "codecommit.amazonaws.com", api_key: None },
    Service { name: "logs.amazonaws.com", api_key: Some("ACWL") },
];

/// # Errors
/// NoSuchEntity for a service without such credentials.
pub(crate) fn service(name: &str) -> Result<Service, Fault> {
    let found = SERVICES.iter().find(|service| service.name == name).copied();
    found.ok_or_else(|| {
        fault::no_such_entity(format!("No such service {name} is supported for Service Specific Credentials"))
    })
}

/// A credential with its secret: the one time that it is shown.
pub(crate) struct Shown {
    pub credential: ServiceCredential,
    secret: String,
}

/// Makes one. `days` is its life, for services with long-term API keys only.
///
/// # Errors
/// ValidationError for a life where the service has none; LimitExceeded above two for the service.
pub(crate) fn create(
    tx: &mut Tx,
    env: &Env,
    now: Time,
    user: &User,
    service: Service,
    days: Option<i32>,
) -> Result<Shown, Fault> {
    if days.is_some() && service.api_key.is_none() {
        return Err(Fault::validation(format!(
            "CredentialAgeDays is not supported for the service {}",
            service.name
        )));
    }
    let mine = of_user(tx, user)?;
    let mine: Vec<_> = mine.iter().filter(|other| other.service == service.name).collect();
    quota::room("ServiceSpecificCredentialsPerUserPerService", mine.len(), PER_SERVICE)?;
    // The first number that is free: `ann-at-…`, `ann+1-at-…`.
    let names = (0..=PER_SERVICE).map(|number| name(user, number));
    let name = names.into_iter().find(|name| mine.iter().all(|other| other.name != *name));
    let credential = ServiceCredential {
        id: env.unique_id("ACCA"),
        service: service.name.to_owned(),
        name: name.ok_or_else(|| Fault::internal("no name is free"))?,
        digest: Vec::new(),
        active: true,
        created: now.whole_seconds(),
        expires: days.map(|days| Time::from_seconds(now.seconds() + i64::from(days) * 86_400)),
    };
    reset(tx, env, user, credential)
}

/// Gives a credential a new secret; the old one is worth nothing from now on.
///
/// # Errors
/// When it can't be written.
pub(crate) fn reset(
    tx: &mut Tx,
    env: &Env,
    user: &User,
    mut credential: ServiceCredential,
) -> Result<Shown, Fault> {
    let random = STANDARD.encode(env.random::<32>());
    let secret = match service(&credential.service)?.api_key {
        Some(begin) => format!("{begin}{}", STANDARD.encode(format!("{}:{random}", credential.name))),
        None => random,
    };
    credential.digest = Sha256::digest(&secret).to_vec();
    put(tx, user, &credential)?;
    Ok(Shown { credential, secret })
}

/// # Errors
/// NoSuchEntity when it is not one of this user.
pub(crate) fn get(db: &Reader, user: &User, id: &str) -> Result<ServiceCredential, Fault> {
    find(db, user, id)?.ok_or_else(|| fault::no_such_entity(format!("No such credential {id} exists")))
}

fn find(db: &Reader, user: &User, id: &str) -> Result<Option<ServiceCredential>, Fault> {
    Ok(db.get::<ServiceCredentials>(&place(user, id))?)
}

/// The service of a credential, for the condition key; `None` when there is no such credential.
pub(crate) fn service_of(at: &At<'_>, user: Option<&str>, id: &str) -> Result<Option<String>, Fault> {
    let Some(name) = access_key::user_name(at.caller, user)? else { return Ok(None) };
    let Some(user) = entity::find::<User>(at.db()?, at.account(), name)? else { return Ok(None) };
    Ok(find(at.db()?, &user, id)?.map(|credential| credential.service))
}

/// # Errors
/// ValidationError for a status that credentials can't be given.
pub(crate) fn set_status(
    tx: &mut Tx,
    user: &User,
    mut credential: ServiceCredential,
    status: &str,
) -> Result<(), Fault> {
    credential.active = match status {
        "Active" => true,
        "Inactive" => false,
        other => {
            return Err(Fault::validation(format!(
                "Status {other} cannot be set on a service specific credential."
            )));
        }
    };
    put(tx, user, &credential)
}

pub(crate) fn delete(tx: &mut Tx, user: &User, credential: &ServiceCredential) -> Result<(), Fault> {
    Ok(tx.delete::<ServiceCredentials>(&place(user, &credential.id))?)
}

/// The user's credentials.
pub(crate) fn of_user(db: &Reader, user: &User) -> Result<Vec<ServiceCredential>, Fault> {
    let rows = db.scan::<ServiceCredentials>(&(user.account, user.id.clone()), None, usize::MAX)?;
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

/// # Errors
/// DeleteConflict while the user has credentials.
pub(crate) fn check_none(db: &Reader, user: &User) -> Result<(), Fault> {
    match db.any::<ServiceCredentials>(&(user.account, user.id.clone()))? {
        true => Err(conflict("must delete service specific credentials first.")),
        false => Ok(()),
    }
}

/// The user of a credential's row.
pub(crate) fn user_of(db: &Reader, account: AccountId, user_id: &str) -> Result<Option<User>, Fault> {
    let place = db.get::<rolecall_identity::records::Entities>(&user_id.to_owned())?;
    match place.filter(|place| place.account == account) {
        Some(place) => Ok(db.get::<Users>(&(account, place.name))?),
        None => Ok(None),
    }
}

/// As answers show it once.
pub(crate) fn to_wire(user: &User, shown: Shown, now: Time) -> model::ServiceSpecificCredential {
    let Shown { credential, secret } = shown;
    let api_key = is_api_key(&credential);
    let name = credential.name.clone();
    model::ServiceSpecificCredential {
        create_date: credential.created,
        expiration_date: credential.expires,
        status: status(&credential, now).to_owned(),
        service_name: credential.service,
        service_user_name: (!api_key).then(|| name.clone()),
        service_password: (!api_key).then(|| secret.clone()),
        service_credential_alias: api_key.then_some(name),
        service_credential_secret: api_key.then_some(secret),
        service_specific_credential_id: credential.id,
        user_name: user.name.clone(),
    }
}

/// As lists show it, without its secret.
pub(crate) fn to_wire_in_list(
    user: &User,
    credential: ServiceCredential,
    now: Time,
) -> model::ServiceSpecificCredentialMetadata {
    let api_key = is_api_key(&credential);
    model::ServiceSpecificCredentialMetadata {
        user_name: user.name.clone(),
        status: status(&credential, now).to_owned(),
        service_user_name: (!api_key).then(|| credential.name.clone()),
        service_credential_alias: api_key.then(|| credential.name.clone()),
        create_date: credential.created,
        expiration_date: credential.expires,
        service_specific_credential_id: credential.id,
        service_name: credential.service,
    }
}

fn is_api_key(credential: &ServiceCredential) -> bool {
    service(&credential.service).is_ok_and(|service| service.api_key.is_some())
}

fn status(credential: &ServiceCredential, now: Time) -> &'static str {
    match credential.expires.is_some_and(|expires| expires <= now) {
        true => "Expired",
        false => access_key::status(credential.active),
    }
}

fn name(user: &User, number: usize) -> String {
    let account = user.account;
    match number {
        0 => format!("{}-at-{account}", user.name),
        number => format!("{}+{number}-at-{account}", user.name),
    }
}

fn put(tx: &mut Tx, user: &User, credential: &ServiceCredential) -> Result<(), Fault> {
    Ok(tx.put::<ServiceCredentials>(&place(user, &credential.id), credential)?)
}

fn place(user: &User, id: &str) -> (AccountId, String, String) {
    (user.account, user.id.clone(), id.to_owned())
}
