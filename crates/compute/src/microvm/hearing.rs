//! What a machine and QEMU say by sockets of which only one side is heard: the serial line, the standard error, the
//! monitor.

use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use nix::errno::Errno;
use nix::unistd::read;

use super::frames::set_nonblocking;
use crate::init::Console;

const BUFFER: usize = 4096;
/// How often it is read in a row: others are to be heard, too.
const READS: usize = 16;
/// How much is kept of what QEMU says about itself.
const MOST_WORDS: usize = 2048;
/// The longest line of the monitor.
const MOST_LINE: usize = 64 * 1024;
/// What a kernel says last, and how much has to be kept to find it when it comes in pieces.
const PANIC: &[u8] = b"Kernel panic - not syncing";

/// A descriptor that is read until its end.
#[derive(Debug)]
pub(super) struct Hearing(pub(super) Option<OwnedFd>);

impl Hearing {
    pub(super) fn of(fd: Option<OwnedFd>) -> Hearing {
        // One that cannot be read without waiting is not read at all.
        Hearing(fd.filter(|fd| set_nonblocking(fd).is_ok()))
    }

    fn hear(&mut self, mut with: impl FnMut(&[u8])) {
        let mut buffer = [0; BUFFER];
        for _ in 0..READS {
            let Some(fd) = &self.0 else { return };
            match read(fd, &mut buffer) {
                Ok(length) if length > 0 => with(buffer.get(..length).unwrap_or_default()),
                Err(Errno::EAGAIN | Errno::EINTR) => return,
                Ok(_) | Err(_) => self.0 = None,
            }
        }
    }
}

/// The machine's serial line: its console.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) hearing: Hearing,
    pub(super) last: Vec<u8>,
    pub(super) panicked: bool,
}

impl Line {
    pub(super) fn pass_on(&mut self, console: &mut Console) {
        let (last, panicked) = (&mut self.last, &mut self.panicked);
        self.hearing.hear(|bytes| {
            console.write(bytes);
            last.extend(bytes);
            *panicked |= last.windows(PANIC.len()).any(|part| part == PANIC);
            last.drain(..last.len().saturating_sub(PANIC.len()));
        });
    }
}

/// QEMU's standard error.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) hearing: Hearing,
    pub(super) text: String,
}

impl Words {
    pub(super) fn hear(&mut self) {
        let text = &mut self.text;
        self.hearing.hear(|bytes| {
            if text.len() < MOST_WORDS {
                text.push_str(&String::from_utf8_lossy(bytes));
            }
        });
    }
}

/// QEMU's account of what happens to the machine.
#[derive(Debug)]
pub(super) struct Monitor {
    pub(super) hearing: Hearing,
    line: Vec<u8>,
    /// Why the machine ended, in QEMU's words.
    pub(super) reason: Option<String>,
}

impl Monitor {
    pub(super) fn new(mut socket: UnixStream) -> io::Result<Monitor> {
        socket.write_all(b"{\"execute\":\"qmp_capabilities\"}\n")?;
        Ok(Monitor { hearing: Hearing::of(Some(socket.into())), line: Vec::new(), reason: None })
    }

    pub(super) fn hear(&mut self) {
        let (line, reason) = (&mut self.line, &mut self.reason);
        self.hearing.hear(|bytes| {
            for byte in bytes {
                if *byte == b'\n' {
                    *reason = end_of(line).or_else(|| reason.take());
                    line.clear();
                } else if line.len() < MOST_LINE {
                    line.push(*byte);
                }
            }
        });
    }
}

fn end_of(line: &[u8]) -> Option<String> {
    let event: serde_json::Value = serde_json::from_slice(line).ok()?;
    if event.get("event")? != "SHUTDOWN" {
        return None;
    }
    Some(event.get("data")?.get("reason")?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Write;
    use std::os::unix::net::UnixStream;

    use super::{Hearing, Line, Monitor};
    use crate::init::Console;

    #[test]
    fn the_monitor_tells_why_a_machine_ended() {
        let (mut qemu, ours) = UnixStream::pair().unwrap();
        let mut monitor = Monitor::new(ours).unwrap();
        qemu.write_all(b"{\"QMP\": {}}\r\nnonsense\n{\"event\":\"RESUME\"}\n{\"event\": \"SHUTDOWN\", \"da")
            .unwrap();
        monitor.hear();
        assert_eq!(monitor.reason, None);
        qemu.write_all(b"ta\": {\"guest\": true, \"reason\": \"guest-reset\"}}\r\n{\"return\": {}}\n")
            .unwrap();
        monitor.hear();
        assert_eq!(monitor.reason.as_deref(), Some("guest-reset"));
    }

    #[test]
    fn a_panic_is_heard_when_it_comes_in_pieces() {
        let (mut machine, ours) = UnixStream::pair().unwrap();
        let mut line = Line { hearing: Hearing::of(Some(ours.into())), last: Vec::new(), panicked: false };
        let mut console = Console::new(File::open("/dev/null").unwrap().into());
        for piece in ["[1.0] Kernel pa", "nic - not", " syncing: attempted to kill init"] {
            assert!(!line.panicked);
            machine.write_all(piece.as_bytes()).unwrap();
            line.pass_on(&mut console);
        }
        assert!(line.panicked);
        drop(machine);
        line.pass_on(&mut console);
        assert!(line.hearing.0.is_none());
    }
}
