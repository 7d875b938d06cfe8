//! The server under load, as a process of its own.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rolecall_env::Env;

use crate::Outcome;

/// Root keys that every run uses.
pub const ROOT_ID: &str = "AKIAQAAAAAAAAAAAAAAB";
pub const ROOT_SECRET: &str = "load/load/load/load/load/load/load/load/";

pub struct Running {
    pub address: SocketAddr,
    pub ready_millis: f64,
    child: std::sync::Mutex<Child>,
    pid: u32,
}

impl Running {
    pub fn start(binary: &str, compute: &str, folder: &Path, env: &Env) -> Outcome<Running> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let begun = env.monotonic_nanos();
        let mut child = Command::new(binary)
            .args(["up", "--compute", compute, "--log", "error", "--listen", &address.to_string(), "--data"])
            .arg(folder)
            // Far more users and roles are made than an account may have by default.
            .args(["--quota", "users=100000000", "--quota", "roles=100000000"])
            .env("ROLECALL_ROOT_ACCESS_KEY_ID", ROOT_ID)
            .env("ROLECALL_ROOT_SECRET_ACCESS_KEY", ROOT_SECRET)
            .stdout(Stdio::piped())
            .spawn()?;
        let mut said = BufReader::new(child.stdout.take().ok_or("no output")?);
        let mut line = String::new();
        while !line.contains("is ready") {
            line.clear();
            if said.read_line(&mut line)? == 0 {
                return Err("the server did not start".into());
            }
        }
        let nanos = env.monotonic_nanos() - begun;
        // What it says later must not block it.
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        let pid = child.id();
        Ok(Running { address, ready_millis: nanos as f64 / 1e6, child: child.into(), pid })
    }

    /// CPU that the process has used, in microseconds.
    pub fn cpu_micros(&self) -> f64 {
        let text = fs::read_to_string(format!("/proc/{}/schedstat", self.pid)).unwrap_or_default();
        let own: f64 = text.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or(0.0);
        let tasks = fs::read_dir(format!("/proc/{}/task", self.pid)).into_iter().flatten().flatten();
        let all: f64 = tasks
            .filter_map(|task| fs::read_to_string(task.path().join("schedstat")).ok())
            .filter_map(|text| text.split_whitespace().next()?.parse::<f64>().ok())
            .sum();
        all.max(own) / 1000.0
    }

    /// Resident memory, and the anonymous part of it.
    pub fn memory_kib(&self) -> (u64, u64) {
        let text = fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap_or_default();
        let of = |name: &str| {
            let line = text.lines().find(|line| line.starts_with(name));
            line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
        };
        (of("VmRSS:"), of("RssAnon:"))
    }

    pub fn kill(&self) {
        if let Ok(mut child) = self.child.lock() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}
