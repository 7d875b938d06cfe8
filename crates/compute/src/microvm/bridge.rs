//! What passes between the server and a machine: orders in, reports and streams out. Whoever is root inside may say what it
//! likes, or nothing: what nobody asked for goes no further, what is kept of it is bounded, and an order to a machine that
//! takes none is refused at once.

use std::collections::{HashMap, HashSet};
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use nix::poll::{PollFlags, PollTimeout};
use serde::Serialize;

use super::frames::{Frame, Link};
use super::streams::{Ready, Streams};
use super::{FromGuest, Part, ToGuestRef, stream};
use crate::packet;
use crate::protocol::{Order, Report};

/// Orders that may wait for an answer: each keeps descriptors.
const MOST_ASKED: usize = 128;

#[derive(Debug)]
pub(super) struct Bridge {
    /// Absent once the machine has closed its end.
    link: Option<Link>,
    streams: Streams,
    asked: HashMap<u64, Asked>,
    running: HashSet<u64>,
    user_data_told: bool,
    booted: bool,
    ended: Option<i32>,
}

/// What the machine was asked to do.
#[derive(Debug)]
enum Asked {
    /// To run a command, with the streams of one without a terminal.
    Exec(Vec<OwnedFd>),
    Reboot,
    Flush,
}

impl Bridge {
    pub(super) fn new(end: UnixStream) -> io::Result<Bridge> {
        Ok(Bridge {
            link: Some(Link::new(end.into())?),
            streams: Streams::default(),
            asked: HashMap::new(),
            running: HashSet::new(),
            user_data_told: false,
            booted: false,
            ended: None,
        })
    }

    /// Whether the machine has said that its system stands.
    pub(super) fn has_booted(&self) -> bool {
        self.booted
    }

    /// The exit code of the machine's init, once it has ended everything in order.
    pub(super) fn ended(&self) -> Option<i32> {
        self.ended
    }

    pub(super) fn say(&mut self, message: &impl Serialize) -> io::Result<()> {
        self.link.as_mut().map_or(Ok(()), |link| link.say(message))
    }

    /// Waits until something can go on, here or with one of `others`.
    pub(super) fn wait<'a>(&'a self, mut others: Vec<(BorrowedFd<'a>, PollFlags)>) -> Ready {
        if let Some(link) = &self.link {
            let sending = if link.has_unsent() { PollFlags::POLLOUT } else { PollFlags::empty() };
            others.push((link.fd(), PollFlags::POLLIN | sending));
        }
        let full = self.link.as_ref().is_some_and(Link::is_full);
        self.streams.wait(&others, full, PollTimeout::NONE)
    }

    /// Moves what is ready in streams.
    pub(super) fn go_on(&mut self, ready: &Ready) -> io::Result<()> {
        self.link.as_mut().map_or(Ok(()), |link| self.streams.go_on(ready, link).map(drop))
    }

    /// Takes in what has come from the machine, and tells the server what is the server's.
    pub(super) fn listen(&mut self, control: BorrowedFd<'_>) -> io::Result<()> {
        let Some(link) = &mut self.link else { return Ok(()) };
        link.flush()?;
        let open = link.fill()?;
        while let Some(frame) = self.link.as_mut().map(Link::next).transpose()?.flatten() {
            self.hear(control, frame)?;
        }
        if !open {
            self.link = None;
        }
        Ok(())
    }

    fn hear(&mut self, control: BorrowedFd<'_>, frame: Frame) -> io::Result<()> {
        match frame {
            Frame::Message(bytes) => match serde_json::from_slice(&bytes)? {
                FromGuest::Report(report) => self.tell(control, report),
                FromGuest::Ended { code } => {
                    self.ended = Some(code);
                    Ok(())
                }
            },
            other => match &mut self.link {
                Some(link) => self.streams.hear(other, link),
                None => Ok(()),
            },
        }
    }

    /// Passes a report on to the server, with the outer ends of what it is about; as far as it was asked for.
    fn tell(&mut self, control: BorrowedFd<'_>, report: Report) -> io::Result<()> {
        let mut files = Vec::new();
        match &report {
            Report::Booted if self.booted => return Ok(()),
            Report::BootFailed { .. } if self.booted => return Ok(()),
            Report::Booted => self.booted = true,
            Report::BootFailed { .. } => {}
            Report::Started { seq } => {
                let Some(Asked::Exec(streams)) = self.answered(*seq, |asked| matches!(asked, Asked::Exec(_)))
                else {
                    return Ok(());
                };
                files = self.connect(*seq, streams)?;
                self.running.insert(*seq);
            }
            Report::Refused { seq, .. } if self.answered(*seq, |_| true).is_none() => return Ok(()),
            Report::Rebooted { seq }
                if self.answered(*seq, |asked| matches!(asked, Asked::Reboot)).is_none() =>
            {
                return Ok(());
            }
            Report::Flushed { seq }
                if self.answered(*seq, |asked| matches!(asked, Asked::Flush)).is_none() =>
            {
                return Ok(());
            }
            Report::Refused { .. } | Report::Rebooted { .. } | Report::Flushed { .. } => {}
            Report::Ended { seq, .. } if !self.running.remove(seq) => return Ok(()),
            Report::Ended { .. } => {}
            Report::UserDataDone { .. } if std::mem::replace(&mut self.user_data_told, true) => return Ok(()),
            Report::UserDataDone { .. } => {}
        }
        // A longer one might fit into no packet. A server that is gone is noticed by the next receive.
        let _ = packet::send(control, &report.bounded(), &packet::borrow(&files));
        Ok(())
    }

    /// The order with this number, when the answer is one to it.
    fn answered(&mut self, seq: u64, fits: impl FnOnce(&Asked) -> bool) -> Option<Asked> {
        if self.asked.get(&seq).is_some_and(fits) { self.asked.remove(&seq) } else { None }
    }

    /// Connects the streams of a command that runs; gives the outer end of a terminal.
    fn connect(&mut self, seq: u64, given: Vec<OwnedFd>) -> io::Result<Vec<OwnedFd>> {
        let (input, output) = (stream(seq, Part::Input), stream(seq, Part::Output));
        if let Ok([stdin, stdout, stderr]) = <[OwnedFd; 3]>::try_from(given) {
            self.streams.read_from(input, stdin)?;
            self.streams.write_to(output, stdout)?;
            self.streams.write_to(stream(seq, Part::Errors), stderr)?;
            return Ok(Vec::new());
        }
        let (ours, theirs) = UnixStream::pair()?;
        self.streams.read_from(input, ours.try_clone()?.into())?;
        self.streams.write_to(output, ours.into())?;
        Ok(vec![theirs.into()])
    }

    /// Hands an order to the machine.
    pub(super) fn carry_out(
        &mut self,
        control: BorrowedFd<'_>,
        order: &Order,
        files: Vec<OwnedFd>,
    ) -> io::Result<()> {
        let asked = match order {
            Order::Exec { seq, .. } => Some((*seq, Asked::Exec(files))),
            Order::Reboot { seq, .. } => Some((*seq, Asked::Reboot)),
            Order::Flush { seq } => Some((*seq, Asked::Flush)),
            Order::Stop { .. } | Order::Resize { .. } => None,
        };
        let waits = asked.is_some() && self.asked.len() >= MOST_ASKED;
        match self.link.as_mut().filter(|link| !link.is_full() && !waits) {
            Some(link) => {
                self.asked.extend(asked);
                if matches!(order, Order::Reboot { .. }) {
                    self.user_data_told = false;
                }
                link.say(&ToGuestRef::Order(order))
            }
            // A stop is left to the server's patience.
            None => {
                if let Some((seq, _)) = asked {
                    let (stage, message) = ("talk to the machine".into(), "it takes no orders".into());
                    let _ = packet::send(control, &Report::Refused { seq, stage, message }, &[]);
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::fd::{AsFd, OwnedFd};
    use std::os::unix::net::UnixStream;

    use nix::fcntl::{FcntlArg, OFlag, fcntl};
    use serde::Serialize;

    use super::{Bridge, MOST_ASKED};
    use crate::microvm::FromGuest;
    use crate::microvm::frames::Frame;
    use crate::protocol::{MOST_TEXT, Order, Report};
    use crate::{ExecSpec, ExitStatus, packet};

    /// A bridge between a server and a machine that are both played here.
    struct Scene {
        bridge: Bridge,
        /// The keeper's end.
        control: OwnedFd,
        server: OwnedFd,
        machine: UnixStream,
    }

    impl Scene {
        fn new() -> Scene {
            let ((server, control), (machine, ours)) = (packet::pair().unwrap(), UnixStream::pair().unwrap());
            fcntl(&server, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
            machine.set_nonblocking(true).unwrap();
            Scene { bridge: Bridge::new(ours).unwrap(), control, server, machine }
        }

        fn booted() -> Scene {
            let mut scene = Scene::new();
            scene.report(Report::Booted);
            assert!(matches!(scene.told(), Some(Report::Booted)) && scene.bridge.has_booted());
            scene
        }

        fn order(&mut self, order: &Order) {
            self.bridge.carry_out(self.control.as_fd(), order, Vec::new()).unwrap();
        }

        /// Has the machine say this, and the bridge hear it.
        fn says(&mut self, message: &impl Serialize) {
            let frame = Frame::Message(serde_json::to_vec(message).unwrap()).bytes();
            self.machine.write_all(&frame).unwrap();
            self.bridge.listen(self.control.as_fd()).unwrap();
        }

        fn report(&mut self, report: Report) {
            self.says(&FromGuest::Report(report));
        }

        /// What the server hears next.
        fn told(&self) -> Option<Report> {
            packet::receive(self.server.as_fd()).ok().flatten().map(|(report, _)| report)
        }

        fn is_refused(&self, number: u64) -> bool {
            matches!(self.told(), Some(Report::Refused { seq, message, .. }) if seq == number && message.contains("no orders"))
        }
    }

    fn exec(seq: u64) -> Order {
        Order::Exec { seq, spec: ExecSpec::root(["true"]) }
    }

    #[test]
    fn a_machine_that_answers_nothing_is_soon_asked_nothing() {
        let mut scene = Scene::booted();
        for seq in 0..MOST_ASKED as u64 {
            scene.order(&exec(seq));
        }
        assert!(scene.told().is_none());
        scene.order(&exec(1000));
        assert!(scene.is_refused(1000));
        scene.order(&Order::Flush { seq: 1001 });
        assert!(scene.is_refused(1001));
        // One that has answered is asked again.
        scene.report(Report::Refused { seq: 0, stage: String::new(), message: String::new() });
        scene.told().unwrap();
        scene.order(&exec(1002));
        assert!(scene.told().is_none());
    }

    #[test]
    fn a_machine_that_reads_nothing_is_refused_what_does_not_fit_and_keeps_nobody_waiting() {
        let mut scene = Scene::booted();
        let long = |seq| Order::Exec { seq, spec: ExecSpec::root(["x".repeat(100 * 1024)]) };
        let mut seq = 0;
        while scene.told().is_none() {
            seq += 1;
            assert!(seq < MOST_ASKED as u64, "all of it is kept");
            scene.order(&long(seq));
        }
        // A stop has nobody who waits for an answer.
        scene.order(&Order::Stop { grace_ms: 0 });
        assert!(scene.told().is_none());
    }

    #[test]
    fn a_machine_that_asks_and_does_not_listen_is_broken() {
        let mut scene = Scene::booted();
        // Each is answered: nobody has that stream.
        let pieces = Frame::Piece { stream: 9, bytes: vec![1] }.bytes().repeat(1000);
        let (mut sent, mut rest) = (0, &pieces[..]);
        let broken = loop {
            let length = scene.machine.write(rest).unwrap_or(0);
            (sent, rest) = (sent + length, &rest[length..]);
            rest = if rest.is_empty() { &pieces } else { rest };
            if let Err(error) = scene.bridge.listen(scene.control.as_fd()) {
                break error;
            }
            assert!(sent < 64 << 20, "all of it is kept");
        };
        assert!(broken.to_string().contains("takes nothing"), "{broken}");
        assert!(scene.told().is_none());
    }

    #[test]
    fn half_a_message_holds_up_no_order() {
        let mut scene = Scene::booted();
        let whole =
            Frame::Message(serde_json::to_vec(&FromGuest::Report(Report::Started { seq: 1 })).unwrap());
        let whole = whole.bytes();
        let (half, rest) = whole.split_at(whole.len() / 2);
        scene.machine.write_all(half).unwrap();
        scene.bridge.listen(scene.control.as_fd()).unwrap();
        scene.order(&exec(1));
        let mut heard = [0; 4096];
        assert!(scene.machine.read(&mut heard).unwrap() > 0);
        assert!(scene.told().is_none());
        scene.machine.write_all(rest).unwrap();
        scene.bridge.listen(scene.control.as_fd()).unwrap();
        assert!(matches!(scene.told(), Some(Report::Started { seq: 1 })));
        // And one that ends in the middle takes nothing more.
        scene.machine.write_all(half).unwrap();
        scene.machine.shutdown(std::net::Shutdown::Both).unwrap();
        scene.bridge.listen(scene.control.as_fd()).unwrap();
        scene.order(&exec(2));
        assert!(scene.is_refused(2));
    }

    #[test]
    fn a_machine_that_talks_nonsense_is_not_talked_to() {
        let deep = [b"{\"Report\":".repeat(5000), b"1".to_vec()].concat();
        let message = |bytes: &[u8]| Frame::Message(bytes.to_vec()).bytes();
        let nonsense: [&[u8]; 5] = [
            &[0xff; 64],
            &message(b"{\"Report\":\"Boo"),
            &message(b"{\"Report\":{\"Started\":{\"seq\":-1}}}"),
            &message(&deep),
            // Longer than any message may be.
            b"M\0\0\0\0\0\0\0\0\xff\xff\xff\x7f",
        ];
        for bytes in nonsense {
            let mut scene = Scene::booted();
            scene.machine.write_all(bytes).unwrap();
            scene.bridge.listen(scene.control.as_fd()).unwrap_err();
            assert!(scene.told().is_none());
        }
    }

    #[test]
    fn what_nobody_asked_for_goes_no_further() {
        let mut scene = Scene::booted();
        let failed = || Report::BootFailed { stage: "s".into(), message: "m".into() };
        let refused = |seq| Report::Refused { seq, stage: "s".into(), message: "m".into() };
        let ended = |seq| Report::Ended { seq, status: ExitStatus::Code(0) };
        let unasked = [Report::Booted, failed(), refused(1), ended(1), Report::Started { seq: 1 }];
        for report in unasked.into_iter().chain([Report::Rebooted { seq: 1 }, Report::Flushed { seq: 1 }]) {
            scene.report(report);
            assert!(scene.told().is_none());
        }
        scene.order(&exec(1));
        // No answer to that order.
        for report in [Report::Rebooted { seq: 1 }, Report::Flushed { seq: 1 }, ended(1)] {
            scene.report(report);
            assert!(scene.told().is_none());
        }
        scene.report(Report::Started { seq: 1 });
        assert!(matches!(scene.told(), Some(Report::Started { seq: 1 })));
        scene.report(ended(1));
        assert!(matches!(scene.told(), Some(Report::Ended { seq: 1, .. })));
        scene.report(ended(1));
        scene.report(Report::Started { seq: 1 });
        assert!(scene.told().is_none());
        for told in [true, false, false] {
            scene.report(Report::UserDataDone { code: 7 });
            assert_eq!(scene.told().is_some(), told);
        }
        scene.order(&Order::Reboot { seq: 2, grace_ms: 0 });
        scene.report(Report::UserDataDone { code: 7 });
        assert!(matches!(scene.told(), Some(Report::UserDataDone { code: 7 })));
    }

    #[test]
    fn a_text_of_any_length_is_passed_on_cut() {
        let mut scene = Scene::new();
        let message = "x".repeat(1000 * 1024);
        scene.machine.set_nonblocking(false).unwrap();
        let frame =
            serde_json::to_vec(&FromGuest::Report(Report::BootFailed { stage: String::new(), message }));
        let frame = Frame::Message(frame.unwrap()).bytes();
        let mut machine = scene.machine.try_clone().unwrap();
        let says = std::thread::spawn(move || machine.write_all(&frame).unwrap());
        let told = loop {
            scene.bridge.listen(scene.control.as_fd()).unwrap();
            if let Some(told) = scene.told() {
                break told;
            }
        };
        says.join().unwrap();
        assert!(matches!(told, Report::BootFailed { message, .. } if message == "x".repeat(MOST_TEXT)));
    }
}
