//! One face for every driver: which one runs, what it can do, and the operations on instances.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use nix::sys::socket::{getsockopt, sockopt};
use serde::{Deserialize, Serialize};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

use crate::events::{Events, Telling};
use crate::host::{Host, NameSockets};
use crate::images::{ImageSource, Stored};
use crate::kind::{Choice, Kind};
use crate::none::Records;
use crate::{ComputeError, ExecIo, ExecSpec, InstanceSpec, NetworkPlan, StartError, Vpc, spec};

/// Where the drivers keep what they need, and what they run.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// Folder for the disks and consoles of instances; created when absent.
    pub dir: PathBuf,
    /// The program that carries [`crate::maybe_run_init`]; this very program when absent.
    pub init: Option<PathBuf>,
    /// With [`Kind::Namespace`]: some instances are to be virtual machines, by [`InstanceSpec::own_kernel`].
    pub own_kernels: bool,
    /// For virtual machines: a kernel as a file, or the folder that the package of one was unpacked in; the newest of
    /// this machine when absent.
    pub kernel: Option<PathBuf>,
    /// For tests: the stage at which every start fails.
    pub fail_at: Option<String>,
    /// Where the engine of containers listens, `unix:///…`; its usual places when absent.
    pub engine: Option<String>,
    /// Nothing outlives this process: what engines keep is deleted at the end, too.
    pub ephemeral: bool,
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
    /// What runs the instances ended and runs again. Every instance has ended, each with an event of its own, and every
    /// network and listener with them: who keeps records brings them back.
    Restarted,
    /// The user data ran to its end, with this exit code. Not told to a listener for whom 1,024 events wait.
    UserDataDone { id: String, code: i32 },
}

/// How an instance ended by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// A program inside asked for power off (EC2: instance-initiated shutdown).
    PowerOff,
    /// A program inside had the kernel restart it at once: it is to be started again.
    Reboot,
    /// Its init was killed or failed.
    Died,
    /// What runs all instances ended: [`Event::Restarted`] tells when it is to be started again.
    Lost,
}

/// The running driver; cheap to clone.
#[derive(Debug, Clone)]
pub struct Driver(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    caps: Caps,
    events: Telling,
    machine: Machine,
}

#[derive(Debug)]
enum Machine {
    Host(Host),
    Records(Records),
}

/// Starts the wanted driver, or for [`Choice::Auto`] the strongest that runs here, and says in one
/// sentence which and why; [`Caps::notes`] say what falls short. Namespaces are tried for real: what the kernel refuses is the
/// reason given.
pub async fn choose(choice: Choice, config: &Config) -> Result<(Driver, String), StartError> {
    let driver = match choice {
        Choice::None => Driver::none(),
        Choice::Namespace => Driver::host(Kind::Namespace, config).await?,
        Choice::Docker => Driver::host(Kind::Docker, config).await?,
        Choice::Podman => Driver::host(Kind::Podman, config).await?,
        Choice::Microvm => Driver::host(Kind::Microvm, config).await?,
        Choice::Process => Driver::host(Kind::Process, config).await?,
        Choice::Auto => return choose_strongest(config).await,
    };
    let said = driver.caps().kind.means().to_owned();
    Ok((driver, said))
}

async fn choose_strongest(config: &Config) -> Result<(Driver, String), StartError> {
    let refused = match Driver::host(Kind::Namespace, config).await {
        Ok(driver) => {
            let said = driver.caps().kind.means().to_owned();
            return Ok((driver, said));
        }
        Err(error) => error,
    };
    match Driver::host(Kind::Process, config).await {
        Ok(driver) => {
            let said = format!("{}; {refused}", driver.caps().kind.means());
            Ok((driver, said))
        }
        Err(error) => {
            let driver = Driver::none();
            let said = format!("{}; {refused}; {error}", driver.caps().kind.means());
            Ok((driver, said))
        }
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
            notes: Vec::new(),
        };
        let machine = Machine::Records(Records::default());
        Driver(Arc::new(Inner { caps, events: Telling::default(), machine }))
    }

    async fn host(kind: Kind, config: &Config) -> Result<Driver, StartError> {
        let events = Telling::default();
        match Host::new(kind, config, events.clone()).await {
            Ok((host, caps)) => Ok(Driver(Arc::new(Inner { caps, events, machine: Machine::Host(host) }))),
            Err(error) => Err(StartError { driver: kind.name(), reason: error.to_string() }),
        }
    }

    pub fn caps(&self) -> &Caps {
        &self.0.caps
    }

    /// What a running instance is: a virtual machine, or what all are here.
    pub fn kind_of(&self, id: &str) -> Kind {
        match &self.0.machine {
            Machine::Host(host) if host.is_virtual(id) => Kind::Microvm,
            _ => self.caps().kind,
        }
    }

    /// What happens to instances from now on.
    pub fn events(&self) -> Events {
        self.0.events.listen()
    }

    /// Starts an instance and answers when its system and network stand; user data may still be
    /// running. Take [`Driver::imds_listener`] at once: requests wait in its backlog.
    pub async fn start(&self, spec: InstanceSpec) -> Result<Running, ComputeError> {
        spec.check()?;
        let inner = self.0.clone();
        let start = async move {
            match &inner.machine {
                Machine::Host(host) => host.start(spec).await,
                Machine::Records(records) => records.start(&spec),
            }
        };
        #[expect(clippy::disallowed_methods, reason = "a start whose caller goes away must come to its end")]
        let task = tokio::spawn(start);
        task.await.map_err(|error| ComputeError::failed("start the instance", error))?
    }

    /// Whether an instance starts, runs or ends right now.
    pub fn is_up(&self, id: &str) -> bool {
        match &self.0.machine {
            Machine::Host(host) => host.is_up(id),
            Machine::Records(records) => records.check(id).is_ok(),
        }
    }

    /// Asks every process to end (SIGTERM), then ends the rest after `grace`; the disk stays. Without
    /// grace all end at once.
    pub async fn stop(&self, id: &str, grace: Duration) -> Result<(), ComputeError> {
        match &self.0.machine {
            Machine::Host(host) => host.stop(id, grace).await,
            Machine::Records(records) => records.end(id),
        }
    }

    /// Ends every process as [`Driver::stop`] does and clears `/run` and `/tmp`, on the same disk and
    /// network; listeners stay good.
    pub async fn reboot(&self, id: &str, grace: Duration) -> Result<(), ComputeError> {
        match &self.0.machine {
            Machine::Host(host) => host.reboot(id, grace).await,
            Machine::Records(records) => records.check(id),
        }
    }

    /// Ends the instance as [`Driver::stop`] does, or takes a stopped one, and deletes its disk and
    /// console.
    pub async fn terminate(&self, id: &str, grace: Duration) -> Result<(), ComputeError> {
        spec::check_name("instance id", id)?;
        match &self.0.machine {
            Machine::Host(host) => host.terminate(id, grace).await,
            // A stopped record has nothing left to delete.
            Machine::Records(records) => records.end(id).or(Ok(())),
        }
    }

    /// Runs a command inside. An empty `argv` is the user's login shell.
    pub async fn exec(&self, id: &str, spec: ExecSpec) -> Result<ExecIo, ComputeError> {
        match &self.0.machine {
            Machine::Host(host) => host.exec(id, spec).await,
            Machine::Records(_) => Err(unsupported("run commands")),
        }
    }

    /// The last 64 KiB of the instance's console; empty when it never ran.
    pub async fn console(&self, id: &str) -> Result<Vec<u8>, ComputeError> {
        spec::check_name("instance id", id)?;
        match &self.0.machine {
            Machine::Host(host) => host.console(id).await,
            Machine::Records(_) => Ok(Vec::new()),
        }
    }

    /// The same for callers that can't wait: one read of a small file.
    pub fn console_now(&self, id: &str) -> Result<Vec<u8>, ComputeError> {
        spec::check_name("instance id", id)?;
        match &self.0.machine {
            Machine::Host(host) => host.console_now(id),
            Machine::Records(_) => Ok(Vec::new()),
        }
    }

    /// The listener on which this instance, and no other, reaches its metadata service. Good until the
    /// instance stops. Hop limits: `set_ttl` on the accepted streams.
    pub async fn imds_listener(&self, id: &str) -> Result<TcpListener, ComputeError> {
        let listener = match &self.0.machine {
            Machine::Host(host) => host.imds_listener(id)?,
            Machine::Records(records) => records.listener(id)?,
        };
        TcpListener::from_std(listener)
            .map_err(|error| ComputeError::failed("watch the metadata port", error))
    }

    /// The same at `[fd00:ec2::254]`; `None` where the machine has no IPv6 or instances no network of their own.
    pub async fn imds_listener_6(&self, id: &str) -> Result<Option<TcpListener>, ComputeError> {
        let Machine::Host(host) = &self.0.machine else { return Ok(None) };
        let listener = host.imds_listener_6(id)?.map(TcpListener::from_std).transpose();
        listener.map_err(|error| ComputeError::failed("watch the metadata port", error))
    }

    /// The address at which instances of a VPC reach the API endpoint.
    pub fn endpoint_address(&self, vpc: &Vpc) -> IpAddr {
        if self.0.caps.kind.has_networks() {
            IpAddr::V4(vpc.endpoint())
        } else {
            IpAddr::V4(Ipv4Addr::LOCALHOST)
        }
    }

    /// A listener at [`Driver::endpoint_address`] for the API endpoint of one VPC, made with its network
    /// when there is none yet; `None` when instances share the host's network and reach the server's own port.
    pub async fn endpoint_listener(&self, vpc: &Vpc, port: u16) -> Result<Option<TcpListener>, ComputeError> {
        let Machine::Host(host) = &self.0.machine else { return Ok(None) };
        let listener = host.endpoint_listener(vpc, port).await?;
        let listener = listener.map(TcpListener::from_std).transpose();
        listener.map_err(|error| ComputeError::failed("watch the endpoint", error))
    }

    /// Opens a connection to a port of the instance's private address, from inside its VPC.
    pub async fn connect(&self, id: &str, port: u16) -> Result<TcpStream, ComputeError> {
        match &self.0.machine {
            Machine::Host(host) => host.connect(id, port).await,
            Machine::Records(_) => Err(unsupported("open connections")),
        }
    }

    /// Makes the network of a VPC what the plan says, all at once, with running instances as well as those that are yet
    /// to start. A driver without networks of its own has nothing to change.
    pub async fn apply_network(&self, plan: NetworkPlan) -> Result<(), ComputeError> {
        plan.check()?;
        match &self.0.machine {
            Machine::Host(host) => host.apply_network(plan).await,
            Machine::Records(_) => Ok(()),
        }
    }

    /// The sockets at which a VPC's instances ask for names, at its base plus two and at 169.254.169.253: a pair of UDP
    /// and TCP each. `None` when instances share the host's resolver.
    pub async fn name_sockets(
        &self,
        vpc: &str,
    ) -> Result<Option<Vec<(UdpSocket, TcpListener)>>, ComputeError> {
        let Machine::Host(host) = &self.0.machine else { return Ok(None) };
        let Some(NameSockets(pairs)) = host.name_sockets(vpc).await? else { return Ok(None) };
        let watch =
            |(datagrams, streams)| Ok((UdpSocket::from_std(datagrams)?, TcpListener::from_std(streams)?));
        let pairs: std::io::Result<Vec<_>> = pairs.into_iter().map(watch).collect();
        pairs.map(Some).map_err(|error| ComputeError::failed("watch for names", error))
    }

    /// The listener that takes up what a VPC's instances send to the outside: the local address of an accepted stream is
    /// where it was meant to go. `None` when instances share the host's network.
    pub async fn outside_listener(&self, vpc: &str) -> Result<Option<TcpListener>, ComputeError> {
        let Machine::Host(host) = &self.0.machine else { return Ok(None) };
        let listener = host.outside_listener(vpc).await?.map(TcpListener::from_std).transpose();
        listener.map_err(|error| ComputeError::failed("watch what leaves", error))
    }

    /// Has the kernel send TCP connections of this machine to these addresses to `port` of 127.0.0.1 instead, until the
    /// next call or the end; those to the port `except` go their way. [`original_destination`] tells what was meant.
    /// Fails where this user may not change the machine's network.
    pub async fn catch_public(
        &self,
        port: u16,
        except: u16,
        addresses: Vec<Ipv4Addr>,
    ) -> Result<(), ComputeError> {
        match &self.0.machine {
            Machine::Host(host) => host.catch_public(port, except, addresses).await,
            Machine::Records(_) => Err(unsupported("catch public addresses")),
        }
    }

    /// Connects to an address in a VPC, whatever its rules say: who calls has asked them.
    pub async fn connect_in(&self, vpc: &str, to: SocketAddr) -> Result<TcpStream, ComputeError> {
        match &self.0.machine {
            Machine::Host(host) => host.connect_in(vpc, to).await,
            Machine::Records(_) => Err(unsupported("open connections")),
        }
    }

    /// Lets the network of a VPC go; it ends when its last listener and instance do.
    pub async fn drop_vpc(&self, vpc: &str) -> Result<(), ComputeError> {
        match &self.0.machine {
            Machine::Host(host) => host.drop_vpc(vpc).await,
            Machine::Records(_) => Ok(()),
        }
    }

    /// Takes an image into the driver's store, whole or not at all: a root file system's tar, an OCI layout or
    /// what `docker save` writes, each plain, or compressed by gzip or zstd. Answers when instances can boot from it.
    pub async fn import_image(&self, id: &str, source: ImageSource) -> Result<Stored, ComputeError> {
        spec::check_name("image id", id)?;
        match &self.0.machine {
            Machine::Host(host) => host.import_image(id, source).await,
            // Records boot from records.
            Machine::Records(_) => Ok(Stored::default()),
        }
    }

    /// Makes an image of an instance's disk and what it booted from. Of a running instance it is the disk as
    /// found, file by file: stop or reboot it before for one that programs inside agree with.
    pub async fn snapshot(&self, instance: &str, image: &str) -> Result<Stored, ComputeError> {
        spec::check_name("instance id", instance)?;
        spec::check_name("image id", image)?;
        match &self.0.machine {
            Machine::Host(host) => host.snapshot(instance, image).await,
            Machine::Records(_) => Ok(Stored::default()),
        }
    }

    /// Deletes an image; one that is not there is no error. Instances that were made from it keep running, stop
    /// and start as before: the bytes go with the last of them.
    pub async fn delete_image(&self, id: &str) -> Result<(), ComputeError> {
        spec::check_name("image id", id)?;
        match &self.0.machine {
            Machine::Host(host) => host.delete_image(id).await,
            Machine::Records(_) => Ok(()),
        }
    }

    /// How often [`Event::Restarted`] was told: what was opened in an earlier generation leads nowhere.
    pub fn generation(&self) -> u64 {
        match &self.0.machine {
            Machine::Host(host) => host.generation(),
            Machine::Records(_) => 0,
        }
    }

    /// Ends every instance at once; disks stay.
    pub async fn shutdown(&self) {
        if let Machine::Host(host) = &self.0.machine {
            host.shutdown().await;
        }
    }
}

fn unsupported(what: &'static str) -> ComputeError {
    ComputeError::Unsupported { driver: Kind::None.name(), what }
}

/// Where a stream that [`Driver::catch_public`] brought was meant to go; `None` for any other.
pub fn original_destination(stream: &TcpStream) -> Option<SocketAddrV4> {
    let meant = getsockopt(stream, sockopt::OriginalDst).ok()?;
    let address = Ipv4Addr::from(u32::from_be(meant.sin_addr.s_addr));
    Some(SocketAddrV4::new(address, u16::from_be(meant.sin_port)))
}
