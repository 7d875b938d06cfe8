//! The server's side of instances whose supervisor and first processes are played here.

#![expect(clippy::disallowed_methods, reason = "the tasks end with the runtime of their test")]

use std::os::fd::AsFd;
use std::sync::atomic::AtomicBool;

use tempfile::TempDir;

use super::channel::Channel;
use super::*;
use crate::events::Events;
use crate::protocol::{Answer, InitEnd, Order, Report};
use crate::{Ending, Event};

/// Longer than anything waited for here takes; only to name what never came.
const LIMIT: Duration = Duration::from_secs(60);
/// What does not answer at once is given up.
const HASTY: Patience =
    Patience { boot: LIMIT, order: Duration::ZERO, answer: Duration::ZERO, end: Duration::ZERO, kill: LIMIT };

struct Scene {
    host: Arc<Host>,
    /// What the supervisor is to end, as it is asked.
    kills: tokio::sync::mpsc::UnboundedReceiver<(u64, String)>,
    supervisor: Arc<Channel>,
    inits: Vec<OwnedFd>,
    _folder: TempDir,
}

impl Scene {
    fn new() -> Scene {
        let folder = tempfile::tempdir().unwrap();
        let (ours, theirs) = packet::pair().unwrap();
        let (supervisor, exits) = Supervisor::over(Channel::new(ours).unwrap());
        let host = Host {
            kind: Kind::Microvm,
            dir: folder.path().to_owned(),
            supervisor: Arc::new(RwLock::new(Arc::new(supervisor))),
            instances: Arc::default(),
            events: Telling::default(),
            discarded: AtomicU64::new(0),
            generation: Arc::default(),
            sent: tokio::sync::Mutex::default(),
            images: None,
            engine: None,
            own_kernels: true,
        };
        host.follow(exits, Config::default());
        let theirs = Arc::new(Channel::new(theirs).unwrap());
        let (heard, kills) = tokio::sync::mpsc::unbounded_channel();
        let hears = theirs.clone();
        tokio::spawn(async move {
            while let Ok(Some((ask, _))) = hears.receive::<Ask>().await {
                if let Ask::Kill { seq, id } = ask {
                    heard.send((seq, id)).unwrap();
                }
            }
        });
        Scene { host: Arc::new(host), kills, supervisor: theirs, inits: Vec::new(), _folder: folder }
    }

    /// Adds a machine that runs and answers nothing.
    async fn add(&mut self, id: &str) {
        let (ours, init) = packet::pair().unwrap();
        packet::send(init.as_fd(), &Report::Booted, &[]).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let spec = InstanceSpec { id: id.into(), own_kernel: true, ..container::probe() };
        let booted = Instance::booted(spec, (listener, None), ours, self.host.events.clone(), HASTY).await;
        self.host.instances.claim(id).unwrap();
        self.host.instances.started(booted.unwrap(), || false).unwrap();
        self.inits.push(init);
    }

    async fn kill(&mut self) -> (u64, String) {
        tokio::time::timeout(LIMIT, self.kills.recv()).await.expect("nobody is killed").unwrap()
    }

    /// Does what the supervisor was asked to.
    async fn killed(&self, (seq, id): (u64, String)) {
        self.supervisor.send(&Answer::Done { seq }, &[]).await.unwrap();
        self.supervisor.send(&Answer::Exited { id, end: InitEnd::Killed }, &[]).await.unwrap();
    }
}

#[tokio::test]
async fn machines_that_answer_nothing_are_ended_all_at_once_with_the_server() {
    let mut scene = Scene::new();
    let ids = ["i-1", "i-2", "i-3", "i-4"];
    for id in ids {
        scene.add(id).await;
    }
    // One that is on its way up is no machine that could be asked.
    scene.host.instances.claim("i-5").unwrap();
    let host = scene.host.clone();
    let ended = Arc::new(AtomicBool::new(false));
    let end = ended.clone();
    let shutdown = tokio::spawn(async move {
        host.shutdown().await;
        end.store(true, Ordering::SeqCst);
    });
    // None is gone before all are asked for: they do not wait for each other.
    let mut asked = Vec::new();
    for _ in ids {
        asked.push(scene.kill().await);
    }
    assert!(!ended.load(Ordering::SeqCst));
    for kill in asked {
        scene.killed(kill).await;
    }
    tokio::time::timeout(LIMIT, shutdown).await.expect("the server does not end").unwrap();
    for init in &scene.inits {
        let (order, _) = packet::receive::<Order>(init.as_fd()).unwrap().unwrap();
        assert!(matches!(order, Order::Stop { grace_ms: 0 }), "{order:?}");
    }
}

#[tokio::test]
async fn a_machine_that_does_not_answer_to_a_reboot_is_ended_to_be_started_again() {
    let mut scene = Scene::new();
    let mut events: Events = scene.host.events.listen();
    scene.add("i-1").await;
    let host = scene.host.clone();
    let reboot = tokio::spawn(async move { host.reboot("i-1", Duration::ZERO).await });
    let kill = scene.kill().await;
    scene.killed(kill).await;
    reboot.await.unwrap().unwrap();
    assert_eq!(events.next().await, Event::Exited { id: "i-1".into(), how: Ending::Reboot });
    assert!(!scene.host.is_up("i-1"));
}
