//! SIGKILL under load: nothing acknowledged is lost, nothing half-written is found.
//!
//! This program starts itself as a child that commits and prints what was acknowledged, kills it after a random
//! number of lines, opens the database, and compares. `ROLECALL_KILLS` sets the rounds, default 200.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test panics, and says what it did"
)]

mod load;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use load::{Acknowledged, compare, note, run_if_child};
use rolecall_env::Env;

fn main() {
    run_if_child();
    #[expect(clippy::disallowed_methods, reason = "a test's only setting")]
    let rounds = std::env::var("ROLECALL_KILLS").map_or(200, |rounds| rounds.parse().unwrap());
    let seed = 1;
    let random = Env::sim(seed);
    let directory = tempfile::tempdir().unwrap();
    let mut acknowledged = Acknowledged::new();
    let mut commits = 0;
    for round in 0..rounds {
        let lines = u16::from_be_bytes(random.random()) % 400;
        commits += run_until_killed(directory.path(), lines, &mut acknowledged);
        match compare(directory.path(), &acknowledged) {
            Ok(found) => acknowledged = found,
            Err(wrong) => panic!("round {round}: {wrong}"),
        }
    }
    println!("{rounds} kills (seed {seed}), {commits} acknowledged commits, 0 lost, 0 torn");
}

/// Starts a child, kills it after so many acknowledgments, and notes all that it printed; answers how many.
fn run_until_killed(directory: &Path, lines: u16, acknowledged: &mut Acknowledged) -> usize {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .arg("child")
        .arg(directory)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut printed: Vec<String> = output.by_ref().take(lines.into()).map(Result::unwrap).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    // What was printed before the kill was acknowledged.
    printed.extend(output.map_while(Result::ok));
    printed.iter().for_each(|line| note(line, acknowledged));
    printed.len()
}
