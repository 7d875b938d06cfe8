//! Client tokens of what networks consist of: a call that is repeated answers as the first one did.

use rolecall_base::Fault;
use rolecall_store::{Reader, Tx};
use sha2::{Digest, Sha256};

use crate::faults;
use crate::place::Place;
use crate::records::{NetworkToken, NetworkTokens};

/// A call's client token, with what tells its parameters from others.
#[derive(Clone, Debug)]
pub struct Once {
    /// Operation and token.
    pub name: String,
    digest: String,
}

/// The token of a request, if it has one.
///
/// # Errors
/// InvalidParameterValue for one that is too long.
pub fn of<I: std::fmt::Debug>(
    operation: &str,
    token: Option<&str>,
    input: &I,
) -> Result<Option<Once>, Fault> {
    let Some(token) = token.filter(|token| !token.is_empty()) else { return Ok(None) };
    if token.len() > 64 || !token.is_ascii() {
        let why = "A client token has at most 64 ASCII characters.";
        return Err(faults::invalid_value(token, "clientToken", why));
    }
    let hash = Sha256::digest(format!("{input:?}"));
    let digest = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Some(Once { name: format!("{operation}/{token}"), digest }))
}

/// What an earlier call with this token made.
///
/// # Errors
/// IdempotentParameterMismatch when that call had other parameters.
pub fn made(db: &Reader, place: Place<'_>, once: Option<&Once>) -> Result<Option<String>, Fault> {
    let Some(once) = once else { return Ok(None) };
    let Some(row) = db.get::<NetworkTokens>(&place.key(&once.name))? else { return Ok(None) };
    if row.digest == once.digest { Ok(Some(row.made)) } else { Err(faults::token_mismatch()) }
}

/// Notes what the call made. The note goes with it: see [`forget`].
///
/// # Errors
/// When it can't be written.
pub fn keep(tx: &mut Tx, place: Place<'_>, once: Option<&Once>, made: &str) -> Result<(), Fault> {
    if let Some(once) = once {
        let row = NetworkToken { digest: once.digest.clone(), made: made.to_owned() };
        tx.put::<NetworkTokens>(&place.key(&once.name), &row)?;
    }
    Ok(())
}

/// Forgets the token that something was made with.
///
/// # Errors
/// When it can't be written.
pub fn forget(tx: &mut Tx, place: Place<'_>, name: Option<&str>) -> Result<(), Fault> {
    if let Some(name) = name {
        tx.delete::<NetworkTokens>(&place.key(name))?;
    }
    Ok(())
}
