//! X.509 certificates: of servers, and of users who sign with them.

use rolecall_base::{AccountId, Tags, Time};
use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

/// What is shown of a server certificate; its texts are [`CertificateParts`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerCertificate {
    pub account: AccountId,
    pub name: String,
    pub path: String,
    /// `ASCA…`
    pub id: String,
    pub uploaded: Time,
    pub expires: Time,
    #[serde(default)]
    pub tags: Tags,
}

impl ServerCertificate {
    pub fn arn(&self) -> String {
        format!("arn:aws:iam::{}:server-certificate{}{}", self.account, self.path, self.name)
    }
}

impl Record for ServerCertificate {
    const VERSION: u8 = 1;
}

/// (account, folded name).
#[derive(Debug)]
pub struct ServerCertificates;

impl Table for ServerCertificates {
    const ID: u16 = 34;
    const NAME: &'static str = "server_certificates";
    type Key = (AccountId, String);
    type Row = ServerCertificate;
}

/// A piece of one of a server certificate's texts, which together may be larger than a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificatePart {
    /// ASCII; of the private key: base 64 of what [`rolecall_identity::Vault::seal`] made with the certificate's id.
    pub text: String,
}

impl Record for CertificatePart {
    const VERSION: u8 = 1;
}

/// (account, certificate id, `body`, `chain` or `key`, number of the piece).
#[derive(Debug)]
pub struct CertificateParts;

impl Table for CertificateParts {
    const ID: u16 = 46;
    const NAME: &'static str = "server_certificate_parts";
    type Key = (AccountId, String, String, u32);
    type Row = CertificatePart;
}

/// A user's signing certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigningCertificate {
    pub id: String,
    /// As it was uploaded.
    pub body: String,
    /// SHA-256 of its DER, hexadecimal.
    pub digest: String,
    pub active: bool,
    pub uploaded: Time,
}

impl Record for SigningCertificate {
    const VERSION: u8 = 1;
}

/// (account, owner's word as of access keys, certificate id).
#[derive(Debug)]
pub struct SigningCertificates;

impl Table for SigningCertificates {
    const ID: u16 = 35;
    const NAME: &'static str = "signing_certificates";
    type Key = (AccountId, String, String);
    type Row = SigningCertificate;
}

/// Who uploaded a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigningCertificateOwner {
    pub owner: String,
}

impl Record for SigningCertificateOwner {
    const VERSION: u8 = 1;
}

/// (account, digest): one certificate belongs to one user.
#[derive(Debug)]
pub struct SigningCertificateOwners;

impl Table for SigningCertificateOwners {
    const ID: u16 = 45;
    const NAME: &'static str = "signing_certificate_owners";
    type Key = (AccountId, String);
    type Row = SigningCertificateOwner;
}
