//! A command run inside an instance, seen from outside: its streams and the promise of its end.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::oneshot;

/// A command to run inside an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecSpec {
    /// Program and arguments; the program is looked up in the instance's `PATH`.
    pub argv: Vec<String>,
    /// Variables on top of the instance's own.
    pub env: Vec<(String, String)>,
    /// A user of the instance, by name.
    pub user: String,
    /// Columns and rows: run on a new terminal of this size instead of on three pipes.
    pub tty: Option<(u16, u16)>,
    /// Working folder; the user's home when absent.
    pub cwd: Option<PathBuf>,
}

impl ExecSpec {
    /// `argv` as root, on pipes, in root's home.
    pub fn root<S: Into<String>>(argv: impl IntoIterator<Item = S>) -> ExecSpec {
        ExecSpec {
            argv: argv.into_iter().map(Into::into).collect(),
            env: Vec::new(),
            user: "root".into(),
            tty: None,
            cwd: None,
        }
    }
}

pub type Reader = Box<dyn AsyncRead + Send + Unpin>;
pub type Writer = Box<dyn AsyncWrite + Send + Unpin>;

/// The outside ends of a running command. With a terminal, `stdout` carries everything, `stderr` is
/// absent, and the end of `stdout` is the end of the terminal. Dropping `stdin` closes a pipe; a terminal stays
/// open until `stdin`, `stdout` and `resize` are all dropped, which hangs the session up.
pub struct ExecIo {
    pub stdin: Writer,
    pub stdout: Reader,
    pub stderr: Option<Reader>,
    pub resize: Option<Resize>,
    pub exit: Exit,
}

impl fmt::Debug for ExecIo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExecIo").field("tty", &self.resize.is_some()).finish_non_exhaustive()
    }
}

/// Changes the size of a command's terminal; cheap to clone.
#[derive(Clone)]
pub struct Resize(pub(crate) Arc<dyn Fn(u16, u16) -> io::Result<()> + Send + Sync>);

impl Resize {
    /// Sets columns and rows; the program inside is told by SIGWINCH.
    pub fn set(&self, columns: u16, rows: u16) -> io::Result<()> {
        (self.0)(columns, rows)
    }
}

impl fmt::Debug for Resize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Resize")
    }
}

/// The promise of a command's end.
#[derive(Debug)]
pub struct Exit(pub(crate) oneshot::Receiver<ExitStatus>);

impl Exit {
    /// Waits for the command; [`ExitStatus::Lost`] when its instance ended first.
    pub async fn wait(self) -> ExitStatus {
        self.0.await.unwrap_or(ExitStatus::Lost)
    }
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExitStatus {
    Code(i32),
    Signal(i32),
    /// The instance went away before the command's end was known.
    Lost,
}

impl ExitStatus {
    /// The number a shell would show: the code, or 128 plus the signal; 255 when lost.
    pub fn code(self) -> i32 {
        match self {
            ExitStatus::Code(code) => code,
            ExitStatus::Signal(signal) => 128 + signal,
            ExitStatus::Lost => 255,
        }
    }
}
