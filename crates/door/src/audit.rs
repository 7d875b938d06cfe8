//! The audit record of each call, in CloudTrail's form: where records go, and when they become text.
//!
//! A call that changed something has its record in the same commit (the [`Outbox`]), from where a background loop
//! moves it to the log. All other calls are handed to the log as [`Entry`]s at once; it turns them into text on its own
//! thread, so that a call never waits for that.

mod event;
mod identity;
mod names;
mod service_event;

use std::fmt;
use std::sync::Arc;

use rolecall_base::{AccountId, Time};
use rolecall_env::Env;
use rolecall_store::{Record, Table};
use rolecall_wire::Meta;
use rolecall_wire::record::{Dates, Teller};
use serde::{Deserialize, Serialize};

pub(crate) use event::{Call, lines};
pub(crate) use names::gives_credentials;
pub use names::{event_name, is_data_event};
pub use service_event::ServiceEvent;

use crate::decisions::Decided;
use crate::row::{AnyInput, Row, TellFn};

/// Where records go: append-only segments, or a list in tests.
pub trait AuditLog: Send + Sync + fmt::Debug {
    /// Takes one call. Must not wait: what can't be kept is counted as lost.
    fn append(&self, entry: Entry);
}

/// Throws records away: for tools and benches that have no log.
#[derive(Debug, Default)]
pub struct NoAudit;

impl AuditLog for NoAudit {
    fn append(&self, _entry: Entry) {}
}

/// Records that wait in the store to be moved to the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// One a line.
    pub record: String,
}

impl Record for Waiting {
    const VERSION: u8 = 1;
}

/// (milliseconds, request id).
#[derive(Debug)]
pub struct Outbox;

impl Table for Outbox {
    const ID: u16 = 1;
    const NAME: &'static str = "audit_outbox";
    type Key = (u64, String);
    type Row = Waiting;
}

/// A call that is over, not yet text.
#[derive(Debug)]
pub struct Entry {
    state: State,
    env: Env,
    weight: usize,
}

enum State {
    Call { decided: Arc<Decided>, read_only: bool, asked: Asked, answer: Option<String> },
    Written(String),
}

/// What a call asked for.
pub(crate) enum Asked {
    Input(AnyInput, &'static Meta, TellFn),
    Text(Option<String>),
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            State::Call { decided, .. } => f.debug_tuple("Call").field(&decided.request_id).finish(),
            State::Written(text) => f.debug_tuple("Written").field(text).finish(),
        }
    }
}

impl Entry {
    pub(crate) fn call(
        decided: Arc<Decided>,
        read_only: bool,
        asked: Asked,
        answer: Option<String>,
        (env, weight): (&Env, usize),
    ) -> Entry {
        let weight = weight.saturating_add(LIGHTEST);
        Entry { state: State::Call { decided, read_only, asked, answer }, env: env.clone(), weight }
    }

    pub(crate) fn written(text: String, env: &Env) -> Entry {
        Entry { weight: text.len(), state: State::Written(text), env: env.clone() }
    }

    /// Bytes that this takes until it is text, about.
    pub fn weight(&self) -> usize {
        self.weight
    }

    /// Writes the records, JSON objects without line breaks: one for each account that is told of the call. `each` also
    /// gets what they can be sorted by, where that is known without reading them.
    pub fn write(self, each: &mut dyn FnMut(&str, Option<&Facts<'_>>)) {
        let (decided, read_only, asked, answer) = match self.state {
            State::Call { decided, read_only, asked, answer } => (decided, read_only, asked, answer),
            State::Written(text) => return each(&text, None),
        };
        let parameters = match asked {
            Asked::Input(input, meta, tell) => told(meta, tell, &*input),
            Asked::Text(text) => text,
        };
        let call = Call {
            caller: &decided.caller,
            region: &decided.region,
            at: decided.at,
            origin: &decided.origin,
            asks: &decided.asks,
            fault: decided.fault.as_ref(),
            request_id: &decided.request_id,
            service: decided.service,
            operation: decided.operation,
            read_only,
            parameters,
            answer,
        };
        event::write(&call, &self.env, &mut |line, facts| each(line, Some(facts)));
    }
}

/// What a log can sort a record by without reading it.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// `recipientAccountId`; absent from records of what nobody could prove to have sent.
    pub account: Option<AccountId>,
    pub at: Time,
    pub region: &'a str,
    /// `iam`, of `iam.amazonaws.com`.
    pub service: &'a str,
    pub name: &'a str,
    /// What LookupEvents takes for the user's name; empty for none.
    pub user: &'a str,
    /// Empty for none.
    pub access_key: &'a str,
    pub event_id: &'a str,
    pub read_only: bool,
    pub management: bool,
}

/// What an entry takes at least.
const LIGHTEST: usize = 1024;

/// The members of an input or output that may be shown; `None` when there are none.
pub(crate) fn told(meta: &Meta, tell: TellFn, any: &dyn std::any::Any) -> Option<String> {
    let dates = match meta.service {
        "ec2" => Dates::Millis,
        "s3" => Dates::Iso,
        _ => Dates::Words,
    };
    let mut teller = Teller::new(dates);
    tell(any, &mut teller);
    teller.finish()
}

/// Whether a call of this operation changes nothing, as CloudTrail tells it.
pub(crate) fn read_only(row: &Row) -> bool {
    names::read_only(row.meta.service, row.meta.name).unwrap_or(!row.writes)
}
