//! OpenID Connect providers by ARN.

use rolecall_actions::iam::kind;
use rolecall_base::{AccountId, Arn, Fault};
use rolecall_door::{At, ByArn};
use rolecall_identity::records::{OidcProvider, OidcProviders};
use rolecall_store::{Reader, Tx};

use crate::model::fault;
use crate::quota;

/// Audiences of one provider.
const CLIENT_IDS: usize = 100;
/// Thumbprints of one provider.
const THUMBPRINTS: usize = 5;

/// A provider as the thing that an operation is about.
///
/// # Errors
/// InvalidInput for what is no provider's ARN.
pub(crate) fn target(at: &At<'_>, arn: &str) -> Result<ByArn<kind::OidcProvider>, Fault> {
    let (account, _) = parse(arn)?;
    let tags = find(at.db()?, at.account(), arn)?.map(|provider| provider.tags).unwrap_or_default();
    Ok(ByArn::new(arn, account).tagged(tags))
}

/// # Errors
/// NoSuchEntity, also for another account's.
pub(crate) fn get(db: &Reader, account: AccountId, arn: &str) -> Result<OidcProvider, Fault> {
    find(db, account, arn)?
        .ok_or_else(|| fault::no_such_entity(format!("OpenIDConnect Provider not found for arn {arn}")))
}

pub(crate) fn find(db: &Reader, account: AccountId, arn: &str) -> Result<Option<OidcProvider>, Fault> {
    let (owner, url) = parse(arn)?;
    if owner != account {
        return Ok(None);
    }
    Ok(db.get::<OidcProviders>(&(account, url.to_owned()))?)
}

/// # Errors
/// LimitExceeded and InvalidInput for too long lists.
pub(crate) fn put(tx: &mut Tx, provider: &OidcProvider) -> Result<(), Fault> {
    if provider.client_ids.len() > CLIENT_IDS {
        return Err(quota::exceeded("ClientIdsPerOpenIdConnectProvider", CLIENT_IDS));
    }
    if provider.thumbprints.len() > THUMBPRINTS {
        return Err(fault::invalid_input("Thumbprint list must contain fewer than 5 entries."));
    }
    Ok(tx.put::<OidcProviders>(&(provider.account, provider.url.clone()), provider)?)
}

/// A provider's URL without its scheme.
///
/// # Errors
/// ValidationError for what is no `https` URL, or one with a query.
pub(crate) fn place(url: &str) -> Result<&str, Fault> {
    let invalid = || Fault::validation("Invalid Open ID Connect Provider URL");
    let place = url.strip_prefix("https://").ok_or_else(invalid)?;
    let place = place.strip_suffix('/').unwrap_or(place);
    let allowed = |c: char| c.is_ascii_graphic() && !matches!(c, '?' | '#' | '@' | ':');
    let host = place.split('/').next().unwrap_or_default();
    if host.is_empty() || !place.chars().all(allowed) { Err(invalid()) } else { Ok(place) }
}

fn parse(arn: &str) -> Result<(AccountId, &str), Fault> {
    let parsed = Arn::parse(arn).ok().filter(|parsed| parsed.service == "iam");
    let place = parsed.and_then(|parsed| {
        let (word, url) = parsed.kind_and_rest();
        let account = parsed.account_id()?;
        (word == "oidc-provider" && !url.is_empty()).then_some((account, url))
    });
    place.ok_or_else(|| fault::invalid_input(format!("Invalid ARN: {arn}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_named_by_its_url_without_scheme() {
        assert_eq!(place("https://example.com/realms/a/").unwrap(), "example.com/realms/a");
        for bad in ["http://example.com", "example.com", "https://", "https://example.com/?a=b"] {
            assert_eq!(place(bad).unwrap_err().code(), "ValidationError", "{bad}");
        }
    }
}
