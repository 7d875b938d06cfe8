//! What the server, the supervisor and the inits of instances say to each other: JSON packets over
//! Unix sockets that keep packet bounds, with file descriptors beside them.
//!
//! ```text
//!   server ──Ask/Answer── supervisor (one, owns networks, cgroups and the children)
//!      └────Order/Report── init (one per instance, its first process)
//! ```

use std::net::Ipv4Addr;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{ExecSpec, ExitStatus, InstanceSpec, Kind, Network, Vpc};

/// Server to supervisor. Each is answered once, by [`Answer::Done`] or [`Answer::Failed`] with its `seq`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Ask {
    /// First of all. Answered by [`Answer::Ready`] or a failure, after which the supervisor ends.
    Setup {
        seq: u64,
        kind: Kind,
        dir: PathBuf,
        /// Whether there are to be virtual machines, and their kernel.
        own_kernels: bool,
        kernel: Option<PathBuf>,
        fail_at: Option<String>,
    },
    /// Files: the init's socket, the console file. Process kind: the metadata URL in `imds`. Answered
    /// with the metadata listeners, IPv4 and IPv6 (namespace kind).
    Start {
        seq: u64,
        spec: Box<InstanceSpec>,
        imds: Option<String>,
    },
    /// Ends the instance at once.
    Kill {
        seq: u64,
        id: String,
    },
    /// File: the folder of a process below `/proc`. Joins the container that it is the first process of to its VPC, and
    /// closes what it sees of the host. Answered with the listener that the process looks for, and its metadata listeners,
    /// IPv4 and IPv6.
    Join {
        seq: u64,
        id: String,
        network: Network,
        /// Where in the container is mounted what it sees of the host.
        shared: Vec<PathBuf>,
    },
    /// Takes the links of a container away that has ended.
    Leave {
        seq: u64,
        id: String,
    },
    /// Answered with a listening socket on the VPC's endpoint address.
    Endpoint {
        seq: u64,
        vpc: Vpc,
        port: u16,
    },
    /// Answered with an unconnected TCP socket inside the VPC.
    Socket {
        seq: u64,
        vpc: String,
    },
    /// File: a [`crate::plan_change::PlanUpdate`], which may be larger than a packet.
    Network {
        seq: u64,
    },
    /// What is for these addresses of the host goes to this port of it, but what is for the port `except`.
    Catch {
        seq: u64,
        port: u16,
        except: u16,
        addresses: Vec<Ipv4Addr>,
    },
    /// Answered with the sockets on which names are asked for: UDP, TCP, UDP, TCP.
    Names {
        seq: u64,
        vpc: String,
    },
    /// Answered with the listener that takes up what leaves the VPC.
    Outside {
        seq: u64,
        vpc: String,
    },
    DropVpc {
        seq: u64,
        vpc: String,
    },
}

/// Supervisor to server.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Answer {
    Ready {
        limits: Limits,
        notes: Vec<String>,
        /// The files that this program runs from: itself, its loader when it has one, its libraries.
        parts: Vec<PathBuf>,
    },
    Done {
        seq: u64,
    },
    Failed {
        seq: u64,
        stage: String,
        message: String,
    },
    /// An instance's first process has ended and its cgroup is gone.
    Exited {
        id: String,
        end: InitEnd,
    },
}

/// Which limits are really in force.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Limits {
    pub memory: bool,
    pub cpu: bool,
    pub processes: bool,
}

/// How an init ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum InitEnd {
    PowerOff,
    Reboot,
    Killed,
}

/// Server to the first process of a container, before all orders: what it is to be. File: the console.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Enlist {
    pub spec: InstanceSpec,
}

/// Where the first process of a container finds the server: a name in the container's own network namespace.
pub(crate) const MEETING: &[u8] = b"rolecall-init";

/// Server to init.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Order {
    /// Files: standard input, output and error when there is no terminal.
    Exec {
        seq: u64,
        spec: ExecSpec,
    },
    Stop {
        grace_ms: u64,
    },
    Reboot {
        seq: u64,
        grace_ms: u64,
    },
    /// Everything written is to be on the disk that the host sees.
    Flush {
        seq: u64,
    },
    /// The size of a terminal that the server cannot set itself.
    Resize {
        seq: u64,
        columns: u16,
        rows: u16,
    },
}

/// Init to server.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Report {
    /// The root file system stands.
    Booted,
    /// The boot failed; the init ends after this.
    BootFailed {
        stage: String,
        message: String,
    },
    /// The command runs. File: the terminal's outside end, if one was wanted.
    Started {
        seq: u64,
    },
    Refused {
        seq: u64,
        stage: String,
        message: String,
    },
    Ended {
        seq: u64,
        status: ExitStatus,
    },
    Rebooted {
        seq: u64,
    },
    Flushed {
        seq: u64,
    },
    UserDataDone {
        code: i32,
    },
}

/// How many characters are kept of a text from inside.
pub(crate) const MOST_TEXT: usize = 1024;
const SIGNALS: RangeInclusive<i32> = 1..=64;

impl Report {
    /// The same with its texts cut, and no number that a kernel would not tell. Whoever is root inside may have written them,
    /// and they end up in logs, in records, and in XML, which has no way to write some characters.
    pub(crate) fn bounded(self) -> Report {
        let plain = |c: char| if c.is_ascii_graphic() || c.is_alphanumeric() { c } else { ' ' };
        let short = |text: String| text.chars().take(MOST_TEXT).map(plain).collect::<String>();
        match self {
            Report::Refused { seq, stage, message } => {
                Report::Refused { seq, stage: short(stage), message: short(message) }
            }
            Report::BootFailed { stage, message } => {
                Report::BootFailed { stage: short(stage), message: short(message) }
            }
            Report::Ended { seq, status: ExitStatus::Code(code) } => {
                Report::Ended { seq, status: ExitStatus::Code(code & 0xff) }
            }
            Report::Ended { seq, status: ExitStatus::Signal(signal) } if !SIGNALS.contains(&signal) => {
                Report::Ended { seq, status: ExitStatus::Lost }
            }
            Report::UserDataDone { code } => Report::UserDataDone { code: code & 0xff },
            other => other,
        }
    }
}

/// Exit code of an init that was asked, from inside or outside, to power off.
pub(crate) const POWER_OFF: i32 = 10;
/// Exit code of one whose machine is to be started again at once.
pub(crate) const REBOOT: i32 = 11;
