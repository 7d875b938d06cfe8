//! The server's end of a packet socket: many senders, one reader.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::unix::AsyncFd;

use crate::packet;

#[derive(Debug)]
pub(super) struct Channel(AsyncFd<OwnedFd>);

impl Channel {
    pub(super) fn new(socket: OwnedFd) -> io::Result<Channel> {
        fcntl(&socket, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        // SAFETY: an `OwnedFd` keeps one descriptor, open until the `AsyncFd` around it is dropped.
        Ok(Channel(unsafe { AsyncFd::register(socket) }?))
    }

    pub(super) async fn send<T: Serialize>(&self, value: &T, files: &[OwnedFd]) -> io::Result<()> {
        loop {
            let mut guard = self.0.writable().await?;
            let sent = guard.try_io(|socket| {
                let files: Vec<BorrowedFd<'_>> = packet::borrow(files);
                packet::send(socket.get_ref().as_fd(), value, &files)
            });
            if let Ok(result) = sent {
                return result;
            }
        }
    }

    /// Sends without waiting; refused while the other side takes nothing.
    pub(super) fn send_now<T: Serialize>(&self, value: &T) -> io::Result<()> {
        packet::send(self.0.get_ref().as_fd(), value, &[])
    }

    /// The next packet; `None` when the other side is gone. Only one task may call it at a time.
    pub(super) async fn receive<T: DeserializeOwned>(&self) -> io::Result<Option<(T, Vec<OwnedFd>)>> {
        loop {
            let mut guard = self.0.readable().await?;
            if let Ok(result) = guard.try_io(|socket| packet::receive(socket.get_ref().as_fd())) {
                return result;
            }
        }
    }
}
