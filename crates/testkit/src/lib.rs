//! A whole world in one process: one seed's clock, ids and randomness, the memory store, the door. For tests.
//!
//! ```
//! use rolecall_testkit::{ACCOUNT, World};
//! let world = World::new(1);
//! let root = world.root(ACCOUNT);
//! let reader = world.user("ann", r#"{"Version": "2012-10-17", "Statement":
//!     {"Effect": "Allow", "Action": "iam:GetUser", "Resource": "*"}}"#);
//! assert_eq!(reader.caller.arn, "arn:aws:iam::000000000000:user/ann");
//! assert_eq!(root.caller.arn, "arn:aws:iam::000000000000:root");
//! ```
#![expect(clippy::expect_used, clippy::panic, reason = "a test's world may fail loudly")]

mod organization;

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use rolecall_base::{AccountId, Fault, Time};
use rolecall_blobs::Blobs;
use rolecall_door::{
    AuditLog, Door, Entry, Extensions, Operation, Origin, Payload, Proving, Streaming, Visitor,
};
use rolecall_env::Env;
use rolecall_identity::records::{
    Entities, Entity, Holder, InlinePolicies, InlinePolicy, KeyOwner, Mark, MfaDevice, MfaDevices,
    MfaDevicesOfOwner, User, Users, fold,
};
use rolecall_identity::{Identity, Issuers, NewKey, Vault, add_key, open_account, second_factor};
use rolecall_store::{Memory, Store, Tx};

pub use organization::ORGANIZATION;

/// The account that every world begins with.
pub const ACCOUNT: AccountId = AccountId::ZERO;
/// The region of calls that do not say.
pub const REGION: &str = "us-east-1";

/// Records, in the order they were appended.
#[derive(Debug, Default)]
pub struct Records(Mutex<Vec<String>>);

impl AuditLog for Records {
    fn append(&self, entry: Entry) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entry.write(&mut |line, _| all.push(line.to_owned()));
    }
}

impl Records {
    pub fn all(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// One world.
#[derive(Debug)]
pub struct World {
    pub env: Env,
    pub store: Store,
    pub door: Arc<Door>,
    pub records: Arc<Records>,
    /// What the store is in, to have it fail.
    pub memory: Memory,
    runtime: tokio::runtime::Runtime,
}

impl World {
    /// A world of one seed with [`ACCOUNT`] in it.
    pub fn new(seed: u64) -> World {
        World::with(seed, Extensions::default())
    }

    /// A world whose services find what they need in `extensions`, and blobs in memory.
    pub fn with(seed: u64, mut extensions: Extensions) -> World {
        let env = Env::sim(seed);
        extensions.insert(Arc::new(Blobs::memory(env.clone())));
        extensions.insert(Arc::new(Issuers::new("https://roles.example.com")));
        let memory = Memory::new();
        let store = Store::new(Arc::new(memory.clone()));
        let vault = Vault::new(env.random());
        let identity = Arc::new(Identity::new(env.clone(), vault, store.clone()));
        let records = Arc::new(Records::default());
        let door = Arc::new(Door::new(identity, extensions, records.clone(), REGION));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let world = World { env, store, door, records, memory, runtime };
        world.account(ACCOUNT);
        world
    }

    /// Makes a further account.
    pub fn account(&self, id: AccountId) {
        self.write(|tx| open_account(tx, &self.env, id).map(|_| ()));
    }

    /// The root user of an account.
    pub fn root(&self, account: AccountId) -> Visitor {
        Visitor::vouched(rolecall_identity::Caller::root(account))
    }

    /// A user of [`ACCOUNT`] with one inline policy and an access key, signed in by that key.
    pub fn user(&self, name: &str, policy: &str) -> Visitor {
        let key = self.user_key(ACCOUNT, name, policy);
        self.signed_in(&key.id, None).unwrap_or_else(|unknown| panic!("{name}: {unknown:?}"))
    }

    /// A user with one inline policy (none when empty), and its access key.
    pub fn user_key(&self, account: AccountId, name: &str, policy: &str) -> NewKey {
        let id = self.env.unique_id("AIDA");
        let user = User {
            account,
            name: name.into(),
            path: "/".into(),
            id: id.clone(),
            created: self.env.now(),
            tags: Default::default(),
            boundary: None,
            password_last_used: None,
        };
        self.write(|tx| {
            tx.put::<Users>(&(account, fold(name)), &user)?;
            let entity = Entity { account, holder: Holder::User, name: fold(name) };
            tx.put::<Entities>(&id, &entity)?;
            if !policy.is_empty() {
                let key = (account, "user".to_owned(), fold(name), "own".to_owned());
                let row = InlinePolicy { name: "own".into(), document: policy.into() };
                tx.put::<InlinePolicies>(&key, &row)?;
            }
            add_key(tx, &self.env, &self.door.identity.vault, account, KeyOwner::User(id.clone()))
        })
    }

    /// A virtual MFA device of a user, in use: its serial number and its seed in base 32, as [`mfa_code`] takes it.
    pub fn mfa_device(&self, user: &Visitor, name: &str) -> (String, Vec<u8>) {
        let owner = KeyOwner::User(user.caller.principal_id.clone());
        let mut device = MfaDevice {
            account: user.caller.account,
            path: "/".into(),
            name: name.into(),
            created: self.env.now(),
            sealed_seed: Vec::new(),
            tags: Default::default(),
            owner: Some(owner.clone()),
            enabled: Some(self.env.now()),
            drift: 0,
            last_step: 0,
        };
        let vault = &self.door.identity.vault;
        let (sealed, seed) =
            second_factor::new_seed(&self.env, vault, &device.serial()).expect("a sealed seed");
        device.sealed_seed = sealed;
        self.write(|tx| {
            let (account, place) = device.key();
            tx.put::<MfaDevices>(&device.key(), &device)?;
            Ok(tx.put::<MfaDevicesOfOwner>(&(account, owner.word().to_owned(), place), &Mark {})?)
        });
        (device.serial(), seed.as_bytes().to_vec())
    }

    /// Whoever signs with these credentials.
    pub fn signed_in(&self, id: &str, token: Option<&str>) -> Result<Visitor, rolecall_identity::Unknown> {
        self.door.identity.known(id, token).map(Visitor::known)
    }

    /// Calls an operation through the door.
    pub fn call<Op: Operation>(&self, visitor: &Visitor, input: Op::Input) -> Result<Op::Output, Fault> {
        self.run(self.door.call::<Op>(visitor.clone(), REGION, Origin::default(), input))
    }

    /// Calls an operation whose input carries the caller's proof.
    pub fn prove<Op: Proving>(&self, input: Op::Input) -> Result<Op::Output, Fault> {
        self.run(self.door.call_proving::<Op>(REGION, Origin::default(), input))
    }

    /// Calls an operation that takes in a body.
    pub fn upload<Op: Streaming>(
        &self,
        visitor: &Visitor,
        input: Op::Input,
        body: &[u8],
    ) -> Result<Op::Output, Fault> {
        let bytes = Bytes::copy_from_slice(body);
        let length = u64::try_from(bytes.len()).ok();
        let mut payload = Payload::plain(Box::pin(Pieces(bytes)), length);
        self.run(self.door.upload::<Op>(visitor.clone(), REGION, Origin::default(), input, &mut payload))
    }

    /// Waits for a future on this world's runtime.
    pub fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Commits records that no operation wrote.
    pub fn write<T>(&self, work: impl Fn(&mut Tx) -> Result<T, Fault>) -> T {
        let mut tx = self.store.begin().expect("a transaction");
        let done = work(&mut tx).unwrap_or_else(|fault| panic!("{fault:?}"));
        self.run(self.store.commit(tx)).expect("a commit");
        done
    }
}

/// The code that an authenticator app shows for a seed in base 32, so many steps of 30 seconds from now.
pub fn mfa_code(seed: &[u8], now: Time, step: i64) -> String {
    let mut bits = 0_u64;
    let mut bytes = Vec::new();
    for (n, letter) in seed.iter().enumerate() {
        let digit = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|l| l == letter).expect("base 32");
        bits = bits << 5 | u64::try_from(digit).expect("five bits");
        if n % 8 == 7 {
            bytes.extend_from_slice(bits.to_be_bytes().get(3..).unwrap_or_default());
            bits = 0;
        }
    }
    second_factor::code(&bytes, second_factor::step(now) + step)
}

/// A body in pieces of 64 KiB.
struct Pieces(Bytes);

impl futures_core::Stream for Pieces {
    type Item = Result<Bytes, std::io::Error>;

    fn poll_next(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let length = self.0.len().min(64 * 1024);
        Poll::Ready((length > 0).then(|| Ok(self.0.split_to(length))))
    }
}

/// Checks that a call was refused with this code, and gives the message.
#[track_caller]
pub fn check_fault<T: std::fmt::Debug>(outcome: Result<T, Fault>, code: &str) -> String {
    match outcome {
        Ok(output) => panic!("expected {code}, got {output:?}"),
        Err(fault) => {
            assert_eq!(fault.code(), code, "{fault:?}");
            fault.message().to_owned()
        }
    }
}
