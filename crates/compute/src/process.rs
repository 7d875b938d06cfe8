//! A process of this machine, held by its folder below `/proc`: what is asked of it is answered about this very process,
//! and once that is gone not at all, whoever has its number by then.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;

use rustix::fs::{CWD, Mode, OFlags, openat};

#[derive(Debug)]
pub(crate) struct Process(OwnedFd);

impl Process {
    pub(crate) fn open(pid: i32) -> io::Result<Process> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Process(openat(CWD, format!("/proc/{pid}"), flags, Mode::empty())?))
    }

    /// One that another process holds and has sent.
    pub(crate) fn received(folder: OwnedFd) -> Process {
        Process(folder)
    }

    pub(crate) fn into_folder(self) -> OwnedFd {
        self.0
    }

    /// One of its files, or what one of its links stands for.
    pub(crate) fn file(&self, name: &str) -> io::Result<File> {
        Ok(openat(&self.0, name, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?.into())
    }

    pub(crate) fn read(&self, name: &str) -> io::Result<String> {
        let mut text = String::new();
        self.file(name)?.read_to_string(&mut text)?;
        Ok(text)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> io::Result<()> {
        let file = openat(&self.0, name, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
        File::from(file).write_all(text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::process::{Child, Command};

    use super::Process;

    fn sleeper() -> Child {
        Command::new("sleep").arg("1000").spawn().unwrap()
    }

    /// Starts a process that has the number of one that is no more; `None` where only root may choose it, or where a process of
    /// somebody else's has it.
    fn with_number(pid: u32) -> Option<Child> {
        for _ in 0..1000 {
            fs::write("/proc/sys/kernel/ns_last_pid", (pid - 1).to_string()).ok()?;
            let mut child = sleeper();
            if child.id() == pid {
                return Some(child);
            }
            child.kill().unwrap();
            child.wait().unwrap();
            if Path::new(&format!("/proc/{pid}")).exists() {
                return None;
            }
        }
        None
    }

    #[test]
    fn a_number_that_another_process_has_by_now_leads_to_nobody() {
        let mut first = sleeper();
        let pid = first.id();
        let held = Process::open(i32::try_from(pid).unwrap()).unwrap();
        held.file("ns/net").unwrap();
        held.read("cmdline").unwrap();
        first.kill().unwrap();
        first.wait().unwrap();
        let second = with_number(pid);
        let exists = second.is_some() || Path::new(&format!("/proc/{pid}")).exists();
        assert!(exists || !nix::unistd::geteuid().is_root(), "the number {pid} is not given again");
        held.file("ns/net").unwrap_err();
        held.read("cmdline").unwrap_err();
        held.write("oom_score_adj", "0").unwrap_err();
        if let Some(mut second) = second {
            second.kill().unwrap();
            second.wait().unwrap();
        }
    }
}
