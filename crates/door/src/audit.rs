//! The audit record of each call, in CloudTrail's form.
//!
//! A call that changed something has its record in the same commit (the [`Outbox`]), from where a background loop
//! moves it to the log; all other calls are appended to the log at once.

use std::fmt;

use rolecall_base::Fault;
use rolecall_identity::{Caller, SessionKind, Who};
use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

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

/// The record as one line.
pub(crate) fn record(call: &Call<'_>) -> String {
    let place = &call.place;
    let mut event = json!({
        "eventVersion": "1.11",
        "userIdentity": identity(place.caller),
        "eventTime": place.now.iso_seconds(),
        "eventSource": format!("{}.amazonaws.com", call.service),
        "eventName": call.operation,
        "awsRegion": place.region,
        "sourceIPAddress": place.origin.source_ip.map(|ip| ip.to_string()),
        "userAgent": place.origin.user_agent,
        "requestID": call.request_id,
        "eventID": call.event_id,
        "readOnly": call.read_only,
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": place.caller.account.to_string(),
        "eventCategory": "Management",
    });
    if let (Some(fault), Some(event)) = (call.fault, event.as_object_mut()) {
        event.insert("errorCode".into(), fault.code().into());
        event.insert("errorMessage".into(), fault.message().into());
    }
    event.to_string()
}

fn identity(caller: &Caller) -> Value {
    let account = caller.account.to_string();
    match caller.who {
        Who::Anonymous => json!({"type": "AWSAccount", "principalId": "", "accountId": "anonymous"}),
        Who::Service => json!({"type": "AWSService", "invokedBy": caller.arn}),
        Who::Root | Who::User | Who::RoleSession | Who::FederatedUser => {
            let kind = match caller.who {
                Who::Root => "Root",
                Who::User => "IAMUser",
                Who::RoleSession => "AssumedRole",
                _ => "FederatedUser",
            };
            let mut identity = json!({
                "type": kind,
                "principalId": caller.user_id,
                "arn": caller.arn,
                "accountId": account,
                "accessKeyId": caller.access_key_id,
            });
            if let Some(object) = identity.as_object_mut() {
                if let Some(name) = &caller.user_name {
                    object.insert("userName".into(), name.as_str().into());
                }
                if let Some(context) = session_context(caller) {
                    object.insert("sessionContext".into(), context);
                }
            }
            identity
        }
    }
}

fn session_context(caller: &Caller) -> Option<Value> {
    let session = caller.session.as_deref()?;
    let mut context = json!({
        "attributes": {
            "creationDate": session.issued.iso_seconds(),
            "mfaAuthenticated": session.mfa.is_some().to_string(),
        },
    });
    let object = context.as_object_mut()?;
    if session.kind == SessionKind::Role {
        let name = caller.principal_arn.rsplit('/').next().unwrap_or_default();
        let issuer = json!({
            "type": "Role",
            "principalId": session.principal_id,
            "arn": caller.principal_arn,
            "accountId": caller.account.to_string(),
            "userName": name,
        });
        object.insert("sessionIssuer".into(), issuer);
    }
    if let Some(source) = &session.source_identity {
        object.insert("sourceIdentity".into(), source.as_str().into());
    }
    if let Some(delivery) = &session.delivery {
        object.insert("ec2RoleDelivery".into(), delivery.role_delivery.as_str().into());
    }
    Some(context)
}
