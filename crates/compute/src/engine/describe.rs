//! What an engine is told about a container: in Docker's words, and in Podman's own where only those give it users of
//! its own.

use std::path::{Path, PathBuf};

use nix::sys::resource::{Resource, getrlimit};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::INSIDE;
use crate::INIT_NAME;
use crate::init::MASKED;
use crate::spec::{InstanceSpec, Mount};
use crate::supervisor::{Ids, MOST_PROCESSES, SYSTEM};

/// Which of the host's user ids stand for those inside: far above any login user, and not those of disks and images.
pub(super) const OWN_USERS: Ids = Ids { base: 900_000_000, count: 65_536 };

/// Where a container sees what its first process is run from.
const PLACE: &str = "/.rolecall";

/// Its folder there is new at each start, so that the loader finds in it nothing that was put there inside.
const PLACE_OPTIONS: &[&str] = &["rw", "nosuid", "nodev", "mode=755", "size=64k"];
/// What the loader would take up before our program has confined itself.
const PRELOADED: &str = "/etc/ld.so.preload";

/// What that process needs until it has confined itself; the rest is what it then keeps.
const CAPABILITIES: &[&str] = &[
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "NET_ADMIN",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_CHROOT",
];

/// Labels of containers and images.
pub(super) const SERVER: &str = "rolecall";
pub(super) const INSTANCE: &str = "rolecall.instance";
pub(super) const FOLDER: &str = "rolecall.folder";
pub(super) const EPHEMERAL: &str = "rolecall.ephemeral";
/// The process that made it, by which it is known to live when its folder cannot be seen.
pub(super) const PROCESS: &str = "rolecall.process";
pub(super) const MADE_AS: &str = "rolecall.made-as";

/// One container, in neither's words.
#[derive(Debug)]
pub(super) struct Description {
    pub image: String,
    pub labels: Vec<(&'static str, String)>,
    hostname: String,
    command: Vec<String>,
    mounts: Vec<Mount>,
    memory: u64,
    cpus: u32,
    files: u64,
    processes: u64,
}

impl Description {
    /// `sees_host`: its image has no `/usr` of its own.
    pub(super) fn new(spec: &InstanceSpec, image: &str, sees_host: bool, parts: &[PathBuf]) -> Description {
        let (command, mut mounts) = first_process(&spec.id, parts);
        if sees_host {
            let shared = SYSTEM.iter().map(Path::new).filter(|path| path.exists());
            mounts.extend(shared.map(|path| Mount { host: path.to_owned(), guest: path.to_owned() }));
        }
        mounts.extend(spec.mounts.iter().cloned());
        // An engine that lacks a capability can give no more than it has, which may be as little as this process has.
        let limit = |resource, most: u64| getrlimit(resource).map_or(most, |(_, hard)| hard.min(most));
        Description {
            image: image.to_owned(),
            labels: Vec::new(),
            hostname: spec.hostname.clone(),
            command,
            mounts,
            memory: u64::from(spec.memory_mib) << 20,
            cpus: spec.vcpus,
            files: limit(Resource::RLIMIT_NOFILE, 65_535),
            processes: limit(Resource::RLIMIT_NPROC, 16_384),
        }
    }

    /// Where it sees something of the host.
    pub(super) fn shared(&self) -> Vec<PathBuf> {
        self.mounts.iter().map(|mount| mount.guest.clone()).collect()
    }

    /// Changes when a container has to be made anew to be like this. The image does not count: the disk is laid over the
    /// one that it was made with.
    pub(super) fn digest(&self) -> String {
        let same = Description { image: String::new(), labels: Vec::new(), ..self.copy() };
        let digest = Sha256::digest(same.for_docker().to_string());
        digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect()
    }

    fn copy(&self) -> Description {
        Description {
            image: self.image.clone(),
            labels: self.labels.clone(),
            hostname: self.hostname.clone(),
            command: self.command.clone(),
            mounts: self.mounts.clone(),
            ..*self
        }
    }

    pub(super) fn for_docker(&self) -> Value {
        let mounts = self.mounts.iter().map(
            |mount| json!({"Type": "bind", "Source": mount.host, "Target": mount.guest, "ReadOnly": true}),
        );
        // In the place of its own list, which has these.
        let masked: Vec<String> =
            MASKED.iter().map(|name| format!("/{name}")).chain([PRELOADED.to_owned()]).collect();
        json!({
            "Image": self.image,
            "Hostname": self.hostname,
            "Entrypoint": self.command,
            "Cmd": [],
            "User": "0:0",
            "WorkingDir": "/",
            "Labels": self.labels(),
            "StopSignal": "SIGPWR",
            "Tty": false,
            "HostConfig": {
                "NetworkMode": "none",
                "IpcMode": "private",
                "CgroupnsMode": "private",
                "RestartPolicy": {"Name": "no"},
                "LogConfig": {"Type": "none"},
                "CapDrop": ["ALL"],
                "CapAdd": CAPABILITIES,
                "Mounts": mounts.collect::<Vec<_>>(),
                "Tmpfs": {"/run": "rw,nosuid,nodev,mode=755", PLACE: PLACE_OPTIONS.join(",")},
                "MaskedPaths": masked,
                "Memory": self.memory,
                "MemorySwap": self.memory,
                "CpuPeriod": 100_000,
                "CpuQuota": u64::from(self.cpus) * 100_000,
                "PidsLimit": MOST_PROCESSES,
                "Ulimits": [
                    {"Name": "nofile", "Soft": self.files, "Hard": self.files},
                    {"Name": "nproc", "Soft": self.processes, "Hard": self.processes},
                ],
            },
        })
    }

    pub(super) fn for_podman(&self, name: &str) -> Value {
        let ids = json!([{"container_id": 0, "host_id": OWN_USERS.base, "size": OWN_USERS.count}]);
        let mut mounts: Vec<Value> = self
            .mounts
            .iter()
            .map(|mount| {
                json!({"type": "bind", "source": mount.host, "destination": mount.guest,
                       "options": ["rbind", "ro", "nosuid", "nodev"]})
            })
            .collect();
        mounts.push(json!({"type": "tmpfs", "source": "tmpfs", "destination": "/run",
                           "options": ["rw", "nosuid", "nodev", "mode=755"]}));
        mounts.push(json!({"type": "tmpfs", "source": "tmpfs", "destination": PLACE,
                           "options": PLACE_OPTIONS}));
        let capabilities: Vec<String> = CAPABILITIES.iter().map(|name| format!("CAP_{name}")).collect();
        json!({
            "name": name,
            "image": self.image,
            "hostname": self.hostname,
            "entrypoint": self.command,
            "command": [],
            "user": "0:0",
            "work_dir": "/",
            "labels": self.labels(),
            "stop_signal": nix::libc::SIGPWR,
            "terminal": false,
            "systemd": "false",
            "image_volume_mode": "ignore",
            "mask": [PRELOADED],
            "manage_password": false,
            "use_image_hosts": true,
            "use_image_resolv_conf": true,
            "log_configuration": {"driver": "none"},
            "netns": {"nsmode": "none"},
            "cgroupns": {"nsmode": "private"},
            "userns": {"nsmode": "private"},
            "idmappings": {"HostUIDMapping": false, "HostGIDMapping": false, "UIDMap": ids, "GIDMap": ids},
            "cap_drop": ["ALL"],
            "cap_add": capabilities,
            "mounts": mounts,
            "resource_limits": {
                "memory": {"limit": self.memory, "swap": self.memory},
                "cpu": {"quota": u64::from(self.cpus) * 100_000, "period": 100_000},
                "pids": {"limit": MOST_PROCESSES},
            },
            "r_limits": [
                {"type": "nofile", "soft": self.files, "hard": self.files},
                {"type": "nproc", "soft": self.processes, "hard": self.processes},
            ],
        })
    }

    fn labels(&self) -> Value {
        self.labels.iter().map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str()))).collect()
    }
}

/// How the first process is started, and what is mounted for it, whatever libraries the image has.
fn first_process(id: &str, parts: &[PathBuf]) -> (Vec<String>, Vec<Mount>) {
    let program = format!("{PLACE}/{INIT_NAME}");
    let mut mounts = Vec::new();
    let mut show = |host: &PathBuf, guest: String| {
        mounts.push(Mount { host: host.clone(), guest: guest.into() });
    };
    let mut command = Vec::new();
    let mut parts = parts.iter();
    if let Some(own) = parts.next() {
        show(own, program.clone());
    }
    if let Some(loader) = parts.next() {
        show(loader, format!("{PLACE}/loader"));
        command.extend([format!("{PLACE}/loader"), "--library-path".into(), PLACE.into()]);
    }
    for library in parts {
        let name = library.file_name().unwrap_or_default().to_string_lossy();
        show(library, format!("{PLACE}/{name}"));
    }
    command.extend([program, INSIDE.into(), id.into()]);
    (command, mounts)
}

#[cfg(test)]
mod tests {
    use super::first_process;

    #[test]
    fn a_program_brings_its_own_loader_and_libraries() {
        let parts = ["/srv/rolecall", "/lib64/ld-linux-x86-64.so.2", "/lib/libc.so.6"].map(Into::into);
        let (command, mounts) = first_process("i-1", &parts);
        let own = [
            "/.rolecall/loader",
            "--library-path",
            "/.rolecall",
            "/.rolecall/rolecall-init",
            "inside",
            "i-1",
        ];
        assert_eq!(command, own);
        let seen: Vec<_> = mounts.iter().map(|mount| mount.guest.to_str().unwrap()).collect();
        assert_eq!(seen, ["/.rolecall/rolecall-init", "/.rolecall/loader", "/.rolecall/libc.so.6"]);
        let (command, _) = first_process("i-1", &["/srv/rolecall".into()]);
        assert_eq!(
            command,
            ["/.rolecall/rolecall-init", "inside", "i-1"],
            "one without libraries runs by itself"
        );
    }
}
