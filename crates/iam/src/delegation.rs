//! Temporary delegation: requests of product providers for access to an account, who may do what with them, and how
//! they go from state to state. What AWS leaves open is settled in `docs/decisions/0013-temporary-delegation.md`.

use std::sync::Arc;
use std::time::Duration;

use rolecall_actions::iam::kind;
use rolecall_base::{AccountId, Fault, Time};
use rolecall_door::{At, Authorized, Operation, Resource, Write};
use rolecall_identity::records::{
    DelegationRequest, DelegationRequests, DelegationRequestsOfAccount, DelegationState, DelegationWorkflows,
    Mark,
};
use rolecall_identity::{Caller, Session, SessionKind};
use rolecall_policy::{Kind, Named, PolicyId, PolicySet, ResourceKind};
use rolecall_store::{Reader, Tx};

use crate::model::{self, fault};

/// How long a request may wait for somebody to take it.
const UNASSIGNED: Duration = Duration::from_secs(86_400);
/// How long every other state lasts.
const ASSIGNED: Duration = Duration::from_secs(7 * 86_400);
/// Seconds for which the root user may delegate at most.
pub(crate) const ROOT_LONGEST: i32 = 4 * 3_600;
/// Requests that one provider may have waiting; what has been over for a week makes room.
const REQUESTS: usize = 1_000;

/// What the owner of a request may do with it without any policy that says so.
const OWNERS: &str = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*", "Action": [
    "iam:GetDelegationRequest", "iam:GetHumanReadableSummary", "iam:UpdateDelegationRequest",
    "iam:RejectDelegationRequest", "iam:SendDelegationToken", "iam:ListDelegationRequests"], "Resource": "*"}}"#;

/// A request as a question is asked about it. One that the caller's account may not see is asked about like one that does
/// not exist.
#[derive(Debug)]
pub(crate) struct Target {
    found: Option<DelegationRequest>,
    id: String,
    account: AccountId,
    policy: Option<Arc<PolicySet>>,
}

impl Target {
    pub fn find(at: &At<'_>, id: &str) -> Result<Target, Fault> {
        let found = visible(at.db()?, at.account(), id)?;
        let owns = found.as_ref().is_some_and(|request| is_owner(request, at.caller));
        let policy = if owns { Some(owners_policy(at)?) } else { None };
        Ok(Target { found, id: id.to_owned(), account: at.account(), policy })
    }

    /// The value of `iam:DelegationRequestOwner`.
    pub fn owner(&self) -> Option<&str> {
        Some(self.found.as_ref()?.owner.as_ref()?.arn.as_str())
    }
}

impl Resource for Target {
    type Kind = kind::DelegationRequest;

    fn arn(&self) -> String {
        arn(self.account, &self.id)
    }

    fn account(&self) -> AccountId {
        self.account
    }

    fn policy(&self) -> Option<Arc<PolicySet>> {
        self.policy.clone()
    }
}

pub(crate) fn arn(account: AccountId, id: &str) -> String {
    format!("arn:aws:iam::{account}:delegation-request/{id}")
}

/// What owners may do, as a policy of the resource.
pub(crate) fn owners_policy(at: &At<'_>) -> Result<Arc<PolicySet>, Fault> {
    let policy = at.identity.documents.compile(OWNERS, Kind::Resource(ResourceKind::Other))?;
    Ok(Arc::new(PolicySet::new(vec![Named::new(policy, PolicyId::attached("owner of the request"))])))
}

/// Whether the owner's rights are the caller's. Not for sessions that a session policy limits, as that of a product provider
/// is, although it has the owner's own id: they may what that policy says.
pub(crate) fn is_owner(request: &DelegationRequest, caller: &Caller) -> bool {
    caller.policies.session.is_none()
        && request.owner_account == Some(caller.account)
        && request.owner.as_ref().is_some_and(|owner| owner.user_id == caller.user_id)
}

/// A request that principals of `account` may know of: it is for this account, or for nobody in particular yet.
fn visible(db: &Reader, account: AccountId, id: &str) -> Result<Option<DelegationRequest>, Fault> {
    let found = db.get::<DelegationRequests>(&id.to_owned())?;
    Ok(found.filter(|request| request.owner_account.is_none_or(|owner| owner == account)))
}

/// # Errors
/// NoSuchEntity.
pub(crate) fn get(db: &Reader, account: AccountId, id: &str) -> Result<DelegationRequest, Fault> {
    visible(db, account, id)?.ok_or_else(|| missing(id))
}

pub(crate) fn missing(id: &str) -> Fault {
    fault::no_such_entity(format!("The delegation request with id {id} cannot be found."))
}

/// A request that is to go on from one of `states`.
///
/// # Errors
/// NoSuchEntity; InvalidInput in any other state, or when its time is over.
pub(crate) fn in_state<Op: Operation>(
    req: &Authorized<'_, Op>,
    id: &str,
    states: &[DelegationState],
) -> Result<DelegationRequest, Fault> {
    let request = get(req.db()?, req.account(), id)?;
    if states.contains(&request.state) && !request.has_expired(req.now) {
        return Ok(request);
    }
    let text = format!(
        "The delegation request {id} is in the state {}, in which this can not be done.",
        request.shown_state(req.now)
    );
    Err(fault::invalid_input(text))
}

/// Puts a request into a state, from now on.
pub(crate) fn advance<Op: Operation<Access = Write>>(
    req: &mut Authorized<'_, Op>,
    mut request: DelegationRequest,
    state: DelegationState,
) -> Result<(), Fault> {
    request.state = state;
    request.updated = req.now;
    request.expires = req.now.whole_seconds() + ASSIGNED;
    Ok(req.tx()?.put::<DelegationRequests>(&request.id.clone(), &request)?)
}

/// Writes a new request.
pub(crate) fn add(tx: &mut Tx, request: &DelegationRequest) -> Result<(), Fault> {
    make_room(tx, request.requestor, request.created)?;
    let number = rolecall_identity::records::DelegationWorkflow { request: request.id.clone() };
    tx.put::<DelegationWorkflows>(&(request.requestor, request.workflow.clone()), &number)?;
    Ok(tx.put::<DelegationRequests>(&request.id.clone(), request)?)
}

/// When a request that was just made is over unless somebody takes it.
pub(crate) fn first_end(now: Time) -> Time {
    now.whole_seconds() + UNASSIGNED
}

/// # Errors
/// LimitExceeded when the provider has too many that are not long over.
fn make_room(tx: &mut Tx, requestor: AccountId, now: Time) -> Result<(), Fault> {
    let all = tx.scan::<DelegationWorkflows>(&(requestor,), None, REQUESTS)?;
    if all.len() < REQUESTS {
        return Ok(());
    }
    let mut dropped = false;
    for (key, row) in all {
        let request = tx.get::<DelegationRequests>(&row.request)?;
        if request.as_ref().is_some_and(|request| request.expires + ASSIGNED > now) {
            continue;
        }
        dropped = true;
        if let Some(account) = request.and_then(|request| request.owner_account) {
            tx.delete::<DelegationRequestsOfAccount>(&(account, row.request.clone()))?;
        }
        tx.delete::<DelegationRequests>(&row.request)?;
        tx.delete::<DelegationWorkflows>(&key)?;
    }
    if dropped { Ok(()) } else { Err(crate::quota::exceeded("DelegationRequestsPerRequestor", REQUESTS)) }
}

/// Makes the caller the owner of a request.
pub(crate) fn index_owner(tx: &mut Tx, account: AccountId, id: &str) -> Result<(), Fault> {
    Ok(tx.put::<DelegationRequestsOfAccount>(&(account, id.to_owned()), &Mark {})?)
}

/// The session that a provider gets from a request that `caller` accepts, but for its times: `None` for callers whose
/// rights are limited by more than their own policies, for two limits can't be kept in one session.
pub(crate) fn session_of(caller: &Caller, request: &DelegationRequest) -> Option<Session> {
    let own = caller.session.as_deref();
    let limited = caller.policies.session.is_some();
    let kind = own.map(|session| session.kind);
    if limited || !matches!(kind, None | Some(SessionKind::Role | SessionKind::User)) {
        return None;
    }
    let of_role = own.filter(|session| session.kind == SessionKind::Role);
    let common = own.cloned().unwrap_or_default();
    Some(Session {
        kind: SessionKind::Delegated,
        account: caller.account,
        principal_id: caller.principal_id.clone(),
        name: of_role.map(|session| session.name.clone()).unwrap_or_default(),
        policy: Some(request.policy.clone()),
        policy_arns: Vec::new(),
        // Not of the instance that the approver may have been.
        delivery: None,
        assumer: Some(request.requestor.to_string()),
        padding: String::new(),
        ..common
    })
}

/// A request as answers show it.
pub(crate) fn shown(request: &DelegationRequest, now: Time) -> model::DelegationRequest {
    let parameters = request.parameters.iter().map(|parameter| model::PolicyParameter {
        name: Some(parameter.name.clone()),
        values: Some(parameter.values.clone()),
        type_: Some(if parameter.is_list { "stringList" } else { "string" }.to_owned()),
    });
    model::DelegationRequest {
        delegation_request_id: Some(request.id.clone()),
        owner_account_id: request.owner_account.map(|account| account.to_string()),
        description: Some(request.description.clone()),
        request_message: request.message.clone(),
        permissions: Some(model::DelegationPermission {
            policy_template_arn: Some(request.template.clone()),
            parameters: Some(parameters.collect()),
        }),
        permission_policy: Some(request.policy.clone()),
        role_permission_restriction_arns: Some(request.boundaries.clone()),
        owner_id: request.owner.as_ref().map(|owner| owner.arn.clone()),
        approver_id: request.approver.as_ref().map(|approver| approver.arn.clone()),
        state: Some(request.shown_state(now).to_owned()),
        expiration_time: Some(request.expires),
        requestor_id: Some(request.requestor.to_string()),
        requestor_name: Some(request.requestor_name.clone()),
        create_date: Some(request.created),
        session_duration: Some(request.duration),
        redirect_url: request.redirect_url.clone(),
        notes: request.notes.clone(),
        rejection_reason: request.rejection.clone(),
        only_send_by_owner: Some(request.only_send_by_owner),
        updated_time: Some(request.updated),
    }
}

#[cfg(test)]
pub(crate) mod sample;
