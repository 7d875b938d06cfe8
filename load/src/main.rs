//! `rolecall-load BINARY [--roles N]`: starts the real binary, puts load on it over loopback, and prints what was
//! measured, beside the goal, and as a share of what the same server gives for its health page; then the same with N
//! roles in one account (100,000). `--only-roles` leaves the first table out. `--storm N` instead launches N instances
//! at once beside reads of S3.
//!
//! The generator runs on the same cores. Server CPU is read from the kernel's accounts of the server's process, so it
//! does not hold the generator's.
#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

mod connection;
mod metadata;
mod process;
mod roles;
mod scenario;
mod sign;
mod storm;

use std::process::ExitCode;

use process::Running;
use rolecall_env::Env;
use scenario::{Load, Measured};

fn main() -> ExitCode {
    let Some(asked) = Asked::read(std::env::args().skip(1)) else {
        eprintln!("usage: rolecall-load BINARY [--roles N] [--only-roles] [--storm N]");
        return ExitCode::from(2);
    };
    match asked.measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("rolecall-load: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What goes wrong here ends the run.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// What is to be measured.
struct Asked {
    binary: String,
    roles: usize,
    only_roles: bool,
    storm: Option<usize>,
}

impl Asked {
    fn read(mut words: impl Iterator<Item = String>) -> Option<Asked> {
        let mut asked = Asked { binary: words.next()?, roles: 100_000, only_roles: false, storm: None };
        while let Some(word) = words.next() {
            match word.as_str() {
                "--roles" => asked.roles = words.next()?.parse().ok().filter(|roles| *roles > 0)?,
                "--only-roles" => asked.only_roles = true,
                "--storm" => asked.storm = Some(words.next()?.parse().ok().filter(|count| *count > 0)?),
                _ => return None,
            }
        }
        Some(asked)
    }

    fn measure(&self) -> Outcome<()> {
        if !self.only_roles && self.storm.is_none() {
            table(&self.binary)?;
        }
        let folder = std::env::temp_dir().join(format!("rolecall-load-{}.more", std::process::id()));
        let measured = match self.storm {
            Some(count) => storm::table(&self.binary, &folder, &Env::system(), count),
            None => roles::table(&self.binary, &folder, &Env::system(), self.roles),
        };
        let _ = std::fs::remove_dir_all(folder);
        measured
    }
}

fn table(binary: &str) -> Outcome<()> {
    let env = Env::system();
    println!("| what | per second | server CPU µs | p50 µs | p99 µs | of health | goal |");
    println!("|---|---|---|---|---|---|---|");
    let folder = std::env::temp_dir().join(format!("rolecall-load-{}", std::process::id()));
    let server = Running::start(binary, "none", &folder, &env)?;
    let ready = server.ready_millis;
    let idle = server.memory_kib();
    let load = Load { server: &server, env: &env };
    let health = load.health()?;
    row("health page, 16 connections", &health, &health, "");
    row("GetCallerIdentity, 16 connections", &load.caller_identity()?, &health, "≥ 40,000/s, ≤ 25 µs");
    match load.object_of_4_kib() {
        Ok(measured) => row("S3 GET 4 KiB by a role session, 16", &measured, &health, "≤ 40 µs"),
        Err(error) => println!("| S3 GET 4 KiB by a role session | {error} | | | | | ≤ 40 µs |"),
    }
    row("AssumeRole, 16 connections", &load.assume_role()?, &health, "≤ 10 µs beyond the signature");
    row("durable CreateUser, 64 connections", &load.create_users()?, &health, "≥ 5,000/s");
    server.kill();
    let machines = folder.with_extension("machines");
    let server = Running::start(binary, "process", &machines, &env)?;
    // What a request costs at a rate far below the most: less is done at once, so each is dearer.
    row("health page, paced, 16 connections", &metadata::health(&server, &env)?, &health, "");
    match metadata::role_credentials(binary, &server, &env) {
        Ok(measured) => row(
            "metadata credentials, paced, 16 connections",
            &measured,
            &health,
            "≥ 20,000/s, p99 ≤ 1,000 µs",
        ),
        Err(error) => println!("| metadata credentials | {error} | | | | | p99 ≤ 1,000 µs |"),
    }
    server.kill();
    println!();
    println!("start to ready, empty folder: {ready:.1} ms (goal 20)");
    println!("idle memory (resident, of which anonymous): {} / {} KiB (goal 15,360)", idle.0, idle.1);
    for folder in [folder, machines] {
        let _ = std::fs::remove_dir_all(folder);
    }
    Ok(())
}

fn row(what: &str, measured: &Measured, health: &Measured, goal: &str) {
    println!(
        "| {what} | {:.0} | {:.1} | {:.0} | {:.0} | {:.2} | {goal} |",
        measured.rate,
        measured.cpu_micros,
        measured.p50_micros,
        measured.p99_micros,
        measured.rate / health.rate
    );
}
