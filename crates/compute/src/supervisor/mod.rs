//! The one process that owns every instance: namespaces of networks, control groups, children.
//!
//! The server is a many-threaded program and must not fork; it starts itself again under the name
//! [`crate::INIT_NAME`], and that process, which has one thread and stays small, forks the first process of
//! each instance. It does one thing after another, and ends, with all instances, when the server does.

mod attributes;
mod cgroup;
mod container;
mod ids;
mod launch;
mod netlink;
mod network;
mod nft;
mod stage;

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, FromRawFd, OwnedFd};
use std::path::Path;
use std::process::exit;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, dup};

use crate::Kind;
use crate::faults::Faults;
use crate::init::template::Template;
use crate::memory::Plain;
use crate::microvm::Hypervisor;
use crate::packet;
use crate::plan_change::PlanUpdate;
use crate::process::Process;
use crate::protocol::{Answer, Ask, InitEnd, POWER_OFF, REBOOT};
use cgroup::Cgroups;
pub(crate) use cgroup::{Group, MOST_PROCESSES, enter};
pub(crate) use ids::Ids;
use ids::{Slot, Slots};
pub(crate) use network::set_up_places;
use network::{Catch, Home, Router};
use stage::Stage;
pub(crate) use stage::{
    DEVICE_LINKS, DEVICES, DISK, EMPTY, LOWER, Overlay, QEMU_DEVICES, ROOT, SYSTEM, Shared,
};

#[cfg(feature = "hostile")]
pub(crate) use attributes::look as look_at_answers;

/// Runs the supervisor on the socket that is standard input; ends with the server.
pub(crate) fn main() -> ! {
    let code = match Supervisor::start() {
        Ok(Some(mut supervisor)) => supervisor.serve(),
        Ok(None) => 0,
        Err(error) => {
            warn(&format!("the supervisor cannot start: {error}"));
            1
        }
    };
    exit(code)
}

/// The supervisor's standard error is the server's.
pub(crate) fn warn(text: &str) {
    eprintln!("rolecall: {text}");
}

/// What kinds with networks need beyond children.
#[derive(Debug)]
struct Machines {
    home: Home,
    /// Absent where another program runs the instances.
    forge: Option<Forge>,
    /// This process is root in a user namespace with one id only.
    single: bool,
    routers: HashMap<String, Router>,
    catch: Option<Catch>,
}

/// What the namespace kind makes machines of.
#[derive(Debug)]
struct Forge {
    stage: Stage,
    slots: Slots,
    template: Template,
    /// For those with a kernel of their own.
    hypervisor: Option<Hypervisor>,
}

#[derive(Debug)]
struct Child {
    id: String,
    group: Group,
    /// The user ids it runs with; absent for the process kind.
    slot: Option<Slot>,
}

#[derive(Debug)]
struct Supervisor {
    server: OwnedFd,
    signals: SignalFd,
    dir: std::path::PathBuf,
    cgroups: Cgroups,
    /// Absent for the process kind.
    machines: Option<Machines>,
    faults: Faults,
    /// What first processes are given.
    plain: Plain,
    children: HashMap<i32, Child>,
}

impl Supervisor {
    /// Reads the setup and answers it; `None` when the server is gone or was refused.
    fn start() -> io::Result<Option<Supervisor>> {
        // SAFETY: descriptor 0 is the socket the server started this process with; nothing else owns it.
        let input = unsafe { OwnedFd::from_raw_fd(0) };
        let server = dup(&input)?;
        close_on_exec(&server)?;
        // Descriptor 0 stays open, on nothing, so that no other file takes its number.
        nix::unistd::dup2_stdin(&std::fs::File::open("/dev/null")?)?;
        std::mem::forget(input);
        let mut signals = SigSet::empty();
        for signal in [Signal::SIGCHLD, Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
            signals.add(signal);
        }
        signals.thread_block()?;
        // A server under `nohup` ignores it, and so would every program in every instance: a terminal that is closed must
        // end what runs in it.
        // SAFETY: no handler is set, and this process has one thread.
        unsafe { nix::sys::signal::signal(Signal::SIGHUP, nix::sys::signal::SigHandler::SigDfl) }?;
        let signals = SignalFd::with_flags(&signals, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
        let Some((Ask::Setup { seq, kind, dir, own_kernels, kernel, fail_at }, _)) =
            packet::receive(server.as_fd())?
        else {
            return Ok(None);
        };
        let mut notes = Vec::new();
        let plain = Plain::spare_this_process().map_err(|error| ("be the last to go", error));
        let set_up = plain.and_then(|plain| {
            let kernel = own_kernels.then_some(kernel.as_deref());
            Ok((plain, Machines::new(kind, &dir, kernel, &mut notes)?))
        });
        match set_up {
            Ok((plain, machines)) => {
                let cgroups = Cgroups::new(&mut notes);
                let limits = cgroups.limits();
                let supervisor = Supervisor {
                    server,
                    signals,
                    dir,
                    cgroups,
                    machines,
                    faults: Faults::at(fail_at),
                    plain,
                    children: HashMap::new(),
                };
                let parts = container::parts().unwrap_or_default();
                supervisor.answer(&Answer::Ready { limits, notes, parts }, &[]);
                Ok(Some(supervisor))
            }
            Err((stage, error)) => {
                let answer = Answer::Failed { seq, stage: stage.into(), message: error.to_string() };
                packet::send(server.as_fd(), &answer, &[])?;
                Ok(None)
            }
        }
    }

    fn serve(&mut self) -> i32 {
        loop {
            let (asked, signaled) = {
                let mut waits = [
                    PollFd::new(self.server.as_fd(), PollFlags::POLLIN),
                    PollFd::new(self.signals.as_fd(), PollFlags::POLLIN),
                ];
                // An interrupted wait is a wait again.
                let _ = poll(&mut waits, PollTimeout::NONE);
                let [server, signals] = &waits;
                (server.any().unwrap_or(true), signals.any().unwrap_or(true))
            };
            if signaled {
                // SIGINT at a terminal reaches the whole group: the server decides what it means.
                while let Ok(Some(_)) = self.signals.read_signal() {}
                self.reap();
            }
            if asked {
                match packet::receive(self.server.as_fd()) {
                    Ok(Some((ask, files))) => self.handle(ask, files),
                    Ok(None) | Err(_) => return self.end(),
                }
            }
        }
    }

    fn handle(&mut self, ask: Ask, files: Vec<OwnedFd>) {
        let seq = match &ask {
            Ask::Setup { seq, .. } | Ask::Start { seq, .. } | Ask::Kill { seq, .. } => *seq,
            Ask::Endpoint { seq, .. } | Ask::Socket { seq, .. } | Ask::DropVpc { seq, .. } => *seq,
            Ask::Join { seq, .. }
            | Ask::Leave { seq, .. }
            | Ask::Catch { seq, .. }
            | Ask::Network { seq }
            | Ask::Names { seq, .. }
            | Ask::Outside { seq, .. } => *seq,
        };
        match self.carry_out(ask, files) {
            Ok(files) => self.answer(&Answer::Done { seq }, &files),
            Err((stage, error)) => {
                let message = error.to_string();
                self.answer(&Answer::Failed { seq, stage: stage.into(), message }, &[]);
            }
        }
    }

    fn carry_out(&mut self, ask: Ask, files: Vec<OwnedFd>) -> Result<Vec<OwnedFd>, Failure> {
        match ask {
            Ask::Setup { .. } => Err(("set up", io::Error::other("done already"))),
            Ask::Start { spec, imds, .. } => self.launch(*spec, imds, files),
            Ask::Kill { id, .. } => {
                // One that has just ended is killed too.
                let pid = self.children.iter().find(|(_, child)| child.id == id).map(|(pid, _)| *pid);
                let killed = pid.map_or(Ok(()), |pid| kill(Pid::from_raw(pid), self.last_signal()));
                killed.map(|()| Vec::new()).map_err(|error| ("kill the instance", error.into()))
            }
            Ask::Endpoint { vpc, port, .. } => {
                let machines = self.machines()?;
                machines
                    .ensure_router(&vpc)
                    .and_then(|()| machines.endpoint(&vpc.id, port))
                    .map(|fd| vec![fd])
            }
            Ask::Socket { vpc, .. } => self.machines()?.socket(&vpc).map(|fd| vec![fd]),
            Ask::Network { .. } => self.machines()?.apply(files).map(|()| Vec::new()),
            Ask::Catch { port, except, addresses, .. } => {
                let machines = self.machines()?;
                let done = machines.catch_public(port, except, &addresses);
                done.map(|()| Vec::new()).map_err(|error| ("catch what is for public addresses", error))
            }
            Ask::Join { id, network, shared, .. } => {
                let process = files.into_iter().next().map(Process::received);
                let process = process.ok_or(("join the network", io::ErrorKind::NotFound.into()))?;
                // It may be spared as the engine is, and would hand that down.
                let given = self.plain.give(&process);
                given.map_err(|error| ("be among the first to go", error))?;
                container::close(&process, &shared)
                    .map_err(|error| ("make the host's folders read-only", error))?;
                self.machines()?.join(&id, &process, &network)
            }
            Ask::Leave { id, .. } => {
                self.machines()?.routers.values_mut().for_each(|router| router.leave(&id));
                Ok(Vec::new())
            }
            Ask::Names { vpc, .. } => self.machines()?.names(&vpc),
            Ask::Outside { vpc, .. } => self.machines()?.outside(&vpc).map(|fd| vec![fd]),
            Ask::DropVpc { vpc, .. } => {
                self.machines()?.routers.remove(&vpc);
                Ok(Vec::new())
            }
        }
    }

    /// What ends an init at once. The kernel ends a process namespace with its first process; without one,
    /// the init must live on to end its descendants.
    fn last_signal(&self) -> Signal {
        if self.machines.is_some() { Signal::SIGKILL } else { Signal::SIGTERM }
    }

    fn machines(&mut self) -> Result<&mut Machines, Failure> {
        self.machines.as_mut().ok_or(("find the network", io::ErrorKind::Unsupported.into()))
    }

    fn answer(&self, answer: &Answer, files: &[OwnedFd]) {
        // A server that is gone is noticed by the next receive.
        let _ = packet::send(self.server.as_fd(), answer, &packet::borrow(files));
    }

    fn reap(&mut self) {
        while let Ok(status) = waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            let (pid, end) = match status {
                WaitStatus::Exited(pid, POWER_OFF) => (pid, InitEnd::PowerOff),
                // What the kernel makes of reboot(2) in a process namespace: halt and power off.
                WaitStatus::Signaled(pid, Signal::SIGINT, _) => (pid, InitEnd::PowerOff),
                // And of its restart.
                WaitStatus::Signaled(pid, Signal::SIGHUP, _) | WaitStatus::Exited(pid, REBOOT) => {
                    (pid, InitEnd::Reboot)
                }
                WaitStatus::Exited(pid, _) | WaitStatus::Signaled(pid, ..) => (pid, InitEnd::Killed),
                _ => return,
            };
            if let Some(child) = self.children.remove(&pid.as_raw()) {
                child.group.remove();
                if let Some(machines) = &mut self.machines {
                    machines.routers.values_mut().for_each(|router| router.leave(&child.id));
                    if let (Some(forge), Some(slot)) = (&mut machines.forge, child.slot) {
                        forge.slots.give_back(slot);
                    }
                }
                self.answer(&Answer::Exited { id: child.id, end }, &[]);
            }
        }
    }

    /// The server is gone: so is everything else.
    fn end(&mut self) -> i32 {
        for pid in self.children.keys() {
            // It may have ended by itself.
            let _ = kill(Pid::from_raw(*pid), self.last_signal());
        }
        for (pid, child) in self.children.drain() {
            let _ = waitpid(Pid::from_raw(pid), None);
            child.group.remove();
        }
        self.cgroups.remove();
        0
    }
}

/// At which step something failed, and how.
type Failure = (&'static str, io::Error);

impl Machines {
    fn new(
        kind: Kind,
        dir: &Path,
        kernel: Option<Option<&Path>>,
        notes: &mut Vec<String>,
    ) -> Result<Option<Machines>, Failure> {
        if !kind.has_networks() {
            return Ok(None);
        }
        // While this process sees the host as it is.
        let found = kernel.filter(|_| !kind.is_engine()).map(|kernel| Hypervisor::find(dir, kernel, notes));
        let hypervisor = found.transpose().map_err(|error| ("find what runs virtual machines", error))?;
        let single = !nix::unistd::geteuid().is_root();
        if kind.is_engine() {
            if single {
                let error = io::Error::new(io::ErrorKind::PermissionDenied, "only root may");
                return Err(("join the networks of containers", error));
            }
            if let Err(error) = stage::kernel_is_at_least(5, 12) {
                let told =
                    "what is mounted below folders of the host that are shown inside can be written to there";
                notes.push(format!("{told} ({error})"));
            }
            let home = Home::here().map_err(|error| ("open the network namespace", error))?;
            return Ok(Some(Machines { home, forge: None, single, routers: HashMap::new(), catch: None }));
        }
        if single {
            launch::enter_user_namespace().map_err(|error| ("make a user namespace", error))?;
            notes.push("one user id: every user inside is root inside, and this user outside".into());
        }
        let home = Home::here().map_err(|error| ("open the network namespace", error))?;
        let kvm = hypervisor.as_ref().map(Hypervisor::uses_kvm);
        let (stage, slots) =
            Stage::new(dir, single, kvm, notes).map_err(|error| ("mount the image", error))?;
        let forge = Some(Forge { stage, slots, template: Template::read(), hypervisor });
        let machines = Machines { home, forge, single, routers: HashMap::new(), catch: None };
        machines.probe(if single { Ids::SINGLE } else { Ids::RANGE })?;
        Ok(Some(machines))
    }

    fn ensure_router(&mut self, vpc: &crate::Vpc) -> Result<(), Failure> {
        match self.routers.get(&vpc.id) {
            Some(router) if router.vpc() == vpc => Ok(()),
            Some(_) => Err(("find the network", io::Error::other("the VPC has another address block"))),
            None => {
                let router =
                    Router::new(&self.home, vpc.clone()).map_err(|error| ("make the network", error))?;
                self.routers.insert(vpc.id.clone(), router);
                Ok(())
            }
        }
    }

    fn router(&self, vpc: &str) -> Result<&Router, Failure> {
        self.routers.get(vpc).ok_or(("find the network", io::ErrorKind::NotFound.into()))
    }

    fn endpoint(&self, vpc: &str, port: u16) -> Result<OwnedFd, Failure> {
        self.router(vpc)?.endpoint(&self.home, port).map_err(|error| ("listen in the network", error))
    }

    /// Applies the network plan that is in the file. A VPC without instances needs no network.
    fn apply(&mut self, files: Vec<OwnedFd>) -> Result<(), Failure> {
        let failed = |error| ("read the network plan", error);
        let file = files.into_iter().next().ok_or_else(|| failed(io::ErrorKind::NotFound.into()))?;
        let plan = match packet::read(file).map_err(failed)? {
            PlanUpdate::Whole(plan) => *plan,
            PlanUpdate::Change(change) => {
                let before = self.router(change.vpc())?.plan();
                change.of(before.ok_or_else(|| failed(io::ErrorKind::NotFound.into()))?)
            }
        };
        let id = plan.vpc.id.clone();
        if plan.interfaces.iter().any(|interface| interface.instance.is_some()) {
            self.ensure_router(&plan.vpc)?;
        }
        let Some(router) = self.routers.get_mut(&id) else { return Ok(()) };
        router.apply(&self.home, plan).map_err(|error| ("change the network", error))
    }

    fn catch_public(&mut self, port: u16, except: u16, addresses: &[std::net::Ipv4Addr]) -> io::Result<()> {
        if self.single {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the host's network is root's"));
        }
        let mut catch = self.catch.take().map_or_else(Catch::new, Ok)?;
        let done = catch.send_to(port, except, addresses);
        self.catch = Some(catch);
        done
    }

    fn names(&self, vpc: &str) -> Result<Vec<OwnedFd>, Failure> {
        self.router(vpc)?.names(&self.home).map_err(|error| ("listen for names in the network", error))
    }

    fn outside(&self, vpc: &str) -> Result<OwnedFd, Failure> {
        self.router(vpc)?.outside(&self.home).map_err(|error| ("listen for what leaves the network", error))
    }

    fn socket(&self, vpc: &str) -> Result<OwnedFd, Failure> {
        self.router(vpc)?.socket(&self.home).map_err(|error| ("open a socket in the network", error))
    }
}

fn close_on_exec(fd: &OwnedFd) -> io::Result<()> {
    use nix::fcntl::{FcntlArg, FdFlag, fcntl};
    fcntl(fd, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    Ok(())
}
