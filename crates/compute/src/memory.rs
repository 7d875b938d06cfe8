//! Who goes first when memory runs out, in an instance or on this machine: its programs, then its first process, and what
//! owns all instances last.
//!
//! The kernel lets a process go down to the least value that somebody with the right to lower it has set for it or for
//! those it descends from. So what is spared is never handed down: an instance could take it up again.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;

use crate::process::Process;

/// In the folder of a process below `/proc`.
const ADJUSTMENT: &str = "oom_score_adj";
const SPARED: i32 = -900;
/// How much sooner than its first process a program of an instance goes: a tenth of the memory there is.
const SOONER: i32 = 100;
const MOST: i32 = 1000;

/// What the first processes of instances are given: what this process had itself, but nothing that spares.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plain(i32);

impl Plain {
    /// Spares this process, as far as it may say so, for all instances end with it.
    pub(crate) fn spare_this_process() -> io::Result<Plain> {
        let own = format!("/proc/self/{ADJUSTMENT}");
        let plain = Plain(parse(&fs::read_to_string(&own)?)?.max(0));
        match fs::write(own, SPARED.to_string()) {
            Err(error) if error.kind() != io::ErrorKind::PermissionDenied => Err(error),
            _ => Ok(plain),
        }
    }

    /// Gives it to a process that runs nothing of an instance's yet.
    pub(crate) fn give(self, process: &Process) -> io::Result<()> {
        let has = parse(&process.read(ADJUSTMENT)?)?;
        process.write(ADJUSTMENT, &has.max(self.0).to_string())
    }
}

/// A first process's hold on what it is to the kernel: opened before it hides itself, and good afterwards.
#[derive(Debug)]
pub(crate) struct Own(File);

impl Own {
    pub(crate) fn open() -> io::Result<Own> {
        File::options().read(true).write(true).open(format!("/proc/self/{ADJUSTMENT}")).map(Own)
    }

    /// Starts a program, which takes over what this process is at that moment: it cannot be told later, for until it is the
    /// program it is hidden as this process is.
    pub(crate) fn start<T>(&self, start: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let mut text = [0; 16];
        let read = self.0.read_at(&mut text, 0)?;
        let own = parse(&String::from_utf8_lossy(text.get(..read).unwrap_or_default()))?;
        self.set((own + SOONER).min(MOST))?;
        let started = start();
        self.set(own)?;
        started
    }

    fn set(&self, value: i32) -> io::Result<()> {
        self.0.write_all_at(value.to_string().as_bytes(), 0)
    }
}

fn parse(text: &str) -> io::Result<i32> {
    text.trim().parse().map_err(io::Error::other)
}
