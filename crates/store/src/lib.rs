//! Ordered key-value transactions over several engines, and typed tables on top.
//!
//! ```text
//!   Store ── read() ──► Reader ── get, scan ───────┐            one snapshot
//!     │                    ▲ deref                 ▼
//!     ├── begin() ──────► Tx ── put, delete ──► Snapshot        + its own writes, + what it read
//!     └── commit(tx) ───► Txn { preconditions, operations } ──► Engine (SQLite or memory)
//! ```
//!
//! A [`Tx`] turns what it read into preconditions, so a commit that succeeds is serializable; on
//! [`CommitError::Conflict`] run the whole closure again. Reads are synchronous and take microseconds; commits
//! are awaited, and durable once acknowledged.

mod digest;
mod engine;
mod error;
mod journal;
mod key;
mod memory;
mod read;
mod record;
mod remembered;
mod sqlite;
mod stage;
#[cfg(feature = "suite")]
pub mod suite;
mod write;

pub use digest::Digest;
pub use engine::{
    Change, Commit, Committed, Engine, Hint, Key, LOG_KEPT, MAX_CLEARED, MAX_KEY, MAX_OPS, MAX_PRES, MAX_TXN,
    MAX_VALUE, Op, Order, Pending, Pre, Range, Rev, See, Shard, Snapshot, Touched, Txn,
};
pub use error::{ChangesError, CommitError, StoreError};
pub use key::{KeyParts, Part, Prefix, Starts};
pub use memory::{Faults, Memory};
pub use read::{Reader, Rows, Scan};
pub use record::{Counters, Record, Table};
pub use sqlite::{Options, Sqlite};
pub use write::{Store, Tx};
