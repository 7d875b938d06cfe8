//! What goes wrong in a store, by what the caller should do about it.

use std::time::Duration;

use rolecall_base::Fault;

use crate::{Pre, Rev};

/// A read that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Nothing was done; try again after the time.
    #[error("the store is unavailable: {what}")]
    Unavailable { what: String, retry_after: Duration },
    /// What is stored is not what was written, or cannot be trusted any more: stop serving.
    #[error("the store is corrupt: {what}")]
    Corrupt { what: String },
    /// Beyond the limits of the contract.
    #[error("too large for the store: {what}")]
    TooLarge { what: &'static str },
}

impl StoreError {
    /// A row that cannot be read.
    pub fn corrupt(what: impl Into<String>) -> StoreError {
        StoreError::Corrupt { what: what.into() }
    }

    /// A hindrance that passes: try again in 100 ms.
    pub(crate) fn unavailable(what: impl Into<String>) -> StoreError {
        StoreError::Unavailable { what: what.into(), retry_after: Duration::from_millis(100) }
    }
}

/// A commit that was not acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// A precondition did not hold; nothing was applied. Read again and try again.
    #[error("another transaction came first: {0:?}")]
    Conflict(Box<Pre>),
    /// It may have been applied. Repeat it with the same `idem`.
    #[error("the commit's outcome is unknown: {what}")]
    Unknown { what: String },
    /// Not applied; try again after the time.
    #[error("the store is unavailable: {what}")]
    Unavailable { what: String, retry_after: Duration },
    /// Not applied: beyond the limits of the contract.
    #[error("too large for the store: {what}")]
    TooLarge { what: &'static str },
    /// Stop serving.
    #[error("the store is corrupt: {what}")]
    Corrupt { what: String },
    /// This node's lease is gone; not applied.
    #[error("this node is no longer a member")]
    Fenced,
}

impl From<StoreError> for CommitError {
    fn from(error: StoreError) -> CommitError {
        match error {
            StoreError::Unavailable { what, retry_after } => CommitError::Unavailable { what, retry_after },
            StoreError::Corrupt { what } => CommitError::Corrupt { what },
            StoreError::TooLarge { what } => CommitError::TooLarge { what },
        }
    }
}

/// A read of the change log that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangesError {
    /// The log no longer reaches back that far: load everything anew, then follow from the head.
    #[error("the change log begins at revision {oldest}")]
    Compacted { oldest: Rev },
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Fault {
        match error {
            StoreError::Unavailable { .. } => unavailable(error),
            StoreError::Corrupt { .. } | StoreError::TooLarge { .. } => Fault::internal(error),
        }
    }
}

/// For callers that do not run a conflicting transaction again: a conflict is as good as unavailable then.
impl From<CommitError> for Fault {
    fn from(error: CommitError) -> Fault {
        match error {
            CommitError::Conflict(_) | CommitError::Unavailable { .. } | CommitError::Fenced => {
                unavailable(error)
            }
            CommitError::Unknown { .. } | CommitError::TooLarge { .. } | CommitError::Corrupt { .. } => {
                Fault::internal(error)
            }
        }
    }
}

fn unavailable(error: impl std::fmt::Display) -> Fault {
    Fault::new("ServiceUnavailable", 503, "The request has failed due to a temporary failure of the server.")
        .because(error)
}
