//! A driver in a folder of its own, and instances to try it with.
#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "test code, although no test itself"
)]

pub mod networks;
mod podman;

use std::path::PathBuf;
use std::time::Duration;

pub use podman::Podman;
use rolecall_compute::{
    Choice, Cidr, Config, Driver, ExecSpec, ExitStatus, Image, InstanceSpec, Kind, Network, Resolving, User,
    Vpc, choose,
};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

pub const GRACE: Duration = Duration::from_secs(5);

/// A small file system of its own, mounted for a test.
pub struct Mounted {
    pub place: PathBuf,
}

impl Mounted {
    pub fn at(place: PathBuf, size: &str) -> Mounted {
        std::fs::create_dir_all(&place).unwrap();
        let options = format!("mode=1777,size={size}");
        let mount = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "small"])
            .arg(&place)
            .status();
        assert!(mount.unwrap().success());
        Mounted { place }
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        drop(std::process::Command::new("umount").arg("-l").arg(&self.place).status());
    }
}

pub struct World {
    pub driver: Driver,
    pub said: String,
    pub folder: TempDir,
    /// The last to go: what its containers are in.
    pub podman: Option<Podman>,
}

/// The driver that the suite is run with: namespaces, or what `ROLECALL_TEST_COMPUTE` names.
#[expect(clippy::disallowed_methods, reason = "tells the tests from outside what to test")]
pub fn choice() -> Choice {
    let name = std::env::var("ROLECALL_TEST_COMPUTE");
    name.map_or(Choice::Namespace, |name| Choice::named(&name).unwrap())
}

/// The Docker daemon that the suite may be run with: there is none that tests could bring along.
#[expect(clippy::disallowed_methods, reason = "tells the tests from outside what to test")]
fn docker() -> Option<String> {
    std::env::var("DOCKER_HOST").ok()
}

/// What a command printed, and how it ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Ran {
    pub stdout: String,
    pub stderr: String,
    pub status: ExitStatus,
}

pub fn config(folder: &TempDir) -> Config {
    Config {
        dir: folder.path().join("compute"),
        init: Some(PathBuf::from(env!("CARGO_BIN_EXE_rolecall-init"))),
        kernel: kernel(),
        ..Config::default()
    }
}

/// The kernel that `tools/kernel.sh` has unpacked.
fn kernel() -> Option<PathBuf> {
    let place = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.cache/microvm"));
    place.is_dir().then_some(place)
}

impl World {
    /// `None`, and a word about it, where this machine cannot run the driver.
    pub async fn new(choice: Choice) -> Option<World> {
        let folder = tempfile::tempdir().unwrap();
        let podman = match choice {
            Choice::Podman => Some(Podman::start().await?),
            _ => None,
        };
        let engine = podman.as_ref().map_or_else(docker, |podman| Some(podman.address()));
        match choose(choice, &Config { engine, ..config(&folder) }).await {
            Ok((driver, said)) => {
                let said = [&[said], &*driver.caps().notes].concat().join("; ");
                Some(World { driver, said, folder, podman })
            }
            // QEMU and a kernel are nothing that every machine has.
            Err(error) if choice == Choice::Microvm => {
                println!("left out: {error}");
                None
            }
            // Root must be able to run everything: a failure there is a failure.
            Err(error) if !nix::unistd::geteuid().is_root() => {
                println!("left out: {error}");
                None
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// Whether root inside is nobody outside, with ids of each instance's own.
    pub fn has_own_ids(&self) -> bool {
        let shared = ["the same range of user ids", "root inside is root outside", "one user id"];
        !shared.iter().any(|said| self.said.contains(said))
    }

    /// Whether its instances are containers of an engine.
    pub fn is_container(&self) -> bool {
        matches!(self.driver.caps().kind, Kind::Docker | Kind::Podman)
    }

    /// Whether this is about more than a kernel that is the instance's own, where root may do what root may do.
    pub fn shares_kernel(&self) -> bool {
        let shares = self.driver.caps().kind != Kind::Microvm;
        if !shares {
            println!("left out: about instances that share the host's kernel");
        }
        shares
    }

    /// How long an answer may take that is to come, as `timeout` takes it.
    pub fn patience(&self) -> &'static str {
        if self.driver.caps().kind == Kind::Microvm { "10" } else { "0.6" }
    }

    /// Runs a shell line as root and gives its output.
    pub async fn sh(&self, id: &str, line: &str) -> Ran {
        self.run(id, ExecSpec::root(["sh", "-c", line]), b"").await
    }

    pub async fn run(&self, id: &str, spec: ExecSpec, input: &[u8]) -> Ran {
        let mut io = self.driver.exec(id, spec).await.unwrap();
        io.stdin.write_all(input).await.unwrap();
        drop(io.stdin);
        let (mut stdout, mut stderr) = (String::new(), String::new());
        let mut errors = io.stderr.unwrap();
        let (one, other) =
            tokio::join!(io.stdout.read_to_string(&mut stdout), errors.read_to_string(&mut stderr));
        one.unwrap();
        other.unwrap();
        Ran { stdout, stderr, status: io.exit.wait().await }
    }

    pub async fn console_until(&self, id: &str, wanted: &str) -> String {
        for _ in 0..1000 {
            let text = String::from_utf8_lossy(&self.driver.console(id).await.unwrap()).into_owned();
            if text.contains(wanted) {
                return text;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let text = self.driver.console(id).await.unwrap();
        panic!("`{wanted}` never came on the console:\n{}", String::from_utf8_lossy(&text));
    }
}

/// A small instance at 10.0.1.`last`.
pub fn spec(last: u8) -> InstanceSpec {
    InstanceSpec {
        id: format!("i-0123456789abcd{last:03}"),
        hostname: format!("ip-10-0-1-{last}"),
        network: Network {
            vpc: Vpc { id: "vpc-1".into(), cidr: "10.0.0.0/16".parse::<Cidr>().unwrap() },
            subnet: "10.0.1.0/24".parse().unwrap(),
            private_ip: [10, 0, 1, last].into(),
            mac: [2, 0, 0, 0, 0, last],
            names: Resolving::default(),
        },
        image: Image::HostUsr,
        own_kernel: false,
        memory_mib: 256,
        vcpus: 1,
        user_data: None,
        env: vec![("AWS_DEFAULT_REGION".into(), "eu-west-1".into())],
        users: vec![User {
            name: "ec2-user".into(),
            uid: 1000,
            authorized_keys: vec!["ssh-ed25519 AAAA me".into()],
        }],
        mounts: Vec::new(),
        links: Vec::new(),
    }
}

pub fn printed(text: &str) -> Ran {
    Ran { stdout: text.into(), stderr: String::new(), status: ExitStatus::Code(0) }
}

/// Ends the supervisor of this process's drivers, without a word.
pub fn kill_supervisor() {
    let pid = supervisors().pop().unwrap();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid as i32), nix::sys::signal::Signal::SIGKILL)
        .unwrap();
}

/// Links to instances in the networks that a supervisor holds.
pub fn links(supervisor: u32) -> Vec<String> {
    let own = std::fs::read_link(format!("/proc/{supervisor}/ns/net")).unwrap();
    let mut found = Vec::new();
    for entry in std::fs::read_dir(format!("/proc/{supervisor}/fd")).into_iter().flatten().flatten() {
        let to = std::fs::read_link(entry.path()).unwrap_or_default();
        if to.to_string_lossy().starts_with("net:") && to != own {
            let inside = std::process::Command::new("nsenter")
                .arg(format!("--net={}", entry.path().display()))
                .args(["cat", "/proc/self/net/dev"])
                .output()
                .unwrap();
            let text = String::from_utf8_lossy(&inside.stdout).into_owned();
            let names = text.lines().filter_map(|line| line.split_once(':')).map(|(name, _)| name.trim());
            found.extend(names.filter(|name| *name != "lo").map(str::to_owned));
        }
    }
    found
}

/// The supervisors of this process's drivers.
pub fn supervisors() -> Vec<u32> {
    let children =
        std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", std::process::id())).unwrap();
    let threads = std::fs::read_dir("/proc/self/task").unwrap().flatten();
    let all =
        threads.map(|thread| std::fs::read_to_string(thread.path().join("children")).unwrap_or_default());
    let all = all.fold(children, |all, more| format!("{all} {more}"));
    let is_supervisor = |pid: &&str| {
        std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.starts_with(b"rolecall-init\0"))
    };
    all.split_whitespace().filter(is_supervisor).map(|pid| pid.parse().unwrap()).collect()
}

/// Waits until the driver of a folder is gone with its last task.
pub async fn lock_is_free(path: &std::path::Path) {
    for _ in 0..1000 {
        let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
        if nix::fcntl::Flock::lock(file, nix::fcntl::FlockArg::LockExclusiveNonblock).is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the driver of {} does not go", path.display());
}
