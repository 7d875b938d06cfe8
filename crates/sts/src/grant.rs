//! Handing out a session: its life, its seal, its credentials.

use std::time::Duration;

use rolecall_base::{Fault, Time};
use rolecall_door::{Authorized, Operation};
use rolecall_identity::{Caller, Session, Who};

use crate::model::Credentials;

/// Seconds that a session of a role lives unless asked otherwise.
pub const ROLE_DEFAULT: i32 = 3_600;
/// Seconds that a session of a chained role may at most live.
pub const CHAINED: i32 = 3_600;
/// Seconds that a session of GetSessionToken or GetFederationToken lives unless asked otherwise.
pub const USER_DEFAULT: i32 = 43_200;
/// Seconds that such a session of the root user may at most live.
pub const ROOT_LONGEST: i32 = 3_600;

/// Credentials with what is told of their token.
#[derive(Debug)]
pub struct Grant {
    pub credentials: Credentials,
    /// Characters of the token.
    pub size: Option<i32>,
    /// The same in per cent of the longest token.
    pub utilization: Option<i32>,
}

/// Seals a session into credentials, the token at least `minimum` characters long.
pub fn credentials<Op: Operation>(
    req: &Authorized<'_, Op>,
    session: &Session,
    minimum: Option<i32>,
) -> Result<Grant, Fault> {
    let characters = usize::try_from(minimum.unwrap_or(0)).unwrap_or(0);
    let given = rolecall_identity::seal_at_least(req.env, &req.identity.vault, session, characters)
        .map_err(|_| Fault::internal("a session could not be sealed"))?;
    let size = given.session_token.len();
    // Four characters are three bytes.
    let utilization = (size * 75).div_ceil(rolecall_identity::MAX_TOKEN);
    if utilization > 100 {
        // Tags that pack well and are long all the same: the token would open nothing.
        let text = format!("Packed size of session tags consumes {utilization}% of allotted space.");
        return Err(Fault::new("PackedPolicyTooLarge", 400, text));
    }
    let credentials = Credentials {
        access_key_id: given.access_key_id,
        secret_access_key: given.secret_access_key,
        session_token: given.session_token,
        expiration: given.expires,
    };
    let number = |count: usize| i32::try_from(count).ok();
    Ok(Grant { credentials, size: number(size), utilization: number(utilization) })
}

/// When a session that begins now ends.
pub fn ends(now: Time, seconds: i32) -> Time {
    now.whole_seconds() + Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}

/// The life of a session of GetSessionToken or GetFederationToken; the root user's is cut to an hour, as AWS does.
pub fn user_seconds(caller: &Caller, asked: Option<i32>) -> i32 {
    match caller.who {
        Who::Root => asked.unwrap_or(ROOT_LONGEST).min(ROOT_LONGEST),
        _ => asked.unwrap_or(USER_DEFAULT),
    }
}

/// Long-term credentials only: what GetSessionToken and GetFederationToken ask.
///
/// # Errors
/// AccessDenied for temporary credentials.
pub fn only_long_term(caller: &Caller, operation: &str) -> Result<(), Fault> {
    if caller.session.is_none() {
        return Ok(());
    }
    Err(Fault::new("AccessDenied", 403, format!("Cannot call {operation} with session credentials")))
}
