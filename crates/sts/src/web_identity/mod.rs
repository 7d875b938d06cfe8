//! Web identity tokens: what a provider of OpenID Connect signed, verified against the keys that the provider publishes.
//!
//! A token is a JWT in its compact form. Which provider it is from it says itself (`iss`); it counts only if the account of
//! the role has that provider ([`provider`]). Its keys are fetched and kept by [`ProviderKeys`]; nothing that the token
//! itself brings (`jwk`, `jku`, `x5c`) is ever looked at. Why there is no library for this:
//! docs/decisions/0007-web-identity.md.

#[cfg(test)]
mod attacks;
mod claims;
mod jwk;
mod keys;
mod provider;
#[cfg(test)]
pub(crate) mod scene;
mod token;

pub use claims::federation;
pub use jwk::{Key, read as read_keys};
pub use keys::{Fetch, ProviderKeys, Source, Trouble};
pub use provider::{find, registered};
pub use token::{Algorithm, Token};

use rolecall_base::Fault;
use rolecall_door::At;
use rolecall_identity::Federation;
use rolecall_identity::records::OidcProvider;

use crate::model::fault;

/// The web identity that a token proves, and the provider whose word it is.
///
/// # Errors
/// InvalidIdentityToken, ExpiredTokenException, IDPCommunicationError, IDPRejectedClaim.
pub async fn verify(at: &At<'_>, provider: &OidcProvider, token: &Token<'_>) -> Result<Federation, Fault> {
    let keys = at.extensions.get::<ProviderKeys>()?;
    let source = Source { issuer: provider.issuer(), thumbprints: provider.thumbprints.clone() };
    let fits = |keys: &[jwk::Key]| keys.iter().any(|key| key.fits(token));
    let keys = keys.of(&source, at.env, fits).await.map_err(|trouble| trouble.fault())?;
    // Without a key id in the token there may be several that fit.
    let mut fitting = keys.iter().filter(|key| key.fits(token)).take(MOST_TRIES).peekable();
    if fitting.peek().is_none() {
        return Err(no_key());
    }
    if !fitting.any(|key| key.verifies(token)) {
        return Err(fault::invalid_identity_token(
            "The web identity token that was passed could not be validated. Get a new identity token from the identity \
             provider and then retry the request.",
        ));
    }
    federation(provider, token, at.now)
}

/// Signatures that are checked for one token.
const MOST_TRIES: usize = 10;

/// The provider publishes no key that the token could be signed with, or no keys at all.
fn no_key() -> Fault {
    fault::invalid_identity_token(
        "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity \
         documentation for requirements",
    )
}
