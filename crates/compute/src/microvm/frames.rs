//! What passes by the machine's serial port: messages, and pieces of streams, each with its length in front.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::unistd::{read, write};
use serde::Serialize;

/// The most bytes of a message, and of a piece of a stream.
const MOST_MESSAGE: usize = 1024 * 1024;
pub(super) const MOST_PIECE: usize = 32 * 1024;
/// With so much unsent nothing more is taken on.
const FULL: usize = 1024 * 1024;
/// With so much the other side is taken for broken, or for hostile: it asks and does not listen.
const MOST_UNSENT: usize = 4 * FULL;
const HEADER: usize = 13;

/// One thing that is said.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// JSON.
    Message(Vec<u8>),
    /// A piece of a stream. The next follows after [`Frame::Taken`].
    Piece { stream: u64, bytes: Vec<u8> },
    /// Nothing more comes by this stream.
    End { stream: u64 },
    /// The last piece has gone on.
    Taken { stream: u64 },
    /// Nobody takes what comes by this stream any more.
    Closed { stream: u64 },
}

impl Frame {
    fn parts(&self) -> (u8, u64, &[u8]) {
        match self {
            Frame::Message(bytes) => (b'M', 0, bytes),
            Frame::Piece { stream, bytes } => (b'P', *stream, bytes),
            Frame::End { stream } => (b'E', *stream, &[]),
            Frame::Taken { stream } => (b'T', *stream, &[]),
            Frame::Closed { stream } => (b'C', *stream, &[]),
        }
    }

    fn write(&self, to: &mut Vec<u8>) {
        let (kind, stream, bytes) = self.parts();
        to.push(kind);
        to.extend(stream.to_le_bytes());
        to.extend((bytes.len() as u32).to_le_bytes());
        to.extend(bytes);
    }

    /// As it passes by the port.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write(&mut bytes);
        bytes
    }
}

/// One end of the port.
#[derive(Debug)]
pub(super) struct Link {
    fd: OwnedFd,
    incoming: Vec<u8>,
    /// How much of it has been dealt with.
    taken: usize,
    outgoing: Vec<u8>,
}

impl Link {
    pub(super) fn new(fd: OwnedFd) -> io::Result<Link> {
        set_nonblocking(&fd)?;
        Ok(Link { fd, incoming: Vec::new(), taken: 0, outgoing: Vec::new() })
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    pub(super) fn is_full(&self) -> bool {
        self.outgoing.len() > FULL
    }

    pub(super) fn has_unsent(&self) -> bool {
        !self.outgoing.is_empty()
    }

    pub(super) fn say(&mut self, message: &impl Serialize) -> io::Result<()> {
        self.send(&Frame::Message(serde_json::to_vec(message)?))
    }

    /// Sends what can be sent now, and keeps the rest for [`Link::flush`].
    pub(super) fn send(&mut self, frame: &Frame) -> io::Result<()> {
        if self.outgoing.len() > MOST_UNSENT {
            return Err(io::Error::new(io::ErrorKind::OutOfMemory, "the other side takes nothing"));
        }
        if frame.parts().2.len() > MOST_MESSAGE {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a message is too long"));
        }
        frame.write(&mut self.outgoing);
        self.flush()
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        let mut sent = 0;
        let result = loop {
            let rest = self.outgoing.get(sent..).unwrap_or_default();
            if rest.is_empty() {
                break Ok(());
            }
            match write(&self.fd, rest) {
                Ok(length) => sent += length,
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => break Ok(()),
                Err(error) => break Err(error.into()),
            }
        };
        self.outgoing.drain(..sent);
        result
    }

    /// Takes in what has come; false when the other side is not there.
    pub(super) fn fill(&mut self) -> io::Result<bool> {
        self.incoming.drain(..self.taken);
        self.taken = 0;
        let mut buffer = vec![0; 2 * MOST_PIECE];
        loop {
            match read(&self.fd, &mut buffer) {
                Ok(0) => return Ok(false),
                Ok(length) => {
                    self.incoming.extend(buffer.get(..length).unwrap_or_default());
                    // The rest waits in the port until this is dealt with.
                    if self.incoming.len() > FULL {
                        return Ok(true);
                    }
                }
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return Ok(true),
                Err(Errno::ECONNRESET) => return Ok(false),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The next frame that has come whole. Who is at the other end may be hostile.
    pub(super) fn next(&mut self) -> io::Result<Option<Frame>> {
        let left = self.incoming.get(self.taken..).unwrap_or_default();
        let Some((header, rest)) = left.split_at_checked(HEADER) else { return Ok(None) };
        let wrong = || io::Error::new(io::ErrorKind::InvalidData, "the port says what nobody understands");
        let (kind, numbers) = header.split_first().ok_or_else(wrong)?;
        let (stream, length) = numbers.split_first_chunk::<8>().ok_or_else(wrong)?;
        let stream = u64::from_le_bytes(*stream);
        let length = u32::from_le_bytes(length.try_into().map_err(|_| wrong())?) as usize;
        let most = match kind {
            b'M' => MOST_MESSAGE,
            b'P' => MOST_PIECE,
            _ => 0,
        };
        if length > most {
            return Err(wrong());
        }
        let Some(bytes) = rest.get(..length) else { return Ok(None) };
        let frame = match kind {
            b'M' => Frame::Message(bytes.to_vec()),
            b'P' => Frame::Piece { stream, bytes: bytes.to_vec() },
            b'E' => Frame::End { stream },
            b'T' => Frame::Taken { stream },
            b'C' => Frame::Closed { stream },
            _ => return Err(wrong()),
        };
        self.taken += HEADER + length;
        Ok(Some(frame))
    }
}

pub(super) fn set_nonblocking(fd: &OwnedFd) -> io::Result<()> {
    let flags = OFlag::from_bits_retain(fcntl(fd, FcntlArg::F_GETFL)?);
    fcntl(fd, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;

    use super::{Frame, Link, MOST_MESSAGE, MOST_PIECE};

    fn links() -> (Link, Link) {
        let (one, other) = UnixStream::pair().unwrap();
        (Link::new(OwnedFd::from(one)).unwrap(), Link::new(OwnedFd::from(other)).unwrap())
    }

    #[test]
    fn frames_arrive_whole_and_in_order() {
        let (mut one, mut other) = links();
        let sent = [
            Frame::Message(b"{}".to_vec()),
            Frame::Piece { stream: 7, bytes: vec![1; MOST_PIECE] },
            Frame::Taken { stream: 7 },
            Frame::Closed { stream: u64::MAX },
            Frame::End { stream: 0 },
        ];
        for frame in &sent {
            one.send(frame).unwrap();
        }
        assert!(other.fill().unwrap());
        for frame in sent {
            assert_eq!(other.next().unwrap(), Some(frame));
        }
        assert_eq!(other.next().unwrap(), None);
        drop(one);
        assert!(!other.fill().unwrap());
    }

    #[test]
    fn what_does_not_fit_is_sent_later() {
        let (mut one, mut other) = links();
        let message = Frame::Message(vec![b'x'; MOST_MESSAGE]);
        one.send(&message).unwrap();
        assert!(one.has_unsent());
        let mut heard = None;
        while heard.is_none() {
            other.fill().unwrap();
            heard = other.next().unwrap();
            one.flush().unwrap();
        }
        assert_eq!(heard, Some(message));
        assert!(!one.has_unsent());
        assert!(one.send(&Frame::Message(vec![0; MOST_MESSAGE + 1])).is_err());
    }

    #[test]
    fn nonsense_is_refused() {
        for bytes in
            [&b"X0000000000000"[..], b"P\0\0\0\0\0\0\0\0\xff\xff\xff\xff", b"T\0\0\0\0\0\0\0\0\x01\0\0\0"]
        {
            let (mut one, mut other) = links();
            one.outgoing.extend(bytes);
            one.flush().unwrap();
            other.fill().unwrap();
            other.next().unwrap_err();
        }
    }
}
