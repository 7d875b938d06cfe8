//! Trails, and how far each has been delivered.

use rolecall_base::{AccountId, Tags, Time};
use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

use crate::selectors::Selectors;

/// A trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trail {
    pub account: AccountId,
    /// Where it was made.
    pub region: String,
    pub name: String,
    pub bucket: String,
    pub prefix: Option<String>,
    /// Events of global services too.
    pub global: bool,
    /// Events of all regions.
    pub multi_region: bool,
    pub tags: Tags,
    /// `None` for what every trail begins with: all management events.
    pub selectors: Option<Selectors>,
    /// When it was logging, in order; the last one is open while it is.
    pub spans: Vec<Span>,
}

/// From one StartLogging to its StopLogging.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    pub start: Time,
    pub stop: Option<Time>,
}

/// Spans that are kept: those before are delivered long since.
const SPANS: usize = 20;

impl Trail {
    pub fn arn(&self) -> String {
        arn(self.account, &self.region, &self.name)
    }

    pub fn is_logging(&self) -> bool {
        self.spans.last().is_some_and(|span| span.stop.is_none())
    }

    /// Whether it was logging then, to the second.
    pub fn logged_at(&self, time: Time) -> bool {
        self.spans
            .iter()
            .any(|span| time >= span.start.whole_seconds() && span.stop.is_none_or(|stop| time <= stop))
    }

    /// Begins to log; does nothing when it does already.
    pub fn start(&mut self, now: Time) {
        if self.is_logging() {
            return;
        }
        self.spans.push(Span { start: now, stop: None });
        let over = self.spans.len().saturating_sub(SPANS);
        self.spans.drain(..over);
    }

    /// Ends logging.
    pub fn stop(&mut self, now: Time) {
        if let Some(span) = self.spans.last_mut().filter(|span| span.stop.is_none()) {
            span.stop = Some(now);
        }
    }
}

/// `arn:aws:cloudtrail:REGION:ACCOUNT:trail/NAME`
pub fn arn(account: AccountId, region: &str, name: &str) -> String {
    format!("arn:aws:cloudtrail:{region}:{account}:trail/{name}")
}

impl Record for Trail {
    const VERSION: u8 = 1;
}

/// (account, home region, name).
#[derive(Debug)]
pub struct Trails;

impl Table for Trails {
    const ID: u16 = 160;
    const NAME: &'static str = "trails";
    type Key = (AccountId, String, String);
    type Row = Trail;
}

/// How far a trail has come. Written by the delivery alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Of the log; what stands before is in the bucket.
    pub segment: String,
    pub offset: u64,
    /// The last file.
    pub delivered: Option<Time>,
    pub attempted: Option<Time>,
    /// S3's code, while the last attempt failed.
    pub error: Option<String>,
}

impl Record for Delivery {
    const VERSION: u8 = 1;
}

/// As [`Trails`].
#[derive(Debug)]
pub struct Deliveries;

impl Table for Deliveries {
    const ID: u16 = 161;
    const NAME: &'static str = "trail_deliveries";
    type Key = (AccountId, String, String);
    type Row = Delivery;
}
