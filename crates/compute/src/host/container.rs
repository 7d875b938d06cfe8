//! Instances that are containers of an engine: started by it, joined to their VPC by the supervisor, met in their own
//! network, and from then on like any other.

use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::socket::{SockFlag, accept4, getsockopt, setsockopt, sockopt};
use tokio::io::unix::AsyncFd;

use super::instance::Instance;
use super::instances::Instances;
use super::patience::Patience;
use super::supervisor::Supervisor;
use super::{Host, no_file};
use crate::engine::{Engine, First};
use crate::protocol::{Ask, Enlist, InitEnd};
use crate::spec::{Cidr, Image, InstanceSpec, Network, Resolving, Vpc};
use crate::{ComputeError, packet};

/// How long the first process of a container may take to come to where it is met.
const MEETING_LIMIT: Duration = Duration::from_secs(30);
/// How long to wait before an engine that does not answer is asked again.
const PAUSE: Duration = Duration::from_secs(1);
/// The instance that is tried at the start.
const PROBE: &str = "rolecall-probe";

impl Host {
    /// Starts a container, or what was stopped of it, and waits until its system stands.
    pub(super) async fn launch_container(
        &self,
        engine: &Engine,
        supervisor: &Supervisor,
        spec: &InstanceSpec,
        console: OwnedFd,
    ) -> Result<(Instance, SocketAddr), ComputeError> {
        let launched = async {
            let first = engine.start(spec).await?;
            self.meet(engine, supervisor, spec, first, console).await
        };
        let launched = launched.await;
        if launched.is_err() {
            self.end_container(supervisor, &spec.id).await;
        }
        launched
    }

    /// Ends a container that did not come up; the error of its start is the cause that is told.
    pub(super) async fn end_container(&self, supervisor: &Supervisor, id: &str) {
        let Some(engine) = &self.engine else { return };
        let end = async {
            engine.kill(id).await?;
            engine.wait(id).await.map(drop)
        };
        match tokio::time::timeout(Patience::KILL, end).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => log::warn!("cannot end instance {id}, which did not boot: {error}"),
            Err(_) => log::warn!("instance {id}, which did not boot, does not go away"),
        }
        leave(supervisor, id).await;
    }

    async fn meet(
        &self,
        engine: &Engine,
        supervisor: &Supervisor,
        spec: &InstanceSpec,
        First { pid, process, shared }: First,
        console: OwnedFd,
    ) -> Result<(Instance, SocketAddr), ComputeError> {
        let (id, network) = (spec.id.clone(), spec.network.clone());
        let process = vec![process.into_folder()];
        let files = supervisor.ask(process, |seq| Ask::Join { seq, id, network, shared }).await?;
        // It has joined by now.
        engine.check("join the network")?;
        let mut files = files.into_iter();
        let meeting = files.next().ok_or_else(no_file)?;
        let mut listeners = files.map(TcpListener::from);
        let imds = listeners.next().ok_or_else(no_file)?;
        let address = imds.local_addr();
        let address = address.map_err(|error| ComputeError::failed("read the metadata address", error))?;
        let failed = |error| ComputeError::failed("talk to the instance", error);
        let late = |_| ComputeError::failed("start the instance", "its first process did not come in time");
        let control = tokio::time::timeout(MEETING_LIMIT, accept(meeting, pid)).await.map_err(late)?;
        let control = control.map_err(failed)?;
        engine.check("boot")?;
        packet::send(control.as_fd(), &Enlist { spec: spec.clone() }, &[console.as_fd()]).map_err(failed)?;
        drop(console);
        let listeners = (imds, listeners.next());
        let booted =
            Instance::booted(spec.clone(), listeners, control, self.events.clone(), Patience::with(spec));
        Ok((booted.await?, address))
    }

    /// Hears of the end of a container that has just been started.
    pub(super) fn follow_container(&self, instance: Arc<Instance>, supervisor: Arc<Supervisor>) {
        let Some(engine) = self.engine.clone() else { return };
        let (instances, events) = (self.instances.clone(), self.events.clone());
        let follow = async move {
            // Without an end it is another that has its id by now, and is followed by another.
            if let Some(end) = wait(&engine, &instances, &instance).await {
                leave(&supervisor, &instance.spec.id).await;
                instances.ended_itself(&instance, end, &events);
            }
        };
        #[expect(clippy::disallowed_methods, reason = "ends with the container")]
        tokio::spawn(follow);
    }

    /// Tries everything that a start needs and the engine or this machine may refuse: one instance, up and away.
    pub(super) async fn probe(&self) -> Result<(), ComputeError> {
        let Some(engine) = &self.engine else { return Ok(()) };
        let (spec, supervisor) = (probe(), self.supervisor());
        let tried = async {
            let console =
                self.open_console(PROBE).map_err(|error| ComputeError::failed("open the console", error))?;
            self.launch_container(engine, &supervisor, &spec, console).await.map(drop)
        };
        let tried = tried.await;
        if tried.is_ok() {
            engine.kill(PROBE).await?;
            engine.wait(PROBE).await?;
            leave(&supervisor, PROBE).await;
        }
        let gone = self.terminate(PROBE, Duration::ZERO).await;
        self.drop_vpc(PROBE).await?;
        tried.and(gone)
    }
}

/// The smallest instance there can be.
pub(crate) fn probe() -> InstanceSpec {
    let block = Cidr { base: [10, 0, 0, 0].into(), prefix: 24 };
    InstanceSpec {
        id: PROBE.into(),
        hostname: PROBE.into(),
        network: Network {
            vpc: Vpc { id: PROBE.into(), cidr: block },
            subnet: block,
            private_ip: block.nth(4),
            mac: [2, 0, 0, 0, 0, 4],
            names: Resolving::default(),
        },
        image: Image::HostUsr,
        own_kernel: false,
        memory_mib: 512,
        vcpus: 1,
        user_data: None,
        env: Vec::new(),
        users: Vec::new(),
        mounts: Vec::new(),
        links: Vec::new(),
    }
}

/// Takes the links of a container away. With their supervisor they are gone, too.
async fn leave(supervisor: &Supervisor, id: &str) {
    match supervisor.ask(Vec::new(), |seq| Ask::Leave { seq, id: id.into() }).await {
        Ok(_) | Err(ComputeError::SupervisorGone) => {}
        Err(error) => log::warn!("the links of {id} are not taken away: {error}"),
    }
}

/// Waits for the end of a container, even while its engine is being restarted; `None` when it was lost, and what has its
/// name is another's.
async fn wait(engine: &Engine, instances: &Instances, instance: &Arc<Instance>) -> Option<InitEnd> {
    let id = instance.spec.id.as_str();
    while instances.has(instance) {
        let error = match engine.wait(id).await {
            Ok(end) => return Some(end),
            Err(error) => error,
        };
        match engine.has_ended(id).await {
            Ok(Some(end)) => return Some(end),
            Ok(None) => {}
            // There is nobody left to say how.
            Err(_) if instance.has_hung_up() => return Some(InitEnd::Killed),
            Err(_) => log::warn!("the end of {id} is not waited for: {error}"),
        }
        tokio::time::sleep(PAUSE).await;
    }
    None
}

/// Takes the one connection that comes from the first process of the container.
async fn accept(meeting: OwnedFd, pid: i32) -> std::io::Result<OwnedFd> {
    // SAFETY: an `OwnedFd` keeps one descriptor, open until the `AsyncFd` around it is dropped.
    let meeting = unsafe { AsyncFd::register(meeting) }?;
    loop {
        let mut ready = meeting.readable().await?;
        let accepted =
            ready.try_io(|meeting| Ok(accept4(meeting.get_ref().as_raw_fd(), SockFlag::SOCK_CLOEXEC)?));
        let Ok(accepted) = accepted else { continue };
        // SAFETY: the kernel has just made this descriptor; nobody else owns it.
        let control = unsafe { OwnedFd::from_raw_fd(accepted?) };
        if getsockopt(&control, sockopt::PeerCredentials)?.pid() == pid {
            setsockopt(&control, sockopt::SndBuf, &packet::SEND_ROOM)?;
            return Ok(control);
        }
    }
}
