//! DelegationNotice: the message that a provider's SNS topic would get of a delegation request. There is no SNS here, so
//! this is where a provider's exchange token comes from. The token is made anew each time and never stored.

use rolecall_actions::rolecall;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::records::{DelegationRequests, DelegationState};
use rolecall_identity::trade_in_token;
use rolecall_wire::record::{Tell, Teller};
use serde::{Deserialize, Serialize};

use super::json::operation;

#[derive(Debug)]
pub struct DelegationNotice;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Request {
    delegation_request_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Notice {
    topic_arn: String,
    delegation_request_id: String,
    requestor_workflow_id: String,
    state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rejection_reason: Option<String>,
    /// Once the owner has sent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    trade_in_token: Option<String>,
}

impl std::fmt::Debug for Notice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Notice({})", self.delegation_request_id)
    }
}

impl Tell for Request {
    fn tell(&self, t: &mut Teller) {
        t.open();
        t.put("delegationRequestId", Some(&self.delegation_request_id));
        t.close();
    }
}

operation!(DelegationNotice, "POST" "/_rolecall/delegation-notice", Request => Notice);

impl Operation for DelegationNotice {
    type Access = Read;

    fn needs(_input: &Request, at: &At<'_>) -> Result<Needs, Fault> {
        super::only_first_account(at)?;
        Ok(Needs::action(rolecall::DelegationNotice).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<Notice, Fault> {
        let id = &req.input.delegation_request_id;
        let found = req.db()?.get::<DelegationRequests>(id)?;
        let missing =
            || Fault::new("ResourceNotFoundException", 404, format!("There is no delegation request {id}."));
        let request = found.ok_or_else(missing)?;
        let sent = request.state == DelegationState::Finalized;
        let token = sent.then(|| trade_in_token(req.env, &req.identity.vault, id)).transpose();
        Ok(Notice {
            topic_arn: request.channel.clone(),
            delegation_request_id: request.id.clone(),
            requestor_workflow_id: request.workflow.clone(),
            state: request.shown_state(req.now).to_owned(),
            rejection_reason: request.rejection.clone(),
            trade_in_token: token.map_err(|_| Fault::internal("a token could not be sealed"))?,
        })
    }
}
