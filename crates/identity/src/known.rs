//! From an access key id and a session token to the caller that they stand for, remembered until anything about the
//! caller's account changes.
//!
//! An entry carries the account's revision from before it was read. Every identity write bumps that revision before
//! it is acknowledged, so the next request after an edit finds its entry stale and reads anew.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use rolecall_base::{AccountId, Fault};
use rolecall_env::Env;
use rolecall_store::{Pre, Reader, Store};
use zeroize::Zeroizing;

use crate::attempts::Attempts;
use crate::caller::{Caller, Policies, Who};
use crate::central_root;
use crate::documents::Documents;
use crate::load::Loader;
use crate::placement::Placements;
use crate::records::{AccessKeys, Entities, Holder, KeyOwner, Roles, User, Users};
use crate::session::{self, Session, SessionKind, TokenError};
use crate::usage::{Seen, Usage};
use crate::vault::Vault;

/// Why credentials are nobody's.
#[derive(Debug, Clone)]
pub enum Unknown {
    /// No such key, an inactive one, a token that is missing, foreign or altered, or a principal that is gone.
    Invalid,
    /// A session that is over.
    Expired,
    /// We failed.
    Failed(Fault),
}

impl From<Fault> for Unknown {
    fn from(fault: Fault) -> Unknown {
        Unknown::Failed(fault)
    }
}

/// A caller with the secret that proves it.
pub struct Known {
    pub caller: Arc<Caller>,
    pub secret: Zeroizing<String>,
    /// What must still be true when a change that this caller makes is committed.
    pub premises: Vec<Pre>,
    token: Option<String>,
    revision: u64,
    pub(crate) seen: Seen,
}

impl std::fmt::Debug for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Known({})", self.caller.arn)
    }
}

impl Known {
    /// The session token that came with the access key id.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// About how many bytes this is. Documents of roles and users are shared with others and not counted; a session's own
    /// policy is its alone, and several times its text when compiled.
    fn weight(&self) -> usize {
        let tags = self.caller.tags.iter().map(|(key, value)| key.len() + value.len() + 48).sum::<usize>();
        let session = self.caller.session.as_ref().map_or(0, |session| {
            let policy = session.policy.as_ref().map_or(0, |text| text.len() * 8);
            policy + session.policy_arns.iter().map(String::len).sum::<usize>()
        });
        // What a session carries is about as long as its token.
        let token = self.token.as_ref().map_or(0, |token| token.len() * 2);
        ENTRY + tags + session + token + self.premises.len() * 64
    }
}

const SHARDS: usize = 16;
/// Bytes of one shard, as [`Known::weight`] estimates them; past it the shard is emptied, which costs one slower request
/// each.
const SHARD_LIMIT: usize = 4 * 1024 * 1024;
/// Bytes of an entry beside its texts: the caller, its sets of policies, the premises.
const ENTRY: usize = 1024;

/// Knows callers.
#[derive(Debug)]
pub struct Identity {
    pub env: Env,
    pub vault: Vault,
    pub store: Store,
    pub documents: Documents,
    /// What was used and is not in the store yet.
    pub usage: Usage,
    /// Wrong passwords and codes of late.
    pub attempts: Arc<Attempts>,
    cache: [RwLock<Shard>; SHARDS],
    pub(crate) placements: Placements,
}

/// A part of what is remembered.
#[derive(Debug, Default)]
struct Shard {
    entries: HashMap<String, Arc<Known>, foldhash::fast::RandomState>,
    /// What the entries weigh.
    bytes: usize,
}

impl Shard {
    fn keep(&mut self, id: &str, known: Arc<Known>) {
        let weight = known.weight();
        if self.bytes + weight > SHARD_LIMIT {
            *self = Shard::default();
        }
        self.bytes += weight;
        if let Some(before) = self.entries.insert(id.to_owned(), known) {
            self.bytes -= before.weight();
        }
    }
}

impl Identity {
    pub fn new(env: Env, vault: Vault, store: Store) -> Identity {
        Identity {
            env,
            vault,
            store,
            documents: Documents::default(),
            usage: Usage::default(),
            attempts: Arc::default(),
            cache: std::array::from_fn(|_| RwLock::default()),
            placements: Placements::default(),
        }
    }

    /// Whom an access key id (with its session token) stands for.
    pub fn known(&self, access_key_id: &str, token: Option<&str>) -> Result<Arc<Known>, Unknown> {
        let shard = self.shard(access_key_id);
        let kept = shard.read().unwrap_or_else(PoisonError::into_inner).entries.get(access_key_id).cloned();
        if let Some(known) = kept.filter(|known| self.is_current(known, token)) {
            let over = known.caller.expires().is_some_and(|expires| expires <= self.env.now());
            return if over { Err(Unknown::Expired) } else { Ok(known) };
        }
        let known = Arc::new(self.look_up(access_key_id, token)?);
        shard.write().unwrap_or_else(PoisonError::into_inner).keep(access_key_id, known.clone());
        Ok(known)
    }

    /// Forgets everything; for a server that was emptied.
    pub fn forget(&self) {
        self.usage.forget();
        for shard in &self.cache {
            *shard.write().unwrap_or_else(PoisonError::into_inner) = Shard::default();
        }
        self.placements.forget();
    }

    /// The caller that a session is, with its policies as they are in `db`; `None` when its principal is gone.
    pub fn session_caller(&self, db: &Reader, session: Arc<Session>) -> Result<Option<Caller>, Fault> {
        let loader = Loader { db, documents: &self.documents };
        match session.kind {
            SessionKind::Role => role_caller(&loader, session),
            SessionKind::User | SessionKind::Federated => user_session_caller(&loader, session),
            SessionKind::Root => central_root::caller(&loader, session),
            SessionKind::Delegated => delegated_caller(&loader, session),
            SessionKind::Instance => Ok(Some(Caller::instance(session))),
        }
    }

    fn is_current(&self, known: &Known, token: Option<&str>) -> bool {
        known.token.as_deref() == token && known.revision == self.store.revision_of(known.caller.account)
    }

    fn shard(&self, id: &str) -> &RwLock<Shard> {
        // The last letters of a key id are random.
        let last = id.bytes().rev().take(3).fold(0_usize, |sum, byte| sum * 31 + usize::from(byte));
        let [first, ..] = &self.cache;
        self.cache.get(last % SHARDS).unwrap_or(first)
    }

    fn look_up(&self, id: &str, token: Option<&str>) -> Result<Known, Unknown> {
        match token {
            Some(token) => self.look_up_session(id, token),
            None => self.look_up_key(id),
        }
    }

    fn look_up_session(&self, id: &str, token: &str) -> Result<Known, Unknown> {
        let opened = session::open(&self.vault, self.env.now(), id, token);
        let (session, secret) = opened.map_err(|error| match error {
            TokenError::Invalid => Unknown::Invalid,
            TokenError::Expired => Unknown::Expired,
        })?;
        // What a root session rests on is the organization's, and moves without the account's revision: its entry never
        // counts as current.
        let is_root = session.kind == SessionKind::Root;
        let revision = if is_root { u64::MAX } else { self.store.revision_of(session.account) };
        let db = self.store.begin().map_err(Fault::internal)?;
        let found = self.session_caller(&db, Arc::new(session))?;
        let mut caller = found.ok_or(Unknown::Invalid)?;
        caller.access_key_id = Some(id.to_owned());
        let premises = self.place(&mut caller, db.premises())?;
        Ok(Known {
            caller: Arc::new(caller),
            secret: Zeroizing::new(secret),
            premises,
            token: Some(token.to_owned()),
            revision,
            seen: Seen::default(),
        })
    }

    fn look_up_key(&self, id: &str) -> Result<Known, Unknown> {
        let account = rolecall_env::account_of_access_key(id);
        let revision = account.map_or(0, |account| self.store.revision_of(account));
        let db = self.store.begin().map_err(Fault::internal)?;
        let row = db.get::<AccessKeys>(&id.to_owned()).map_err(Fault::internal)?;
        let row = row.filter(|row| row.active).ok_or(Unknown::Invalid)?;
        // A key whose id does not tell its account could not be found stale: its entry never counts as current.
        let revision = if account == Some(row.account) { revision } else { u64::MAX };
        let secret = self.vault.unseal(id, &row.sealed_secret);
        let secret =
            secret.map_err(|_| Fault::internal("an access key's secret does not open with this root key"))?;
        let secret = String::from_utf8(secret.to_vec()).map_err(Fault::internal)?;
        let loader = Loader { db: &db, documents: &self.documents };
        let mut caller = match &row.owner {
            KeyOwner::Root => Caller::root(row.account),
            KeyOwner::User(user_id) => user_by_id(&loader, row.account, user_id)?.ok_or(Unknown::Invalid)?,
        };
        caller.access_key_id = Some(id.to_owned());
        let premises = self.place(&mut caller, db.premises())?;
        Ok(Known {
            caller: Arc::new(caller),
            secret: Zeroizing::new(secret),
            premises,
            token: None,
            revision,
            seen: Seen::default(),
        })
    }
}

impl Identity {
    /// Says where a caller's account stands, and adds what that rests on to its premises. Nobody calls from an account
    /// that was closed.
    fn place(&self, caller: &mut Caller, mut premises: Vec<Pre>) -> Result<Vec<Pre>, Unknown> {
        let placement = self.placement(caller.account)?;
        if placement.is_closed() {
            return Err(Unknown::Invalid);
        }
        premises.extend_from_slice(&placement.premises);
        caller.placement = Some(placement);
        Ok(premises)
    }
}

pub(crate) fn user_by_id(loader: &Loader<'_>, account: AccountId, id: &str) -> Result<Option<Caller>, Fault> {
    let entity = loader.db.get::<Entities>(&id.to_owned()).map_err(Fault::internal)?;
    let Some(entity) = entity.filter(|e| e.holder == Holder::User && e.account == account) else {
        return Ok(None);
    };
    let user = loader.db.get::<Users>(&(account, entity.name)).map_err(Fault::internal)?;
    user.filter(|user| user.id == id).map(|user| user_caller(loader, &user)).transpose()
}

fn user_caller(loader: &Loader<'_>, user: &User) -> Result<Caller, Fault> {
    let policies = Policies {
        identity: loader.user(user.account, &user.name)?,
        boundary: loader.boundary(user.boundary.as_deref())?,
        session: None,
    };
    Ok(Caller {
        who: Who::User,
        account: user.account,
        arn: user.arn(),
        principal_arn: user.arn(),
        user_id: user.id.clone(),
        user_name: Some(user.name.clone()),
        principal_id: user.id.clone(),
        tags: user.tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect(),
        policies: Arc::new(policies),
        ..Caller::anonymous()
    })
}

/// A session of GetSessionToken (the user itself) or GetFederationToken (a name of its own within the user's rights).
fn user_session_caller(loader: &Loader<'_>, session: Arc<Session>) -> Result<Option<Caller>, Fault> {
    let account = session.account;
    let of = if session.principal_id == account.to_string() {
        Some(Caller::root(account))
    } else {
        user_by_id(loader, account, &session.principal_id)?
    };
    let Some(mut caller) = of else { return Ok(None) };
    if session.kind == SessionKind::Federated {
        let identity = match caller.who {
            Who::Root => loader.root()?,
            _ => caller.policies.identity.clone(),
        };
        let policies = Policies {
            identity,
            boundary: caller.policies.boundary.clone(),
            session: loader.session(session.policy.as_deref(), &session.policy_arns)?,
        };
        let arn = format!("arn:aws:sts::{account}:federated-user/{}", session.name);
        caller.who = Who::FederatedUser;
        caller.federated_by = Some(caller.principal_arn);
        caller.principal_arn = arn.clone();
        caller.arn = arn;
        caller.user_id = format!("{account}:{}", session.name);
        caller.policies = Arc::new(policies);
        overlay(&mut caller.tags, &session.tags);
    }
    caller.session = Some(session);
    Ok(Some(caller))
}

/// A session for a product provider: the user, the role session or the root user who accepted its request, limited by the
/// policy of the request as by a session policy.
fn delegated_caller(loader: &Loader<'_>, session: Arc<Session>) -> Result<Option<Caller>, Fault> {
    let of_role = loader.db.get::<Entities>(&session.principal_id).map_err(Fault::internal)?;
    if of_role.is_some_and(|entity| entity.holder == Holder::Role) {
        return role_caller(loader, session);
    }
    let limit = loader.session(session.policy.as_deref(), &session.policy_arns)?;
    let Some(limit) = limit else { return Ok(None) };
    let Some(mut caller) = user_session_caller(loader, session)? else { return Ok(None) };
    let Policies { identity, boundary, .. } = &*caller.policies;
    let policies = Policies { identity: identity.clone(), boundary: boundary.clone(), session: Some(limit) };
    caller.policies = Arc::new(policies);
    Ok(Some(caller))
}

fn role_caller(loader: &Loader<'_>, session: Arc<Session>) -> Result<Option<Caller>, Fault> {
    let account = session.account;
    let entity = loader.db.get::<Entities>(&session.principal_id).map_err(Fault::internal)?;
    let Some(entity) = entity.filter(|e| e.holder == Holder::Role && e.account == account) else {
        return Ok(None);
    };
    let role = loader.db.get::<Roles>(&(account, entity.name)).map_err(Fault::internal)?;
    let Some(role) = role.filter(|role| role.id == session.principal_id) else { return Ok(None) };
    let policies = Policies {
        identity: loader.role(account, &role.name)?,
        boundary: loader.boundary(role.boundary.as_deref())?,
        session: loader.session(session.policy.as_deref(), &session.policy_arns)?,
    };
    let mut tags: Vec<(String, String)> =
        role.tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect();
    overlay(&mut tags, &session.tags);
    Ok(Some(Caller {
        who: Who::RoleSession,
        account,
        arn: format!("arn:aws:sts::{account}:assumed-role/{}/{}", role.name, session.name),
        principal_arn: role.arn(),
        user_id: format!("{}:{}", role.id, session.name),
        principal_id: role.id.clone(),
        tags,
        policies: Arc::new(policies),
        service_linked: role.is_service_linked(),
        session: Some(session),
        ..Caller::anonymous()
    }))
}

/// Session tags replace principal tags of the same key, whatever its case.
fn overlay(tags: &mut Vec<(String, String)>, session: &[(String, String)]) {
    for (key, value) in session {
        tags.retain(|(own, _)| own.to_lowercase() != key.to_lowercase());
        tags.push((key.clone(), value.clone()));
    }
}
