//! One face for every driver: which one runs, what it can do, and the operations on instances.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;

use crate::none::Records;
use crate::{ComputeError, ExecIo, ExecSpec, InstanceSpec, StartError, Vpc};

/// The wanted driver; `Auto` takes the strongest one that this machine can run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Choice {
    #[default]
    Auto,
    Namespace,
    Process,
    None,
}

/// The driver that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// Linux namespaces: own processes, files, network and users; shared kernel.
    Namespace,
    /// Plain child processes of the server's user: no isolation at all.
    Process,
    /// Records only.
    None,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::Namespace => "namespace",
            Kind::Process => "process",
            Kind::None => "none",
        }
    }
}

/// Where the drivers keep what they need, and what they run.
#[derive(Debug, Clone)]
pub struct Config {
    /// Folder for the disks and consoles of instances; created when absent.
    pub dir: PathBuf,
    /// The program that carries [`crate::maybe_run_init`]; this very program when absent.
    pub init: Option<PathBuf>,
}

/// What the running driver gives, measured at its start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caps {
    pub kind: Kind,
    /// Own processes, files, users and network per instance.
    pub isolated: bool,
    /// 169.254.169.254:80 inside; else a loopback port told by the environment.
    pub link_local_imds: bool,
    /// The IP TTL of metadata answers limits how far they travel.
    pub hop_limit: bool,
    pub memory_limit: bool,
    pub cpu_limit: bool,
    pub process_limit: bool,
    /// Commands and terminals can be run inside.
    pub exec: bool,
    /// What falls short here and why, one sentence each, for the start message.
    pub notes: Vec<String>,
}

/// A started instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    pub id: String,
    /// Where programs in the instance reach their metadata service.
    pub imds: SocketAddr,
}

/// Something that happened to an instance without being asked for by [`Driver::stop`] or
/// [`Driver::terminate`], or the end of its user data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The instance's first process is gone.
    Exited { id: String, how: Ending },
    /// The user data ran to its end, with this exit code.
    UserDataDone { id: String, code: i32 },
}

/// How an instance ended by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// A program inside asked for power off (EC2: instance-initiated shutdown).
    PowerOff,
    /// Its init was killed or failed, or the whole supervisor did.
    Died,
}

/// The running driver; cheap to clone.
#[derive(Debug, Clone)]
pub struct Driver(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    caps: Caps,
    events: broadcast::Sender<Event>,
    records: Records,
}

/// Starts the wanted driver, or for [`Choice::Auto`] the strongest that runs here, and says in one
/// sentence which and why.
pub async fn choose(choice: Choice, config: &Config) -> Result<(Driver, String), StartError> {
    let _ = config;
    match choice {
        Choice::Namespace => {
            Err(StartError { driver: "namespace", reason: "it is not built into this program".into() })
        }
        Choice::Process => {
            Err(StartError { driver: "process", reason: "it is not built into this program".into() })
        }
        Choice::Auto | Choice::None => Ok((Driver::none(), "instances are records only".into())),
    }
}

impl Driver {
    /// The driver without machines.
    pub fn none() -> Driver {
        let caps = Caps {
            kind: Kind::None,
            isolated: false,
            link_local_imds: false,
            hop_limit: false,
            memory_limit: false,
            cpu_limit: false,
            process_limit: false,
            exec: false,
            notes: vec!["instances are records only: nothing runs".into()],
        };
        Driver(Arc::new(Inner { caps, events: broadcast::Sender::new(64), records: Records::default() }))
    }

    pub fn caps(&self) -> &Caps {
        &self.0.caps
    }

    /// What happens to instances from now on. A receiver that falls 1,024 events behind loses the oldest.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.0.events.subscribe()
    }

    /// Starts an instance and answers when its first process runs and its network stands; user data
    /// may still be running. Take [`Driver::imds_listener`] at once: requests wait in its backlog.
    pub async fn start(&self, spec: InstanceSpec) -> Result<Running, ComputeError> {
        spec.check()?;
        self.0.records.start(&spec)
    }

    /// Asks every process to end (SIGTERM), then ends the rest after `grace`; the disk stays.
    pub async fn stop(&self, id: &str, grace: Duration) -> Result<(), ComputeError> {
        let _ = grace;
        self.0.records.end(id)
    }

    /// Ends every process as [`Driver::stop`] does and starts the system again, on the same disk and
    /// network; listeners stay good.
    pub async fn reboot(&self, id: &str, grace: Duration) -> Result<(), ComputeError> {
        let _ = grace;
        self.running(id)
    }

    /// Ends the instance as [`Driver::stop`] does, or takes a stopped one, and deletes its disk.
    pub async fn terminate(&self, id: &str, grace: Duration) -> Result<(), ComputeError> {
        let _ = grace;
        match self.0.records.end(id) {
            Ok(()) | Err(ComputeError::NotRunning(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Runs a command inside.
    pub async fn exec(&self, id: &str, spec: ExecSpec) -> Result<ExecIo, ComputeError> {
        let _ = spec;
        self.running(id)?;
        Err(self.unsupported("run commands"))
    }

    /// The last 64 KiB of the instance's console; empty when it never ran.
    pub async fn console(&self, id: &str) -> Result<Vec<u8>, ComputeError> {
        let _ = id;
        Ok(Vec::new())
    }

    /// The listener on which this instance, and no other, reaches its metadata service. Good until the
    /// instance stops. Hop limits: `set_ttl` on the accepted streams.
    pub async fn imds_listener(&self, id: &str) -> Result<TcpListener, ComputeError> {
        let listener = self.0.records.listener(id)?;
        TcpListener::from_std(listener)
            .map_err(|error| ComputeError::failed("watch the metadata port", error))
    }

    /// The address at which instances of a VPC reach the API endpoint.
    pub fn endpoint_address(&self, vpc: &Vpc) -> IpAddr {
        let _ = vpc;
        IpAddr::V4(Ipv4Addr::LOCALHOST)
    }

    /// A listener at [`Driver::endpoint_address`] for the API endpoint of one VPC; `None` when the
    /// instances share the host's network and reach the server's own port.
    pub async fn endpoint_listener(&self, vpc: &Vpc, port: u16) -> Result<Option<TcpListener>, ComputeError> {
        let _ = (vpc, port);
        Ok(None)
    }

    /// Opens a connection to a port of the instance's private address.
    pub async fn connect(&self, id: &str, port: u16) -> Result<TcpStream, ComputeError> {
        let _ = port;
        self.running(id)?;
        Err(self.unsupported("open connections"))
    }

    /// Removes the network of a VPC that has no instances left.
    pub async fn drop_vpc(&self, vpc: &str) -> Result<(), ComputeError> {
        let _ = vpc;
        Ok(())
    }

    /// Ends every instance at once; disks stay.
    pub async fn shutdown(&self) {}

    fn running(&self, id: &str) -> Result<(), ComputeError> {
        if self.0.records.is_running(id) { Ok(()) } else { Err(ComputeError::NotRunning(id.into())) }
    }

    fn unsupported(&self, what: &'static str) -> ComputeError {
        ComputeError::Unsupported { driver: self.0.caps.kind.name(), what }
    }
}
