//! The first process of an instance that is a virtual machine: puts its root together, runs QEMU on it, and stands
//! between the server and the machine. Both are strangers to it: what comes out of the machine is bounded and gives it
//! nothing but words and bytes of streams.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Child, exit};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::poll::PollFlags;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

use super::bridge::Bridge;
use super::hearing::{Hearing, Line, Monitor, Words};
use super::hypervisor::{Ends, Hypervisor};
use super::{Place, ToGuest};
use crate::init::template::Template;
use crate::init::{self, Boot, Console, Disk, Step};
use crate::protocol::{POWER_OFF, REBOOT, Report};
use crate::supervisor::{self, Ids, Shared};
use crate::{InstanceSpec, packet};

/// One network interface of the machine: the end of a link in the router, and what belongs on it inside.
#[derive(Debug)]
pub(crate) struct Tap {
    pub fd: OwnedFd,
    pub place: Place,
}

/// What a machine is made of.
pub(crate) struct Machine<'a> {
    pub disk: Disk,
    /// Shown in its root.
    pub shared: Vec<Shared>,
    /// Shown to QEMU.
    pub own: Vec<Shared>,
    /// For a fresh `/etc`; an image brings its own.
    pub template: Option<&'a Template>,
    pub ids: Ids,
    pub taps: Vec<Tap>,
    pub hypervisor: &'a Hypervisor,
}

/// Runs a machine to its end, as the child that the supervisor has just forked.
pub(crate) fn main(spec: &InstanceSpec, boot: Boot, machine: Machine<'_>) -> ! {
    let Boot { control, console, go, groups, .. } = boot;
    let entered = supervisor::enter(groups).map_err(|error| ("enter the control groups", error));
    let run = entered.and_then(|()| Keeper::start(spec, console, File::from(go), machine));
    let code = match run.and_then(|mut keeper| keeper.serve(&control)) {
        Ok(code) => code,
        Err((stage, error)) => {
            let report = Report::BootFailed { stage: stage.into(), message: error.to_string() };
            // Without a server there is nobody to tell.
            let _ = packet::send(control.as_fd(), &report, &[]);
            1
        }
    };
    exit(code)
}

#[derive(Debug)]
struct Keeper {
    console: Console,
    /// What the machine's serial line says.
    line: Line,
    qemu: Child,
    /// What QEMU says about itself.
    words: Words,
    monitor: Monitor,
    bridge: Bridge,
    signals: SignalFd,
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
enum Turn {
    Again,
    /// QEMU has ended.
    Ended,
    /// The server is gone.
    Alone,
}

impl Keeper {
    fn start(spec: &InstanceSpec, console: OwnedFd, mut go: File, machine: Machine<'_>) -> Step<Keeper> {
        let single_id = machine.ids.is_single();
        init::build_machine(spec, &mut go, &machine)?;
        let failed = |error| ("run QEMU", error);
        let pair = || UnixStream::pair().map_err(failed);
        let ((link, agent), (line, serial), (monitor, qmp)) = (pair()?, pair()?, pair()?);
        let ends = Ends { agent: agent.into(), serial: serial.into(), monitor: qmp.into() };
        let given = [&ends.agent, &ends.serial, &ends.monitor];
        for fd in machine.taps.iter().map(|tap| &tap.fd).chain(given) {
            fcntl(fd, FcntlArg::F_SETFD(FdFlag::empty())).map_err(|error| failed(error.into()))?;
        }
        let signals = watch_children().map_err(failed)?;
        let mut console = Console::new(console);
        if let Some(less) = machine.hypervisor.falls_short(spec) {
            console.say(&less);
        }
        let mut command = machine.hypervisor.command(spec, &machine.taps, &ends, single_id);
        let mut qemu = command.spawn().map_err(failed)?;
        let words = Words { hearing: Hearing::of(qemu.stderr.take().map(Into::into)), text: String::new() };
        let places = machine.taps.iter().map(|tap| tap.place.clone()).collect();
        let mut bridge = Bridge::new(link).map_err(failed)?;
        // Where things are on the host is nothing for inside.
        let spec = Box::new(InstanceSpec { mounts: Vec::new(), ..spec.clone() });
        bridge.say(&ToGuest::Start { spec, places, single_id }).map_err(failed)?;
        Ok(Keeper {
            console,
            line: Line { hearing: Hearing::of(Some(line.into())), last: Vec::new(), panicked: false },
            qemu,
            words,
            monitor: Monitor::new(monitor).map_err(failed)?,
            bridge,
            signals,
        })
    }

    /// Serves until QEMU has ended; the exit code tells how.
    fn serve(&mut self, control: &OwnedFd) -> Step<i32> {
        loop {
            match self.turn(control) {
                Ok(Turn::Again) => {}
                Ok(Turn::Ended) => return self.end(),
                // The machine goes with this process.
                Ok(Turn::Alone) => return Ok(0),
                // What the machine says is not to be understood: it is nobody's whom the server could talk to.
                Err(error) if self.bridge.has_booted() => {
                    self.console.say(&format!("talk to the machine: {error}"));
                    return Ok(1);
                }
                Err(error) => return Err(("talk to the machine", error)),
            }
        }
    }

    fn turn(&mut self, control: &OwnedFd) -> io::Result<Turn> {
        let readable = PollFlags::POLLIN;
        let mut others = vec![(self.signals.as_fd(), readable), (control.as_fd(), readable)];
        let hearings = [&self.line.hearing, &self.words.hearing, &self.monitor.hearing];
        others
            .extend(hearings.into_iter().filter_map(|hearing| Some((hearing.0.as_ref()?.as_fd(), readable))));
        let ready = self.bridge.wait(others);
        let is_ready = |at: usize| ready.others.get(at).copied().unwrap_or(false);
        self.bridge.go_on(&ready)?;
        if is_ready(1) {
            match packet::receive(control.as_fd()) {
                Ok(Some((order, files))) => self.bridge.carry_out(control.as_fd(), &order, files)?,
                Ok(None) | Err(_) => return Ok(Turn::Alone),
            }
        }
        let mut gone = false;
        if is_ready(0) {
            while let Ok(Some(_)) = self.signals.read_signal() {}
            gone = self.qemu.try_wait()?.is_some();
        }
        // Also after its end: what it said last may be the most important.
        self.listen(control)?;
        Ok(if gone { Turn::Ended } else { Turn::Again })
    }

    /// Takes in what has come from the machine and from QEMU.
    fn listen(&mut self, control: &OwnedFd) -> io::Result<()> {
        self.line.pass_on(&mut self.console);
        self.words.hear();
        self.monitor.hear();
        self.bridge.listen(control.as_fd())
    }

    /// How the machine has ended.
    fn end(&mut self) -> Step<i32> {
        if !self.bridge.has_booted() {
            let words = self.words.text.trim();
            let words = if words.is_empty() { "it ended before its system stood" } else { words };
            return Err(("start the machine", io::Error::other(words.to_owned())));
        }
        Ok(match (self.bridge.ended(), self.monitor.reason.as_deref()) {
            (Some(code), _) => code,
            _ if self.line.panicked => 1,
            (None, Some("guest-shutdown")) => POWER_OFF,
            (None, Some("guest-reset")) => REBOOT,
            _ => {
                self.console.say(&format!("QEMU has ended: {}", self.words.text.trim()));
                1
            }
        })
    }
}

fn watch_children() -> io::Result<SignalFd> {
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGCHLD);
    signals.thread_block()?;
    Ok(SignalFd::with_flags(&signals, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?)
}
