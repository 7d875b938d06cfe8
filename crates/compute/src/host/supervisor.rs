//! The server's hold on the supervisor process: starts it, asks, and hears of exits.

use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, oneshot};

use super::channel::Channel;
use crate::protocol::{Answer, Ask, InitEnd, Limits};
use crate::{ComputeError, Config, INIT_NAME, Kind, packet};

type Reply = Result<Vec<OwnedFd>, ComputeError>;

/// Who waits for which answer; `None` once no answer can come.
type Waiting = Option<HashMap<u64, oneshot::Sender<Reply>>>;

/// The supervisor as the server sees it.
#[derive(Debug)]
pub(super) struct Supervisor {
    channel: Arc<Channel>,
    waiting: Arc<Mutex<Waiting>>,
    next: AtomicU64,
}

/// What a start of the supervisor tells.
#[derive(Debug)]
pub(super) struct Hello {
    pub limits: Limits,
    pub notes: Vec<String>,
    /// The files that it runs from.
    pub parts: Vec<PathBuf>,
}

/// Instances that ended, in order; closed when the supervisor is gone.
pub(super) type Exits = mpsc::UnboundedReceiver<(String, InitEnd)>;

impl Supervisor {
    /// Starts the process and hears whether it can run instances of this kind.
    pub(super) async fn start(
        kind: Kind,
        config: &Config,
    ) -> Result<(Supervisor, Hello, Exits), ComputeError> {
        let failed = |error: io::Error| ComputeError::failed("start the supervisor", error);
        let (ours, theirs) = packet::pair().map_err(failed)?;
        let program = config.init.as_deref().unwrap_or(Path::new("/proc/self/exe"));
        let mut child = Command::new(program)
            .arg0(INIT_NAME)
            .env_clear()
            .stdin(Stdio::from(theirs))
            .stdout(Stdio::null())
            // Its own group: an interrupt at the server's terminal is the server's to handle.
            .process_group(0)
            .spawn()
            .map_err(failed)?;
        // It ends when `ours` is closed; this thread only takes its exit in.
        std::thread::spawn(move || child.wait());
        let channel = Channel::new(ours).map_err(failed)?;
        let Config { dir, kernel, fail_at, .. } = config.clone();
        let own_kernels = kind == Kind::Microvm || config.own_kernels;
        let setup = Ask::Setup { seq: 0, kind, dir, own_kernels, kernel, fail_at };
        channel.send(&setup, &[]).await.map_err(failed)?;
        let hello = match channel.receive().await.map_err(failed)? {
            Some((Answer::Ready { limits, notes, parts }, _)) => Hello { limits, notes, parts },
            Some((Answer::Failed { stage, message, .. }, _)) => {
                return Err(ComputeError::Failed { stage, message });
            }
            _ => return Err(failed(io::Error::other("it ended; does `main` call `maybe_run_init`?"))),
        };
        let (supervisor, exits) = Supervisor::over(channel);
        Ok((supervisor, hello, exits))
    }

    /// One that has said hello.
    pub(super) fn over(channel: Channel) -> (Supervisor, Exits) {
        let (channel, waiting) = (Arc::new(channel), Arc::new(Mutex::new(Some(HashMap::new()))));
        let supervisor = Supervisor { channel, waiting, next: AtomicU64::new(1) };
        let exits = supervisor.listen();
        (supervisor, exits)
    }

    /// Asks, and waits for the answer with its files. `make` gets the number to ask under.
    pub(super) async fn ask(&self, files: Vec<OwnedFd>, make: impl FnOnce(u64) -> Ask) -> Reply {
        let seq = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = oneshot::channel();
        match lock(&self.waiting).as_mut() {
            Some(waiting) => drop(waiting.insert(seq, sender)),
            None => return Err(ComputeError::SupervisorGone),
        }
        let sent = self.channel.send(&make(seq), &files).await;
        drop(files);
        if let Err(error) = sent {
            if let Some(waiting) = lock(&self.waiting).as_mut() {
                waiting.remove(&seq);
            }
            return Err(match error.kind() {
                io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => ComputeError::SupervisorGone,
                _ => ComputeError::failed("ask the supervisor", error),
            });
        }
        receiver.await.unwrap_or(Err(ComputeError::SupervisorGone))
    }

    /// Whether it has ended: no answer can come any more.
    pub(super) fn is_gone(&self) -> bool {
        lock(&self.waiting).is_none()
    }

    fn listen(&self) -> Exits {
        let (channel, waiting) = (self.channel.clone(), self.waiting.clone());
        let (sender, exits) = mpsc::unbounded_channel();
        let listen = async move {
            while let Ok(Some((answer, files))) = channel.receive().await {
                let (seq, reply) = match answer {
                    Answer::Done { seq } => (seq, Ok(files)),
                    Answer::Failed { seq, stage, message } => {
                        (seq, Err(ComputeError::Failed { stage, message }))
                    }
                    Answer::Exited { id, end } => {
                        // Nobody listens any more once the driver is dropped.
                        let _ = sender.send((id, end));
                        continue;
                    }
                    Answer::Ready { .. } => continue,
                };
                if let Some(asker) = lock(&waiting).as_mut().and_then(|waiting| waiting.remove(&seq)) {
                    // The asker may have given up.
                    let _ = asker.send(reply);
                }
            }
            lock(&waiting).take();
        };
        #[expect(clippy::disallowed_methods, reason = "ends with the supervisor's socket")]
        tokio::spawn(listen);
        exits
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
