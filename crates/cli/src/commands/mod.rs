//! One file a command.

pub mod accounts;
pub mod eval;
pub mod exec;
pub mod up;
pub mod why;

use crate::client::Failure;

/// Waits for a command's work on a small runtime.
fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(work)
}
