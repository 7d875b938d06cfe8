//! Limits on memory, CPU and number of processes, by control groups of version 2 or 1, as far as this
//! machine lets us; what could not be had is said.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::protocol::Limits;

/// Where control groups are mounted.
const ROOT: &str = "/sys/fs/cgroup";
const PREFIX: &str = "rolecall-";
/// EC2 has no such limit; it keeps a fork bomb inside its instance.
pub(crate) const MOST_PROCESSES: u32 = 4096;

/// The folders under which each instance gets its group.
#[derive(Debug, Default)]
pub(crate) struct Cgroups {
    version_2: Option<PathBuf>,
    memory: Option<PathBuf>,
    cpu: Option<PathBuf>,
    processes: Option<PathBuf>,
}

/// The groups of one instance; removed by [`Group::remove`].
#[derive(Debug, Default)]
pub(crate) struct Group {
    folders: Vec<PathBuf>,
    entry: Option<File>,
    doors: Vec<OwnedFd>,
}

impl Cgroups {
    /// Makes this supervisor's own parents, and removes those that killed supervisors left.
    pub(crate) fn new(notes: &mut Vec<String>) -> Cgroups {
        let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        Cgroups::below(Path::new(ROOT), &own, notes)
    }

    fn below(root: &Path, own: &str, notes: &mut Vec<String>) -> Cgroups {
        let name = format!("{PREFIX}{}", std::process::id());
        let mut cgroups = Cgroups::default();
        if let Some(parent) = version_2_parent(root, &name) {
            cgroups.version_2 = Some(parent);
            return cgroups;
        }
        cgroups.memory = version_1_parent(root, "memory", own, &name, notes);
        cgroups.cpu = version_1_parent(root, "cpu", own, &name, notes);
        cgroups.processes = version_1_parent(root, "pids", own, &name, notes);
        cgroups
    }

    pub(crate) fn limits(&self) -> Limits {
        let all = self.version_2.is_some();
        Limits {
            memory: all || self.memory.is_some(),
            cpu: all || self.cpu.is_some(),
            processes: all || self.processes.is_some(),
        }
    }

    /// Makes the groups of one instance and sets their limits.
    pub(crate) fn group(&self, id: &str, memory_mib: u32, vcpus: u32) -> io::Result<Group> {
        let mut group = Group::default();
        match self.fill(&mut group, id, memory_mib, vcpus) {
            Ok(()) => Ok(group),
            Err(error) => {
                group.remove();
                Err(error)
            }
        }
    }

    fn fill(&self, group: &mut Group, id: &str, memory_mib: u32, vcpus: u32) -> io::Result<()> {
        let memory = (u64::from(memory_mib) << 20).to_string();
        let quota = u64::from(vcpus) * 100_000;
        let processes = MOST_PROCESSES.to_string();
        if let Some(parent) = &self.version_2 {
            let quota = format!("{quota} 100000");
            let limits = [("memory.max", &*memory), ("cpu.max", &quota), ("pids.max", &processes)];
            let folder = group.add(parent, id, &limits)?;
            // An instance has no swap. Kernels without it have no such limit.
            let _ = OpenOptions::new()
                .write(true)
                .open(folder.join("memory.swap.max"))
                .map(|mut file| file.write_all(b"0"));
            group.entry = Some(File::open(folder)?);
            return Ok(());
        }
        let quota = quota.to_string();
        let limits = [
            (&self.memory, "memory.limit_in_bytes", &*memory),
            (&self.cpu, "cpu.cfs_quota_us", &quota),
            (&self.processes, "pids.max", &processes),
        ];
        for (parent, name, value) in limits {
            if let Some(parent) = parent {
                let folder = group.add(parent, id, &[(name, value)])?;
                let door =
                    OpenOptions::new().write(true).create(true).truncate(false).open(folder.join("tasks"))?;
                group.doors.push(door.into());
            }
        }
        Ok(())
    }

    /// Removes the parents; they are empty by now.
    pub(crate) fn remove(&self) {
        for folder in [&self.version_2, &self.memory, &self.cpu, &self.processes].into_iter().flatten() {
            remove_folder(folder);
        }
    }
}

impl Group {
    /// The version 2 group to start the first process in.
    pub(crate) fn entry(&self) -> Option<BorrowedFd<'_>> {
        self.entry.as_ref().map(AsFd::as_fd)
    }

    /// The files by which the first process enters the groups that it is not started in, with [`enter`].
    pub(crate) fn doors(&mut self) -> Vec<OwnedFd> {
        std::mem::take(&mut self.doors)
    }

    pub(crate) fn remove(self) {
        for folder in &self.folders {
            remove_folder(folder);
        }
    }

    fn add(&mut self, parent: &Path, id: &str, limits: &[(&str, &str)]) -> io::Result<PathBuf> {
        let folder = parent.join(id);
        fs::create_dir(&folder)?;
        self.folders.push(folder.clone());
        for (name, value) in limits {
            fs::write(folder.join(name), value)?;
        }
        Ok(folder)
    }
}

/// Enters groups of version 1, as a process with one thread. To move another process, or one with several threads, the
/// kernel makes every process of the machine wait until it is sure that none is being started: tens of milliseconds.
pub(crate) fn enter(doors: Vec<OwnedFd>) -> io::Result<()> {
    doors.into_iter().try_for_each(|door| File::from(door).write_all(b"0"))
}

fn remove_folder(folder: &Path) {
    if let Err(error) = fs::remove_dir(folder) {
        super::warn(&format!("cannot remove the control group {}: {error}", folder.display()));
    }
}

/// Version 2 gives limits to children only below a group without processes, or below the root.
fn version_2_parent(root: &Path, name: &str) -> Option<PathBuf> {
    let controllers = fs::read_to_string(root.join("cgroup.controllers")).ok()?;
    let wanted = ["memory", "cpu", "pids"];
    if !wanted.iter().all(|wanted| controllers.split_whitespace().any(|name| name == *wanted)) {
        return None;
    }
    sweep(root);
    let parent = root.join(name);
    fs::create_dir(&parent).ok()?;
    let enable = |folder: &Path| fs::write(folder.join("cgroup.subtree_control"), "+memory +cpu +pids");
    if enable(root).and_then(|()| enable(&parent)).is_err() {
        remove_folder(&parent);
        return None;
    }
    Some(parent)
}

fn version_1_parent(
    root: &Path,
    controller: &str,
    own: &str,
    name: &str,
    notes: &mut Vec<String>,
) -> Option<PathBuf> {
    let mut lines = own.lines().filter_map(|line| line.split_once(':').map(|(_, rest)| rest));
    let place = lines.find_map(|line| {
        let (controllers, place) = line.split_once(':')?;
        controllers.split(',').any(|name| name == controller).then_some(place)
    });
    // In a control group namespace of a container the own place may not exist under the mount.
    let root = root.join(controller);
    let folders =
        place.map(|place| root.join(place.trim_start_matches('/'))).into_iter().chain([root.clone()]);
    for folder in folders {
        sweep(&folder);
        let parent = folder.join(name);
        if fs::create_dir(&parent).is_ok() {
            return Some(parent);
        }
    }
    notes.push(format!("no limit on {controller}: its control group cannot be written here"));
    None
}

/// Removes the groups of supervisors that are no more, with what was left to run in them.
fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let pid =
            name.to_str().and_then(|name| name.strip_prefix(PREFIX)).and_then(|pid| pid.parse::<u32>().ok());
        if pid.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            for group in fs::read_dir(entry.path()).into_iter().flatten().flatten() {
                clear(&group.path());
            }
            // Another user's, or still in use: not ours to speak of.
            let _ = fs::remove_dir(entry.path());
        }
    }
}

/// Ends what a killed supervisor left in a group. Its processes end with it, but that takes the kernel a moment.
fn clear(group: &Path) {
    for _ in 0..200 {
        // Files of the group's own cannot be removed and need not be.
        if fs::remove_dir(group).is_ok() || !group.is_dir() {
            return;
        }
        let left = fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
        for pid in left.lines().filter_map(|line| line.parse().ok()) {
            // It may have ended meanwhile.
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{Cgroups, enter};

    fn read(path: &Path) -> String {
        fs::read_to_string(path).unwrap()
    }

    #[test]
    fn version_2_gives_one_group_with_every_limit() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("cgroup.controllers"), "cpuset cpu io memory pids\n").unwrap();
        let mut notes = Vec::new();
        let cgroups = Cgroups::below(root.path(), "0::/\n", &mut notes);
        let limits = cgroups.limits();
        assert!(limits.memory && limits.cpu && limits.processes && notes.is_empty(), "{notes:?}");
        assert_eq!(read(&root.path().join("cgroup.subtree_control")), "+memory +cpu +pids");
        let group = cgroups.group("i-1", 512, 2).unwrap();
        assert!(group.entry().is_some(), "it is started in its group");
        let folder = root.path().join(format!("rolecall-{}", std::process::id())).join("i-1");
        assert_eq!(read(&folder.join("memory.max")), (512 << 20).to_string());
        assert_eq!(read(&folder.join("cpu.max")), "200000 100000");
        assert_eq!(read(&folder.join("pids.max")), "4096");
        // Started inside, so there is nothing to enter.
        assert!(group.doors.is_empty());
        assert!(cgroups.group("i-1", 512, 2).is_err(), "an id has one group");
    }

    #[test]
    fn version_1_gives_a_group_to_each_controller_that_can_be_written() {
        let root = tempfile::tempdir().unwrap();
        for controller in ["memory/own/place", "pids"] {
            fs::create_dir_all(root.path().join(controller)).unwrap();
        }
        let mut notes = Vec::new();
        let own = "9:name=systemd:/\n4:memory:/own/place\n2:pids:/gone\n";
        let cgroups = Cgroups::below(root.path(), own, &mut notes);
        assert_eq!(notes, ["no limit on cpu: its control group cannot be written here"]);
        let mut group = cgroups.group("i-1", 64, 1).unwrap();
        enter(group.doors()).unwrap();
        let name = format!("rolecall-{}/i-1", std::process::id());
        let memory = root.path().join("memory/own/place").join(&name);
        assert_eq!(read(&memory.join("memory.limit_in_bytes")), (64 << 20).to_string());
        assert_eq!(read(&memory.join("tasks")), "0");
        assert_eq!(read(&root.path().join("pids").join(&name).join("tasks")), "0");
        assert_eq!(read(&root.path().join("pids").join(&name).join("pids.max")), "4096");
    }

    #[test]
    fn groups_of_supervisors_that_are_no_more_are_removed() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("cgroup.controllers"), "cpu memory pids").unwrap();
        let (gone, other) = (root.path().join("rolecall-4194305"), root.path().join("rolecall-x"));
        fs::create_dir_all(gone.join("i-1")).unwrap();
        fs::create_dir_all(&other).unwrap();
        Cgroups::below(root.path(), "0::/\n", &mut Vec::new());
        assert!(!gone.exists() && other.exists());
    }
}
