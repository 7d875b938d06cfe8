//! How programs inside ask for power off and reboot: by signals to the first process, as `systemd`, `sysvinit` and
//! BusyBox tools send them; by the fifo that `shutdown`, `halt` and `telinit` write to; or by `reboot(2)`, which the
//! kernel turns into the end of this process.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use nix::libc;
use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use crate::GUEST_BIN;

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Power {
    Off,
    Reboot,
}

const FIFO: &str = "/run/initctl";
/// The bytes of one request, and its first number.
const REQUEST: usize = 384;
const MAGIC: i32 = 0x0309_1969;
const CHANGE_LEVEL: i32 = 1;

/// Tools for images that have none; those that are there reach the fifo.
const TOOLS: &[(&str, &str)] = &[
    ("poweroff", "kill -s PWR 1"),
    ("halt", "kill -s PWR 1"),
    ("reboot", "kill -s INT 1"),
    ("shutdown", "case \" $* \" in *' -r '*|*' --reboot '*) kill -s INT 1 ;; *) kill -s PWR 1 ;; esac"),
];

/// What a signal to the first process means.
pub(super) fn of_signal(signal: Signal) -> Option<Power> {
    match signal {
        // BusyBox: halt, power off. SIGPWR: the power fails.
        Signal::SIGUSR1 | Signal::SIGUSR2 | Signal::SIGPWR => Some(Power::Off),
        // BusyBox: reboot. SIGINT: Ctrl-Alt-Del.
        Signal::SIGTERM | Signal::SIGINT => Some(Power::Reboot),
        _ => None,
    }
}

/// The fifo, heard by the init.
#[derive(Debug)]
pub(super) struct Requests(File);

impl Requests {
    /// Makes it anew: `/run` is emptied at each boot.
    pub(super) fn open() -> io::Result<Requests> {
        // Absent at a boot; something of a program's at a reboot.
        let _ = fs::remove_file(FIFO);
        mkfifo(FIFO, Mode::S_IRUSR | Mode::S_IWUSR)?;
        let flags = libc::O_NONBLOCK | libc::O_CLOEXEC | libc::O_NOFOLLOW;
        // For writing, too, so that it never reports its end.
        OpenOptions::new().read(true).write(true).custom_flags(flags).open(FIFO).map(Requests)
    }

    pub(super) fn waits(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    /// What the last request wanted.
    pub(super) fn read(&mut self) -> Option<Power> {
        let mut wanted = None;
        let mut request = [0; REQUEST];
        while let Ok(length) = self.0.read(&mut request) {
            if length == 0 {
                break;
            }
            wanted = of_request(&request).or(wanted);
        }
        wanted
    }
}

fn of_request(request: &[u8; REQUEST]) -> Option<Power> {
    let number = |at: usize| Some(i32::from_ne_bytes(request.get(at..at + 4)?.try_into().ok()?));
    if number(0)? != MAGIC || number(4)? != CHANGE_LEVEL {
        return None;
    }
    match u8::try_from(number(8)?).ok()? {
        b'0' => Some(Power::Off),
        b'6' => Some(Power::Reboot),
        _ => None,
    }
}

/// Gives the instance the tools that its image lacks.
pub(super) fn add_tools() -> io::Result<()> {
    for (name, line) in TOOLS {
        let there = ["/sbin", "/usr/sbin", "/bin", "/usr/bin"]
            .iter()
            .any(|folder| Path::new(folder).join(name).exists());
        let path = Path::new(GUEST_BIN).join(name);
        if !there && fs::symlink_metadata(&path).is_err() {
            fs::write(&path, format!("#!/bin/sh\n{line}\n"))?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{MAGIC, Power, REQUEST, of_request};

    #[test]
    fn run_levels_0_and_6_end_the_machine() {
        let ask = |magic: i32, level: u8| {
            let mut request = [0; REQUEST];
            for (at, number) in [magic, 1, i32::from(level)].into_iter().enumerate() {
                request[at * 4..at * 4 + 4].copy_from_slice(&number.to_ne_bytes());
            }
            of_request(&request)
        };
        assert_eq!(ask(MAGIC, b'0'), Some(Power::Off));
        assert_eq!(ask(MAGIC, b'6'), Some(Power::Reboot));
        assert_eq!((ask(MAGIC, b'3'), ask(7, b'0')), (None, None));
    }
}
