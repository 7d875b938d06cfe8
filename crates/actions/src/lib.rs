//! Typed actions, resource kinds and condition keys, generated from AWS's Service Authorization Reference.
//!
//! An operation asks "may the caller do *action* on *resource* with these *keys*" in types, so that a question
//! AWS could never ask does not compile. Asking `iam:CreateRole` on a role is fine:
//! ```
//! use rolecall_actions::{Action, On, Takes, iam};
//! fn ask<A: Action + On<K>, K>(_: A, _: K) {}
//! fn with<A: Action + Takes<K>, K>(_: A, _: K) {}
//! ask(iam::CreateRole, iam::kind::Role);
//! with(iam::CreateRole, iam::key::PermissionsBoundary);
//! with(iam::CreateRole, rolecall_actions::aws::key::SourceIp);
//! ```
//! on a bucket, on `*`, or with a key of another action it is not:
//! ```compile_fail
//! use rolecall_actions::{Action, On, iam, s3};
//! fn ask<A: Action + On<K>, K>(_: A, _: K) {}
//! ask(iam::CreateRole, s3::kind::Bucket);
//! ```
//! ```compile_fail
//! use rolecall_actions::{Wildcard, iam};
//! fn ask<A: Wildcard>(_: A) {}
//! ask(iam::CreateRole);
//! ```
//! ```compile_fail
//! use rolecall_actions::{Action, Takes, iam, s3};
//! fn with<A: Action + Takes<K>, K>(_: A, _: K) {}
//! with(iam::CreateRole, s3::key::Prefix);
//! ```
//! The service modules and the data of [`catalog`] are written by `cargo xtask actions`; this file, [`aws`] and
//! [`s3_operations`] by hand.

#[macro_use]
mod service;
pub mod catalog;
mod global;
mod rows;
pub mod s3_operations;

pub mod cloudtrail;
pub mod ec2;
pub mod ec2_instance_connect;
pub mod iam;
pub mod organizations;
pub mod rolecall;
pub mod s3;
pub mod ssm;
pub mod sts;

pub use global::aws;
pub use rows::{ActionRow, KeyRow, KindRow, ResourceRow, ServiceRows, row, services};
pub use s3_operations::s3_action_of_operation;

/// AWS's access level of an action.
///
/// AWS lists tagging and permission-changing actions under "Write" as well; here the narrower word wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    List,
    Read,
    Write,
    Tagging,
    PermissionsManagement,
}

impl Access {
    /// Whether the action changes state.
    pub const fn writes(self) -> bool {
        !matches!(self, Access::List | Access::Read)
    }
}

/// What kind of value a condition key carries; the plural ones are multivalued keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValueType {
    String,
    Strings,
    Arn,
    Arns,
    Bool,
    Bools,
    Numeric,
    Date,
    IpAddress,
}

impl ValueType {
    /// Whether it is that of a multivalued key.
    pub const fn is_list(self) -> bool {
        matches!(self, ValueType::Strings | ValueType::Arns | ValueType::Bools)
    }
}

/// One action of the Service Authorization Reference.
pub trait Action: Copy + std::fmt::Debug + Send + Sync + 'static {
    /// As policies write it: `iam:CreateRole`.
    const NAME: &'static str;
    const ACCESS: Access;
    /// The condition keys of this action and of the resource kinds it takes.
    type Keys: KeySet;
}

/// The action may be asked on a resource of kind `K`.
#[diagnostic::on_unimplemented(message = "AWS does not authorize `{Self}` on a resource of kind `{K}`")]
pub trait On<K> {}

/// The action may be asked on `*`: it takes no resource, or every resource kind it takes is optional.
#[diagnostic::on_unimplemented(message = "AWS authorizes `{Self}` on a resource, never on `*`")]
pub trait Wildcard {}

/// The condition key `K` can be present when AWS decides on the action. The global keys are so for all actions.
pub trait Takes<K> {}

impl<A: Action, K> Takes<K> for A where A::Keys: Contains<K> {}

/// The keys that several actions take; named by nobody but the generated tables.
pub trait KeySet {
    /// The keys, as AWS writes them, sorted; without the global ones.
    const PATTERNS: &'static [&'static str];
}

/// The key `K` is in this set.
#[diagnostic::on_unimplemented(
    message = "the condition key `{K}` is never present for an action with the keys `{Self}`"
)]
pub trait Contains<K> {}

/// A kind of resource that policies name by ARN.
pub trait Kind: Copy + std::fmt::Debug + Send + Sync + 'static {
    /// As the Service Authorization Reference names it: `instance-profile`.
    const NAME: &'static str;
    /// `arn:${Partition}:iam::${Account}:instance-profile/${InstanceProfileNameWithPath}`.
    const ARN: &'static str;
}

/// Any condition key.
pub trait AnyKey: Copy + std::fmt::Debug + Send + Sync + 'static {
    /// As AWS writes it: `iam:PermissionsBoundary`, `aws:RequestTag/${TagKey}`.
    const PATTERN: &'static str;
    const TYPE: ValueType;
}

/// A condition key with one fixed name.
pub trait Key: AnyKey {
    /// Lower case: `iam:permissionsboundary`.
    const NAME: &'static str;
}

/// A family of condition keys, one for each tag key (or attribute name) that follows the prefix.
pub trait PrefixKey: AnyKey {
    /// Lower case, with the slash: `aws:requesttag/`.
    const PREFIX: &'static str;
}
