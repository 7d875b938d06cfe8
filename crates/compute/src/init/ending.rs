//! The end of processes: reaping those that ended, and ending all of them in order.

use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::power::{Power, Requests};
use super::user_data::{Progress, UserData};
use super::{ExitStatus, Init, POWER_OFF, Report, files, tell};

/// How long programs have to end when power off is asked for inside.
const OWN_GRACE: Duration = Duration::from_secs(10);

/// Which processes are the instance's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Descendants {
    /// All that this process can see: it is the first of its own process namespace.
    Everyone,
    /// The children of this process, and theirs.
    OfThisProcess,
}

impl Descendants {
    fn signal(self, signal: Signal) {
        match self {
            // Fails only when there is nobody.
            Descendants::Everyone => drop(kill(Pid::from_raw(-1), signal)),
            Descendants::OfThisProcess => {
                for pid in descendants(std::process::id()) {
                    let _ = kill(Pid::from_raw(pid), signal);
                }
            }
        }
    }
}

impl Init<'_> {
    /// Takes in every process that ended and tells the server of its commands.
    pub(super) fn reap(&mut self, control: &OwnedFd) -> Survivors {
        loop {
            let (pid, status) = match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::Exited(pid, code)) => (pid.as_raw(), ExitStatus::Code(code)),
                Ok(WaitStatus::Signaled(pid, signal, _)) => (pid.as_raw(), ExitStatus::Signal(signal as i32)),
                Ok(WaitStatus::StillAlive) => return Survivors::Some,
                Ok(_) => continue,
                Err(_) => return Survivors::None,
            };
            self.on_terminals.remove(&pid);
            if let Some(seq) = self.commands.remove(&pid) {
                tell(control.as_fd(), &Report::Ended { seq, status });
            }
            if self.user_data.as_ref().is_some_and(|data| data.waits_for(pid)) {
                self.user_data_ended(control, status);
            }
        }
    }

    /// SIGTERM to all, and SIGHUP to shells on terminals, which heed only that; SIGKILL to those left after
    /// `grace`.
    /// Gives the exit code of an orderly end.
    pub(super) fn end(&mut self, grace: Duration, control: &OwnedFd) -> i32 {
        if let Some(data) = &mut self.user_data {
            data.abandon();
        }
        if grace > Duration::ZERO && self.reap(control) == Survivors::Some {
            self.descendants.signal(Signal::SIGTERM);
            self.descendants.signal(Signal::SIGCONT);
            for pid in &self.on_terminals {
                // It may have just ended.
                let _ = kill(Pid::from_raw(*pid), Signal::SIGHUP);
            }
            self.await_end(grace, control);
        }
        while self.reap(control) == Survivors::Some {
            self.descendants.signal(Signal::SIGKILL);
            self.await_end(Duration::from_millis(100), control);
        }
        0
    }

    fn await_end(&mut self, grace: Duration, control: &OwnedFd) {
        #[expect(clippy::disallowed_methods, reason = "an init has no Env; the time only bounds a wait")]
        let now = Instant::now;
        let start = now();
        while self.reap(control) == Survivors::Some {
            let left = grace.saturating_sub(now() - start);
            if left.is_zero() {
                return;
            }
            let timeout = PollTimeout::try_from(left + Duration::from_millis(1)).unwrap_or(PollTimeout::MAX);
            let mut wait = [PollFd::new(self.signals.as_fd(), PollFlags::POLLIN)];
            // A wait that is cut short is only a shorter one.
            let _ = poll(&mut wait, timeout);
            while let Ok(Some(_)) = self.signals.read_signal() {}
        }
    }

    /// Looks for what user data wants of this boot.
    pub(super) fn start_user_data(&mut self, control: BorrowedFd<'_>) {
        match UserData::start(self.spec, &self.surroundings, &mut self.console) {
            Ok(None) => {}
            Ok(Some((data, progress))) => {
                self.user_data = Some(data);
                self.settle_user_data(control, progress);
            }
            // The instance runs on without its user data, as on EC2; its console says so.
            Err((stage, error)) => self.console.say(&format!("user data did not run: {stage}: {error}")),
        }
    }

    fn user_data_ended(&mut self, control: &OwnedFd, status: ExitStatus) {
        let Some(data) = &mut self.user_data else { return };
        // What it printed last may still be in the pipe; offspring may go on printing, so not for ever.
        for _ in 0..64 {
            if !has_output(data.output()) || !data.pass_on(&mut self.console) {
                break;
            }
        }
        let progress = data.ended(status, self.spec, &self.surroundings, &mut self.console);
        self.settle_user_data(control.as_fd(), progress);
    }

    fn settle_user_data(&mut self, control: BorrowedFd<'_>, progress: Progress) {
        let Progress::Done(code, power) = progress else { return };
        self.console.say(&format!("user data of {} ended with code {code}", self.spec.id));
        self.wanted = power.or(self.wanted);
        tell(control, &Report::UserDataDone { code });
    }

    /// Ends the machine or boots it anew, as asked for inside; the exit code when this process is to end.
    pub(super) fn obey(&mut self, power: Power, control: &OwnedFd) -> Option<i32> {
        match power {
            Power::Off => {
                self.console.say("power off");
                self.end(OWN_GRACE, control);
                Some(POWER_OFF)
            }
            Power::Reboot => {
                self.reboot(OWN_GRACE, control);
                None
            }
        }
    }

    /// Ends everything and begins anew, in the same process.
    pub(super) fn reboot(&mut self, grace: Duration, control: &OwnedFd) {
        self.end(grace, control);
        self.console.say("reboot");
        self.user_data = None;
        self.wanted = None;
        if self.surroundings.folder.is_none()
            && let Err(error) = self.refresh()
        {
            self.console.say(&format!("the reboot is not whole: {error}"));
        }
        self.start_user_data(control.as_fd());
    }

    /// What a boot finds anew: empty `/run` and `/tmp`, and the fifo.
    fn refresh(&mut self) -> io::Result<()> {
        files::clear_volatile()?;
        self.requests = Some(Requests::open()?);
        Ok(())
    }
}

/// Whether a process still has children after [`Init::reap`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Survivors {
    Some,
    None,
}

fn has_output(fd: std::os::fd::BorrowedFd<'_>) -> bool {
    let mut wait = [PollFd::new(fd, PollFlags::POLLIN)];
    poll(&mut wait, PollTimeout::ZERO).is_ok_and(|ready| ready > 0)
}

fn descendants(of: u32) -> Vec<i32> {
    let mut found = Vec::new();
    let mut todo = vec![of.to_string()];
    while let Some(pid) = todo.pop() {
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        for child in children.split_whitespace() {
            found.extend(child.parse::<i32>());
            todo.push(child.to_owned());
        }
    }
    found
}
