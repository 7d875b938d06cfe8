//! Central root access: what an organization's management account may do to the root users of member accounts.

use rolecall_base::{Fault, Time};
use rolecall_store::{Reader, Record, Table};
use serde::{Deserialize, Serialize};

/// The features that an organization has switched on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationFeatures {
    /// `RootCredentialsManagement`: to remove and restore root credentials.
    #[serde(default)]
    pub root_credentials: bool,
    /// `RootSessions`: to take tasks of root by `sts:AssumeRoot`.
    #[serde(default)]
    pub root_sessions: bool,
    /// When it was switched on: sessions from before an interruption stay over.
    #[serde(default)]
    pub root_sessions_since: Time,
}

impl OrganizationFeatures {
    /// Those of an organization.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn of(db: &Reader, organization: &str) -> Result<OrganizationFeatures, Fault> {
        let row = db.get::<AllOrganizationFeatures>(&organization.to_owned()).map_err(Fault::internal)?;
        Ok(row.unwrap_or_default())
    }
}

impl Record for OrganizationFeatures {
    const VERSION: u8 = 1;
}

/// By organization id.
#[derive(Debug)]
pub struct AllOrganizationFeatures;

impl Table for AllOrganizationFeatures {
    const ID: u16 = 128;
    const NAME: &'static str = "organization_features";
    type Key = String;
    type Row = OrganizationFeatures;
}
