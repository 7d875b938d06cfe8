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
    Fault::validation("The trade-in token is not valid for this account.")
}

#[cfg(test)]
mod tests {
    use rolecall_base::AccountId;
    use rolecall_identity::records::DelegationApprover;
    use rolecall_identity::{SessionKind, trade_in_token};
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use super::*;

    const POLICY: &str =
        r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:*", "Resource": "*"}}"#;

    fn provider() -> AccountId {
        "222222222222".parse().unwrap()
    }

    /// A world with a request that ACCOUNT's root user accepted, and its token.
    fn accepted(state: DelegationState) -> (World, String) {
        let world = World::new(1);
        world.account(provider());
        let now = world.env.now().whole_seconds();
        let session = Session {
            kind: SessionKind::Delegated,
            account: ACCOUNT,
            principal_id: ACCOUNT.to_string(),
            policy: Some(POLICY.into()),
            assumer: Some(provider().to_string()),
            ..Session::default()
        };
        let request = DelegationRequest {
            id: "request".into(),
            requestor: provider(),
            requestor_name: "Provider".into(),
            workflow: "1".into(),
            owner_account: Some(ACCOUNT),
            owner: None,
            approver: Some(DelegationApprover { arn: ACCOUNT.root_arn(), session }),
            state,
            description: String::new(),
            message: None,
            redirect_url: None,
            channel: String::new(),
            template: String::new(),
            parameters: Vec::new(),
            policy: POLICY.into(),
            boundaries: Vec::new(),
            duration: 900,
            only_send_by_owner: false,
            notes: None,
            rejection: None,
            created: now,
            updated: now,
            expires: now,
            sent: Some(now),
        };
        world.write(|tx| Ok(tx.put::<DelegationRequests>(&request.id.clone(), &request)?));
        let token = trade_in_token(&world.env, &world.door.identity.vault, "request").unwrap();
        (world, token)
    }

    fn trade(
        world: &World,
        account: AccountId,
        token: &str,
    ) -> Result<GetDelegatedAccessTokenResponse, Fault> {
        let input = GetDelegatedAccessTokenRequest { trade_in_token: token.into() };
        world.call::<GetDelegatedAccessToken>(&world.root(account), input)
    }

    #[test]
    fn the_provider_trades_a_token_until_the_delegated_time_is_over() {
        let (world, token) = accepted(DelegationState::Finalized);
        world.env.advance(Duration::from_secs(600));
        let given = trade(&world, provider(), &token).unwrap();
        assert_eq!(given.assumed_principal, Some(ACCOUNT.root_arn()));
        let credentials = given.credentials.unwrap();
        let left = credentials.expiration.since(world.env.now()).as_secs();
        assert_eq!(left, 300, "the time counts from when the token was sent");
        let visitor = world.signed_in(&credentials.access_key_id, Some(&credentials.session_token)).unwrap();
        assert_eq!(visitor.caller.arn, ACCOUNT.root_arn());
        let input = GetDelegatedAccessTokenRequest { trade_in_token: token.clone() };
        let again = world.call::<GetDelegatedAccessToken>(&visitor, input);
        check_fault(again, "AccessDenied");
        world.env.advance(Duration::from_secs(300));
        check_fault(trade(&world, provider(), &token), "ExpiredTradeInTokenException");
    }

    #[test]
    fn a_token_is_none_for_others_or_before_it_was_sent() {
        let (world, token) = accepted(DelegationState::Finalized);
        check_fault(trade(&world, ACCOUNT, &token), "ValidationError");
        check_fault(trade(&world, provider(), &token.to_uppercase()), "ValidationError");
        let (world, token) = accepted(DelegationState::Accepted);
        check_fault(trade(&world, provider(), &token), "ValidationError");
    }
}
