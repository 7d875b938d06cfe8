//! One file a command.

pub mod accounts;
pub mod eval;
pub mod exec;
pub mod metadata;
pub mod ps;
pub mod sftp_server;
pub mod ssh;
pub mod test;
pub mod up;
pub mod why;

use std::io::{self, Write};

use crate::client::Failure;

/// Waits for a command's work on a small runtime.
fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(work)
}

/// Prints; whoever stops reading has enough.
fn show(text: &str) -> Result<u8, Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(0),
    }
}
