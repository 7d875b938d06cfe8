//! AWS Organizations: accounts in a tree, policies that bind them, and who else may look after them.
//!
//! The records are `rolecall_identity`'s, which also compiles what binds an account; here they are made and changed.

mod accounts;
mod delegation;
mod effective;
mod handshakes;
mod management;
pub mod model;
pub mod ops;
mod page;
mod policies;
mod policy_type;
mod records;
mod refusal;
#[cfg(test)]
mod scene;
mod services;
mod shown;
mod standing;
mod tagged;
mod tags;
mod transfers;
mod tree;
mod validation;
