//! Outbound web identity federation: which accounts may have STS sign tokens about their callers, and under which name.

use rolecall_base::AccountId;
use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

/// An account's issuer. It stays when the feature is switched off, so that tokens from before can still be verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboundFederation {
    /// A UUID, the last part of the issuer's URL; see [`crate::Issuers`].
    pub issuer_id: String,
    pub enabled: bool,
}

impl Record for OutboundFederation {
    const VERSION: u8 = 1;
}

/// By account; an account without a row never had the feature on.
#[derive(Debug)]
pub struct OutboundFederations;

impl Table for OutboundFederations {
    const ID: u16 = 138;
    const NAME: &'static str = "outbound_federations";
    type Key = AccountId;
    type Row = OutboundFederation;
}

/// Whose an issuer is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuerOwner {
    pub account: AccountId,
}

impl Record for IssuerOwner {
    const VERSION: u8 = 1;
}

/// Issuer id → its account: whoever verifies a token knows the issuer only.
#[derive(Debug)]
pub struct IssuerOwners;

impl Table for IssuerOwners {
    const ID: u16 = 139;
    const NAME: &'static str = "issuer_owners";
    type Key = String;
    type Row = IssuerOwner;
}
