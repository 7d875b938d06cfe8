//! Policy documents: parse, lint, compile, decide, explain.
//!
//! A [`Policy`] is one document, read by [`Policy::parse`] with the rules of its [`Kind`]. [`Named`] documents of one
//! layer (all identity policies of a principal, the boundary, one level of SCPs …) are merged into a [`PolicySet`],
//! an index that is built once and kept. [`decide`] answers one [`Request`] against the [`Layers`] that apply;
//! [`explain`] gives the same answer with every statement that was considered.
//!
//! ```
//! use std::sync::Arc;
//! use rolecall_policy::*;
//!
//! let text = r#"{"Version": "2012-10-17", "Statement":
//!     {"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::photos/*"}}"#;
//! let policy = Policy::parse(text, Kind::Identity)?;
//! let own = PolicySet::new(vec![Named::new(Arc::new(policy), PolicyId::inline(Owner::User, "ann", "read"))]);
//! let account = "111111111111".parse().unwrap();
//! let decision = decide(
//!     &Layers { identity: Some(&own), ..Layers::default() },
//!     &Request {
//!         principal: Principal::User { account, arn: "arn:aws:iam::111111111111:user/ann", unique_id: "AIDAEXAMPLE" },
//!         action: "s3:GetObject",
//!         resource: "arn:aws:s3:::photos/cat.jpg",
//!         resource_account: Some(account),
//!         facts: &NoFacts,
//!         rule: Rule::Standard,
//!     },
//! );
//! assert!(decision.allowed);
//! # Ok::<(), Malformed>(())
//! ```
//!
//! Why not a general policy language underneath: AWS's rules (who is named how strongly, which layers limit whom) are
//! the subject here; a translation would have to be proved as well, and would be slower.
//!
//! Pure: no clock, no I/O. What the request's time or tags are, [`Facts`] says.

mod action;
mod caller;
mod condition;
mod decide;
mod decision;
mod document;
mod explain;
mod facts;
mod glob;
mod guarded;
mod id;
mod index;
mod json;
mod kind;
mod lint;
mod malformed;
mod operator;
mod policy;
mod position;
mod principal;
mod reach;
mod remedy;
mod request;
mod resource;
mod scalar;
mod set;
mod statement;
mod trace;
mod trie;
mod variable;

pub use caller::{Level, Principal};
pub use decide::decide;
pub use decision::{Decision, Layer, Matched, Reason};
pub use document::{Effect, PrincipalType};
pub use explain::explain;
pub use facts::{Context, Facts, NoFacts, Value};
pub use guarded::has_resource_control;
pub use id::{Named, Owner, PolicyId};
pub use kind::{Kind, ResourceKind};
pub use malformed::Malformed;
pub use policy::{Policy, PrincipalEntry, Version};
pub use position::Position;
pub use remedy::{Change, Edit, Remedy, remedies};
pub use request::{Layers, Request, Rule};
pub use scalar::Scalar;
pub use set::PolicySet;
pub use trace::{Failed, LayerTrace, StatementRef, StatementTrace, Trace};
