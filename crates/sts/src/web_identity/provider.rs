//! The OpenID Connect providers of an account, by what a token says of its issuer.

use rolecall_base::{AccountId, Arn, Fault};
use rolecall_identity::records::{OidcProvider, OidcProviders};
use rolecall_store::Reader;

use crate::model::fault;

/// The account's provider whose tokens name this issuer.
///
/// # Errors
/// InvalidIdentityToken when the account has none: no token of anybody else's is ever looked at.
pub fn find(db: &Reader, account: AccountId, issuer: &str) -> Result<OidcProvider, Fault> {
    let place = issuer.split_once("://").map_or(issuer, |(_, place)| place);
    let found = db.get::<OidcProviders>(&(account, place.to_owned()))?;
    found.filter(|provider| provider.issuer() == issuer).ok_or_else(|| {
        fault::invalid_identity_token(format!("No OpenIDConnect provider found in your account for {issuer}"))
    })
}

/// A provider by its ARN; `None` once it is gone.
///
/// # Errors
/// When the store can't be read.
pub fn registered(db: &Reader, arn: &str) -> Result<Option<OidcProvider>, Fault> {
    let Ok(parsed) = Arn::parse(arn) else { return Ok(None) };
    let (_, place) = parsed.kind_and_rest();
    let Some(account) = parsed.account_id() else { return Ok(None) };
    Ok(db.get::<OidcProviders>(&(account, place.to_owned()))?)
}
