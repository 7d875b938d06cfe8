//! The server's place inside a machine: hears orders by the serial port and hands them to the init as the server does
//! elsewhere, with the inner ends of streams; and takes its reports back. A thread of the init's process, so nobody
//! inside can end it.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use nix::fcntl::OFlag;
use nix::poll::{PollFlags, PollTimeout};
use nix::unistd::pipe2;

use super::frames::{Frame, Link};
use super::streams::Streams;
use super::{FromGuest, Part, ToGuest, stream};
use crate::protocol::{Order, Report};
use crate::{packet, sys};

/// How long it does nothing while nobody is at the other end of the port.
const ALONE: Duration = Duration::from_millis(50);

/// The outer ends of a command's streams, until it runs.
#[derive(Debug)]
struct Waiting {
    input: OwnedFd,
    output: OwnedFd,
    errors: OwnedFd,
}

#[derive(Debug)]
struct Agent {
    link: Link,
    /// To the init.
    control: OwnedFd,
    streams: Streams,
    waiting: HashMap<u64, Waiting>,
    terminals: HashMap<u64, OwnedFd>,
}

/// Serves until the init has let go of its end; gives the port back.
pub(super) fn run(link: Link, control: OwnedFd) -> io::Result<Link> {
    let (streams, waiting, terminals) = (Streams::default(), HashMap::new(), HashMap::new());
    let mut agent = Agent { link, control, streams, waiting, terminals };
    while agent.turn()? {}
    Ok(agent.link)
}

impl Agent {
    fn turn(&mut self) -> io::Result<bool> {
        let sending = if self.link.has_unsent() { PollFlags::POLLOUT } else { PollFlags::empty() };
        let others =
            [(self.control.as_fd(), PollFlags::POLLIN), (self.link.fd(), PollFlags::POLLIN | sending)];
        let ready = self.streams.wait(&others, self.link.is_full(), PollTimeout::NONE);
        for stream in self.streams.go_on(&ready, &mut self.link)? {
            // The last program on it has gone.
            self.terminals.remove(&(stream / 4));
        }
        let [control, port] = ready.others.as_slice() else { return Ok(true) };
        if *port {
            self.link.flush()?;
            if !self.link.fill()? {
                std::thread::sleep(ALONE);
            }
            while let Some(frame) = self.link.next()? {
                self.hear(frame)?;
            }
        }
        if *control {
            match packet::receive(self.control.as_fd()) {
                Ok(Some((report, files))) => self.tell(report, files)?,
                Ok(None) | Err(_) => return Ok(false),
            }
        }
        Ok(true)
    }

    fn hear(&mut self, frame: Frame) -> io::Result<()> {
        let message = match frame {
            Frame::Message(bytes) => serde_json::from_slice(&bytes)?,
            Frame::End { stream } if self.terminals.remove(&(stream / 4)).is_some() => {
                // Whoever looked at the terminal has gone, so it hangs up.
                self.streams.forget_source(stream + Part::Output as u64);
                return self.streams.hear(frame, &mut self.link);
            }
            other => return self.streams.hear(other, &mut self.link),
        };
        match message {
            ToGuest::Order(Order::Exec { seq, spec }) if spec.tty.is_none() => {
                let pipe = || pipe2(OFlag::O_CLOEXEC);
                let (inner_input, input) = pipe()?;
                let ((output, inner_output), (errors, inner_errors)) = (pipe()?, pipe()?);
                self.waiting.insert(seq, Waiting { input, output, errors });
                self.order(&Order::Exec { seq, spec }, &[inner_input, inner_output, inner_errors])
            }
            ToGuest::Order(Order::Resize { seq, columns, rows }) => {
                if let Some(terminal) = self.terminals.get(&seq) {
                    // It may have been hung up.
                    let _ = sys::set_terminal_size(terminal.as_fd(), columns, rows);
                }
                Ok(())
            }
            ToGuest::Order(Order::Flush { seq }) => {
                nix::unistd::sync();
                self.link.say(&FromGuest::Report(Report::Flushed { seq }))
            }
            ToGuest::Order(order) => self.order(&order, &[]),
            ToGuest::Start { .. } => Ok(()),
        }
    }

    fn order(&self, order: &Order, files: &[OwnedFd]) -> io::Result<()> {
        packet::send(self.control.as_fd(), order, &packet::borrow(files))
    }

    fn tell(&mut self, report: Report, files: Vec<OwnedFd>) -> io::Result<()> {
        match &report {
            Report::Started { seq } => self.connect(*seq, files.into_iter().next())?,
            Report::Refused { seq, .. } => drop(self.waiting.remove(seq)),
            _ => {}
        }
        self.link.say(&FromGuest::Report(report))
    }

    fn connect(&mut self, seq: u64, terminal: Option<OwnedFd>) -> io::Result<()> {
        let (input, output) = (stream(seq, Part::Input), stream(seq, Part::Output));
        if let Some(terminal) = terminal {
            self.streams.write_to(input, terminal.try_clone()?)?;
            self.streams.read_from(output, terminal.try_clone()?)?;
            self.terminals.insert(seq, terminal);
        } else if let Some(waiting) = self.waiting.remove(&seq) {
            self.streams.write_to(input, waiting.input)?;
            self.streams.read_from(output, waiting.output)?;
            self.streams.read_from(stream(seq, Part::Errors), waiting.errors)?;
        }
        Ok(())
    }
}
