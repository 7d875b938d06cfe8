//! The audit record of each call, in CloudTrail's form.
//!
//! A call that changed something has its record in the same commit (the [`Outbox`]), from where a background loop
//! moves it to the log; all other calls are appended to the log at once.

use std::fmt;

use rolecall_base::Fault;
use rolecall_identity::{Caller, SessionKind, Who};
use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

use crate::operation::Place;

/// Where records go: append-only segments, or a list in tests.
pub trait AuditLog: Send + Sync + fmt::Debug {
    /// Takes one record, a JSON object on one line. Must not wait: what can't be kept is counted as lost.
    fn append(&self, record: String);
}

/// Throws records away: for tools and benches that have no log.
#[derive(Debug, Default)]
pub struct NoAudit;

impl AuditLog for NoAudit {
    fn append(&self, _record: String) {}
}

/// A record that waits in the store to be moved to the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
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

/// What is known of a call when its record is written.
pub(crate) struct Call<'a> {
    pub place: Place<'a>,
    pub service: &'a str,
    pub operation: &'a str,
    pub read_only: bool,
    pub request_id: &'a str,
    pub event_id: &'a str,
    pub fault: Option<&'a Fault>,
}

/// CloudTrail's record, in its order of members.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    event_version: &'static str,
    user_identity: UserIdentity<'a>,
    event_time: String,
    event_source: String,
    event_name: &'a str,
    aws_region: &'a str,
    #[serde(rename = "sourceIPAddress")]
    source_ip_address: Option<String>,
    user_agent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<&'a str>,
    #[serde(rename = "requestID")]
    request_id: &'a str,
    #[serde(rename = "eventID")]
    event_id: &'a str,
    read_only: bool,
    event_type: &'static str,
    management_event: bool,
    recipient_account_id: String,
    event_category: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UserIdentity<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    principal_id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    arn: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    account_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_key_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_context: Option<SessionContext<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity_provider: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoked_by: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionContext<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    session_issuer: Option<SessionIssuer<'a>>,
    attributes: SessionAttributes,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_identity: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ec2_role_delivery: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionIssuer<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    principal_id: &'a str,
    arn: &'a str,
    account_id: &'a str,
    user_name: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionAttributes {
    creation_date: String,
    mfa_authenticated: &'static str,
}

/// Bytes of `userAgent` and `errorMessage`, as in CloudTrail. Callers choose both, and must not fill the log with them.
const LONGEST: usize = 1024;

fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(LONGEST)).unwrap_or_default()
}

/// The record as one line.
pub(crate) fn record(call: &Call<'_>) -> String {
    let place = &call.place;
    let account = place.caller.account.to_string();
    let event = Event {
        event_version: "1.11",
        user_identity: identity(place.caller, &account),
        event_time: place.now.iso_seconds(),
        event_source: format!("{}.amazonaws.com", call.service),
        event_name: call.operation,
        aws_region: place.region,
        source_ip_address: place.origin.source_ip.map(|ip| ip.to_string()),
        user_agent: place.origin.user_agent.as_deref().map(cut),
        error_code: call.fault.map(Fault::code),
        error_message: call.fault.map(|fault| cut(fault.message())),
        request_id: call.request_id,
        event_id: call.event_id,
        read_only: call.read_only,
        event_type: "AwsApiCall",
        management_event: true,
        recipient_account_id: account.clone(),
        event_category: "Management",
    };
    // Texts, numbers and flags always have a JSON form.
    serde_json::to_string(&event).unwrap_or_default()
}

fn identity<'a>(caller: &'a Caller, account: &'a str) -> UserIdentity<'a> {
    let mut identity = UserIdentity {
        kind: "AWSAccount",
        principal_id: &caller.user_id,
        arn: &caller.arn,
        account_id: account,
        access_key_id: caller.access_key_id.as_deref(),
        user_name: caller.user_name.as_deref(),
        session_context: session_context(caller, account),
        identity_provider: caller.federation.as_deref().map(|federation| federation.provider.as_str()),
        invoked_by: None,
    };
    identity.kind = match caller.who {
        Who::Root => "Root",
        Who::User => "IAMUser",
        Who::RoleSession => "AssumedRole",
        Who::FederatedUser => "FederatedUser",
        Who::WebIdentity | Who::Saml => {
            (identity.arn, identity.account_id) = ("", "");
            if caller.who == Who::Saml { "SAMLUser" } else { "WebIdentityUser" }
        }
        Who::Service => {
            identity.invoked_by = Some(&caller.arn);
            (identity.principal_id, identity.arn) = ("", "");
            "AWSService"
        }
        Who::Anonymous => {
            (identity.principal_id, identity.arn, identity.account_id) = ("", "", "anonymous");
            "AWSAccount"
        }
    };
    identity
}

fn session_context<'a>(caller: &'a Caller, account: &'a str) -> Option<SessionContext<'a>> {
    let session = caller.session.as_deref()?;
    let issuer = (session.kind == SessionKind::Role).then(|| SessionIssuer {
        kind: "Role",
        principal_id: &session.principal_id,
        arn: &caller.principal_arn,
        account_id: account,
        user_name: caller.principal_arn.rsplit('/').next().unwrap_or_default(),
    });
    Some(SessionContext {
        session_issuer: issuer,
        attributes: SessionAttributes {
            creation_date: session.issued.iso_seconds(),
            mfa_authenticated: if session.mfa.is_some() { "true" } else { "false" },
        },
        source_identity: session.source_identity.as_deref(),
        ec2_role_delivery: session.delivery.as_ref().map(|delivery| delivery.role_delivery.as_str()),
    })
}
