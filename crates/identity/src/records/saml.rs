//! SAML providers. The metadata document is a row of its own: few calls want it, and it may be long.

use rolecall_base::{AccountId, Tags, Time};
use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

/// A SAML provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SamlProvider {
    pub account: AccountId,
    pub name: String,
    /// `SAMLSP…`: part of the address where encrypted responses are brought.
    pub uuid: String,
    pub created: Time,
    pub valid_until: Time,
    /// Of the metadata: the provider's own name for itself.
    pub entity_id: String,
    /// Of the metadata: the keys that sign, as SubjectPublicKeyInfo in DER.
    pub signing_keys: Vec<Vec<u8>>,
    /// Whether assertions must be encrypted; else they may be.
    pub must_encrypt: bool,
    /// What encrypted assertions are opened with; two at most.
    pub private_keys: Vec<SamlPrivateKey>,
    #[serde(default)]
    pub tags: Tags,
}

/// A key that encrypted assertions are opened with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SamlPrivateKey {
    pub id: String,
    pub added: Time,
    /// PKCS #8 in DER, sealed for [`SamlPrivateKey::owner`].
    pub sealed: Vec<u8>,
}

impl SamlProvider {
    pub fn arn(&self) -> String {
        format!("arn:aws:iam::{}:saml-provider/{}", self.account, self.name)
    }
}

impl SamlPrivateKey {
    /// Whom the vault seals a key for.
    pub fn owner(provider: &str, id: &str) -> String {
        format!("{provider}/{id}")
    }
}

impl Record for SamlProvider {
    const VERSION: u8 = 1;
}

/// (account, name).
#[derive(Debug)]
pub struct SamlProviders;

impl Table for SamlProviders {
    const ID: u16 = 133;
    const NAME: &'static str = "saml_providers";
    type Key = (AccountId, String);
    type Row = SamlProvider;
}

/// A provider's metadata document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SamlDocument {
    /// UTF-8, deflated: a transaction takes 4 MiB, a document may have 10 MB.
    pub deflated: Vec<u8>,
}

impl Record for SamlDocument {
    const VERSION: u8 = 1;
}

/// (account, name of the provider).
#[derive(Debug)]
pub struct SamlDocuments;

impl Table for SamlDocuments {
    const ID: u16 = 137;
    const NAME: &'static str = "saml_documents";
    type Key = (AccountId, String);
    type Row = SamlDocument;
}
