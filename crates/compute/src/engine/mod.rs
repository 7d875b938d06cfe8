//! Containers of Docker or Podman as instances: one container each, which is its disk too, asked for over the engine's
//! Unix socket.
//!
//! The engine makes namespaces, root and limits. Its own networks are not used: the supervisor joins a container to the
//! router of its VPC. The first process is this program, shown inside read-only with the libraries that it needs, so
//! an image needs nothing of ours; what it does is what the first process of a namespace instance does.
//!
//! An image of the driver's store is sent to the engine when an instance is to boot from it.

mod accounts;
mod client;
mod container;
mod describe;
mod images;
mod life;
pub(crate) mod pack;
mod sweep;

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use http::Method;
use nix::fcntl::{Flock, FlockArg};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::faults::Faults;
use crate::kind::Kind;
use crate::protocol::Limits;
use crate::{ComputeError, Config};
use client::{Answer, Client, Refused, Sent};
pub(crate) use container::{First, engine_of};

/// What tells this program that it is the first process of a container.
pub(crate) const INSIDE: &str = "inside";

/// In the folder of the driver: what its containers are told by, and what a living server holds.
const IDENTITY: &str = "engine-id";
const LOCK: &str = "engine.lock";
/// In the folder of an instance: the engine that has its disk.
const MARK: &str = "container";

/// An engine that answers.
#[derive(Debug)]
pub(crate) struct Engine {
    kind: Kind,
    client: Client,
    /// Its own API gives containers users of their own; Docker has that for all of a daemon or for none.
    own_users: bool,
    /// The driver's folder.
    dir: PathBuf,
    /// Tells this driver's containers and images from those of other servers.
    id: String,
    ephemeral: bool,
    /// This process, for others to tell whether it lives.
    process: String,
    /// What the first process of a container is run from: the program, its loader when it has one, its libraries.
    parts: Vec<PathBuf>,
    /// Held while an image is looked for and sent.
    sending: tokio::sync::Mutex<()>,
    /// What tests want to fail, from the first start after the trial.
    faults: OnceLock<Faults>,
    /// Held as long as this process lives.
    _held: Flock<File>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Version {
    version: String,
    #[serde(default)]
    components: Vec<Component>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Component {
    name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Info {
    #[serde(rename = "OSType")]
    os: String,
    #[serde(default)]
    memory_limit: bool,
    #[serde(default)]
    cpu_cfs_quota: bool,
    #[serde(default)]
    pids_limit: bool,
    #[serde(default)]
    security_options: Vec<String>,
}

impl Engine {
    /// Finds the engine, and removes what servers that are no more left in it.
    pub(crate) async fn open(
        kind: Kind,
        config: &Config,
        parts: Vec<PathBuf>,
        notes: &mut Vec<String>,
    ) -> Result<(Engine, Limits), ComputeError> {
        let client = Client { socket: socket(kind, config.engine.as_deref())? };
        let absent = |error: Refused| ComputeError::failed(hint(kind, &client), error);
        let version: Version =
            read(client.ask(Method::GET, "/version", Sent::Nothing).await.map_err(absent)?)?;
        let info: Info = read(client.ask(Method::GET, "/info", Sent::Nothing).await.map_err(absent)?)?;
        if info.os != "linux" {
            return Err(ComputeError::failed(hint(kind, &client), "its containers are not Linux"));
        }
        let own_users = version.components.iter().any(|component| component.name == "Podman Engine");
        notes.push(format!("{} at {}", version.version, client.socket.display()));
        if !own_users {
            has_own_users(&info.security_options)?;
        }
        if own_users {
            let told =
                "all instances have the same range of user ids; on the default image sudo and su do not work";
            notes.push(told.to_owned());
        }
        let failed = |error| ComputeError::failed("make the folder of the instances", error);
        let engine = Engine {
            kind,
            client,
            own_users,
            dir: config.dir.clone(),
            id: identity(&config.dir).map_err(failed)?,
            ephemeral: config.ephemeral,
            process: life::this_process().map_err(failed)?,
            parts,
            sending: tokio::sync::Mutex::default(),
            faults: OnceLock::new(),
            _held: hold(&config.dir.join(LOCK)).map_err(failed)?,
        };
        engine.sweep(notes).await?;
        let limits =
            Limits { memory: info.memory_limit, cpu: info.cpu_cfs_quota, processes: info.pids_limit };
        Ok((engine, limits))
    }

    /// From now on a stage fails that a test wants to fail.
    pub(crate) fn arm(&self, faults: Faults) {
        // Once, at the start of the driver.
        let _ = self.faults.set(faults);
    }

    pub(crate) fn check(&self, stage: &'static str) -> Result<(), ComputeError> {
        let checked = self.faults.get().map_or(Ok(()), |faults| faults.check(stage));
        checked.map_err(|(stage, error)| ComputeError::failed(stage, error))
    }

    async fn ask(
        &self,
        stage: &'static str,
        method: Method,
        path: &str,
        sent: Sent,
    ) -> Result<Answer, ComputeError> {
        self.check(stage)?;
        self.client.ask(method, path, sent).await.map_err(|error| self.failed(stage, error))
    }

    fn failed(&self, stage: &str, error: Refused) -> ComputeError {
        match error {
            Refused::Unreachable(error) => {
                ComputeError::failed(format!("{stage}: {} cannot be reached", self.kind.name()), error)
            }
            said @ Refused::Answered { .. } => {
                ComputeError::failed(format!("{stage}: {} refused", self.kind.name()), said)
            }
        }
    }
}

fn read<T: DeserializeOwned>(answer: Answer) -> Result<T, ComputeError> {
    serde_json::from_slice(&answer.body)
        .map_err(|error| ComputeError::failed("read the engine's answer", error))
}

/// Root inside must not be root outside: it could reach the router of its VPC, past every group, and with it the machine.
fn has_own_users(security_options: &[String]) -> Result<(), ComputeError> {
    if security_options.iter().any(|option| option.starts_with("name=userns")) {
        return Ok(());
    }
    Err(ComputeError::Invalid(
        "this Docker daemon gives containers the users of this machine, so root in an instance would be root here: put \
         {\"userns-remap\": \"default\"} into /etc/docker/daemon.json and restart it, or use --compute podman"
            .to_owned(),
    ))
}

/// What to do when the engine does not answer.
fn hint(kind: Kind, client: &Client) -> String {
    let (start, variable) = match kind {
        Kind::Docker => ("start the Docker daemon", "DOCKER_HOST"),
        _ => {
            ("start it by `systemctl start podman.socket` or `podman system service -t 0`", "CONTAINER_HOST")
        }
    };
    format!(
        "no engine at {} ({start}, or say where it listens by {variable}=unix:///PATH)",
        client.socket.display()
    )
}

/// The socket that was named, or the first usual one that is there.
fn socket(kind: Kind, named: Option<&str>) -> Result<PathBuf, ComputeError> {
    if let Some(named) = named {
        let path = named.strip_prefix("unix://").filter(|path| path.starts_with('/'));
        let refused = || {
            ComputeError::Invalid(format!(
                "the engine at `{named}` is out of reach: only unix:///PATH is, for its containers must be on this machine"
            ))
        };
        return path.map(PathBuf::from).ok_or_else(refused);
    }
    let usual: &[&str] = match kind {
        Kind::Docker => &["/var/run/docker.sock", "/run/docker.sock"],
        _ => &["/run/podman/podman.sock", "/var/run/podman/podman.sock"],
    };
    let first = usual.first().copied().unwrap_or_default();
    Ok(PathBuf::from(usual.iter().copied().find(|path| Path::new(path).exists()).unwrap_or(first)))
}

/// A name of the folder's own, which it takes along when it is moved.
fn identity(dir: &Path) -> io::Result<String> {
    let path = dir.join(IDENTITY);
    if let Ok(known) = fs::read_to_string(&path)
        && known.len() == 12
        && known.bytes().all(|byte| byte.is_ascii_hexdigit())
    {
        return Ok(known);
    }
    let fresh = fs::read_to_string("/proc/sys/kernel/random/uuid")?;
    let fresh: String = fresh.chars().filter(char::is_ascii_hexdigit).take(12).collect();
    fs::write(path, &fresh)?;
    Ok(fresh)
}

/// Takes the lock that tells others that this folder's server lives.
fn hold(path: &Path) -> io::Result<Flock<File>> {
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
    let taken = |_| io::Error::other(format!("{} is another server's", path.display()));
    Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|(_, error)| taken(error))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{has_own_users, hold, identity, socket};
    use crate::kind::Kind;

    #[test]
    fn an_engine_is_reached_by_a_socket_of_this_machine_only() {
        let path = socket(Kind::Podman, Some("unix:///run/own.sock")).unwrap();
        assert_eq!(path, Path::new("/run/own.sock"));
        for elsewhere in ["tcp://127.0.0.1:2375", "ssh://host", "unix://relative", "/run/docker.sock"] {
            let refused = socket(Kind::Docker, Some(elsewhere)).unwrap_err().to_string();
            assert!(refused.contains("out of reach"), "{refused}");
        }
    }

    #[test]
    fn an_engine_without_users_of_its_own_is_refused() {
        let options =
            |words: &[&str]| -> Vec<String> { words.iter().map(|word| (*word).to_owned()).collect() };
        let refused =
            has_own_users(&options(&["name=seccomp,profile=default", "name=cgroupns"])).unwrap_err();
        assert!(refused.to_string().contains("userns-remap"), "{refused}");
        has_own_users(&options(&["name=seccomp,profile=default", "name=userns"])).unwrap();
    }

    #[test]
    fn a_folder_keeps_its_name_and_has_one_server() {
        let dir = tempfile::tempdir().unwrap();
        let name = identity(dir.path()).unwrap();
        assert_eq!((name.len(), identity(dir.path()).unwrap()), (12, name.clone()));
        let held = hold(&dir.path().join("lock")).unwrap();
        assert!(hold(&dir.path().join("lock")).is_err());
        drop(held);
        hold(&dir.path().join("lock")).unwrap();
    }
}
