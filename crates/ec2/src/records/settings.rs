//! What an instance was told to be, beside where it stands and what it boots.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Cores and threads of each, where it is to have fewer than its type.
    pub cpus: Option<Cpus>,
    /// Whether it bursts without limit; its family's default if nobody said.
    pub unlimited: Option<bool>,
    /// Detailed monitoring.
    pub monitored: bool,
    pub ebs_optimized: bool,
    /// `AutoRecovery` and `RebootMigration` are disabled.
    pub no_recovery: bool,
    pub no_migration: bool,
    pub names: HostNames,
    pub placement: Option<PlacementRef>,
    /// Its machine is to end without waiting for its processes.
    pub hard: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cpus {
    pub cores: u32,
    pub threads: u32,
}

/// What names it has inside its network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HostNames {
    /// Its host name is its id, not its address.
    pub resource: bool,
    /// Its id leads to its address in the network's DNS.
    pub a: bool,
    pub aaaa: bool,
}

/// The placement group that it is in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlacementRef {
    pub name: String,
    /// `pg-…`
    pub id: String,
    #[serde(default)]
    pub partition: Option<i32>,
}
