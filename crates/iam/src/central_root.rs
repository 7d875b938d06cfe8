//! Central root access of an organization: who may switch its features, and what is on.

use rolecall_base::{AccountId, Fault, Time};
use rolecall_identity::records::{
    AllOrganizationFeatures, DelegatedAdministrators, Members, Organization, OrganizationFeatures,
    Organizations, ServiceAccess,
};
use rolecall_store::{Reader, Tx};

use crate::model::fault;

/// IAM in Organizations.
const PRINCIPAL: &str = "iam.amazonaws.com";

/// A feature of central root access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Feature {
    RootCredentialsManagement,
    RootSessions,
}

/// The organization that an account may look at or change the features of.
///
/// # Errors
/// OrganizationNotFoundException, OrganizationNotInAllFeaturesModeException,
/// AccountNotManagementOrDelegatedAdministratorException, ServiceAccessNotEnabledException.
pub(crate) fn organization(db: &Reader, account: AccountId) -> Result<Organization, Fault> {
    let none = || fault::organization_not_found("No organization is associated with your account.");
    let member = db.get::<Members>(&account)?.ok_or_else(none)?;
    let organization = db.get::<Organizations>(&member.organization)?.ok_or_else(none)?;
    let delegated = (organization.id.clone(), account, PRINCIPAL.to_owned());
    if organization.management != account && !db.exists::<DelegatedAdministrators>(&delegated)? {
        return Err(fault::account_not_management_or_delegated_administrator(
            "The account is not the management account or the delegated administrator account for centralized \
             root access.",
        ));
    }
    if !organization.all_features {
        return Err(fault::organization_not_in_all_features_mode(
            "Your organization does not have All features enabled.",
        ));
    }
    if !db.exists::<ServiceAccess>(&(organization.id.clone(), PRINCIPAL.to_owned()))? {
        return Err(fault::service_access_not_enabled(
            "Trusted access is not enabled for IAM in AWS Organizations.",
        ));
    }
    Ok(organization)
}

/// Switches a feature, and answers what is on then. Switching what is so already is no error.
///
/// # Errors
/// As [`organization`]; CallerIsNotManagementAccountException when a delegated administrator switches something on.
pub(crate) fn switch(
    tx: &mut Tx,
    account: AccountId,
    feature: Feature,
    on: bool,
    now: Time,
) -> Result<(String, Vec<String>), Fault> {
    let organization = organization(tx, account)?;
    if on && organization.management != account {
        return Err(fault::caller_is_not_management_account(
            "The account making the request is not the management account for the organization.",
        ));
    }
    let mut features = OrganizationFeatures::of(tx, &organization.id)?;
    match feature {
        Feature::RootCredentialsManagement => features.root_credentials = on,
        Feature::RootSessions => {
            if on && !features.root_sessions {
                features.root_sessions_since = now;
            }
            features.root_sessions = on;
        }
    }
    tx.put::<AllOrganizationFeatures>(&organization.id, &features)?;
    Ok((organization.id, names(features)))
}

/// What is on, by AWS's names.
pub(crate) fn names(features: OrganizationFeatures) -> Vec<String> {
    let all =
        [(features.root_credentials, "RootCredentialsManagement"), (features.root_sessions, "RootSessions")];
    all.into_iter().filter(|(on, _)| *on).map(|(_, name)| name.to_owned()).collect()
}
