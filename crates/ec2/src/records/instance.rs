//! Instances: what was asked for, what is wanted of them now, and what was last observed.

use rolecall_base::{AccountId, Time};
use rolecall_identity::PassedRole;
use rolecall_store::{Record, StoreError, Table};
use serde::{Deserialize, Serialize};

use super::upgraded::Old;
use super::{Bytes, Image, Mark, RegionalKey, Settings};

/// One instance. An operation changes `goal` and the states on the way there; the reconciler, which drives the
/// machine, writes the states that were reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    pub account: AccountId,
    pub region: String,
    /// `i-…`
    pub id: String,
    /// `r-…`: the RunInstances call it came from.
    pub reservation: String,
    /// Its number within that call.
    pub launch_index: i32,
    /// When it was last started.
    pub launched: Time,
    pub image: String,
    #[serde(default)]
    pub boot: Boot,
    /// Its volumes have records: so for what was launched since they do.
    #[serde(default)]
    pub has_volumes: bool,
    /// Ids of its volumes beside the root.
    #[serde(default)]
    pub data_volumes: Vec<String>,
    pub instance_type: String,
    #[serde(default)]
    pub key_name: Option<String>,
    /// The key pair's public key in OpenSSH's form; stays when the key pair is deleted.
    #[serde(default)]
    pub public_key: Option<String>,
    /// Base64.
    #[serde(default)]
    pub user_data: Option<String>,
    /// Ids of its network interfaces, the primary one first. None once it is terminated.
    #[serde(default)]
    pub interfaces: Vec<String>,
    /// Where it stands: that of its primary interface, which never leaves it.
    #[serde(default)]
    pub vpc: String,
    #[serde(default)]
    pub subnet: String,
    #[serde(default)]
    pub zone: String,
    /// Root volume, `vol-…`.
    pub volume: String,
    #[serde(default)]
    pub profile: Option<ProfileRef>,
    pub metadata: MetadataOptions,
    /// What a power-off from inside means.
    pub shutdown: Shutdown,
    /// `disableApiTermination`
    #[serde(default)]
    pub keep: bool,
    /// `disableApiStop`
    #[serde(default)]
    pub keep_running: bool,
    #[serde(default)]
    pub client_token: Option<String>,
    pub state: State,
    #[serde(default)]
    pub reason: Option<Reason>,
    /// `User initiated (2026-01-01 00:00:00 GMT)`, or empty.
    #[serde(default)]
    pub transition: String,
    pub goal: Goal,
    /// How many reboots were asked for, and how many of them were carried out.
    #[serde(default)]
    pub reboots: u32,
    #[serde(default)]
    pub rebooted: u32,
    /// Its machine has run at least once.
    #[serde(default)]
    pub ran: bool,
    /// When it was terminated.
    #[serde(default)]
    pub ended: Option<Time>,
    #[serde(default)]
    pub settings: Settings,
}

/// What its machine is made of: the image may be gone while its instances live on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Boot {
    pub bytes: Bytes,
    /// The user that it is entered as.
    pub login: String,
    pub root_device: String,
    pub architecture: String,
}

impl Boot {
    pub fn of(image: &Image) -> Boot {
        Boot {
            bytes: image.bytes.clone(),
            login: image.login.clone(),
            root_device: image.root_device.clone(),
            architecture: image.architecture.clone(),
        }
    }
}

impl Default for Boot {
    /// What there was before images were told apart.
    fn default() -> Boot {
        Boot {
            bytes: Bytes::Host,
            login: "ec2-user".into(),
            root_device: "/dev/xvda".into(),
            architecture: crate::images::architecture().into(),
        }
    }
}

/// The instance profile that gives the instance its role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileRef {
    /// `AIPA…`: the profile meant, whatever later has its name.
    pub id: String,
    pub arn: String,
    /// `iip-assoc-…`
    pub association: String,
    /// The role that was in the profile when it was associated: the proof that it could be passed.
    pub passed: PassedRole,
}

/// How the metadata service answers this instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetadataOptions {
    /// Only with a token (version 2).
    pub tokens_required: bool,
    /// 1 to 64.
    pub hop_limit: i32,
    pub enabled: bool,
    pub ipv6: bool,
    /// Tags are shown too.
    pub tags: bool,
}

impl Default for MetadataOptions {
    fn default() -> MetadataOptions {
        MetadataOptions { tokens_required: false, hop_limit: 1, enabled: true, ipv6: false, tags: false }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Shutdown {
    #[default]
    Stop,
    Terminate,
}

impl Shutdown {
    pub fn word(self) -> &'static str {
        match self {
            Shutdown::Stop => "stop",
            Shutdown::Terminate => "terminate",
        }
    }
}

/// AWS's instance states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    Pending,
    Running,
    ShuttingDown,
    Terminated,
    Stopping,
    Stopped,
}

impl State {
    pub fn code(self) -> i32 {
        match self {
            State::Pending => 0,
            State::Running => 16,
            State::ShuttingDown => 32,
            State::Terminated => 48,
            State::Stopping => 64,
            State::Stopped => 80,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            State::Pending => "pending",
            State::Running => "running",
            State::ShuttingDown => "shutting-down",
            State::Terminated => "terminated",
            State::Stopping => "stopping",
            State::Stopped => "stopped",
        }
    }

    /// Whether it is over, or about to be.
    pub fn is_ending(self) -> bool {
        matches!(self, State::ShuttingDown | State::Terminated)
    }
}

/// What is wanted of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Goal {
    Running,
    Stopped,
    Terminated,
}

impl Goal {
    /// The state in which it is reached.
    pub fn reached(self) -> State {
        match self {
            Goal::Running => State::Running,
            Goal::Stopped => State::Stopped,
            Goal::Terminated => State::Terminated,
        }
    }

    /// The state on the way there.
    pub fn under_way(self) -> State {
        match self {
            Goal::Running => State::Pending,
            Goal::Stopped => State::Stopping,
            Goal::Terminated => State::ShuttingDown,
        }
    }
}

/// `StateReason`: why it is in its state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    pub code: String,
    pub message: String,
}

impl Reason {
    /// A reason as EC2 words it: the code, then the code again with a sentence.
    pub fn new(code: &str, sentence: &str) -> Reason {
        Reason { code: code.to_owned(), message: format!("{code}: {sentence}") }
    }
}

impl Instance {
    pub fn arn(&self) -> String {
        format!("arn:aws:ec2:{}:{}:instance/{}", self.region, self.account, self.id)
    }

    /// Its key in [`Instances`].
    pub fn key(&self) -> RegionalKey {
        (self.account, self.region.clone(), self.id.clone())
    }
}

impl Record for Instance {
    const VERSION: u8 = 2;

    /// Version 1 held its one interface; [`crate::upgrade`] makes that a record of its own.
    fn migrate(version: u8, bytes: &[u8]) -> Result<Instance, StoreError> {
        let corrupt = |error: rmp_serde::decode::Error| StoreError::corrupt(format!("an instance: {error}"));
        if version != 1 {
            return Err(StoreError::corrupt(format!("version {version} of an instance")));
        }
        let old: Old = rmp_serde::from_slice(bytes).map_err(corrupt)?;
        let instance: Instance = rmp_serde::from_slice(bytes).map_err(corrupt)?;
        let place = old.interface;
        let interfaces = if instance.state == State::Terminated { Vec::new() } else { vec![place.id] };
        Ok(Instance { interfaces, vpc: place.vpc, subnet: place.subnet, zone: place.zone, ..instance })
    }
}

#[derive(Debug)]
pub struct Instances;

impl Table for Instances {
    const ID: u16 = 50;
    const NAME: &'static str = "instances";
    type Key = RegionalKey;
    type Row = Instance;
}

/// Where an instance id leads: account and region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    pub account: AccountId,
    pub region: String,
}

impl Record for Settled {
    const VERSION: u8 = 1;
}

/// Instance id → its place.
#[derive(Debug)]
pub struct InstancePlaces;

impl Table for InstancePlaces {
    const ID: u16 = 51;
    const NAME: &'static str = "instance_places";
    type Key = String;
    type Row = Settled;
}

/// Ids of instances that the reconciler is to look at.
#[derive(Debug)]
pub struct Work;

impl Table for Work {
    const ID: u16 = 52;
    const NAME: &'static str = "instance_work";
    type Key = String;
    type Row = Mark;
}

/// (milliseconds when it was terminated, id): what is to be forgotten, oldest first.
#[derive(Debug)]
pub struct Ended;

impl Table for Ended {
    const ID: u16 = 53;
    const NAME: &'static str = "ended_instances";
    type Key = (i64, String);
    type Row = Mark;
}
