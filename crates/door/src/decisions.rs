//! The last decisions, by request id, so that any of them can be explained afterwards.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use rolecall_base::{Fault, Time};
use rolecall_identity::Caller;

use crate::door::Door;
use crate::needs::Ask;
use crate::request::Origin;

/// How many are kept; at about 1 KB each.
const KEPT: usize = 1024;
/// Bytes that are kept, as far as callers determine them: one call may ask a thousand questions.
const BYTES: usize = 16 * 1024 * 1024;

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

impl Decided {
    /// Bytes that this takes, about.
    fn weight(&self) -> usize {
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let fault = self.fault.as_ref().map_or(0, |fault| fault.message().len());
        let asks: usize = self.asks.iter().map(Ask::weight).sum();
        text(&self.origin.user_agent) + text(&self.origin.referer) + fault + asks
    }
}

/// A ring of them.
#[derive(Debug, Default)]
pub struct Decisions(Mutex<Ring>);

#[derive(Debug, Default)]
struct Ring {
    calls: VecDeque<(usize, Arc<Decided>)>,
    bytes: usize,
}

impl Ring {
    fn pop(&mut self) -> Option<Arc<Decided>> {
        let (weight, decided) = self.calls.pop_front()?;
        self.bytes = self.bytes.saturating_sub(weight);
        Some(decided)
    }
}

impl Decisions {
    pub(crate) fn keep(&self, decided: Arc<Decided>) {
        let weight = decided.weight();
        let mut ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let oldest = if ring.calls.len() >= KEPT { ring.pop() } else { None };
        while ring.bytes.saturating_add(weight) > BYTES && ring.pop().is_some() {}
        ring.bytes = ring.bytes.saturating_add(weight);
        ring.calls.push_back((weight, decided));
        drop(ring);
        // Freed outside the lock.
        drop(oldest);
    }

    /// A decision, if it is among the last ones.
    pub fn find(&self, request_id: &str) -> Option<Arc<Decided>> {
        let ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = ring.calls.iter().rev().find(|(_, decided)| decided.request_id == request_id);
        found.map(|(_, decided)| decided.clone())
    }

    pub(crate) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Ring::default();
    }
}

impl Door {
    /// Looks up where the accounts of questions stand that no call has asked.
    ///
    /// # Errors
    /// When the store can't be read, or a stored document does not parse.
    pub fn find_placements(&self, decided: &mut Decided) -> Result<(), Fault> {
        let mut asks = std::mem::take(&mut decided.asks);
        let place = self.place_of(decided);
        asks.iter_mut().try_for_each(|ask| crate::decide::find_placements(&place, ask))?;
        decided.asks = asks;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    fn decided(id: usize, bytes: usize) -> Decided {
        let ask = Ask {
            action: "s3:DeleteObject",
            resource: Cow::Owned("x".repeat(bytes)),
            account: None,
            tags: Default::default(),
            policy: None,
            keys: Vec::new(),
            rule: rolecall_policy::Rule::Standard,
            placed: Default::default(),
            via: None,
        };
        Decided {
            request_id: id.to_string(),
            at: Time::default(),
            service: "s3",
            operation: "DeleteObjects",
            caller: Arc::new(Caller::anonymous()),
            region: String::new(),
            origin: Origin::default(),
            asks: vec![ask],
            fault: None,
        }
    }

    #[test]
    fn large_calls_push_more_than_one_out() {
        let ring = Decisions::default();
        for id in 0..100 {
            ring.keep(Arc::new(decided(id, 1024 * 1024)));
        }
        assert!(ring.find("0").is_none() && ring.find("84").is_none());
        assert!(ring.find("86").is_some() && ring.find("99").is_some());
    }
}
