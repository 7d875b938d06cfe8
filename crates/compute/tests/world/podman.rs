//! A Podman of the tests' own, with its own storage: nothing of this machine's is seen or changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::Mounted;

pub struct Podman {
    service: Child,
    /// Its storage, when there is to be little of it.
    _small: Option<Mounted>,
    folder: TempDir,
}

impl Podman {
    /// `None`, and a word about it, where there is no Podman or this is not root.
    pub async fn start() -> Option<Podman> {
        Podman::serve(None).await
    }

    /// With so much room for images and containers.
    pub async fn with_room(size: &str) -> Option<Podman> {
        Podman::serve(Some(size)).await
    }

    async fn serve(room: Option<&str>) -> Option<Podman> {
        let missing = ["podman", "runc"].iter().any(|name| !Path::new("/usr/bin").join(name).exists());
        if missing || !nix::unistd::geteuid().is_root() {
            println!("left out: needs podman and runc, and root");
            return None;
        }
        let folder = tempfile::Builder::new().prefix("rolecall-podman-").tempdir().unwrap();
        configure(folder.path());
        let _small = room.map(|size| Mounted::at(folder.path().join("root"), size));
        let service = command(folder.path())
            .args(["system", "service", "--time", "0"])
            .arg(format!("unix://{}", folder.path().join("podman.sock").display()))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let podman = Podman { service, _small, folder };
        for _ in 0..3000 {
            // The file is there before anybody listens.
            if std::os::unix::net::UnixStream::connect(podman.socket()).is_ok() {
                return Some(podman);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("podman does not serve");
    }

    pub fn address(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// Runs a command of Podman's own.
    pub fn run(&self, words: &[&str]) -> Output {
        command(self.folder.path()).args(words).output().unwrap()
    }

    /// Names of all containers there are.
    pub fn containers(&self) -> Vec<String> {
        let listed = self.run(&["ps", "--all", "--format", "{{.Names}}"]);
        String::from_utf8(listed.stdout).unwrap().lines().map(str::to_owned).collect()
    }

    /// Names of those that run.
    pub fn running(&self) -> Vec<String> {
        let listed = self.run(&["ps", "--format", "{{.Names}}"]);
        String::from_utf8(listed.stdout).unwrap().lines().map(str::to_owned).collect()
    }

    /// Names of all images there are.
    pub fn images(&self) -> Vec<String> {
        let listed = self.run(&["images", "--format", "{{.Repository}}"]);
        String::from_utf8(listed.stdout).unwrap().lines().map(str::to_owned).collect()
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("podman.sock")
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        let removed = self.run(&["rm", "--all", "--force", "--time", "0"]);
        if !removed.status.success() {
            println!("{}", String::from_utf8_lossy(&removed.stderr));
        }
        drop(self.service.kill());
        drop(self.service.wait());
    }
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new("podman");
    command
        // What runs the containers leaves a file where it was started when one runs out of memory.
        .current_dir(folder)
        .env("CONTAINERS_CONF", folder.join("containers.conf"))
        .env("CONTAINERS_STORAGE_CONF", folder.join("storage.conf"));
    command
}

/// What works without systemd and on control groups of either version.
fn configure(folder: &Path) {
    let place = folder.display();
    let engine = format!(
        "[engine]\ncgroup_manager = \"cgroupfs\"\nruntime = \"runc\"\nevents_logger = \"file\"\nlock_type = \"file\"\n\
         tmp_dir = \"{place}/tmp\"\nvolume_path = \"{place}/volumes\"\n"
    );
    let storage =
        format!("[storage]\ndriver = \"vfs\"\ngraphroot = \"{place}/root\"\nrunroot = \"{place}/run\"\n");
    fs::write(folder.join("containers.conf"), engine).unwrap();
    fs::write(folder.join("storage.conf"), storage).unwrap();
}
