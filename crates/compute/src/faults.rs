//! Failures that tests ask for, each at one stage of every start.

use std::io;

/// The stage that a test wants to fail.
#[derive(Debug, Clone, Default)]
pub(crate) struct Faults(Option<String>);

impl Faults {
    pub(crate) fn at(stage: Option<String>) -> Faults {
        Faults(stage)
    }

    pub(crate) fn is(&self, stage: &str) -> bool {
        self.0.as_deref() == Some(stage)
    }

    pub(crate) fn check(&self, stage: &'static str) -> Result<(), (&'static str, io::Error)> {
        if self.is(stage) { Err((stage, io::Error::other("made to fail"))) } else { Ok(()) }
    }
}
