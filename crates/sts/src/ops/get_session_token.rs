//! GetSessionToken: the user itself, for a while.

use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::{Session, SessionKind};

use crate::grant;
use crate::model::{GetSessionToken, GetSessionTokenRequest, GetSessionTokenResponse};

impl Operation for GetSessionToken {
    type Access = Read;

    fn needs(_input: &GetSessionTokenRequest, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::nothing(
            "a user may always ask for temporary credentials of its own; no policy restricts it",
        ))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetSessionTokenResponse, Fault> {
        grant::only_long_term(req.caller, "GetSessionToken")?;
        grant::second_factor(req.input.serial_number.as_deref(), req.input.token_code.as_deref())?;
        let seconds = grant::user_seconds(req.caller, req.input.duration_seconds);
        let session = Session {
            kind: SessionKind::User,
            account: req.caller.account,
            principal_id: req.caller.principal_id.clone(),
            issued: req.now.whole_seconds(),
            expires: grant::ends(req.now, seconds),
            ..Session::default()
        };
        let grant = grant::credentials(req, &session, req.input.minimum_session_token_size)?;
        Ok(GetSessionTokenResponse {
            credentials: Some(grant.credentials),
            session_token_size: grant.size,
            session_token_utilization: grant.utilization,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rolecall_identity::Unknown;
    use rolecall_testkit::{World, check_fault};

    use super::*;
    use crate::model::{GetCallerIdentity, GetCallerIdentityRequest};

    #[test]
    fn the_session_is_the_user_until_it_ends() {
        let world = World::new(1);
        let ann = world.user("ann", "");
        let input = GetSessionTokenRequest { duration_seconds: Some(900), ..Default::default() };
        let given = world.call::<GetSessionToken>(&ann, input.clone()).unwrap().credentials.unwrap();
        let session = world.signed_in(&given.access_key_id, Some(&given.session_token)).unwrap();
        let me = world.call::<GetCallerIdentity>(&session, GetCallerIdentityRequest {}).unwrap();
        assert_eq!(me.arn.as_deref(), Some("arn:aws:iam::000000000000:user/ann"));
        check_fault(world.call::<GetSessionToken>(&session, input), "AccessDenied");
        world.env.advance(Duration::from_secs(900));
        let over = world.signed_in(&given.access_key_id, Some(&given.session_token));
        assert!(matches!(over, Err(Unknown::Expired)));
    }

    #[test]
    fn the_access_key_alone_is_nobody() {
        let world = World::new(1);
        let ann = world.user("ann", "");
        let given = world.call::<GetSessionToken>(&ann, Default::default()).unwrap().credentials.unwrap();
        assert!(matches!(world.signed_in(&given.access_key_id, None), Err(Unknown::Invalid)));
    }
}
