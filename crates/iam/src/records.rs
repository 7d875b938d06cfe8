//! IAM's own tables (ids 30 to 39 and 45 to 49); those of identities are `rolecall_identity`'s.

mod certificate;
mod credential;
mod report;
mod role_template;
mod settings;

pub use certificate::{
    CertificatePart, CertificateParts, ServerCertificate, ServerCertificates, SigningCertificate,
    SigningCertificateOwner, SigningCertificateOwners, SigningCertificates,
};
pub use credential::{ServiceCredential, ServiceCredentials, SshKey, SshKeys};
pub use report::{ReportHead, ReportHeads, ReportPart, Reports};
pub use role_template::{
    RoleTemplate, RoleTemplateVersion, RoleTemplateVersions, RoleTemplates, TemplateBody, TemplateParameter,
};
pub use settings::{AccountSettings, AllAccountSettings};

use rolecall_base::{AccountId, Time};
use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

/// Whose an account alias is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AliasOwner {
    pub account: AccountId,
}

impl Record for AliasOwner {
    const VERSION: u8 = 1;
}

/// Alias → its account: aliases are unique over all accounts.
#[derive(Debug)]
pub struct AccountAliases;

impl Table for AccountAliases {
    const ID: u16 = 30;
    const NAME: &'static str = "account_aliases";
    type Key = String;
    type Row = AliasOwner;
}

/// A service-linked role that was asked to be deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeletionTask {
    pub done: Time,
}

impl Record for DeletionTask {
    const VERSION: u8 = 1;
}

/// (account, task id).
#[derive(Debug)]
pub struct DeletionTasks;

impl Table for DeletionTasks {
    const ID: u16 = 31;
    const NAME: &'static str = "deletion_tasks";
    type Key = (AccountId, String);
    type Row = DeletionTask;
}
