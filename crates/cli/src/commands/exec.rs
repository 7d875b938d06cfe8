//! `rolecall exec INSTANCE -- COMMAND`: run a command inside an instance, with its streams and exit code.

use std::io::IsTerminal;
use std::os::fd::AsFd;

use nix::sys::termios::{self, SetArg, Termios};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::signal::unix::{SignalKind, signal};

use super::block_on;
use crate::arguments::Exec;
use crate::client::{Client, Failure};

/// The protocol's name in the Upgrade header; frames as in the server's `terminal.rs`.
const PROTOCOL: &str = "rolecall-terminal";

pub fn run(exec: &Exec) -> Result<u8, Failure> {
    // A terminal when asked for, or when there is one and no command.
    let tty = exec.tty || (exec.command.is_empty() && std::io::stdin().is_terminal());
    let code = block_on(converse(exec, tty))?;
    // Reading standard input may still block a thread; the process ends all the same.
    std::process::exit(code)
}

async fn converse(exec: &Exec, tty: bool) -> Result<i32, Failure> {
    let client = Client::new(&exec.at)?;
    let asked = json!({
        "instance_id": exec.instance,
        "command": exec.command,
        "user": exec.user,
        "tty": tty.then(size),
    });
    let given = client.call("/_rolecall/exec", &asked).await?;
    let ticket = given.get("ticket").and_then(Value::as_str).unwrap_or_default();
    let connection = client.upgrade(&format!("/_rolecall/terminal/{ticket}"), PROTOCOL).await?;
    let raw = if tty { Raw::enter() } else { None };
    let (mut from, mut to) = tokio::io::split(connection);
    #[expect(clippy::disallowed_methods, reason = "input goes on beside output, until the command ends")]
    let input = tokio::spawn(async move {
        let mut stdin = tokio::io::stdin();
        let mut resized = signal(SignalKind::window_change())?;
        let mut piece = vec![0; 16 * 1024];
        loop {
            tokio::select! {
                read = stdin.read(&mut piece) => match read? {
                    0 => {
                        to.write_all(&frame(5, &[])).await?;
                        // The connection must stay whole until the command has ended.
                        std::future::pending::<()>().await;
                    }
                    read => to.write_all(&frame(0, piece.get(..read).unwrap_or_default())).await?,
                },
                _ = resized.recv(), if tty => {
                    let (columns, rows) = size();
                    to.write_all(&frame(3, &[columns.to_be_bytes(), rows.to_be_bytes()].concat())).await?;
                }
            }
        }
        #[expect(unreachable_code, reason = "gives the loop's errors a type")]
        Ok::<(), std::io::Error>(())
    });
    let code = show(&mut from).await;
    input.abort();
    drop(raw);
    Ok(code?)
}

/// Writes out what arrives, until the exit code does.
async fn show(from: &mut (impl AsyncReadExt + Unpin)) -> std::io::Result<i32> {
    let (mut stdout, mut stderr) = (tokio::io::stdout(), tokio::io::stderr());
    loop {
        let kind = from.read_u8().await?;
        let length = usize::try_from(from.read_u32().await?).unwrap_or(0);
        let mut body = vec![0; length];
        from.read_exact(&mut body).await?;
        match (kind, body.as_slice()) {
            (1, output) => {
                stdout.write_all(output).await?;
                stdout.flush().await?;
            }
            (2, errors) => {
                stderr.write_all(errors).await?;
                stderr.flush().await?;
            }
            (4, [a, b, c, d]) => return Ok(i32::from_be_bytes([*a, *b, *c, *d])),
            _ => return Err(std::io::Error::other("the server sent an unknown frame")),
        }
    }
}

fn frame(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap_or(0);
    [&[kind][..], &length.to_be_bytes(), body].concat()
}

/// Columns and rows of this terminal.
fn size() -> (u16, u16) {
    let of = |name: &str, default| {
        let read =
            std::process::Command::new("stty").arg("size").stdin(std::process::Stdio::inherit()).output();
        let text = read.ok().and_then(|output| String::from_utf8(output.stdout).ok()).unwrap_or_default();
        let mut words = text.split_whitespace();
        let (rows, columns) = (words.next(), words.next());
        let word = if name == "rows" { rows } else { columns };
        word.and_then(|word| word.parse().ok()).unwrap_or(default)
    };
    (of("columns", 80), of("rows", 24))
}

/// This terminal in raw mode, until dropped.
struct Raw(Termios);

impl Raw {
    fn enter() -> Option<Raw> {
        let stdin = std::io::stdin();
        let before = termios::tcgetattr(stdin.as_fd()).ok()?;
        let mut raw = before.clone();
        termios::cfmakeraw(&mut raw);
        termios::tcsetattr(stdin.as_fd(), SetArg::TCSANOW, &raw).ok()?;
        Some(Raw(before))
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // A terminal that is gone needs no restoring.
        let _ = termios::tcsetattr(std::io::stdin().as_fd(), SetArg::TCSANOW, &self.0);
    }
}
