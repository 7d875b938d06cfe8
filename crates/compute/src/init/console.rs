//! The console: a file the server reads, written to by the init alone and kept short; and in a machine a
//! terminal behind `/dev/console` whose output goes there too.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::path::Path;

use nix::pty::{OpenptyResult, openpty};
use nix::sys::termios::{OutputFlags, SetArg, tcgetattr, tcsetattr};

/// The most the file grows to, in bytes, before it is cut to [`crate::CONSOLE_LIMIT`].
const GROWTH: u64 = 4 * crate::CONSOLE_LIMIT as u64;

#[derive(Debug)]
pub(crate) struct Console {
    file: File,
    /// Both ends: while the inner one is open here, the outer one never reports a hang-up.
    terminal: Option<(File, OwnedFd)>,
}

impl Console {
    pub(crate) fn new(file: OwnedFd) -> Console {
        Console { file: File::from(file), terminal: None }
    }

    /// Makes a terminal that is heard here; `show` gives it its name, `/dev/console`.
    pub(super) fn open_terminal(&mut self, show: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
        let OpenptyResult { master, slave } = openpty(None, None)?;
        let mut modes = tcgetattr(&slave)?;
        modes.output_flags.remove(OutputFlags::OPOST);
        tcsetattr(&slave, SetArg::TCSANOW, &modes)?;
        let name = fs::read_link(format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&slave)))?;
        show(Path::new(&name))?;
        self.terminal = Some((File::from(master), slave));
        Ok(())
    }

    pub(super) fn terminal(&self) -> Option<BorrowedFd<'_>> {
        self.terminal.as_ref().map(|(master, _)| master.as_fd())
    }

    /// Takes over what programs wrote to the terminal.
    pub(super) fn hear(&mut self) {
        let mut buffer = [0; 4096];
        if let Some((master, _)) = &mut self.terminal
            && let Ok(length) = master.read(&mut buffer)
        {
            self.write(buffer.get(..length).unwrap_or_default());
        }
    }

    /// A line from the system itself.
    pub(crate) fn say(&mut self, text: &str) {
        self.write(format!("[rolecall] {text}\n").as_bytes());
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        // A full disk must not end the instance; the console then misses a piece, as a real one may.
        let _ = self.file.write_all(bytes);
        let length = self.file.metadata().map_or(0, |about| about.len());
        if length > GROWTH {
            let mut tail = vec![0; crate::CONSOLE_LIMIT];
            let kept = self.file.read_exact_at(&mut tail, length - crate::CONSOLE_LIMIT as u64);
            let _ = kept.and_then(|()| self.file.set_len(0)).and_then(|()| self.file.write_all(&tail));
        }
    }
}
