//! GetSessionToken: the user itself, for a while.

use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::{Session, SessionKind};

use crate::model::{GetSessionToken, GetSessionTokenRequest, GetSessionTokenResponse};
use crate::{grant, second_factor};

impl Operation for GetSessionToken {
    type Access = Write;

    const WRITES_FOR: Option<fn(&GetSessionTokenRequest) -> bool> =
        Some(|input| second_factor::is_there(input.serial_number.as_deref(), input.token_code.as_deref()));

    fn needs(_input: &GetSessionTokenRequest, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::nothing(
            "a user may always ask for temporary credentials of its own; no policy restricts it",
        ))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetSessionTokenResponse, Fault> {
        grant::only_long_term(req.caller, "GetSessionToken")?;
        let (serial, code) = (req.input.serial_number.as_deref(), req.input.token_code.as_deref());
        let shown = second_factor::spend(req, serial, code)?;
        let seconds = grant::user_seconds(req.caller, req.input.duration_seconds);
        let session = Session {
            kind: SessionKind::User,
            account: req.caller.account,
            principal_id: req.caller.principal_id.clone(),
            issued: req.now.whole_seconds(),
            expires: grant::ends(req.now, seconds),
            mfa: shown.then(|| req.now.whole_seconds()),
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
    use rolecall_testkit::{World, check_fault, mfa_code};

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

    fn with(serial: &str, code: String) -> GetSessionTokenRequest {
        GetSessionTokenRequest {
            serial_number: Some(serial.into()),
            token_code: Some(code),
            ..Default::default()
        }
    }

    #[test]
    fn a_code_is_good_once_and_the_session_tells_of_it() {
        let world = World::new(1);
        let ann = world.user(
            "ann",
            r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iam:*",
            "Resource": "*", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}}"#,
        );
        let (serial, seed) = world.mfa_device(&ann, "ann");
        let code = |step| mfa_code(&seed, world.env.now(), step);
        let given = world.call::<GetSessionToken>(&ann, with(&serial, code(0))).unwrap().credentials.unwrap();
        let session = world.signed_in(&given.access_key_id, Some(&given.session_token)).unwrap();
        assert_eq!(session.caller.session.as_ref().unwrap().mfa, Some(world.env.now()));
        // The same once more, one before it, and one that is yet to come by more than a step.
        for step in [0, -1, 2] {
            let text =
                check_fault(world.call::<GetSessionToken>(&ann, with(&serial, code(step))), "AccessDenied");
            assert_eq!(
                text, "MultiFactorAuthentication failed with invalid MFA one time pass code. ",
                "{step}"
            );
        }
        world.call::<GetSessionToken>(&ann, with(&serial, code(1))).unwrap();
        let records = world.records.all();
        assert!(records.iter().all(|record| !record.contains(&code(1))), "a code is in the audit log");
    }

    #[test]
    fn another_users_device_is_none() {
        let world = World::new(1);
        let (ann, bob) = (world.user("ann", ""), world.user("bob", ""));
        let (serial, seed) = world.mfa_device(&ann, "ann");
        let code = mfa_code(&seed, world.env.now(), 0);
        let unknown = "arn:aws:iam::000000000000:mfa/none";
        for (who, serial) in [(&bob, serial.as_str()), (&ann, unknown), (&ann, "GAHT12345678")] {
            let refused = world.call::<GetSessionToken>(who, with(serial, code.clone()));
            assert_eq!(
                check_fault(refused, "AccessDenied"),
                "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number \
                 is valid and associated with this user."
            );
        }
        let half = GetSessionTokenRequest { serial_number: Some(serial), ..Default::default() };
        assert!(
            check_fault(world.call::<GetSessionToken>(&ann, half), "AccessDenied")
                .contains("must provide both")
        );
    }

    #[test]
    fn guessing_is_stopped() {
        let world = World::new(1);
        let ann = world.user("ann", "");
        let (serial, seed) = world.mfa_device(&ann, "ann");
        let code = |step| mfa_code(&seed, world.env.now(), step);
        for step in 100..105 {
            check_fault(world.call::<GetSessionToken>(&ann, with(&serial, code(step))), "AccessDenied");
        }
        check_fault(world.call::<GetSessionToken>(&ann, with(&serial, code(0))), "AccessDenied");
        world.env.advance(Duration::from_secs(30));
        world.call::<GetSessionToken>(&ann, with(&serial, code(0))).unwrap();
    }
}
