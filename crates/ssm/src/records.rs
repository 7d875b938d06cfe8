//! Parameters and their older versions.

use rolecall_base::{AccountId, Tags, Time};
use rolecall_store::{Counters, Record, Table};
use serde::{Deserialize, Serialize};

/// A parameter with its newest version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    pub account: AccountId,
    pub region: String,
    /// With its leading slash, where it has one.
    pub name: String,
    pub newest: Version,
    /// The number of the oldest version that is kept.
    pub oldest: u64,
    /// In the order that they were attached.
    pub labels: Vec<Label>,
    pub tags: Tags,
}

/// A label and the version that it is attached to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    pub name: String,
    pub version: u64,
}

/// One version: everything that PutParameter sets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// From 1.
    pub number: u64,
    /// `String`, `StringList` or `SecureString`.
    pub kind: String,
    pub value: Stored,
    /// `Standard` or `Advanced`.
    pub tier: String,
    pub data_type: String,
    pub description: Option<String>,
    pub pattern: Option<String>,
    pub modified: Time,
    /// Who made it.
    pub user: String,
}

/// A value as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stored {
    Plain(String),
    /// Sealed by [`rolecall_identity::Vault::seal`] for [`owner`].
    Sealed(Vec<u8>),
}

/// Whom a value is sealed for: the version of the parameter that it is of.
pub(crate) fn owner(arn: &str, name: &str, number: u64) -> String {
    format!("{arn}#{name}#{number}")
}

impl Parameter {
    pub fn arn(&self) -> String {
        arn(self.account, &self.region, &self.name)
    }

    pub(crate) fn key(&self) -> (AccountId, String, String) {
        (self.account, self.region.clone(), self.name.clone())
    }

    /// The labels of one version.
    pub(crate) fn labels_of(&self, number: u64) -> Vec<String> {
        let own = self.labels.iter().filter(|label| label.version == number);
        own.map(|label| label.name.clone()).collect()
    }
}

/// `arn:aws:ssm:REGION:ACCOUNT:parameter/NAME`, one slash between whether the name begins with one or not.
pub fn arn(account: AccountId, region: &str, name: &str) -> String {
    format!("arn:aws:ssm:{region}:{account}:parameter/{}", name.trim_start_matches('/'))
}

impl Record for Parameter {
    const VERSION: u8 = 1;
}

impl Record for Version {
    const VERSION: u8 = 1;
}

/// (account, region, name).
#[derive(Debug)]
pub struct Parameters;

impl Table for Parameters {
    const ID: u16 = 200;
    const NAME: &'static str = "parameters";
    type Key = (AccountId, String, String);
    type Row = Parameter;
}

/// (account, region, name, number): all but the newest.
#[derive(Debug)]
pub struct Versions;

impl Table for Versions {
    const ID: u16 = 201;
    const NAME: &'static str = "parameter_versions";
    type Key = (AccountId, String, String, u64);
    type Row = Version;
}

/// (account, region): how many parameters there are.
#[derive(Debug)]
pub(crate) struct Counts;

impl Counters for Counts {
    const ID: u16 = 202;
    const NAME: &'static str = "parameter_counts";
    type Key = (AccountId, String);
}
