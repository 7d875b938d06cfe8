//! A second factor that comes with a call: `SerialNumber` and `TokenCode`.
//!
//! A code is good once, so a call that brings one writes. A call that brings none does not, and takes no transaction.

use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Operation, Write};
use rolecall_identity::second_factor::{NotShown, Shown, owner};

/// Whether a call brings something to check, and a write if it is right.
pub fn is_there(serial: Option<&str>, code: Option<&str>) -> bool {
    serial.is_some() && code.is_some()
}

/// Checks the code; `None` when the call brings none.
///
/// # Errors
/// AccessDenied when it is not one of the caller's devices, or not its code of now, or only one of both came.
pub fn check(at: &At<'_>, serial: Option<&str>, code: Option<&str>) -> Result<Option<Shown>, Fault> {
    let (serial, code) = match (serial, code) {
        (None, None) => return Ok(None),
        (Some(serial), Some(code)) => (serial, code),
        _ => return Err(denied("failed, must provide both MFA serial number and one time pass code. ")),
    };
    let (account, owner) = (at.account(), owner(at.caller));
    let shown = at.identity.check_code(at.db()?, account, owner.as_ref(), serial, code, at.now);
    shown.map(Some).map_err(|refused| match refused {
        NotShown::NoDevice => denied(
            "failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with \
             this user.",
        ),
        NotShown::Wrong => denied("failed with invalid MFA one time pass code. "),
        NotShown::Failed(fault) => fault,
    })
}

/// Uses the call's code up; whether there was one.
///
/// # Errors
/// As [`check`].
pub fn spend<Op: Operation<Access = Write>>(
    req: &mut Authorized<'_, Op>,
    serial: Option<&str>,
    code: Option<&str>,
) -> Result<bool, Fault> {
    let Some(shown) = check(&req.at(), serial, code)? else { return Ok(false) };
    shown.spend(req.tx()?)?;
    Ok(true)
}

fn denied(what: &str) -> Fault {
    Fault::new("AccessDenied", 403, format!("MultiFactorAuthentication {what}"))
}
