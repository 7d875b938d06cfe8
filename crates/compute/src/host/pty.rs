//! The outer end of a terminal as an asynchronous stream.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::libc;
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::exec::Resize;
use crate::sys;

/// One of the handles of a terminal; it hangs up when the last is dropped.
#[derive(Debug, Clone)]
pub(super) struct Pty(Arc<AsyncFd<File>>);

impl Pty {
    pub(super) fn new(terminal: OwnedFd) -> io::Result<Pty> {
        fcntl(&terminal, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        // SAFETY: a `File` keeps one descriptor, open until the `AsyncFd` around it is dropped.
        let terminal = unsafe { AsyncFd::register(File::from(terminal)) }?;
        Ok(Pty(Arc::new(terminal)))
    }

    /// Tells later whether any handle is left, without being one.
    pub(super) fn is_open(&self) -> impl Fn() -> bool + Send + Sync + use<> {
        let terminal = Arc::downgrade(&self.0);
        move || terminal.strong_count() > 0
    }

    pub(super) fn resize(&self) -> Resize {
        let terminal = Arc::downgrade(&self.0);
        Resize(Arc::new(move |columns, rows| {
            let terminal = terminal.upgrade().ok_or(io::ErrorKind::NotConnected)?;
            sys::set_terminal_size(terminal.get_ref().as_fd(), columns, rows)
        }))
    }
}

impl AsyncRead for Pty {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            let mut guard = ready!(self.0.poll_read_ready(cx))?;
            match guard.try_io(|file| file.get_ref().read(buffer.initialize_unfilled())) {
                Ok(Ok(length)) => {
                    buffer.advance(length);
                    return Poll::Ready(Ok(()));
                }
                // The last program has closed the terminal: what other streams call their end.
                Ok(Err(error)) if error.raw_os_error() == Some(libc::EIO) => return Poll::Ready(Ok(())),
                Ok(Err(error)) => return Poll::Ready(Err(error)),
                Err(_would_block) => {}
            }
        }
    }
}

impl AsyncWrite for Pty {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            let mut guard = ready!(self.0.poll_write_ready(cx))?;
            if let Ok(result) = guard.try_io(|file| file.get_ref().write(bytes)) {
                return Poll::Ready(result);
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// A terminal has no half-close: programs inside hear of the end by a hang-up, or by ^D.
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
