//! Whom an organization trusts: delegated administrators, AWS's services, whoever its resource policy names; and the
//! handshakes by which accounts join it.

use rolecall_base::{AccountId, Tags, Time};
use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

use super::Mark;

/// Since when something holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Since {
    pub time: Time,
}

impl Record for Since {
    const VERSION: u8 = 1;
}

/// (organization, account, service principal).
#[derive(Debug)]
pub struct DelegatedAdministrators;

impl Table for DelegatedAdministrators {
    const ID: u16 = 150;
    const NAME: &'static str = "organization_delegated_administrators";
    type Key = (String, AccountId, String);
    type Row = Since;
}

/// (organization, service principal): trusted access.
#[derive(Debug)]
pub struct ServiceAccess;

impl Table for ServiceAccess {
    const ID: u16 = 151;
    const NAME: &'static str = "organization_service_access";
    type Key = (String, String);
    type Row = Since;
}

/// The resource policy of an organization: what member accounts may do to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DelegationPolicy {
    /// `rp-…`
    pub id: String,
    /// As stored: users and roles among its principals by unique id.
    pub content: String,
    #[serde(default)]
    pub tags: Tags,
}

impl Record for DelegationPolicy {
    const VERSION: u8 = 1;
}

/// By organization.
#[derive(Debug)]
pub struct DelegationPolicies;

impl Table for DelegationPolicies {
    const ID: u16 = 152;
    const NAME: &'static str = "organization_resource_policies";
    type Key = String;
    type Row = DelegationPolicy;
}

/// An invitation, or a request to enable all features.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handshake {
    /// `h-…`
    pub id: String,
    pub organization: String,
    /// The management account when it was made.
    pub management: AccountId,
    /// `INVITE`, `ENABLE_ALL_FEATURES`, `APPROVE_ALL_FEATURES` or `TRANSFER_RESPONSIBILITY`.
    pub action: String,
    /// The account that is asked; `None` for an e-mail address that is no account's, and for the organization itself.
    pub account: Option<AccountId>,
    /// The address that was invited, where it was one.
    #[serde(default)]
    pub address: Option<String>,
    /// `OPEN`, `REQUESTED`, `ACCEPTED`, `DECLINED` or `CANCELED`; an open one past its time is expired.
    pub state: String,
    pub requested: Time,
    pub expires: Time,
    #[serde(default)]
    pub notes: Option<String>,
    /// The handshake that this one is part of.
    #[serde(default)]
    pub parent: Option<String>,
    /// Tags that the account gets when it joins.
    #[serde(default)]
    pub tags: Tags,
    /// When it was accepted, declined or canceled.
    #[serde(default)]
    pub ended: Option<Time>,
}

impl Record for Handshake {
    const VERSION: u8 = 1;
}

/// By handshake id.
#[derive(Debug)]
pub struct Handshakes;

impl Table for Handshakes {
    const ID: u16 = 153;
    const NAME: &'static str = "organization_handshakes";
    type Key = String;
    type Row = Handshake;
}

/// (organization, handshake id).
#[derive(Debug)]
pub struct HandshakesOfOrganization;

impl Table for HandshakesOfOrganization {
    const ID: u16 = 154;
    const NAME: &'static str = "organization_handshakes_of_organization";
    type Key = (String, String);
    type Row = Mark;
}

/// (account, handshake id) of those that an account is asked by.
#[derive(Debug)]
pub struct HandshakesOfAccount;

impl Table for HandshakesOfAccount {
    const ID: u16 = 155;
    const NAME: &'static str = "organization_handshakes_of_account";
    type Key = (AccountId, String);
    type Row = Mark;
}

/// The account of an e-mail address, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addressee {
    pub account: AccountId,
}

impl Record for Addressee {
    const VERSION: u8 = 1;
}

/// E-mail address → account: addresses are unique over all accounts.
#[derive(Debug)]
pub struct AccountsByAddress;

impl Table for AccountsByAddress {
    const ID: u16 = 156;
    const NAME: &'static str = "accounts_by_address";
    type Key = String;
    type Row = Addressee;
}
