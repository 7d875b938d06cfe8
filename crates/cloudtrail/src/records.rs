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
    /// Digest files beside the log files.
    #[serde(default)]
    pub digests: bool,
    /// The organization of whose accounts it has events, where it is one of an organization.
    #[serde(default)]
    pub organization: Option<String>,
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

/// A log file that is yet to be named in a digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogFile {
    pub bucket: String,
    pub key: String,
    /// SHA-256 of what was packed, in hex.
    pub hash: String,
    pub oldest: Time,
    pub newest: Time,
}

/// The digest before the one that is being gathered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastDigest {
    pub bucket: String,
    pub key: String,
    /// SHA-256 of what was packed, in hex.
    pub hash: String,
    /// In hex.
    pub signature: String,
}

/// A digest that is being gathered: the log files of a trail from one account and region.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    pub begun: Time,
    pub files: Vec<LogFile>,
    pub last: Option<LastDigest>,
}

impl Record for Digest {
    const VERSION: u8 = 1;
}

/// (account, home region, trail, account of the events, their region). Written by the delivery alone.
#[derive(Debug)]
pub struct Digests;

impl Table for Digests {
    const ID: u16 = 162;
    const NAME: &'static str = "trail_digests";
    type Key = (AccountId, String, String, AccountId, String);
    type Row = Digest;
}

/// The key that signs the digests of a region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DigestKey {
    /// Of the public key, in hex.
    pub fingerprint: String,
    /// PKCS#1 DER.
    pub public: Vec<u8>,
    /// PKCS#8, sealed with the fingerprint.
    pub sealed: Vec<u8>,
    pub created: Time,
}

impl Record for DigestKey {
    const VERSION: u8 = 1;
}

/// By region.
#[derive(Debug)]
pub struct DigestKeys;

impl Table for DigestKeys {
    const ID: u16 = 163;
    const NAME: &'static str = "trail_digest_keys";
    type Key = String;
    type Row = DigestKey;
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
    /// The last digest file, and S3's code while the last attempt failed.
    #[serde(default)]
    pub digested: Option<Time>,
    #[serde(default)]
    pub digest_error: Option<String>,
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
