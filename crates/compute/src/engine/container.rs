//! One container from its making to its end.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::client::{Refused, Sent, Stream};
use super::describe::{self, Description};
use super::{Engine, INSIDE, MARK, read};
use crate::process::Process;
use crate::protocol::{InitEnd, POWER_OFF};
use crate::spec::InstanceSpec;
use crate::{ComputeError, Reader};

/// How long the engine may take until the first process runs our program, and how often it is looked at meanwhile.
const TRIES: u32 = 5_000;
const PAUSE: Duration = Duration::from_millis(2);

/// How often a removal that is refused is tried again, and how long after.
const REMOVALS: u32 = 20;
const REMOVAL_PAUSE: Duration = Duration::from_millis(100);

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Seen {
    state: State,
    config: Config,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct State {
    #[serde(default)]
    running: bool,
    #[serde(default)]
    pid: i32,
    #[serde(default)]
    exit_code: i32,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Config {
    labels: Option<BTreeMap<String, String>>,
}

/// The first process of a container that has been started: as the engine numbers it, and itself.
#[derive(Debug)]
pub(crate) struct First {
    pub pid: i32,
    pub process: Process,
    /// Where in the container is mounted what it sees of the host.
    pub shared: Vec<PathBuf>,
}

impl Engine {
    /// Makes the container of an instance when there is none, starts it, and gives its first process, which waits to be
    /// met.
    pub(crate) async fn start(&self, spec: &InstanceSpec) -> Result<First, ComputeError> {
        let name = self.name(&spec.id);
        let shared = self.make(spec, &name).await?;
        self.ask("start the container", Method::POST, &format!("/containers/{name}/start"), Sent::Nothing)
            .await?;
        let (pid, process) = self.first_process(&spec.id, &name).await?;
        Ok(First { pid, process, shared })
    }

    /// Waits until the engine has let our program begin. Until then nothing is joined to a network: a daemon that is on
    /// another machine, or in a virtual one, tells a number that means another process here.
    async fn first_process(&self, id: &str, name: &str) -> Result<(i32, Process), ComputeError> {
        self.check("find the container's first process")?;
        let failed = |why: &str| Err(ComputeError::failed("find the container's first process", why));
        for _ in 0..TRIES {
            let seen = self.look(name).await?;
            let Some(State { running: true, pid, .. }) = seen.map(|seen| seen.state) else {
                return failed("it ended at once");
            };
            // By now the number may be another's.
            if let Ok(process) = Process::open(pid)
                && pid > 1
                && is_ours(&process, id)
            {
                return Ok((pid, process));
            }
            tokio::time::sleep(PAUSE).await;
        }
        failed("it is no process of this machine: is the engine in a virtual one?")
    }

    /// Ends the container at once; one that does not run is none to end.
    pub(crate) async fn kill(&self, id: &str) -> Result<(), ComputeError> {
        let path = format!("/containers/{}/kill?signal=KILL", self.name(id));
        match self.client.ask(Method::POST, &path, Sent::Nothing).await {
            Ok(_) => Ok(()),
            // Engines have several codes for one that has ended already.
            Err(error) => match self.has_ended(id).await {
                Ok(Some(_)) => Ok(()),
                _ => Err(self.failed("end the container", error)),
            },
        }
    }

    /// Waits until the container has ended, and tells how.
    pub(crate) async fn wait(&self, id: &str) -> Result<InitEnd, ComputeError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Waited {
            status_code: i32,
        }
        let path = format!("/containers/{}/wait?condition=not-running&interval=20ms", self.name(id));
        match self.client.ask_patiently(Method::POST, &path, Sent::Nothing).await {
            Ok(answer) => Ok(ended(read::<Waited>(answer)?.status_code)),
            Err(error) if error.has_status(StatusCode::NOT_FOUND) => Ok(InitEnd::Killed),
            Err(error) => Err(self.failed("wait for the container", error)),
        }
    }

    /// How a container ended that does not run; `None` while it does.
    pub(crate) async fn has_ended(&self, id: &str) -> Result<Option<InitEnd>, ComputeError> {
        Ok(match self.look(&self.name(id)).await? {
            Some(Seen { state: State { running: true, .. }, .. }) => None,
            Some(Seen { state, .. }) => Some(ended(state.exit_code)),
            None => Some(InitEnd::Killed),
        })
    }

    /// Deletes the container, which is the instance's disk; none is none to delete.
    pub(crate) async fn remove(&self, id: &str) -> Result<(), ComputeError> {
        self.remove_named(&self.name(id)).await?;
        self.forget_disk(id).await;
        Ok(())
    }

    /// Deletes the disk that was kept when a container was made anew.
    pub(super) async fn forget_disk(&self, id: &str) {
        self.forget_image(&disk(id)).await;
    }

    /// The container's whole root as a tar archive.
    pub(crate) async fn export(&self, id: &str) -> Result<Reader, ComputeError> {
        let name = self.name(id);
        self.check_accounts(&name).await?;
        let stream: Stream = self
            .client
            .stream(&format!("/containers/{name}/export"))
            .await
            .map_err(|error| self.failed("copy the disk", error))?;
        Ok(Box::new(stream))
    }

    /// Makes the container, or makes it anew with the same disk when it is to have other limits, mounts or names. Tells where
    /// it sees something of the host.
    async fn make(&self, spec: &InstanceSpec, name: &str) -> Result<Vec<PathBuf>, ComputeError> {
        let id = &spec.id;
        let found = self.look(name).await?;
        let kept = self.marked(id)?;
        if !kept && found.is_some() {
            // It was made, and never started.
            self.remove_named(name).await?;
        }
        let found = found.filter(|_| kept);
        // Its disk, where the container was being made anew when something failed.
        let left = if kept && found.is_none() { self.kept_disk(id).await? } else { None };
        if kept && found.is_none() && left.is_none() {
            return Err(ComputeError::failed(
                "find the container",
                "it is gone, and the instance's disk with it",
            ));
        }
        let (image, sees_host) = self.image(&spec.image).await?;
        let mut wanted = Description::new(spec, &image, sees_host, &self.parts);
        let (made_as, shared) = (wanted.digest(), wanted.shared());
        if let Some(left) = left {
            wanted.image = left;
        }
        if let Some(found) = found {
            let labels = found.config.labels.unwrap_or_default();
            if found.state.running {
                // A server that was killed left it, or its end is not over yet.
                self.kill(id).await?;
                self.wait(id).await?;
            }
            self.check_accounts(name).await?;
            if labels.get(describe::MADE_AS) == Some(&made_as) {
                return Ok(shared);
            }
            // One that an earlier try left, which would lose its name; one that the container is made from stays.
            self.forget_disk(id).await;
            wanted.image = self.commit(id, name).await?;
            self.remove_named(name).await?;
        }
        wanted.labels = self.labels();
        wanted.labels.extend([(describe::INSTANCE, id.clone()), (describe::MADE_AS, made_as)]);
        self.create(name, &wanted).await?;
        self.mark(id)?;
        Ok(shared)
    }

    /// What this driver's containers and images are told by.
    pub(super) fn labels(&self) -> Vec<(&'static str, String)> {
        vec![
            (describe::SERVER, self.id.clone()),
            (describe::FOLDER, self.dir.to_string_lossy().into_owned()),
            (describe::EPHEMERAL, self.ephemeral.to_string()),
            (describe::PROCESS, self.process.clone()),
        ]
    }

    async fn create(&self, name: &str, wanted: &Description) -> Result<(), ComputeError> {
        let (path, body) = if self.own_users {
            ("/v4.0.0/libpod/containers/create".to_owned(), wanted.for_podman(name))
        } else {
            (format!("/containers/create?name={name}"), wanted.for_docker())
        };
        self.ask("make the container", Method::POST, &path, Sent::Json(body)).await.map(drop)
    }

    /// Keeps a container's disk as an image, for a container that is made anew.
    async fn commit(&self, id: &str, name: &str) -> Result<String, ComputeError> {
        self.check("keep the disk")?;
        let image = self.disk_image(id);
        let path = format!("/commit?container={name}&repo={image}&tag=latest");
        let answer = self.client.ask_patiently(Method::POST, &path, Sent::Json(json!({}))).await;
        answer.map_err(|error| self.failed("keep the disk", error))?;
        Ok(format!("{image}:latest"))
    }

    fn disk_image(&self, id: &str) -> String {
        format!("localhost/rolecall-{}/{}", self.id, disk(id))
    }

    /// The image that [`Engine::commit`] made of an instance's disk, if it is still there.
    async fn kept_disk(&self, id: &str) -> Result<Option<String>, ComputeError> {
        let image = format!("{}:latest", self.disk_image(id));
        match self.client.ask(Method::GET, &format!("/images/{image}/json"), Sent::Nothing).await {
            Ok(_) => Ok(Some(image)),
            Err(error) if error.has_status(StatusCode::NOT_FOUND) => Ok(None),
            Err(error) => Err(self.failed("look for the disk", error)),
        }
    }

    async fn look(&self, name: &str) -> Result<Option<Seen>, ComputeError> {
        self.check("look at the container")?;
        match self.client.ask(Method::GET, &format!("/containers/{name}/json"), Sent::Nothing).await {
            Ok(answer) => read(answer).map(Some),
            Err(error) if error.has_status(StatusCode::NOT_FOUND) => Ok(None),
            Err(error) => Err(self.failed("look at the container", error)),
        }
    }

    pub(super) async fn remove_named(&self, name: &str) -> Result<(), ComputeError> {
        self.check("delete the container")?;
        let path = format!("/containers/{name}?force=true&v=true");
        let (mut tries, mut refused) = (0, None);
        loop {
            match self.client.ask(Method::DELETE, &path, Sent::Nothing).await {
                Ok(_) => return Ok(()),
                Err(error) if error.has_status(StatusCode::NOT_FOUND) => {
                    // On a full disk Podman forgets a container whose bytes it could not delete.
                    if let Some(refused) = refused {
                        log::warn!("{name} is gone from {}, which said before: {refused}", self.kind.name());
                    }
                    return Ok(());
                }
                // Podman's own cleaning up after an end may still be at it.
                Err(error @ Refused::Answered { .. }) if tries < REMOVALS => {
                    tries += 1;
                    refused = Some(error);
                }
                Err(error) => return Err(self.failed("delete the container", error)),
            }
            tokio::time::sleep(REMOVAL_PAUSE).await;
        }
    }

    /// Whether the engine has the disk of an instance; fails when something else has.
    fn marked(&self, id: &str) -> Result<bool, ComputeError> {
        let folder = self.folder(id);
        let engine = engine_of(&folder).map_err(|error| ComputeError::failed("find the disk", error))?;
        match engine {
            Some(engine) if engine == self.kind.name() => Ok(true),
            Some(engine) => Err(ComputeError::Invalid(format!("its disk is a container of {engine}"))),
            None if folder.join("root").exists() => {
                Err(ComputeError::Invalid("its disk is not a container's: another driver made it".into()))
            }
            None => Ok(false),
        }
    }

    fn mark(&self, id: &str) -> Result<(), ComputeError> {
        self.check("note the container")?;
        let folder = self.folder(id);
        let marked =
            fs::create_dir_all(&folder).and_then(|()| fs::write(folder.join(MARK), self.kind.name()));
        marked.map_err(|error| ComputeError::failed("note the container", error))
    }

    pub(super) fn folder(&self, id: &str) -> PathBuf {
        self.dir.join("instances").join(id)
    }

    pub(super) fn name(&self, id: &str) -> String {
        format!("rolecall-{}-{id}", self.id)
    }
}

/// The image that holds the disk of an instance whose container was made anew.
fn disk(id: &str) -> String {
    format!("disk-{id}")
}

/// Whether a process is the first one of an instance's container: our program, told of that instance.
fn is_ours(process: &Process, id: &str) -> bool {
    process.read("cmdline").is_ok_and(|words| words.ends_with(&format!("\0{INSIDE}\0{id}\0")))
}

/// What an exit code says: an engine tells a signal as 128 and its number.
fn ended(code: i32) -> InitEnd {
    // What the kernel makes of reboot(2) in a process namespace.
    const HALT: i32 = 128 + nix::libc::SIGINT;
    const RESTART: i32 = 128 + nix::libc::SIGHUP;
    match code {
        POWER_OFF | HALT => InitEnd::PowerOff,
        RESTART => InitEnd::Reboot,
        _ => InitEnd::Killed,
    }
}

/// The engine that has the disk of the instance of this folder, if one has.
pub(crate) fn engine_of(folder: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(folder.join(MARK)) {
        Ok(engine) => Ok(Some(engine)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
