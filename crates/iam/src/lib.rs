//! IAM: users, groups, roles, policies, instance profiles, access keys, account aliases,
//! passwords, MFA devices.
//!
//! One file per operation in [`ops`]; `ops/create_role.rs` is a good first one. What they share is here by the thing
//! it is about: `entity` (a named thing with an ARN), `holder` (what policies hang on), `managed` policies,
//! `trust` policies, `tags`, `quota`, `page` (lists and their markers), `wire` (records as clients see them),
//! `simulation` (what policies would answer).

mod access_key;
mod access_report;
mod account_alias;
mod account_properties;
mod attachment;
mod boundary;
mod central_root;
mod certificate;
mod context_keys;
mod credential_report;
mod delegation;
mod details;
mod entity;
mod group;
mod holder;
mod inline;
mod last_used;
mod login_profile;
mod managed;
mod managed_list;
mod mfa;
mod organization_report;
mod outbound;
mod page;
mod pem;
mod permission_check;
mod profile;
mod provider;
mod qr_code;
mod quota;
mod records;
mod report;
mod role_limits;
mod role_template;
mod saml;
#[cfg(test)]
mod scene;
mod server_certificate;
mod service_access;
mod service_credential;
mod service_linked;
mod signing_certificate;
mod simulation;
mod ssh_key;
mod summary;
mod tags;
mod template;
mod trust;
mod versions;
mod wire;

pub mod model;
pub mod ops;

#[cfg(feature = "hostile")]
pub use certificate::parse as read_certificate;
pub use quota::Quotas;
pub use records::{RoleTemplate, RoleTemplateVersion, TemplateBody};
pub use role_template::register as register_role_template;
#[cfg(feature = "hostile")]
pub use ssh_key::parse as read_ssh_key;
