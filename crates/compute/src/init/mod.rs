//! The first process of an instance: builds the root, runs user data, serves commands, reaps, and ends
//! everything in order. It is a fork of the supervisor and has one thread.
//!
//! The same loop serves the process kind, where there is no root to build and the instance is whatever
//! descends from this process.

mod accounts;
mod command;
mod confine;
mod console;
mod ending;
mod files;
pub(crate) mod inside;
mod kernel;
mod power;
mod root;
mod shadow;
pub(crate) mod template;
mod user_data;

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::path::PathBuf;
use std::process::exit;
use std::time::Duration;

use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::{Gid, Uid, setgroups, sethostname, setresgid, setresuid};

use crate::memory::Own;
use crate::packet;
use crate::protocol::{Order, POWER_OFF, Report};
use crate::spec::InstanceSpec;
use crate::supervisor::{self, Ids, Overlay, Shared};
use crate::{ExitStatus, sys};
use command::{Streams, Surroundings};
pub(crate) use console::Console;
use ending::Descendants;
pub(crate) use kernel::{build_machine, prepare_kernel};
use power::{Power, Requests};
pub(crate) use root::MASKED;
use template::Template;
use user_data::UserData;

#[cfg(feature = "hostile")]
pub(crate) use user_data::look as look_at_user_data;

/// A result whose error says at which step it arose.
pub(crate) type Step<T> = Result<T, (&'static str, io::Error)>;

/// The descriptors an init starts with.
#[derive(Debug)]
pub(crate) struct Boot {
    /// To the server.
    pub control: OwnedFd,
    pub console: OwnedFd,
    /// From the supervisor: `i` when the ids are mapped, `n` when the network stands.
    pub go: OwnedFd,
    /// By which it enters its control groups.
    pub groups: Vec<OwnedFd>,
    /// The metadata URL, for the process kind.
    pub imds: Option<String>,
}

impl Boot {
    pub(crate) fn descriptors(&self) -> Vec<RawFd> {
        let own = [&self.control, &self.console, &self.go].into_iter();
        own.chain(&self.groups).map(AsRawFd::as_raw_fd).collect()
    }
}

/// What the instance is made of.
pub(crate) enum Place<'a> {
    /// Namespaces of its own, its disk, and what it shares of the host.
    /// The template is for a fresh `/etc`; an image brings its own.
    Machine { disk: Disk, shared: Vec<Shared>, template: Option<&'a Template>, ids: Ids },
    /// The container that this process is the first of, made by an engine.
    Container,
    /// A virtual machine, whose first process this is.
    Kernel { single_id: bool },
    /// The host itself, and a folder to work in.
    Folder(PathBuf),
}

/// What the root file system is made of.
#[derive(Debug)]
pub(crate) enum Disk {
    /// A disk with everything on it.
    Whole(OwnedFd),
    /// An image, and a disk for what differs from it.
    Over(Overlay),
}

impl Disk {
    pub(crate) fn descriptors(&self) -> Vec<RawFd> {
        match self {
            Disk::Whole(disk) => vec![disk.as_raw_fd()],
            Disk::Over(Overlay { lower, disk }) => vec![lower.as_raw_fd(), disk.as_raw_fd()],
        }
    }
}

/// Runs an instance to its end, as the child that the supervisor has just forked.
pub(crate) fn main(spec: &InstanceSpec, boot: Boot, place: Place<'_>) -> ! {
    let Boot { control, console, go, groups, imds } = boot;
    let entered = supervisor::enter(groups).map_err(|error| ("enter the control groups", error));
    // Open until a failure is told: the supervisor must not take its end for the cause.
    let mut go = File::from(go);
    let boot = |()| Init::boot(spec, control.as_fd(), Console::new(console), &mut go, imds, place);
    let code = match entered.and_then(boot) {
        Ok(mut init) => {
            drop(go);
            init.serve(&control)
        }
        Err((stage, error)) => {
            let report = Report::BootFailed { stage: stage.into(), message: error.to_string() };
            // Without a server there is nobody to tell.
            let _ = packet::send(control.as_fd(), &report, &[]);
            1
        }
    };
    exit(code)
}

/// Tries the namespaces this process was just forked into; the exit code is the error number.
pub(crate) fn probe(go: OwnedFd) -> ! {
    let tried = wait_for(&mut File::from(go), b'i')
        .and_then(|()| take_root(Ids::SINGLE))
        .and_then(|()| root::try_proc());
    exit(tried.map_or_else(|error| error.raw_os_error().unwrap_or(libc::EPERM), |()| 0))
}

pub(crate) struct Init<'a> {
    spec: &'a InstanceSpec,
    console: Console,
    signals: SignalFd,
    surroundings: Surroundings,
    descendants: Descendants,
    /// Commands of the server by process id.
    commands: HashMap<i32, u64>,
    on_terminals: HashSet<i32>,
    user_data: Option<UserData>,
    /// The fifo for the end of the machine; only in machines.
    requests: Option<Requests>,
    /// What user data wants once it is done.
    wanted: Option<Power>,
}

/// Which descriptors have something to say.
#[derive(Default)]
struct Ready {
    control: bool,
    signals: bool,
    terminal: bool,
    user_data: bool,
    requests: bool,
}

impl<'a> Init<'a> {
    pub(crate) fn boot(
        spec: &'a InstanceSpec,
        control: std::os::fd::BorrowedFd<'_>,
        mut console: Console,
        go: &mut File,
        imds: Option<String>,
        place: Place<'_>,
    ) -> Step<Init<'a>> {
        let mut env = spec.env.clone();
        let own = Own::open().map_err(|error| ("go after the programs", error))?;
        let (surroundings, descendants) = match place {
            Place::Machine { disk, shared, template, ids } => {
                boot_machine(spec, go, &disk, &shared, template, ids, &mut console)?;
                (Surroundings { env, folder: None, single_id: ids.is_single(), own }, Descendants::Everyone)
            }
            Place::Container => {
                inside::boot(spec, &mut console)?;
                (Surroundings { env, folder: None, single_id: false, own }, Descendants::Everyone)
            }
            Place::Kernel { single_id } => {
                (Surroundings { env, folder: None, single_id, own }, Descendants::Everyone)
            }
            Place::Folder(folder) => {
                sys::adopt_orphans().map_err(|error| ("adopt orphans", error))?;
                sys::die_with_parent(libc::SIGTERM).map_err(|error| ("follow the supervisor", error))?;
                env.extend(imds.map(|url| ("AWS_EC2_METADATA_SERVICE_ENDPOINT".to_owned(), url)));
                link_programs(spec, &folder).map_err(|error| ("link the programs", error))?;
                (
                    Surroundings { env, folder: Some(folder), single_id: false, own },
                    Descendants::OfThisProcess,
                )
            }
        };
        let signals = watch_signals().map_err(|error| ("watch the signals", error))?;
        tell(control, &Report::Booted);
        wait_for(go, b'n').map_err(|error| ("wait for the network", error))?;
        let requests = match descendants {
            Descendants::Everyone => Some(Requests::open().map_err(|error| ("open /run/initctl", error))?),
            Descendants::OfThisProcess => None,
        };
        let mut init = Init {
            spec,
            console,
            signals,
            surroundings,
            descendants,
            commands: HashMap::new(),
            on_terminals: HashSet::new(),
            user_data: None,
            requests,
            wanted: None,
        };
        init.start_user_data(control);
        Ok(init)
    }

    pub(crate) fn serve(&mut self, control: &OwnedFd) -> i32 {
        loop {
            let ready = self.wait(control);
            if ready.terminal {
                self.console.hear();
            }
            if ready.user_data && !self.user_data.as_mut().is_some_and(|data| data.pass_on(&mut self.console))
            {
                self.user_data = None;
            }
            if ready.requests {
                self.wanted = self.requests.as_mut().and_then(Requests::read).or(self.wanted);
            }
            if ready.signals
                && let Some(code) = self.handle_signals(control)
            {
                return code;
            }
            if let Some(power) = self.wanted.take()
                && let Some(code) = self.obey(power, control)
            {
                return code;
            }
            if ready.control {
                match packet::receive(control.as_fd()) {
                    Ok(Some((order, files))) => {
                        if let Some(code) = self.carry_out(control, order, files) {
                            return code;
                        }
                    }
                    // The server is gone.
                    Ok(None) | Err(_) => return self.end(Duration::ZERO, control),
                }
            }
        }
    }

    fn wait(&self, control: &OwnedFd) -> Ready {
        let readable = PollFlags::POLLIN;
        let mut waits =
            vec![PollFd::new(control.as_fd(), readable), PollFd::new(self.signals.as_fd(), readable)];
        let terminal = self.console.terminal().map(|fd| {
            waits.push(PollFd::new(fd, readable));
            waits.len() - 1
        });
        let user_data = self.user_data.as_ref().map(|data| {
            waits.push(PollFd::new(data.output(), readable));
            waits.len() - 1
        });
        let requests = self.requests.as_ref().map(|requests| {
            waits.push(PollFd::new(requests.waits(), readable));
            waits.len() - 1
        });
        // What is wanted already is done at once.
        let limit = if self.wanted.is_some() { PollTimeout::ZERO } else { PollTimeout::NONE };
        if poll(&mut waits, limit).is_err() {
            return Ready::default();
        }
        let at = |index: usize| waits.get(index).and_then(PollFd::any).unwrap_or(false);
        Ready {
            control: at(0),
            signals: at(1),
            terminal: terminal.is_some_and(at),
            user_data: user_data.is_some_and(at),
            requests: requests.is_some_and(at),
        }
    }

    /// The exit code when a signal asked for the end.
    fn handle_signals(&mut self, control: &OwnedFd) -> Option<i32> {
        let mut wanted = None;
        while let Ok(Some(signal)) = self.signals.read_signal() {
            wanted =
                Signal::try_from(signal.ssi_signo as i32).ok().filter(|s| *s != Signal::SIGCHLD).or(wanted);
        }
        self.reap(control);
        match self.descendants {
            Descendants::Everyone => self.obey(power::of_signal(wanted?)?, control),
            // For the process kind this is the supervisor's way to end it at once.
            Descendants::OfThisProcess if matches!(wanted?, Signal::SIGTERM | Signal::SIGPWR) => {
                Some(self.end(Duration::ZERO, control))
            }
            Descendants::OfThisProcess => None,
        }
    }

    /// The exit code when the order was to stop.
    fn carry_out(&mut self, control: &OwnedFd, order: Order, files: Vec<OwnedFd>) -> Option<i32> {
        match order {
            Order::Exec { seq, spec } => {
                let streams = match spec.tty {
                    Some((columns, rows)) => Ok(Streams::Terminal { columns, rows }),
                    None => <[OwnedFd; 3]>::try_from(files)
                        .map(Streams::Given)
                        .map_err(|_| ("take the streams", io::Error::other("want three files"))),
                };
                match streams.and_then(|streams| self.surroundings.start(&spec, streams)) {
                    Ok(started) => {
                        self.commands.insert(started.pid, seq);
                        if started.terminal.is_some() {
                            self.on_terminals.insert(started.pid);
                        }
                        let files = started.terminal.as_slice();
                        // A server that is gone is noticed by the next receive.
                        let _ =
                            packet::send(control.as_fd(), &Report::Started { seq }, &packet::borrow(files));
                    }
                    Err((stage, error)) => {
                        let message = error.to_string();
                        tell(control.as_fd(), &Report::Refused { seq, stage: stage.into(), message });
                    }
                }
                None
            }
            Order::Stop { grace_ms } => Some(self.end(Duration::from_millis(grace_ms), control)),
            Order::Reboot { seq, grace_ms } => {
                self.reboot(Duration::from_millis(grace_ms), control);
                tell(control.as_fd(), &Report::Rebooted { seq });
                None
            }
            // What is written here is the host's already.
            Order::Flush { seq } => {
                tell(control.as_fd(), &Report::Flushed { seq });
                None
            }
            // Terminals are made here, and whoever has one sets its size.
            Order::Resize { .. } => None,
        }
    }
}

fn boot_machine(
    spec: &InstanceSpec,
    go: &mut File,
    disk: &Disk,
    shared: &[Shared],
    template: Option<&Template>,
    ids: Ids,
    console: &mut Console,
) -> Step<()> {
    wait_for(go, b'i').map_err(|error| ("wait for the user ids", error))?;
    become_root(ids)?;
    root::build(disk, shared, ids)?;
    files::write(spec, template, ids.is_single()).map_err(|error| ("write the system's files", error))?;
    sethostname(files::host_name(spec)).map_err(|error| ("set the host name", error.into()))?;
    console.open_terminal(root::bind_console).map_err(|error| ("open the console", error))?;
    confine::confine().map_err(|error| ("confine the instance", error))
}

/// Takes the ids of root inside. The kernel forgets the wish to die with the parent when ids change, so it
/// comes last.
fn become_root(ids: Ids) -> Step<()> {
    take_root(ids).map_err(|error| ("become root", error))
}

fn take_root(ids: Ids) -> io::Result<()> {
    if !ids.is_single() {
        setgroups(&[])?;
    }
    setresgid(Gid::from_raw(0), Gid::from_raw(0), Gid::from_raw(0))?;
    setresuid(Uid::from_raw(0), Uid::from_raw(0), Uid::from_raw(0))?;
    sys::hide_from_inside()?;
    sys::die_with_parent(libc::SIGKILL)
}

fn watch_signals() -> io::Result<SignalFd> {
    let mut signals = SigSet::empty();
    let ends = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGPWR, Signal::SIGUSR1, Signal::SIGUSR2];
    for signal in ends.into_iter().chain([Signal::SIGCHLD, Signal::SIGHUP]) {
        signals.add(signal);
    }
    signals.thread_block()?;
    Ok(SignalFd::with_flags(&signals, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?)
}

/// The process kind has no `/opt`: links stand in the instance's folder and point at the host.
fn link_programs(spec: &InstanceSpec, folder: &std::path::Path) -> io::Result<()> {
    for link in &spec.links {
        let at = folder.join(link.at.strip_prefix("/").unwrap_or(&link.at));
        let host = spec
            .mounts
            .iter()
            .find_map(|mount| Some(mount.host.join(link.target.strip_prefix(&mount.guest).ok()?)));
        if let Some(parent) = at.parent() {
            std::fs::create_dir_all(parent)?;
        }
        // Absent at the first start.
        let _ = std::fs::remove_file(&at);
        std::os::unix::fs::symlink(host.as_ref().unwrap_or(&link.target), at)?;
    }
    Ok(())
}

fn tell(control: std::os::fd::BorrowedFd<'_>, report: &Report) {
    // A server that is gone is noticed by the next receive.
    let _ = packet::send(control, report, &[]);
}

fn wait_for(go: &mut File, mark: u8) -> io::Result<()> {
    let mut byte = [0];
    go.read_exact(&mut byte)?;
    if byte == [mark] { Ok(()) } else { Err(io::Error::other("out of step with the supervisor")) }
}

fn close_on_exec(fd: &OwnedFd) -> io::Result<()> {
    use nix::fcntl::{FcntlArg, FdFlag, fcntl};
    fcntl(fd, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    Ok(())
}
