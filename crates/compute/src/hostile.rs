//! What this crate reads of strangers' bytes, as functions of bytes that must not panic and must keep their promises: for
//! `make fuzz` and its tests.

use std::fs::File;
use std::io;
use std::path::Path;

use tokio::sync::oneshot;

use crate::images::{Images, Owners, Stored, Wanted};
use crate::{ExecIo, Exit, ExitStatus, Resize};

/// User data is taken apart, and what it asks for is planned.
pub fn user_data(data: &[u8]) {
    crate::init::look_at_user_data(data);
}

/// What the kernel answers is read to its end.
pub fn kernel_answers(data: &[u8]) {
    crate::supervisor::look_at_answers(data);
}

/// Unpacks an archive as an image in `folder`.
///
/// # Errors
/// What is wrong with the archive.
pub fn archive(file: &File, folder: &Path) -> io::Result<Stored> {
    let images = Images::open(folder, Owners::Own)?;
    let stored = images.import("ami-1", file, &Wanted::default());
    images.delete("ami-1")?;
    stored
}

/// A command that says nothing, takes everything, and has ended already.
pub fn silent_command() -> ExecIo {
    let (sender, receiver) = oneshot::channel();
    // The receiver is there.
    let _ = sender.send(ExitStatus::Code(0));
    ExecIo {
        stdin: Box::new(tokio::io::sink()),
        stdout: Box::new(Silent),
        stderr: None,
        resize: Some(Resize(std::sync::Arc::new(|_, _| Ok(())))),
        exit: Exit(receiver),
    }
}

struct Silent;

impl tokio::io::AsyncRead for Silent {
    fn poll_read(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
        _: &mut tokio::io::ReadBuf<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        std::task::Poll::Pending
    }
}
