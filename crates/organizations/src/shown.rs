//! Organizations, and the making of accounts, as clients see them.

use rolecall_base::Fault;
use rolecall_identity::records::{AccountCreation, Organization, SERVICE_CONTROL};
use rolecall_store::Reader;

use crate::accounts;
use crate::model;

/// # Errors
/// InternalFailure when the management account is gone.
pub(crate) fn organization(db: &Reader, organization: &Organization) -> Result<model::Organization, Fault> {
    let management = organization.management.to_string();
    let record = accounts::record(db, organization.management)?;
    // AWS calls this member obsolete, and still tells of this one type in it.
    let available = organization.all_features.then(|| model::PolicyTypeSummary {
        type_: Some(SERVICE_CONTROL.into()),
        status: Some("ENABLED".into()),
    });
    Ok(model::Organization {
        id: Some(organization.id.clone()),
        arn: Some(organization.arn()),
        feature_set: Some(if organization.all_features { "ALL" } else { "CONSOLIDATED_BILLING" }.into()),
        master_account_arn: Some(organization.arn_of("account", &management)),
        master_account_id: Some(management),
        master_account_email: Some(record.shown_address()),
        available_policy_types: Some(available.into_iter().collect()),
    })
}

/// What became of a CreateAccount.
pub(crate) fn creation(row: AccountCreation) -> model::CreateAccountStatus {
    let (state, account_id, failure_reason) = match row.outcome {
        Ok(account) => ("SUCCEEDED", Some(account.to_string()), None),
        Err(reason) => ("FAILED", None, Some(reason)),
    };
    model::CreateAccountStatus {
        id: Some(row.id),
        account_name: Some(row.name),
        state: Some(state.into()),
        requested_timestamp: Some(row.requested),
        completed_timestamp: Some(row.completed),
        account_id,
        gov_cloud_account_id: None,
        failure_reason,
    }
}
