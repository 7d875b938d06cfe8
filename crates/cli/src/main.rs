//! The `rolecall` command: `up` runs the server, `eval` and `test` decide without one, the others are clients of a running one.
#![expect(clippy::print_stdout, reason = "a command's answer goes to standard output")]

mod access;
mod arguments;
mod client;
mod commands;
mod credentials;
mod explanation;
mod offline;
mod xml;

use std::process::ExitCode;

use arguments::Command;

/// The C library's allocator gets slower the longer a server runs: docs/benchmarks.md has what was measured.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // The same program, under another name, owns the instances; it never comes back from here.
    rolecall_compute::maybe_run_init();
    let command = match arguments::read() {
        Ok(command) => command,
        Err(error) => {
            eprintln!("rolecall: {error}\nTry `rolecall help`.");
            return ExitCode::from(2);
        }
    };
    let done = match command {
        Command::Help => {
            print!("{}", arguments::HELP);
            Ok(0)
        }
        Command::Version => {
            println!("rolecall {}", env!("CARGO_PKG_VERSION"));
            Ok(0)
        }
        Command::Up(up) => commands::up::run(*up),
        Command::CreateAccount { at, account } => commands::accounts::create(&at, &account),
        Command::Eval => commands::eval::run(),
        Command::Test(test) => commands::test::run(&test),
        Command::Exec(exec) => commands::exec::run(&exec),
        Command::Ssh(ssh) => commands::ssh::run(&ssh),
        Command::Ps { at, json } => commands::ps::run(&at, json),
        Command::Metadata { at, instance } => commands::metadata::run(&at, &instance),
        Command::SftpServer => commands::sftp_server::run(),
        Command::Why { at, request_id, json, color } => commands::why::run(&at, &request_id, json, color),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("rolecall: {error}");
            ExitCode::FAILURE
        }
    }
}
