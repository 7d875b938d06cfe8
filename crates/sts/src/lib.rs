//! The Security Token Service: who am I, and temporary credentials for roles, users and federated users.
//!
//! Nothing here writes to the store: a session is sealed into its token (`rolecall_identity::session`).

mod assumed;
mod grant;
pub mod model;
pub mod ops;
mod session_policy;
mod session_tags;
