//! The streams of running commands between descriptors here and frames on the port. Of each stream one piece at most is
//! under way, so a reader that is slow holds up its own stream and no other, and nothing is kept without bound.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{Shutdown, shutdown};
use nix::unistd::{read, write};

use super::frames::{Frame, Link, MOST_PIECE, set_nonblocking};

/// What is read here and sent on.
#[derive(Debug)]
struct Source {
    fd: OwnedFd,
    /// A piece is under way.
    waits: bool,
}

/// What comes by the port and is written here.
#[derive(Debug)]
struct Sink {
    fd: OwnedFd,
    piece: Vec<u8>,
    ended: bool,
}

#[derive(Debug, Default)]
pub(super) struct Streams {
    sources: BTreeMap<u64, Source>,
    sinks: BTreeMap<u64, Sink>,
}

/// What can go on.
#[derive(Debug, Default)]
pub(super) struct Ready {
    /// Of the descriptors that were given, in their order.
    pub others: Vec<bool>,
    sources: Vec<u64>,
    sinks: Vec<u64>,
}

impl Streams {
    pub(super) fn read_from(&mut self, stream: u64, fd: OwnedFd) -> io::Result<()> {
        set_nonblocking(&fd)?;
        self.sources.insert(stream, Source { fd, waits: false });
        Ok(())
    }

    pub(super) fn write_to(&mut self, stream: u64, fd: OwnedFd) -> io::Result<()> {
        set_nonblocking(&fd)?;
        self.sinks.insert(stream, Sink { fd, piece: Vec::new(), ended: false });
        Ok(())
    }

    /// Stops reading, without a word to the other side.
    pub(super) fn forget_source(&mut self, stream: u64) {
        self.sources.remove(&stream);
    }

    /// Waits until something can go on. Sources wait while `hold`.
    pub(super) fn wait(
        &self,
        others: &[(BorrowedFd<'_>, PollFlags)],
        hold: bool,
        limit: PollTimeout,
    ) -> Ready {
        let mut waits: Vec<_> = others.iter().map(|(fd, flags)| PollFd::new(*fd, *flags)).collect();
        let sources: Vec<_> = self.sources.iter().filter(|(_, source)| !source.waits && !hold).collect();
        waits.extend(sources.iter().map(|(_, source)| PollFd::new(source.fd.as_fd(), PollFlags::POLLIN)));
        for sink in self.sinks.values() {
            // Without anything to write it is only heard whether the reader has gone.
            let flags = if sink.piece.is_empty() { PollFlags::empty() } else { PollFlags::POLLOUT };
            waits.push(PollFd::new(sink.fd.as_fd(), flags));
        }
        if poll(&mut waits, limit).is_err() {
            return Ready { others: vec![false; others.len()], ..Ready::default() };
        }
        let mut any = waits.iter().map(|wait| wait.any().unwrap_or(false));
        let others = any.by_ref().take(others.len()).collect();
        let of_sources: Vec<bool> = any.by_ref().take(sources.len()).collect();
        let chosen = sources.iter().zip(of_sources).filter(|(_, ready)| *ready);
        let sources = chosen.map(|((id, _), _)| **id).collect();
        let sinks = self.sinks.keys().zip(any).filter(|(_, ready)| *ready).map(|(id, _)| *id).collect();
        Ready { others, sources, sinks }
    }

    /// Moves what is ready. Tells the sources that have come to their end.
    pub(super) fn go_on(&mut self, ready: &Ready, link: &mut Link) -> io::Result<Vec<u64>> {
        let mut ended = Vec::new();
        for stream in &ready.sources {
            if self.pass_on(*stream, link)? {
                ended.push(*stream);
            }
        }
        for stream in &ready.sinks {
            self.drain(*stream, link)?;
        }
        Ok(ended)
    }

    /// Reads a piece and sends it; true when there was the end instead.
    fn pass_on(&mut self, stream: u64, link: &mut Link) -> io::Result<bool> {
        let Some(source) = self.sources.get_mut(&stream) else { return Ok(false) };
        let mut bytes = vec![0; MOST_PIECE];
        match read(&source.fd, &mut bytes) {
            Err(Errno::EAGAIN | Errno::EINTR) => Ok(false),
            // A terminal that the last program has closed answers with an error.
            Ok(0) | Err(_) => {
                self.sources.remove(&stream);
                link.send(&Frame::End { stream }).map(|()| true)
            }
            Ok(length) => {
                bytes.truncate(length);
                source.waits = true;
                link.send(&Frame::Piece { stream, bytes }).map(|()| false)
            }
        }
    }

    /// Writes what waits for this descriptor.
    fn drain(&mut self, stream: u64, link: &mut Link) -> io::Result<()> {
        let Some(sink) = self.sinks.get_mut(&stream) else { return Ok(()) };
        if sink.piece.is_empty() {
            // Ready although nothing was to be written: its reader is gone.
            self.sinks.remove(&stream);
            return link.send(&Frame::Closed { stream });
        }
        loop {
            match write(&sink.fd, &sink.piece) {
                Ok(length) => drop(sink.piece.drain(..length)),
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return Ok(()),
                Err(_) => {
                    self.sinks.remove(&stream);
                    return link.send(&Frame::Closed { stream });
                }
            }
            if sink.piece.is_empty() {
                break;
            }
        }
        if sink.ended {
            self.close(stream);
            return Ok(());
        }
        link.send(&Frame::Taken { stream })
    }

    fn close(&mut self, stream: u64) {
        if let Some(sink) = self.sinks.remove(&stream) {
            // A socket has a second descriptor here, for the other way. What is no socket is closed by this alone.
            let _ = shutdown(sink.fd.as_raw_fd(), Shutdown::Write);
        }
    }

    /// Takes in a frame about a stream.
    pub(super) fn hear(&mut self, frame: Frame, link: &mut Link) -> io::Result<()> {
        match frame {
            Frame::Piece { stream, bytes } => match self.sinks.get_mut(&stream) {
                Some(sink) if sink.piece.is_empty() => {
                    sink.piece = bytes;
                    if sink.piece.is_empty() { Ok(()) } else { self.drain(stream, link) }
                }
                Some(_) => Err(io::Error::new(io::ErrorKind::InvalidData, "a stream does not wait its turn")),
                None => link.send(&Frame::Closed { stream }),
            },
            Frame::End { stream } => {
                match self.sinks.get_mut(&stream) {
                    Some(sink) if !sink.piece.is_empty() => sink.ended = true,
                    Some(_) => self.close(stream),
                    None => {}
                }
                Ok(())
            }
            Frame::Taken { stream } => {
                self.sources.get_mut(&stream).into_iter().for_each(|source| source.waits = false);
                Ok(())
            }
            Frame::Closed { stream } => {
                self.sources.remove(&stream);
                Ok(())
            }
            Frame::Message(_) => Ok(()),
        }
    }
}
