//! Identity providers outside AWS that roles may trust.

use rolecall_base::{AccountId, Tags, Time};
use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

/// An OpenID Connect provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OidcProvider {
    pub account: AccountId,
    /// Without `https://`, as ARNs and condition keys name it: `token.actions.githubusercontent.com`.
    pub url: String,
    /// Audiences that tokens may be for.
    pub client_ids: Vec<String>,
    /// SHA-1 of the certificates that the provider's server may show, hexadecimal.
    pub thumbprints: Vec<String>,
    pub created: Time,
    #[serde(default)]
    pub tags: Tags,
    /// Reached by `http`, as only a provider on this machine may be.
    #[serde(default)]
    pub plain: bool,
}

impl OidcProvider {
    /// What its tokens say in `iss`.
    pub fn issuer(&self) -> String {
        format!("{}://{}", if self.plain { "http" } else { "https" }, self.url)
    }

    pub fn arn(&self) -> String {
        format!("arn:aws:iam::{}:oidc-provider/{}", self.account, self.url)
    }
}

impl Record for OidcProvider {
    const VERSION: u8 = 1;
}

/// (account, URL without scheme).
#[derive(Debug)]
pub struct OidcProviders;

impl Table for OidcProviders {
    const ID: u16 = 28;
    const NAME: &'static str = "oidc_providers";
    type Key = (AccountId, String);
    type Row = OidcProvider;
}
