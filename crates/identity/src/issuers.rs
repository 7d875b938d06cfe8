//! The issuers of web identity tokens that this server's accounts give out: one URL per account.

use rolecall_base::{AccountId, Fault};
use rolecall_store::Reader;

use crate::records::{IssuerOwners, OutboundFederation, OutboundFederations};

/// Where the issuers of this server are found. An extension of the door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuers {
    base: String,
}

impl Issuers {
    /// The path under which this server has `ID/.well-known/openid-configuration` of every issuer.
    pub const PATH: &'static str = "/_rolecall/issuer/";

    /// `base` is the URL by which others reach this server, such as `https://roles.example.com`.
    pub fn new(base: &str) -> Issuers {
        Issuers { base: base.trim_end_matches('/').to_owned() }
    }

    /// The URL of an issuer: the `iss` of its tokens.
    pub fn url(&self, issuer_id: &str) -> String {
        format!("{}{}{issuer_id}", self.base, Issuers::PATH)
    }
}

/// The account's issuer; `None` when outbound federation is off.
///
/// # Errors
/// When the store can't be read.
pub fn outbound_federation(db: &Reader, account: AccountId) -> Result<Option<OutboundFederation>, Fault> {
    let row = db.get::<OutboundFederations>(&account).map_err(Fault::internal)?;
    Ok(row.filter(|row| row.enabled))
}

/// The account of an issuer, whether or not the feature is still on.
///
/// # Errors
/// When the store can't be read.
pub fn issuer_owner(db: &Reader, issuer_id: &str) -> Result<Option<AccountId>, Fault> {
    let row = db.get::<IssuerOwners>(&issuer_id.to_owned()).map_err(Fault::internal)?;
    Ok(row.map(|row| row.account))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_a_path_under_the_servers_address() {
        let issuers = Issuers::new("https://roles.example.com/");
        assert_eq!(issuers.url("x"), "https://roles.example.com/_rolecall/issuer/x");
    }
}
