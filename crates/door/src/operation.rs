//! What an operation is, and the proof that it was allowed.

use std::any::{Any, TypeId};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rolecall_base::{AccountId, Fault, Time};
use rolecall_env::Env;
use rolecall_identity::{Caller, Identity, PassedRole};
use rolecall_store::{Reader, Store, Tx};
use rolecall_wire::Shape;

use crate::needs::Needs;
use crate::request::Origin;

/// Whether an operation may change anything. Implemented by [`Read`] and [`Write`] only.
pub trait Access: sealed::Sealed + Send + Sync + 'static {
    const WRITES: bool;
}

/// Runs on a snapshot; has no way to write.
#[derive(Debug)]
pub struct Read;
/// Runs in a transaction that the door commits.
#[derive(Debug)]
pub struct Write;

impl Access for Read {
    const WRITES: bool = false;
}
impl Access for Write {
    const WRITES: bool = true;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Read {}
    impl Sealed for super::Write {}
}

/// One AWS operation: what its caller must be allowed, and what it does.
///
/// Both functions are synchronous and may run more than once (a commit that conflicts is tried again from `needs`), so
/// they do nothing but read and write the store. Work outside it is written as a wanted state that a background loop
/// brings about.
pub trait Operation: Shape {
    type Access: Access;

    /// Slow work that wants no transaction: the digests of passwords. Done once, after every question was answered with
    /// yes, beside the runtime's own threads; `run` finds its outcome in [`Authorized::staged`].
    const PREPARE: Option<Prepare<Self>> = None;

    /// Of an operation that writes only now and then: whether it will for this input. Where not, the call runs on a
    /// snapshot as one that reads, and [`Authorized::tx`] fails.
    const WRITES_FOR: Option<fn(&Self::Input) -> bool> = None;

    /// The questions that must be answered with yes. Has no default: permission can't be forgotten.
    ///
    /// # Errors
    /// A name that can't be (a malformed ARN), or a resource whose absence AWS tells before it authorizes.
    fn needs(input: &Self::Input, at: &At<'_>) -> Result<Needs, Fault>;

    /// The operation itself. [`Authorized`] is made by the door alone, after every question was answered.
    ///
    /// # Errors
    /// The operation's documented faults.
    fn run(req: &mut Authorized<'_, Self>) -> Result<Self::Output, Fault>
    where
        Self: Sized;
}

/// Gathers what an operation's slow work needs; see [`Operation::PREPARE`].
pub type Prepare<Op> = fn(&<Op as Shape>::Input, &At<'_>) -> Result<Slow, Fault>;

/// Slow work, with all that it needs.
pub type Slow = Box<dyn FnOnce() -> Result<Box<dyn Any + Send + Sync>, Fault> + Send>;

/// Things that services need beside the store (object bytes, machine drivers), by type.
#[derive(Clone, Default)]
pub struct Extensions(
    std::collections::HashMap<TypeId, Arc<dyn Any + Send + Sync>, foldhash::fast::FixedState>,
);

impl Extensions {
    pub fn insert<T: Send + Sync + 'static>(&mut self, value: Arc<T>) {
        self.0.insert(TypeId::of::<T>(), value);
    }

    /// # Errors
    /// InternalFailure when this server was put together without it.
    pub fn get<T: Send + Sync + 'static>(&self) -> Result<Arc<T>, Fault> {
        let found = self.0.get(&TypeId::of::<T>()).cloned();
        found
            .and_then(|any| any.downcast().ok())
            .ok_or_else(|| Fault::internal(format!("no {} was set up", std::any::type_name::<T>())))
    }
}

impl fmt::Debug for Extensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Extensions({})", self.0.len())
    }
}

/// Where and by whom, without the state.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub caller: &'a Caller,
    pub region: &'a str,
    pub now: Time,
    pub env: &'a Env,
    /// Compiled documents, the vault, other callers.
    pub identity: &'a Identity,
    pub origin: &'a Origin,
    pub extensions: &'a Extensions,
}

impl<'a> Place<'a> {
    pub fn at(self, db: Sight<'a>) -> At<'a> {
        let Place { caller, region, now, env, identity, origin, extensions } = self;
        At { caller, region, now, env, identity, origin, extensions, db }
    }
}

/// The state to look at. A snapshot is taken when it is first looked at: many calls never do.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sight<'a> {
    Lazy(&'a Lazy),
    Now(&'a Reader),
}

impl<'a> Sight<'a> {
    pub fn reader(self) -> Result<&'a Reader, Fault> {
        match self {
            Sight::Lazy(lazy) => lazy.reader(),
            Sight::Now(reader) => Ok(reader),
        }
    }
}

/// A snapshot that is taken at most once.
#[derive(Debug)]
pub(crate) struct Lazy {
    store: Store,
    reader: OnceLock<Reader>,
    /// What `needs` found that `run` would look for again.
    kept: Mutex<Option<Box<dyn Any + Send>>>,
}

impl Lazy {
    pub fn new(store: Store) -> Lazy {
        Lazy { store, reader: OnceLock::new(), kept: Mutex::default() }
    }

    fn reader(&self) -> Result<&Reader, Fault> {
        if let Some(reader) = self.reader.get() {
            return Ok(reader);
        }
        let reader = self.store.read().map_err(unavailable)?;
        Ok(self.reader.get_or_init(|| reader))
    }

    fn kept(&self) -> MutexGuard<'_, Option<Box<dyn Any + Send>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a client is told when the store can't serve.
pub(crate) fn unavailable(error: impl fmt::Display) -> Fault {
    Fault::new("ServiceUnavailable", 503, "The request has failed due to a temporary failure of the server.")
        .because(error)
}

/// Where and by whom: all that `needs` may look at.
#[derive(Debug)]
pub struct At<'a> {
    pub caller: &'a Caller,
    /// The region of the request: its credential scope's.
    pub region: &'a str,
    pub now: Time,
    pub env: &'a Env,
    /// Compiled documents, the vault, other callers.
    pub identity: &'a Identity,
    pub origin: &'a Origin,
    pub extensions: &'a Extensions,
    pub(crate) db: Sight<'a>,
}

impl At<'_> {
    /// The caller's account.
    pub fn account(&self) -> AccountId {
        self.caller.account
    }

    /// The state as this call sees it.
    ///
    /// # Errors
    /// ServiceUnavailable when the store can't be read.
    pub fn db(&self) -> Result<&Reader, Fault> {
        self.db.reader()
    }

    /// Keeps what `needs` has read for `run`, which sees the same snapshot: see [`Authorized::take_kept`]. Does nothing
    /// for operations that write.
    pub fn keep<T: Send + 'static>(&self, value: T) {
        if let Sight::Lazy(lazy) = self.db {
            *lazy.kept() = Some(Box::new(value));
        }
    }
}

/// The state an authorized operation works on.
pub(crate) enum Db<'a> {
    Read(&'a Lazy),
    Write(&'a mut Tx),
}

/// A call whose every question was answered with yes. Only the door makes one, and only this gives state.
pub struct Authorized<'a, Op: Operation> {
    pub input: &'a Op::Input,
    pub caller: &'a Caller,
    pub region: &'a str,
    pub now: Time,
    pub env: &'a Env,
    /// Compiled documents, the vault, other callers.
    pub identity: &'a Identity,
    pub origin: &'a Origin,
    pub request_id: &'a str,
    pub extensions: &'a Extensions,
    pub(crate) db: Db<'a>,
    pub(crate) passed: &'a [String],
    pub(crate) allowed: &'a [Result<(), Fault>],
    pub(crate) staged: Option<&'a (dyn Any + Send + Sync)>,
}

impl<Op: Operation> Authorized<'_, Op> {
    /// The caller's account.
    pub fn account(&self) -> AccountId {
        self.caller.account
    }

    /// The state as this call sees it, its own writes included.
    ///
    /// # Errors
    /// ServiceUnavailable when the store can't be read.
    pub fn db(&self) -> Result<&Reader, Fault> {
        self.sight().reader()
    }

    fn sight(&self) -> Sight<'_> {
        match &self.db {
            Db::Read(lazy) => Sight::Lazy(lazy),
            Db::Write(tx) => Sight::Now(tx),
        }
    }

    /// The answer to the n-th question of [`Needs::each`].
    pub fn allowed(&self, n: usize) -> Result<(), Fault> {
        self.allowed.get(n).cloned().unwrap_or_else(|| Err(Fault::internal("a question was not asked")))
    }

    /// The proof that the caller may pass this role; there is one only if `needs` asked for `iam:PassRole` on it.
    ///
    /// # Errors
    /// InternalFailure when that was not asked: a fault of the operation's code.
    pub fn passed_role(&self, arn: &str) -> Result<PassedRole, Fault> {
        match self.passed.iter().find(|passed| *passed == arn) {
            Some(arn) => Ok(PassedRole::decided(arn.clone())),
            None => Err(Fault::internal(format!("iam:PassRole was not asked for {arn}"))),
        }
    }

    /// What `needs` kept, once.
    pub fn take_kept<T: 'static>(&self) -> Option<T> {
        match &self.db {
            Db::Read(lazy) => lazy.kept().take().and_then(|any| any.downcast().ok()).map(|value| *value),
            Db::Write(_) => None,
        }
    }

    /// What became of a streamed body, see [`crate::Streaming`], or of slow work, see [`Operation::PREPARE`].
    pub fn staged<T: 'static>(&self) -> Option<&T> {
        self.staged.and_then(|any| any.downcast_ref())
    }

    /// Where and by whom, as `needs` saw it.
    pub fn at(&self) -> At<'_> {
        let Authorized { caller, region, now, env, identity, origin, extensions, .. } = *self;
        Place { caller, region, now, env, identity, origin, extensions }.at(self.sight())
    }
}

impl<Op: Operation<Access = Write>> Authorized<'_, Op> {
    /// The transaction. There is none for operations that read.
    ///
    /// # Errors
    /// InternalFailure when the door was given a write operation without one.
    pub fn tx(&mut self) -> Result<&mut Tx, Fault> {
        match &mut self.db {
            Db::Write(tx) => Ok(tx),
            Db::Read(_) => Err(Fault::internal("a write operation without a transaction")),
        }
    }
}

impl<Op: Operation> fmt::Debug for Authorized<'_, Op> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorized").field("operation", &Op::META.name).finish_non_exhaustive()
    }
}
