//! GetDelegatedAccessToken: a product provider trades the token of an accepted delegation request for credentials.

use std::time::Duration;

use rolecall_actions::sts;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::records::{DelegationRequest, DelegationRequests, DelegationState};
use rolecall_identity::{Session, open_trade_in_token};

use crate::grant;
use crate::model::{
    GetDelegatedAccessToken, GetDelegatedAccessTokenRequest, GetDelegatedAccessTokenResponse,
};

impl Operation for GetDelegatedAccessToken {
    type Access = Read;

    fn needs(_: &GetDelegatedAccessTokenRequest, _: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(sts::GetDelegatedAccessToken).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetDelegatedAccessTokenResponse, Fault> {
        let request = request(req)?;
        let approver = request.approver.as_ref().ok_or_else(invalid)?;
        let sent = request.sent.ok_or_else(invalid)?;
        let life = Duration::from_secs(u64::try_from(request.duration).unwrap_or(0));
        let expires = sent.whole_seconds() + life;
        if expires <= req.now {
            let text = "The trade-in token has expired.";
            return Err(Fault::new("ExpiredTradeInTokenException", 400, text));
        }
        let session = Session { issued: req.now.whole_seconds(), expires, ..approver.session.clone() };
        let packed = Session::packed_percent(session.policy.as_deref(), &[], &session.tags);
        let grant = grant::credentials(req, &session, None)?;
        Ok(GetDelegatedAccessTokenResponse {
            credentials: Some(grant.credentials),
            packed_policy_size: packed.and_then(|percent| i32::try_from(percent).ok()),
            assumed_principal: Some(approver.arn.clone()),
        })
    }
}

/// The request that the token is of. Only its provider may trade it; to all others it is no token.
fn request(req: &Authorized<'_, GetDelegatedAccessToken>) -> Result<DelegationRequest, Fault> {
    let id = open_trade_in_token(&req.identity.vault, &req.input.trade_in_token).map_err(|_| invalid())?;
    let found = req.db()?.get::<DelegationRequests>(&id)?;
    let good = |request: &DelegationRequest| {
        request.requestor == req.account() && request.state == DelegationState::Finalized
    };
    found.filter(good).ok_or_else(invalid)
}

fn invalid() -> Fault {
    Fault::new("AccessDenied", 403, "The trade-in token is not valid for this account.")
}
