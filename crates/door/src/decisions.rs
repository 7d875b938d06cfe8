//! The last decisions, by request id, so that any of them can be explained afterwards.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use rolecall_base::{Fault, Time};
use rolecall_identity::Caller;

use crate::needs::Ask;
use crate::request::Origin;

/// How many are kept; at about 1 KB each.
const KEPT: usize = 1024;

/// One call as it was decided.
#[derive(Debug)]
pub struct Decided {
    pub request_id: String,
    pub at: Time,
    pub service: &'static str,
    pub operation: &'static str,
    pub caller: Arc<Caller>,
    pub region: String,
    pub origin: Origin,
    pub asks: Vec<Ask>,
    /// Why it was refused, if it was; a denial or any other fault of the call.
    pub fault: Option<Fault>,
}

/// A ring of them.
#[derive(Debug, Default)]
pub struct Decisions(Mutex<VecDeque<Arc<Decided>>>);

impl Decisions {
    pub(crate) fn keep(&self, decided: Decided) {
        let decided = Arc::new(decided);
        let mut ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let oldest = if ring.len() >= KEPT { ring.pop_front() } else { None };
        ring.push_back(decided);
        drop(ring);
        // Freed outside the lock.
        drop(oldest);
    }

    /// A decision, if it is among the last ones.
    pub fn find(&self, request_id: &str) -> Option<Arc<Decided>> {
        let ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ring.iter().rev().find(|decided| decided.request_id == request_id).cloned()
    }

    pub(crate) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
