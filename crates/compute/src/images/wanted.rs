//! Whether what is made is still wanted: whoever waits for a copy may give up, and what is copied is a stranger's, as long and
//! as deep as it likes.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Kept by who makes it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted(Arc<AtomicBool>);

/// Kept by who waits: with it the wish ends.
#[derive(Debug, Default)]
pub(crate) struct Wish(Wanted);

impl Wanted {
    /// Fails once nobody waits any more.
    pub(super) fn check(&self) -> io::Result<()> {
        if self.0.load(Ordering::Relaxed) {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "nobody waits for it any more"));
        }
        Ok(())
    }
}

impl Wish {
    pub(crate) fn wanted(&self) -> Wanted {
        self.0.clone()
    }
}

impl Drop for Wish {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}
