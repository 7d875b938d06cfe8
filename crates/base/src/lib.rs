//! The words every other crate speaks: account ids, ARNs, times, tags, and the one error type.
//!
//! Pure: no I/O, no clock, no randomness (ids are made by `rolecall-env`).

mod account;
mod arn;
mod fault;
mod tags;
mod time;

pub use account::{AccountId, InvalidAccountId};
pub use arn::{Arn, InvalidArn};
pub use fault::{Fault, Sender};
pub use tags::{Tag, Tags};
pub use time::Time;

/// The only AWS partition that Rolecall models.
pub const PARTITION: &str = "aws";
