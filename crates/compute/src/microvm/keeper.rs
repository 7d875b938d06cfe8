//! The first process of an instance that is a virtual machine: puts its root together, runs QEMU on it, and stands
//! between the server and the machine. Both are strangers to it: what comes out of the machine is bounded and gives it
//! nothing but words and bytes of streams.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Child, exit};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::poll::{PollFlags, PollTimeout};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

use super::frames::{Frame, Link};
use super::hearing::{Hearing, Line, Monitor, Words};
use super::hypervisor::{Ends, Hypervisor};
use super::streams::Streams;
use super::{FromGuest, Part, Place, ToGuest, ToGuestRef, stream};
use crate::init::template::Template;
use crate::init::{self, Boot, Console, Disk, Step};
use crate::protocol::{Order, POWER_OFF, REBOOT, Report};
use crate::supervisor::{self, Ids, Shared};
use crate::{InstanceSpec, packet};

/// How many characters are passed on of a text from inside.
const MOST_TEXT: usize = 1024;

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
    link: Option<Link>,
    streams: Streams,
    signals: SignalFd,
    /// Commands that the machine has been asked to run, with the streams of those without a terminal.
    asked: HashMap<u64, Vec<OwnedFd>>,
    running: HashSet<u64>,
    user_data_told: bool,
    booted: bool,
    /// The exit code of the machine's init, once it has ended everything in order.
    ended: Option<i32>,
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
        let mut command = machine.hypervisor.command(spec, &machine.taps, &ends, single_id);
        let mut qemu = command.spawn().map_err(failed)?;
        let words = Words { hearing: Hearing::of(qemu.stderr.take().map(Into::into)), text: String::new() };
        let places = machine.taps.iter().map(|tap| tap.place.clone()).collect();
        let mut link = Link::new(link.into()).map_err(failed)?;
        link.say(&ToGuest::Start { spec: Box::new(spec.clone()), places, single_id }).map_err(failed)?;
        Ok(Keeper {
            console: Console::new(console),
            line: Line { hearing: Hearing::of(Some(line.into())), last: Vec::new(), panicked: false },
            qemu,
            words,
            monitor: Monitor::new(monitor).map_err(failed)?,
            link: Some(link),
            streams: Streams::default(),
            signals,
            asked: HashMap::new(),
            running: HashSet::new(),
            user_data_told: false,
            booted: false,
            ended: None,
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
                Err(error) if self.booted => {
                    self.console.say(&format!("talk to the machine: {error}"));
                    return Ok(1);
                }
                Err(error) => return Err(("talk to the machine", error)),
            }
        }
    }

    fn turn(&mut self, control: &OwnedFd) -> io::Result<Turn> {
        let readable = PollFlags::POLLIN;
        let full = self.link.as_ref().is_some_and(Link::is_full);
        let mut others = vec![(self.signals.as_fd(), readable), (control.as_fd(), readable)];
        let hearings = [&self.line.hearing, &self.words.hearing, &self.monitor.hearing];
        others
            .extend(hearings.into_iter().filter_map(|hearing| Some((hearing.0.as_ref()?.as_fd(), readable))));
        if let Some(link) = &self.link {
            let sending = if link.has_unsent() { PollFlags::POLLOUT } else { PollFlags::empty() };
            others.push((link.fd(), readable | sending));
        }
        let ready = self.streams.wait(&others, full, PollTimeout::NONE);
        let is_ready = |at: usize| ready.others.get(at).copied().unwrap_or(false);
        if let Some(link) = &mut self.link {
            self.streams.go_on(&ready, link)?;
        }
        if is_ready(1) {
            match packet::receive(control.as_fd()) {
                Ok(Some((order, files))) => self.carry_out(control, &order, files)?,
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
        let Some(link) = &mut self.link else { return Ok(()) };
        link.flush()?;
        let open = link.fill()?;
        while let Some(frame) = self.link.as_mut().map(Link::next).transpose()?.flatten() {
            self.hear(control, frame)?;
        }
        if !open {
            self.link = None;
        }
        Ok(())
    }

    fn hear(&mut self, control: &OwnedFd, frame: Frame) -> io::Result<()> {
        match frame {
            Frame::Message(bytes) => match serde_json::from_slice(&bytes)? {
                FromGuest::Report(report) => self.tell(control, report),
                FromGuest::Ended { code } => {
                    self.ended = Some(code);
                    Ok(())
                }
            },
            other => match &mut self.link {
                Some(link) => self.streams.hear(other, link),
                None => Ok(()),
            },
        }
    }

    /// Passes a report on to the server, as far as it was asked for: whoever is root inside may say what it likes. With the outer ends of what it is about.
    fn tell(&mut self, control: &OwnedFd, report: Report) -> io::Result<()> {
        let mut files = Vec::new();
        match &report {
            Report::Booted if self.booted => return Ok(()),
            Report::BootFailed { .. } if self.booted => return Ok(()),
            Report::Booted => self.booted = true,
            Report::Started { seq } => {
                let Some(streams) = self.asked.remove(seq) else { return Ok(()) };
                files = self.connect(*seq, streams)?;
                self.running.insert(*seq);
            }
            Report::Refused { seq, .. } | Report::Rebooted { seq } | Report::Flushed { seq }
                if self.asked.remove(seq).is_none() =>
            {
                return Ok(());
            }
            Report::Ended { seq, .. } if !self.running.remove(seq) => return Ok(()),
            Report::UserDataDone { .. } if std::mem::replace(&mut self.user_data_told, true) => return Ok(()),
            _ => {}
        }
        let report = cut(report);
        // A server that is gone is noticed by the next receive.
        let _ = packet::send(control.as_fd(), &report, &packet::borrow(&files));
        Ok(())
    }

    /// Connects the streams of a command that runs; gives the outer end of a terminal.
    fn connect(&mut self, seq: u64, given: Vec<OwnedFd>) -> io::Result<Vec<OwnedFd>> {
        let (input, output) = (stream(seq, Part::Input), stream(seq, Part::Output));
        if let Ok([stdin, stdout, stderr]) = <[OwnedFd; 3]>::try_from(given) {
            self.streams.read_from(input, stdin)?;
            self.streams.write_to(output, stdout)?;
            self.streams.write_to(stream(seq, Part::Errors), stderr)?;
            return Ok(Vec::new());
        }
        let (ours, theirs) = UnixStream::pair()?;
        self.streams.read_from(input, ours.try_clone()?.into())?;
        self.streams.write_to(output, ours.into())?;
        Ok(vec![theirs.into()])
    }

    fn carry_out(&mut self, control: &OwnedFd, order: &Order, files: Vec<OwnedFd>) -> io::Result<()> {
        let asked = match order {
            Order::Exec { seq, .. } | Order::Reboot { seq, .. } | Order::Flush { seq } => Some(*seq),
            Order::Stop { .. } | Order::Resize { .. } => None,
        };
        match self.link.as_mut().filter(|link| !link.is_full()) {
            Some(link) => {
                if let Some(seq) = asked {
                    self.asked.insert(seq, files);
                }
                if matches!(order, Order::Reboot { .. }) {
                    self.user_data_told = false;
                }
                link.say(&ToGuestRef::Order(order))
            }
            // A stop is left to the server's patience.
            None => {
                if let Some(seq) = asked {
                    let (stage, message) = ("talk to the machine".into(), "it takes no orders".into());
                    let _ = packet::send(control.as_fd(), &Report::Refused { seq, stage, message }, &[]);
                }
                Ok(())
            }
        }
    }

    /// How the machine has ended.
    fn end(&mut self) -> Step<i32> {
        if !self.booted {
            let words = self.words.text.trim();
            let words = if words.is_empty() { "it ended before its system stood" } else { words };
            return Err(("start the machine", io::Error::other(words.to_owned())));
        }
        Ok(match (self.ended, self.monitor.reason.as_deref()) {
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

/// Texts that may have been written inside end up in logs and records.
fn cut(report: Report) -> Report {
    let short = |text: String| {
        let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
        plain.take(MOST_TEXT).collect::<String>()
    };
    match report {
        Report::Refused { seq, stage, message } => {
            Report::Refused { seq, stage: short(stage), message: short(message) }
        }
        Report::BootFailed { stage, message } => {
            Report::BootFailed { stage: short(stage), message: short(message) }
        }
        other => other,
    }
}

fn watch_children() -> io::Result<SignalFd> {
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGCHLD);
    signals.thread_block()?;
    Ok(SignalFd::with_flags(&signals, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?)
}
