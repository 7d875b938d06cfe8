//! What stays of a call that is over: its decision in the ring, its record in the log or in the commit.

use std::any::Any;
use std::sync::Arc;

use rolecall_base::{Fault, Time};

use crate::audit::{self, Entry};
use crate::decide::{self, Denial};
use crate::decisions::Decided;
use crate::door::{Door, Pass, Visitor};
use crate::needs::Ask;
use crate::operation::{Lazy, Operation, Place, Sight};
use crate::request::Origin;
use crate::row::Row;

impl Door {
    /// Notes that a caller used its credentials, whatever comes of the call. Our own service is none of AWS's.
    pub(crate) fn note(&self, visitor: &Visitor, row: &Row, region: &str, at: Time) {
        let meta = row.meta;
        if let Some(known) = visitor.proof().filter(|_| meta.service != "rolecall") {
            self.identity.usage.note(known, (meta.service, meta.name), region, at);
        }
    }

    /// Whether a caller would be allowed a call now. Nothing is run, kept or recorded.
    ///
    /// # Errors
    /// The denial, or what the operation tells before it asks.
    pub fn would_allow<Op: Operation>(
        &self,
        visitor: &Visitor,
        region: &str,
        origin: &Origin,
        input: &Op::Input,
    ) -> Result<(), Fault> {
        let place = Place {
            caller: &visitor.caller,
            region,
            now: self.identity.env.now(),
            env: &self.identity.env,
            identity: &self.identity,
            origin,
            extensions: &self.extensions,
        };
        let lazy = Lazy::new(self.identity.store.clone());
        let mut needs = Op::needs(input, &place.at(Sight::Lazy(&lazy)))?;
        let denial = Denial { protocol: Op::META.protocol, encode: None };
        decide::decide(&place, &mut needs, &denial).map(|_| ())
    }

    /// Moves a finished pass into the ring of decisions, and to the log with what it answered, unless its record is
    /// written already.
    pub(crate) fn keep(
        &self,
        pass: &mut Pass<'_>,
        asks: Vec<Ask>,
        fault: Option<Fault>,
        log: Option<Option<String>>,
    ) {
        let decided = Arc::new(self.decided(pass, asks, fault));
        self.decisions.keep(decided.clone());
        if let Some(answer) = log {
            self.log_call(pass, decided, answer);
        }
    }

    fn decided(&self, pass: &mut Pass<'_>, asks: Vec<Ask>, fault: Option<Fault>) -> Decided {
        Decided {
            request_id: std::mem::take(&mut pass.request_id),
            at: self.identity.env.now(),
            service: pass.row.meta.service,
            operation: pass.row.meta.name,
            caller: pass.visitor.caller.clone(),
            region: std::mem::take(&mut pass.region),
            origin: std::mem::take(&mut pass.origin),
            asks,
            fault,
        }
    }

    fn log_call(&self, pass: &mut Pass<'_>, decided: Arc<Decided>, answer: Option<String>) {
        let input = std::mem::replace(&mut pass.input, Box::new(()));
        let asked = audit::Asked::Input(input, pass.row.meta, pass.row.tell_input);
        let size = (&self.identity.env, pass.weight);
        self.log.append(Entry::call(decided, audit::read_only(pass.row), asked, answer, size));
    }

    /// Writes the record of a call that was refused before it was decided.
    pub(crate) fn log_refused(&self, pass: &mut Pass<'_>, fault: &Fault) {
        let decided = Arc::new(self.decided(pass, Vec::new(), Some(fault.clone())));
        self.log_call(pass, decided, None);
    }

    /// The record of a change that is about to be committed.
    pub(crate) fn record(&self, pass: &Pass<'_>, asks: &[Ask], output: &dyn Any) -> String {
        let meta = pass.row.meta;
        let call = audit::Call {
            caller: &pass.visitor.caller,
            region: &pass.region,
            at: self.identity.env.now(),
            origin: &pass.origin,
            asks,
            fault: None,
            request_id: &pass.request_id,
            service: meta.service,
            operation: meta.name,
            read_only: audit::read_only(pass.row),
            parameters: audit::told(meta, pass.row.tell_input, &*pass.input),
            answer: audit::told(meta, pass.row.tell_output, output),
        };
        audit::lines(&call, &self.identity.env)
    }
}
