//! Reports that were generated: credentials, last accessed services.

use rolecall_base::{AccountId, Time};
use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

/// A piece of a report: a row holds 64 KiB at most.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportPart {
    /// When the report was generated.
    pub created: Time,
    /// The unique id of whoever asked for it.
    pub by: String,
    pub text: String,
}

/// What is known of a report without its parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportHead {
    pub created: Time,
    pub parts: u32,
}

impl Record for ReportHead {
    const VERSION: u8 = 1;
}

/// (account, report id).
#[derive(Debug)]
pub struct ReportHeads;

impl Table for ReportHeads {
    const ID: u16 = 49;
    const NAME: &'static str = "report_heads";
    type Key = (AccountId, String);
    type Row = ReportHead;
}

impl Record for ReportPart {
    const VERSION: u8 = 1;
}

/// (account, job id or the report's name, number of the part from 0).
#[derive(Debug)]
pub struct Reports;

impl Table for Reports {
    const ID: u16 = 39;
    const NAME: &'static str = "reports";
    type Key = (AccountId, String, u32);
    type Row = ReportPart;
}
