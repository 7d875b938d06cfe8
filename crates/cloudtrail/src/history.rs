//! The events of the last 90 days, as LookupEvents asks for them. The server, which keeps the log, answers.

use std::fmt;
use std::sync::Arc;

use rolecall_base::{AccountId, Fault, Time};

use crate::Event;

/// The log as this service sees it. An extension of the door.
#[derive(Clone, Debug)]
pub struct History(pub Arc<dyn EventHistory>);

/// A log that can be searched.
pub trait EventHistory: Send + Sync + fmt::Debug {
    /// Waits, not long, until calls that are over can be found.
    fn settle(&self);

    /// Events that fit, newest first, from `from` on backwards.
    ///
    /// # Errors
    /// ServiceUnavailable when the log can't be read.
    fn search(&self, search: &Search<'_>, from: Option<&Position>) -> Result<Found, Fault>;
}

/// A place in the log: a segment, and a byte of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub segment: String,
    pub offset: u64,
}

/// What is looked for.
#[derive(Clone, Debug)]
pub struct Search<'a> {
    pub account: AccountId,
    pub region: &'a str,
    /// Both ends belong to it; whole seconds.
    pub start: Time,
    pub end: Time,
    pub attribute: Option<Attribute<'a>>,
    /// At most so many.
    pub limit: usize,
}

/// One attribute of LookupEvents with its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attribute<'a> {
    EventId(&'a str),
    EventName(&'a str),
    ReadOnly(bool),
    Username(&'a str),
    ResourceType(&'a str),
    ResourceName(&'a str),
    EventSource(&'a str),
    AccessKeyId(&'a str),
}

/// Part of the answer.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Lines of the log.
    pub lines: Vec<String>,
    /// Where the search goes on; absent at the end.
    pub next: Option<Position>,
}

impl Search<'_> {
    /// Whether an event is what is looked for.
    pub fn fits(&self, event: &Event) -> bool {
        event.is_management()
            && event.account() == self.account.to_string()
            && event.region() == self.region
            && (self.start..=self.end).contains(&event.time())
            && self.attribute.is_none_or(|attribute| attribute.fits(event))
    }
}

impl Attribute<'_> {
    fn fits(self, event: &Event) -> bool {
        match self {
            Attribute::EventId(id) => event.id() == id,
            Attribute::EventName(name) => event.name() == name,
            Attribute::ReadOnly(read_only) => event.read_only() == read_only,
            Attribute::Username(user) => event.user() == user,
            Attribute::ResourceType(kind) => event.resources().iter().any(|(known, _)| *known == kind),
            Attribute::ResourceName(name) => event.resources().iter().any(|(_, known)| known == name),
            Attribute::EventSource(source) => event.source() == source,
            Attribute::AccessKeyId(id) => event.access_key() == id,
        }
    }
}
