//! Organizations' own tables (ids 122 to 124); what decisions rest on is `rolecall_identity`'s.

use rolecall_base::{AccountId, Tags, Time};
use rolecall_identity::records::Mark;
use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

/// An arrangement by which one organization's management account takes over a responsibility (billing) of another's.
/// Whether it was accepted is its handshake's to say, and the end of that is kept here once it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// `rt-…`
    pub id: String,
    pub handshake: String,
    pub name: String,
    /// Who takes over: who invited.
    pub target: Participant,
    /// Whose it is: who was invited.
    pub source: Participant,
    pub start: Time,
    /// Once it was withdrawn.
    pub end: Option<Time>,
    /// `REQUESTED`, `ACCEPTED`, `DECLINED`, `CANCELED` or `WITHDRAWN`; a requested one past its handshake's time is expired.
    pub status: String,
    pub expires: Time,
    #[serde(default)]
    pub tags: Tags,
}

/// A side of a transfer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participant {
    pub organization: String,
    pub management: AccountId,
}

impl Record for Transfer {
    const VERSION: u8 = 1;
}

/// By id.
#[derive(Debug)]
pub struct Transfers;

impl Table for Transfers {
    const ID: u16 = 122;
    const NAME: &'static str = "responsibility_transfers";
    type Key = String;
    type Row = Transfer;
}

/// (organization, transfer id) of both sides.
#[derive(Debug)]
pub struct TransfersOfOrganization;

impl Table for TransfersOfOrganization {
    const ID: u16 = 123;
    const NAME: &'static str = "responsibility_transfers_of_organization";
    type Key = (String, String);
    type Row = Mark;
}
