//! The drivers that run processes, seen from the server: instances by id, over one supervisor.

mod channel;
mod console;
mod container;
mod disks;
mod images;
mod instance;
mod instances;
mod network;
mod patience;
mod pty;
mod revival;
mod supervisor;
#[cfg(test)]
mod tests;

use std::fs::{self, DirBuilder};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use crate::driver::{Caps, Running};
use crate::engine::{self, Engine};
use crate::events::Telling;
use crate::faults::Faults;
use crate::images::Images;
use crate::kind::Kind;
use crate::protocol::Ask;
use crate::{ComputeError, Config, ExecIo, ExecSpec, Image, InstanceSpec, packet};
#[cfg(test)]
pub(crate) use container::probe;
use instance::Instance;
use instances::Instances;
pub(crate) use network::NameSockets;
use network::SentPlans;
use patience::Patience;
use supervisor::{Hello, Supervisor};

/// The instances of every driver that runs something.
#[derive(Debug)]
pub(crate) struct Host {
    kind: Kind,
    dir: PathBuf,
    /// Replaced when it ends before the server does.
    supervisor: Arc<RwLock<Arc<Supervisor>>>,
    instances: Arc<Instances>,
    events: Telling,
    discarded: AtomicU64,
    /// How many supervisors there were before this one.
    generation: Arc<AtomicU64>,
    sent: tokio::sync::Mutex<SentPlans>,
    /// Absent for the process kind.
    images: Option<Arc<Images>>,
    /// What runs the instances, where that is another program.
    engine: Option<Arc<Engine>>,
    /// Whether instances can be virtual machines.
    own_kernels: bool,
}

impl Host {
    /// Starts the supervisor; fails when this machine cannot run instances of the kind.
    pub(crate) async fn new(
        kind: Kind,
        config: &Config,
        events: Telling,
    ) -> Result<(Host, Caps), ComputeError> {
        let failed = |error| ComputeError::failed("make the folder of the instances", error);
        DirBuilder::new().recursive(true).mode(0o700).create(&config.dir).map_err(failed)?;
        let dir = fs::canonicalize(&config.dir).map_err(failed)?;
        let config = Config { dir: dir.clone(), ..config.clone() };
        let (supervisor, mut hello, exits) = Supervisor::start(kind, &config).await?;
        disks::open_trash(&dir).map_err(failed)?;
        let images = match kind.has_networks() {
            true => Some(Arc::new(Images::open(&dir, images::owners()).map_err(failed)?)),
            false => None,
        };
        let mut engine = None;
        if kind.is_engine() {
            let parts = std::mem::take(&mut hello.parts);
            let (opened, limits) = Engine::open(kind, &config, parts, &mut hello.notes).await?;
            engine = Some(Arc::new(opened));
            hello.limits = limits;
        }
        // Only these are started by the supervisor in machines of its own.
        let own_kernels = kind == Kind::Microvm || kind == Kind::Namespace && config.own_kernels;
        let supervisor = Arc::new(RwLock::new(Arc::new(supervisor)));
        let host = Host {
            kind,
            dir,
            supervisor,
            instances: Arc::default(),
            events,
            discarded: AtomicU64::new(0),
            generation: Arc::default(),
            sent: tokio::sync::Mutex::default(),
            images,
            engine,
            own_kernels,
        };
        let faults = Faults::at(config.fail_at.clone());
        host.follow(exits, config);
        host.probe().await?;
        if let Some(engine) = &host.engine {
            engine.arm(faults);
        }
        Ok((host, caps(kind, hello)))
    }

    pub(crate) async fn start(&self, mut spec: InstanceSpec) -> Result<Running, ComputeError> {
        spec.own_kernel |= self.kind == Kind::Microvm;
        if spec.own_kernel && !self.own_kernels {
            let what = "run virtual machines";
            return Err(ComputeError::Unsupported { driver: self.kind.name(), what });
        }
        if spec.image != Image::HostUsr {
            self.images("boot from images")?;
        }
        self.instances.claim(&spec.id)?;
        // What owns it from its first moment on: there may be another by the time it runs.
        let supervisor = self.supervisor();
        let started = match self.launch(&supervisor, &spec).await {
            Ok((instance, imds)) => {
                let started = self.instances.started(instance, || supervisor.is_gone());
                if started.is_err() {
                    self.end_container(&supervisor, &spec.id).await;
                }
                started.map(|instance| (instance, imds))
            }
            Err(error) => Err(error),
        };
        match started {
            Ok((instance, imds)) => {
                self.follow_container(instance, supervisor);
                Ok(Running { id: spec.id, imds })
            }
            Err(error) => {
                self.instances.release(&spec.id);
                Err(error)
            }
        }
    }

    pub(crate) fn is_virtual(&self, id: &str) -> bool {
        self.instances.running(id).is_ok_and(|instance| instance.spec.own_kernel)
    }

    pub(crate) fn is_up(&self, id: &str) -> bool {
        self.instances.is_taken(id)
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    fn supervisor(&self) -> Arc<Supervisor> {
        self.supervisor.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) async fn stop(&self, id: &str, grace: Duration) -> Result<(), ComputeError> {
        let instance = self.instances.begin_end(id)?;
        // A kernel of its own has to write its disk whatever the haste.
        if grace > Duration::ZERO || instance.spec.own_kernel {
            instance.stop(grace).await;
            if instance.wait_gone(grace + instance.patience.end).await {
                return Ok(());
            }
        }
        self.kill(id).await?;
        if instance.wait_gone(instance.patience.kill).await {
            return Ok(());
        }
        Err(ComputeError::failed("end the instance", "its processes do not go away"))
    }

    pub(crate) async fn reboot(&self, id: &str, grace: Duration) -> Result<(), ComputeError> {
        let instance = self.instances.running(id)?;
        match instance.reboot(grace).await {
            Err(ComputeError::Silent(_)) => {
                // Its end is told as a restart, so that it is started again.
                instance.begins_anew.store(true, Ordering::SeqCst);
                self.supervisor().ask(Vec::new(), |seq| Ask::Kill { seq, id: id.into() }).await.map(drop)
            }
            other => other,
        }
    }

    pub(crate) async fn exec(&self, id: &str, spec: ExecSpec) -> Result<ExecIo, ComputeError> {
        self.instances.running(id)?.exec(spec).await
    }

    pub(crate) fn imds_listener(&self, id: &str) -> Result<TcpListener, ComputeError> {
        let instance = self.instances.running(id)?;
        instance.imds.try_clone().map_err(|error| ComputeError::failed("copy the metadata listener", error))
    }

    pub(crate) fn imds_listener_6(&self, id: &str) -> Result<Option<TcpListener>, ComputeError> {
        let instance = self.instances.running(id)?;
        let copy = instance.imds_6.as_ref().map(TcpListener::try_clone).transpose();
        copy.map_err(|error| ComputeError::failed("copy the metadata listener", error))
    }

    pub(crate) async fn shutdown(&self) {
        let ids = self.instances.ids();
        // All at once: one that does not answer is waited for no longer than it takes the others.
        let ends = ids.iter().map(|id| async move { (id, self.stop(id, Duration::ZERO).await) });
        for (id, ended) in futures_util::future::join_all(ends).await {
            match ended {
                // One that starts ends with its supervisor.
                Ok(()) | Err(ComputeError::NotRunning(_)) => {}
                Err(error) => log::warn!("cannot end instance {id}: {error}"),
            }
        }
        if let Some(engine) = &self.engine {
            engine.close().await;
        }
    }

    async fn kill(&self, id: &str) -> Result<(), ComputeError> {
        match &self.engine {
            Some(engine) => engine.kill(id).await,
            None => {
                let ask = |seq| Ask::Kill { seq, id: id.into() };
                self.supervisor().ask(Vec::new(), ask).await.map(drop)
            }
        }
    }

    async fn launch(
        &self,
        supervisor: &Supervisor,
        spec: &InstanceSpec,
    ) -> Result<(Instance, SocketAddr), ComputeError> {
        let (ours, theirs) = packet::pair().map_err(|error| ComputeError::failed("make a socket", error))?;
        if let Some(images) = &self.images {
            let taken = images.take(&spec.id, &spec.image);
            taken.map_err(|error| ComputeError::failed("find the image", error))?;
        }
        let console =
            self.open_console(&spec.id).map_err(|error| ComputeError::failed("open the console", error))?;
        if let Some(engine) = &self.engine {
            return self.launch_container(engine, supervisor, spec, console).await;
        }
        let engine = engine::engine_of(&self.folder(&spec.id));
        if let Some(engine) = engine.map_err(|error| ComputeError::failed("find the disk", error))? {
            return Err(ComputeError::Invalid(format!("its disk is a container of {engine}")));
        }
        let local = self.local_imds()?;
        let imds = local.as_ref().map(|(_, url)| url.clone());
        let boxed = Box::new(spec.clone());
        let files = vec![theirs, console];
        let files = supervisor.ask(files, |seq| Ask::Start { seq, spec: boxed, imds }).await;
        let files = match files {
            Ok(files) => files,
            Err(ComputeError::SupervisorGone) => return Err(ComputeError::SupervisorGone),
            // What the child itself says about its end is nearer to the cause.
            Err(error) => return Err(instance::boot_failure(ours).await.unwrap_or(error)),
        };
        let mut files = files.into_iter().map(TcpListener::from);
        let listener = match local {
            Some((listener, _)) => listener,
            None => files.next().ok_or_else(no_file)?,
        };
        let address = listener.local_addr();
        let address = address.map_err(|error| ComputeError::failed("read the metadata address", error))?;
        let listeners = (listener, files.next());
        let patience = Patience::with(spec);
        let booted = Instance::booted(spec.clone(), listeners, ours, self.events.clone(), patience).await;
        match booted {
            Ok(instance) => Ok((instance, address)),
            Err(error) => {
                // What ends with its supervisor has not failed: it is to be started again.
                self.end_start(supervisor, &spec.id).await?;
                Err(error)
            }
        }
    }

    /// Ends what did not boot, so that its end is not taken for that of the next start. Fails when its supervisor is gone.
    async fn end_start(&self, supervisor: &Supervisor, id: &str) -> Result<(), ComputeError> {
        let ended = self.instances.end_of_start(id);
        match supervisor.ask(Vec::new(), |seq| Ask::Kill { seq, id: id.into() }).await {
            Ok(_) => {}
            Err(ComputeError::SupervisorGone) => return Err(ComputeError::SupervisorGone),
            Err(error) => {
                log::warn!("cannot end instance {id}, which did not boot: {error}");
                return Ok(());
            }
        }
        let Some(mut ended) = ended else { return Ok(()) };
        if tokio::time::timeout(Patience::KILL, ended.wait_for(|ended| *ended)).await.is_err() {
            log::warn!("the processes of instance {id}, which did not boot, do not go away");
        }
        Ok(())
    }

    /// Without namespaces the metadata is on a loopback port, told by the environment.
    fn local_imds(&self) -> Result<Option<(TcpListener, String)>, ComputeError> {
        if self.kind.has_networks() {
            return Ok(None);
        }
        let open = || -> io::Result<_> {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
            listener.set_nonblocking(true)?;
            let url = format!("http://{}", listener.local_addr()?);
            Ok((listener, url))
        };
        open().map(Some).map_err(|error| ComputeError::failed("open the metadata port", error))
    }

    fn folder(&self, id: &str) -> PathBuf {
        self.dir.join("instances").join(id)
    }
}

fn caps(kind: Kind, hello: Hello) -> Caps {
    let machine = kind.has_networks();
    Caps {
        kind,
        isolated: machine,
        link_local_imds: machine,
        hop_limit: machine,
        memory_limit: hello.limits.memory,
        cpu_limit: hello.limits.cpu,
        process_limit: hello.limits.processes,
        exec: true,
        notes: hello.notes,
    }
}

/// Does what waits for a disk beside the runtime's threads, to its end even when the caller goes away.
async fn beside<T: Send + 'static>(
    stage: &'static str,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, ComputeError> {
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.map_err(|error| ComputeError::failed(stage, error))?;
    done.map_err(|error| ComputeError::failed(stage, error))
}

fn one(files: Vec<OwnedFd>) -> Result<OwnedFd, ComputeError> {
    files.into_iter().next().ok_or_else(no_file)
}

fn no_file() -> ComputeError {
    ComputeError::failed("ask the supervisor", "it sent no file")
}
