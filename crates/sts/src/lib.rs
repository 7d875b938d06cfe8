//! The Security Token Service: who am I, and temporary credentials for roles, users and federated users.
//!
//! A session is not written to the store, but sealed into its token (`rolecall_identity::session`). What is written is
//! that a code of an MFA device, or a SAML assertion, was used.

mod assumed;
mod federated;
mod grant;
pub mod issuing;
pub mod model;
pub mod ops;
mod records;
pub mod rsa_key;
mod saml;
mod second_factor;
mod session_policy;
mod session_tags;
pub mod web_identity;
