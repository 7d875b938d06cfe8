//! Temporary delegation: what product providers may ask for (templates), what they asked for (requests), and what
//! became of that.

use rolecall_base::{AccountId, Time};
use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

use super::Mark;
use crate::session::Session;

/// A policy that a product provider registered: its requests fill in the parameters, such as `@{bucket}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyTemplate {
    /// The provider: only its requests may use this.
    pub partner: AccountId,
    /// The provider's name as its customers see it.
    pub partner_name: String,
    pub document: String,
}

impl Record for PolicyTemplate {
    const VERSION: u8 = 1;
}

/// By ARN.
#[derive(Debug)]
pub struct PolicyTemplates;

impl Table for PolicyTemplates {
    const ID: u16 = 29;
    const NAME: &'static str = "policy_templates";
    type Key = String;
    type Row = PolicyTemplate;
}

/// How far a request has come. `EXPIRED` is what any of these is once its time is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DelegationState {
    Unassigned,
    Assigned,
    PendingApproval,
    Accepted,
    Finalized,
    Rejected,
}

impl DelegationState {
    /// As answers name it.
    pub fn name(self) -> &'static str {
        match self {
            DelegationState::Unassigned => "UNASSIGNED",
            DelegationState::Assigned => "ASSIGNED",
            DelegationState::PendingApproval => "PENDING_APPROVAL",
            DelegationState::Accepted => "ACCEPTED",
            DelegationState::Finalized => "FINALIZED",
            DelegationState::Rejected => "REJECTED",
        }
    }
}

/// A value of a template's parameter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateValue {
    pub name: String,
    pub values: Vec<String>,
    pub is_list: bool,
}

/// Whose request it is: who associated it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DelegationOwner {
    pub arn: String,
    /// `aws:userid`, by which it is known again.
    pub user_id: String,
}

/// Who accepted, and the session that the provider gets for it, but for its times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DelegationApprover {
    pub arn: String,
    pub session: Session,
}

/// A product provider's request for temporary access to somebody's account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DelegationRequest {
    pub id: String,
    pub requestor: AccountId,
    pub requestor_name: String,
    /// The provider's own number for it, unique among its requests.
    pub workflow: String,
    /// The account it is for, as soon as that is known.
    pub owner_account: Option<AccountId>,
    pub owner: Option<DelegationOwner>,
    pub approver: Option<DelegationApprover>,
    pub state: DelegationState,
    pub description: String,
    pub message: Option<String>,
    pub redirect_url: Option<String>,
    /// The topic that hears of its changes.
    pub channel: String,
    pub template: String,
    pub parameters: Vec<TemplateValue>,
    /// The template with its parameters filled in: what the provider may do at most.
    pub policy: String,
    /// Permissions boundaries without which that policy lets no role be made.
    pub boundaries: Vec<String>,
    /// Seconds.
    pub duration: i32,
    pub only_send_by_owner: bool,
    pub notes: Option<String>,
    pub rejection: Option<String>,
    pub created: Time,
    pub updated: Time,
    /// When this state is over.
    pub expires: Time,
    /// When the exchange token was sent: the delegated time counts from then.
    pub sent: Option<Time>,
}

impl DelegationRequest {
    pub fn arn(&self, account: AccountId) -> String {
        format!("arn:aws:iam::{account}:delegation-request/{}", self.id)
    }

    /// `EXPIRED` once its time is over.
    pub fn shown_state(&self, now: Time) -> &'static str {
        if self.has_expired(now) { "EXPIRED" } else { self.state.name() }
    }

    pub fn has_expired(&self, now: Time) -> bool {
        self.expires <= now
    }
}

impl Record for DelegationRequest {
    const VERSION: u8 = 1;
}

/// By id, over all accounts.
#[derive(Debug)]
pub struct DelegationRequests;

impl Table for DelegationRequests {
    const ID: u16 = 157;
    const NAME: &'static str = "delegation_requests";
    type Key = String;
    type Row = DelegationRequest;
}

/// (owner's account, id): those that have an owner.
#[derive(Debug)]
pub struct DelegationRequestsOfAccount;

impl Table for DelegationRequestsOfAccount {
    const ID: u16 = 158;
    const NAME: &'static str = "delegation_requests_of_account";
    type Key = (AccountId, String);
    type Row = Mark;
}

/// What a provider's own number stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DelegationWorkflow {
    pub request: String,
}

impl Record for DelegationWorkflow {
    const VERSION: u8 = 1;
}

/// (provider, its workflow id).
#[derive(Debug)]
pub struct DelegationWorkflows;

impl Table for DelegationWorkflows {
    const ID: u16 = 159;
    const NAME: &'static str = "delegation_workflows";
    type Key = (AccountId, String);
    type Row = DelegationWorkflow;
}
