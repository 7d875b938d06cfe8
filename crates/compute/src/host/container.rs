//! Instances that are containers of an engine: started by it, joined to their VPC by the supervisor, met in their own
//! network, and from then on like any other.

use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::sync::PoisonError;
use std::time::Duration;

use nix::sys::socket::{SockFlag, accept4, getsockopt, setsockopt, sockopt};
use tokio::io::unix::AsyncFd;

use super::instance::Instance;
use super::{BOOT_LIMIT, Host, no_file};
use crate::engine::Engine;
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
        spec: &InstanceSpec,
        console: OwnedFd,
    ) -> Result<(Instance, SocketAddr), ComputeError> {
        let pid = engine.start(spec).await?;
        let met = self.meet(spec, pid, console).await;
        if met.is_err() {
            // The first error is the cause.
            let _ = engine.kill(&spec.id).await;
            self.leave(&spec.id).await;
        }
        met
    }

    async fn meet(
        &self,
        spec: &InstanceSpec,
        pid: i32,
        console: OwnedFd,
    ) -> Result<(Instance, SocketAddr), ComputeError> {
        let (id, network) = (spec.id.clone(), spec.network.clone());
        let files = self.supervisor().ask(Vec::new(), |seq| Ask::Join { seq, id, pid, network }).await?;
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
        packet::send(control.as_fd(), &Enlist { spec: spec.clone() }, &[console.as_fd()]).map_err(failed)?;
        drop(console);
        let listeners = (imds, listeners.next());
        let booted = Instance::booted(spec.clone(), listeners, control, self.events.clone(), BOOT_LIMIT);
        Ok((booted.await?, address))
    }

    /// Hears of the end of a container that has just been started.
    pub(super) fn follow_container(&self, id: &str) {
        let (Some(engine), Ok(instance)) = (self.engine.clone(), self.instances.running(id)) else { return };
        let (instances, events, id) = (self.instances.clone(), self.events.clone(), id.to_owned());
        let supervisor = self.supervisor.clone();
        let follow = async move {
            let end = wait(&engine, &instance).await;
            let current = supervisor.read().unwrap_or_else(PoisonError::into_inner).clone();
            let ask = |seq| Ask::Leave { seq, id: id.clone() };
            if let Err(error) = current.ask(Vec::new(), ask).await {
                // With the supervisor its links are gone, too.
                log::debug!("the links of {id} are not taken away: {error}");
            }
            instances.ended(&id, end, &events);
        };
        #[expect(clippy::disallowed_methods, reason = "ends with the container")]
        tokio::spawn(follow);
    }

    async fn leave(&self, id: &str) {
        let ask = |seq| Ask::Leave { seq, id: id.into() };
        if let Err(error) = self.supervisor().ask(Vec::new(), ask).await {
            log::warn!("the links of {id}, which did not boot, are not taken away: {error}");
        }
    }

    /// Tries everything that a start needs and the engine or this machine may refuse: one instance, up and away.
    pub(super) async fn probe(&self) -> Result<(), ComputeError> {
        let Some(engine) = &self.engine else { return Ok(()) };
        let spec = probe();
        let tried = async {
            let console =
                self.open_console(PROBE).map_err(|error| ComputeError::failed("open the console", error))?;
            self.launch_container(engine, &spec, console).await.map(drop)
        };
        let tried = tried.await;
        if tried.is_ok() {
            engine.kill(PROBE).await?;
            engine.wait(PROBE).await?;
            self.leave(PROBE).await;
        }
        let gone = self.terminate(PROBE, Duration::ZERO).await;
        self.drop_vpc(PROBE).await?;
        tried.and(gone)
    }
}

/// The smallest instance there can be.
fn probe() -> InstanceSpec {
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

/// Waits for the end of a container, even while its engine is being restarted.
async fn wait(engine: &Engine, instance: &Instance) -> InitEnd {
    let id = instance.spec.id.as_str();
    loop {
        let error = match engine.wait(id).await {
            Ok(end) => return end,
            Err(error) => error,
        };
        match engine.has_ended(id).await {
            Ok(Some(end)) => return end,
            Ok(None) => {}
            // There is nobody left to say how.
            Err(_) if instance.has_hung_up() => return InitEnd::Killed,
            Err(_) => log::warn!("the end of {id} is not waited for: {error}"),
        }
        tokio::time::sleep(PAUSE).await;
    }
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
