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

/// Where a provider is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place<'a> {
    /// Without scheme, otherwise as its tokens write it: a slash at the end stays.
    pub url: &'a str,
    /// By `http`.
    pub plain: bool,
}

/// Reads a provider's URL. It is `https`, without port; for a provider on this very machine `http` and a port will do.
///
/// # Errors
/// ValidationError for any other URL, and one with a query.
pub(crate) fn place(url: &str) -> Result<Place<'_>, Fault> {
    let invalid = || Fault::validation("Invalid Open ID Connect Provider URL");
    let (scheme, place) = url.split_once("://").ok_or_else(invalid)?;
    let (host, path) = place.split_once('/').unwrap_or((place, ""));
    let (name, port) = host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port)));
    let own = is_own_machine(name);
    let scheme_fits = scheme == "https" || (own && scheme == "http");
    let port_fits = port.is_none_or(|port| own && port.parse::<u16>().is_ok());
    let allowed = |c: char| c.is_ascii_graphic() && !matches!(c, '?' | '#' | '@' | ':' | '*' | '\\' | '"');
    let text_fits = !name.is_empty() && name.chars().chain(path.chars()).all(allowed);
    match scheme_fits && port_fits && text_fits {
        true => Ok(Place { url: place, plain: scheme == "http" }),
        false => Err(invalid()),
    }
}

/// Whether a name can mean no other machine than this.
fn is_own_machine(name: &str) -> bool {
    let address = name.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback());
    address || name == "localhost" || name.ends_with(".localhost")
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
        let https = |url| Place { url, plain: false };
        assert_eq!(place("https://example.com/realms/a").unwrap(), https("example.com/realms/a"));
        assert_eq!(place("https://tenant.auth0.com/").unwrap(), https("tenant.auth0.com/"));
        for bad in ["http://example.com", "example.com", "https://", "https://example.com/?a=b", "https:///a"]
        {
            assert_eq!(place(bad).unwrap_err().code(), "ValidationError", "{bad}");
        }
    }

    #[test]
    fn only_a_provider_of_this_machine_has_a_port_or_no_tls() {
        for url in ["http://localhost:8080/a", "http://127.0.0.1:80", "http://id.localhost"] {
            let expected = Place { url: url.strip_prefix("http://").unwrap(), plain: true };
            assert_eq!(place(url).unwrap(), expected);
        }
        assert!(!place("https://localhost:8443").unwrap().plain);
        for bad in [
            "https://example.com:8443",
            "http://10.0.0.1",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            "http://localhost:99999",
            "http://localhost:80:80",
            "http://user@localhost",
            "ftp://localhost",
        ] {
            assert_eq!(place(bad).unwrap_err().code(), "ValidationError", "{bad}");
        }
    }
}
