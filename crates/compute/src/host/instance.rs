//! One running instance as the server sees it: the socket to its init and what waits for answers.

use std::collections::HashMap;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::fcntl::OFlag;
use nix::unistd::{isatty, pipe2};
use tokio::net::unix::pipe;
use tokio::sync::{oneshot, watch};

use super::channel::Channel;
use super::patience::Patience;
use super::pty::Pty;
use crate::events::Telling;
use crate::protocol::{Order, Report};
use crate::{ComputeError, Event, ExecIo, ExecSpec, Exit, ExitStatus, InstanceSpec, Resize};

/// What an init says to one order.
type Reply = Result<Option<OwnedFd>, ComputeError>;

#[derive(Debug)]
pub(super) struct Instance {
    pub spec: InstanceSpec,
    pub patience: Patience,
    pub imds: TcpListener,
    /// The same by IPv6, where this machine has it.
    pub imds_6: Option<TcpListener>,
    channel: Arc<Channel>,
    orders: Arc<Mutex<Orders>>,
    next: AtomicU64,
    /// It is killed only to be started again.
    pub begins_anew: AtomicBool,
    /// True once its first process is gone.
    gone: watch::Sender<bool>,
    /// True once that process has let go of its socket.
    hung_up: Arc<AtomicBool>,
}

/// What a child that did not come up said about it, if it said anything.
pub(super) async fn boot_failure(control: OwnedFd) -> Option<ComputeError> {
    match next_report(&Channel::new(control).ok()?).await {
        Ok(Some((Report::BootFailed { stage, message }, _))) => Some(ComputeError::Failed { stage, message }),
        _ => None,
    }
}

/// What an init says next, as far as it is believed.
async fn next_report(channel: &Channel) -> std::io::Result<Option<(Report, Vec<OwnedFd>)>> {
    Ok(channel.receive::<Report>().await?.map(|(report, files)| (report.bounded(), files)))
}

async fn wait_booted(channel: &Channel, limit: Duration) -> Result<(), ComputeError> {
    let failed = |error| ComputeError::failed("talk to the instance", error);
    let late = |_| ComputeError::failed("start the instance", "its system did not stand in time");
    let report = tokio::time::timeout(limit, next_report(channel)).await;
    match report.map_err(late)?.map_err(failed)? {
        Some((Report::Booted, _)) => Ok(()),
        Some((Report::BootFailed { stage, message }, _)) => Err(ComputeError::Failed { stage, message }),
        _ => Err(failed(std::io::Error::other("its first process ended before it had booted"))),
    }
}

/// Orders under way, by number.
#[derive(Debug, Default)]
struct Orders {
    answers: HashMap<u64, oneshot::Sender<Reply>>,
    exits: HashMap<u64, oneshot::Sender<ExitStatus>>,
}

impl Instance {
    /// Takes over the socket of an init that has just been started, and waits until it has booted.
    pub(super) async fn booted(
        spec: InstanceSpec,
        (imds, imds_6): (TcpListener, Option<TcpListener>),
        control: OwnedFd,
        events: Telling,
        patience: Patience,
    ) -> Result<Instance, ComputeError> {
        let failed = |error| ComputeError::failed("talk to the instance", error);
        let channel = Arc::new(Channel::new(control).map_err(failed)?);
        wait_booted(&channel, patience.boot).await?;
        let (orders, gone, hung_up) = (Arc::default(), watch::Sender::new(false), Arc::default());
        let next = AtomicU64::new(1);
        let instance = Instance {
            spec,
            patience,
            imds,
            imds_6,
            channel,
            orders,
            next,
            gone,
            hung_up,
            begins_anew: AtomicBool::new(false),
        };
        instance.listen(events);
        Ok(instance)
    }

    /// Called when the supervisor has seen the end of the first process.
    pub(super) fn set_gone(&self) {
        self.gone.send_replace(true);
    }

    /// Whether the first process has let go of its socket, which it does at its end.
    pub(super) fn has_hung_up(&self) -> bool {
        self.hung_up.load(Ordering::Relaxed)
    }

    /// Waits for the end of the first process; false when `limit` passed first.
    pub(super) async fn wait_gone(&self, limit: Duration) -> bool {
        let mut gone = self.gone.subscribe();
        tokio::time::timeout(limit, gone.wait_for(|gone| *gone)).await.is_ok_and(|seen| seen.is_ok())
    }

    pub(super) async fn stop(&self, grace: Duration) {
        // An init that is gone already has stopped; one that takes no orders is killed by who asks.
        let order = Order::Stop { grace_ms: grace.as_millis() as u64 };
        let _ = tokio::time::timeout(self.patience.order, self.channel.send(&order, &[])).await;
    }

    pub(super) async fn reboot(&self, grace: Duration) -> Result<(), ComputeError> {
        let grace_ms = grace.as_millis() as u64;
        let order = |seq| Order::Reboot { seq, grace_ms };
        self.order_within(grace + self.patience.answer, Vec::new(), order).await.1.map(drop)
    }

    /// Has everything written that programs inside have written.
    pub(super) async fn flush(&self) -> Result<(), ComputeError> {
        self.order(Vec::new(), |seq| Order::Flush { seq }).await.1.map(drop)
    }

    pub(super) async fn exec(&self, spec: ExecSpec) -> Result<ExecIo, ComputeError> {
        if let Some((columns, rows)) = spec.tty {
            return self.exec_on_terminal(spec, columns, rows).await;
        }
        let failed = |error| ComputeError::failed("make the pipes", error);
        let pipe = || pipe2(OFlag::O_CLOEXEC).map_err(|error| failed(error.into()));
        let ((stdin_in, stdin), (stdout, stdout_in), (stderr, stderr_in)) = (pipe()?, pipe()?, pipe()?);
        let (exit, answer) =
            self.order(vec![stdin_in, stdout_in, stderr_in], |seq| Order::Exec { seq, spec }).await;
        answer?;
        Ok(ExecIo {
            stdin: Box::new(pipe::Sender::from_owned_fd(stdin).map_err(failed)?),
            stdout: Box::new(pipe::Receiver::from_owned_fd(stdout).map_err(failed)?),
            stderr: Some(Box::new(pipe::Receiver::from_owned_fd(stderr).map_err(failed)?)),
            resize: None,
            exit: Exit(exit),
        })
    }

    async fn exec_on_terminal(
        &self,
        spec: ExecSpec,
        columns: u16,
        rows: u16,
    ) -> Result<ExecIo, ComputeError> {
        let failed = |error| ComputeError::failed("open the terminal", error);
        let spec = ExecSpec { tty: Some((columns, rows)), ..spec };
        let mut number = 0;
        let make = |seq| {
            number = seq;
            Order::Exec { seq, spec }
        };
        let (exit, answer) = self.order(Vec::new(), make).await;
        let terminal = answer?.ok_or_else(|| failed(std::io::Error::other("the init sent none")))?;
        // The terminal of a machine with its own kernel is inside: here is only what leads to it.
        let is_inside = !isatty(&terminal).unwrap_or(false);
        let pty = Pty::new(terminal).map_err(failed)?;
        let resize = Some(if is_inside { self.resize(number, &pty) } else { pty.resize() });
        Ok(ExecIo {
            stdin: Box::new(pty.clone()),
            stdout: Box::new(pty),
            stderr: None,
            resize,
            exit: Exit(exit),
        })
    }

    /// Changes the size of a terminal that is inside.
    fn resize(&self, seq: u64, pty: &Pty) -> Resize {
        let (channel, open) = (Arc::downgrade(&self.channel), pty.is_open());
        Resize(Arc::new(move |columns, rows| {
            let channel = channel.upgrade().filter(|_| open()).ok_or(std::io::ErrorKind::NotConnected)?;
            channel.send_now(&Order::Resize { seq, columns, rows })
        }))
    }

    /// Sends an order; gives the promise of its exit and the answer.
    async fn order(
        &self,
        files: Vec<OwnedFd>,
        make: impl FnOnce(u64) -> Order,
    ) -> (oneshot::Receiver<ExitStatus>, Reply) {
        self.order_within(self.patience.answer, files, make).await
    }

    /// The same with another limit: who is root inside may keep its init from ever answering.
    async fn order_within(
        &self,
        limit: Duration,
        files: Vec<OwnedFd>,
        make: impl FnOnce(u64) -> Order,
    ) -> (oneshot::Receiver<ExitStatus>, Reply) {
        let seq = self.next.fetch_add(1, Ordering::Relaxed);
        let ((answer_to, answer), (exit_to, exit)) = (oneshot::channel(), oneshot::channel());
        {
            let mut orders = lock(&self.orders);
            orders.answers.insert(seq, answer_to);
            orders.exits.insert(seq, exit_to);
        }
        let order = make(seq);
        let answered = async {
            let sent = self.channel.send(&order, &files).await;
            // The inner ends must be closed here, or the outer ones never see their end.
            drop(files);
            if sent.is_err() {
                lock(&self.orders).forget(seq);
            }
            answer.await.unwrap_or_else(|_| Err(ComputeError::NotRunning(self.spec.id.clone())))
        };
        let reply = tokio::time::timeout(limit, answered).await.unwrap_or_else(|_| {
            lock(&self.orders).forget(seq);
            Err(ComputeError::Silent(self.spec.id.clone()))
        });
        (exit, reply)
    }

    fn listen(&self, events: Telling) {
        let (channel, orders, id) = (self.channel.clone(), self.orders.clone(), self.spec.id.clone());
        let hung_up = self.hung_up.clone();
        let listen = async move {
            while let Ok(Some((report, files))) = next_report(&channel).await {
                match report {
                    Report::UserDataDone { code } => {
                        events.tell(&Event::UserDataDone { id: id.clone(), code });
                    }
                    other => lock(&orders).settle(other, files),
                }
            }
            hung_up.store(true, Ordering::Relaxed);
            // Whoever still waits hears that the instance is gone.
            *lock(&orders) = Orders::default();
        };
        #[expect(clippy::disallowed_methods, reason = "ends with the instance's socket")]
        tokio::spawn(listen);
    }
}

impl Orders {
    fn settle(&mut self, report: Report, files: Vec<OwnedFd>) {
        // A receiver may have been dropped: then nobody wants to know.
        let mut answer = |seq, reply| drop(self.answers.remove(&seq).map(|to| to.send(reply)));
        match report {
            Report::Started { seq } => answer(seq, Ok(files.into_iter().next())),
            Report::Rebooted { seq } | Report::Flushed { seq } => {
                answer(seq, Ok(None));
                self.exits.remove(&seq);
            }
            Report::Refused { seq, stage, message } => {
                answer(seq, Err(ComputeError::Failed { stage, message }));
                self.exits.remove(&seq);
            }
            Report::Ended { seq, status } => drop(self.exits.remove(&seq).map(|to| to.send(status))),
            Report::Booted | Report::BootFailed { .. } | Report::UserDataDone { .. } => {}
        }
    }

    fn forget(&mut self, seq: u64) {
        self.answers.remove(&seq);
        self.exits.remove(&seq);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
