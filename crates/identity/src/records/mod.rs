//! What the store keeps about identities: one file per kind of record, each with its table and its key.
//!
//! IAM names are unique regardless of case, so keys hold the name in lower case ([`fold`]) and the row the name as
//! it was written.

mod access_key;
mod account;
mod counts;
mod delegation;
mod group;
mod instance_profile;
mod mfa_device;
mod organization;
mod organization_features;
mod organization_policy;
mod organization_trust;
mod outbound;
mod password;
mod policy;
mod provider;
mod role;
mod saml;
mod usage;
mod user;

pub use access_key::{AccessKey, AccessKeys, AccessKeysOfOwner, KeyOwner};
pub use account::{Account, Accounts};
pub use counts::Counts;
pub use delegation::{
    DelegationApprover, DelegationOwner, DelegationRequest, DelegationRequests, DelegationRequestsOfAccount,
    DelegationState, DelegationWorkflow, DelegationWorkflows, PolicyTemplate, PolicyTemplates, TemplateValue,
};
pub use group::{Group, GroupMembers, Groups, GroupsOfUser};
pub use instance_profile::{
    InstanceProfile, InstanceProfileIds, InstanceProfiles, ProfilePlace, ProfilesOfRole,
};
pub use mfa_device::{MfaDevice, MfaDevices, MfaDevicesOfOwner};
pub use organization::{
    AccountCreation, AccountCreations, Member, Members, MembersOfOrganization, MembersOfParent, Organization,
    Organizations, Unit, Units, UnitsOfParent,
};
pub use organization_features::{AllOrganizationFeatures, OrganizationFeatures};
pub use organization_policy::{
    ControlRevisions, FULL_ACCESS, FullAccess, OnTarget, OrganizationPolicies, OrganizationPolicy,
    PoliciesOnTarget, RESOURCE_CONTROL, SERVICE_CONTROL, attached_by_default, full_access,
};
pub use organization_trust::{
    AccountsByAddress, Addressee, DelegatedAdministrators, DelegationPolicies, DelegationPolicy, Handshake,
    Handshakes, HandshakesOfAccount, HandshakesOfOrganization, ServiceAccess, Since,
};
pub use outbound::{IssuerOwner, IssuerOwners, OutboundFederation, OutboundFederations};
pub use password::{FORMER, LoginProfile, LoginProfiles, PasswordDigest, PasswordPolicies, PasswordPolicy};
pub use policy::{
    AttachedTo, Attachment, Attachments, BoundaryOf, InlinePolicies, InlinePolicy, ManagedPolicies,
    ManagedPolicy, PolicyVersion, PolicyVersions,
};
pub use provider::{OidcProvider, OidcProviders};
pub use role::{FromTemplate, PassedRole, Role, Roles};
pub use saml::{SamlDocument, SamlDocuments, SamlPrivateKey, SamlProvider, SamlProviders};
pub use usage::{KeyUse, KeyUses, OperationUses, ServiceUses, Use};
pub use user::{User, Users};

use rolecall_base::AccountId;
use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

/// The form of an IAM name that keys are made of.
pub fn fold(name: &str) -> String {
    name.to_lowercase()
}

/// The kinds of identity that policies are attached to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Holder {
    User,
    Group,
    Role,
}

impl Holder {
    /// The word in ARNs and in keys.
    pub fn word(self) -> &'static str {
        match self {
            Holder::User => "user",
            Holder::Group => "group",
            Holder::Role => "role",
        }
    }
}

/// Where a unique id (`AIDA…`, `AROA…`, `AGPA…`, `ANPA…`) leads: the entity that has it now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entity {
    pub account: AccountId,
    pub holder: Holder,
    /// The folded name.
    pub name: String,
}

impl Record for Entity {
    const VERSION: u8 = 1;
}

/// Unique id → entity. A deleted entity's row is gone, so its sessions end and its grants bind nobody.
#[derive(Debug)]
pub struct Entities;

impl Table for Entities {
    const ID: u16 = 11;
    const NAME: &'static str = "entities";
    type Key = String;
    type Row = Entity;
}

/// A row that says no more than its key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {}

impl Record for Mark {
    const VERSION: u8 = 1;
}
