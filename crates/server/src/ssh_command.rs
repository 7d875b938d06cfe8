//! One session channel of SSH: a command or a shell in the instance, with its streams.

use std::sync::Arc;

use bytes::Bytes;
use rolecall_compute::{ExecIo, ExecSpec, ExitStatus, Reader, Resize, Writer};
use russh::server::{Handle, Msg};
use russh::{Channel, ChannelMsg, ChannelReadHalf, ChannelWriteHalf, Sig};
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit, mpsc};

use crate::start::World;

/// Variables that one session may bring.
const VARIABLES: usize = 64;
/// KiB of input that may wait for a command. The connection has one reader for all of its messages, so this is large:
/// a command that reads no more until its own output is taken must not keep that output's window from being heard.
const INPUT_KIB: usize = 64 * 1024;
/// KiB of it that a channel may have whatever others have, so that nobody's typing is lost to another's backlog.
const OWN_KIB: usize = 128;
/// KiB that all channels together may have above that.
static SHARED: Semaphore = Semaphore::const_new(1024 * 1024);
/// Runs a command line by the user's own shell, as sshd does.
const BY_SHELL: &str = r#"exec "${SHELL:-/bin/sh}" -c "$0""#;

/// The one subsystem.
pub const SFTP: &str = "sftp";
/// Runs the image's own server of it, wherever the distribution has put it; else ours.
const FIND_SFTP: &str = r#"for server in /usr/lib/openssh /usr/libexec/openssh /usr/lib/ssh /usr/libexec; do
    if [ -x "$server/sftp-server" ]; then exec "$server/sftp-server"; fi
done
if [ -x /opt/rolecall/rolecall ]; then exec /opt/rolecall/rolecall sftp-server; fi
echo 'This image has no sftp-server. Copy files with: scp -O' >&2
exit 127"#;

/// What a client may set: names that `/etc/environment` could hold too.
pub fn is_variable(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    !name.is_empty() && name.len() <= 256 && name.bytes().all(plain)
}

/// Serves a channel of a user of an instance to its end.
pub async fn serve(
    world: Arc<World>,
    (id, user): (Arc<str>, String),
    session: Handle,
    channel: Channel<Msg>,
) {
    let name = channel.id();
    let (mut requests, replies) = channel.split();
    let Some(spec) = asked(&mut requests, user).await else { return };
    let outcome = match world.driver.exec(&id, spec).await {
        Ok(io) => converse(io, requests, &replies).await,
        Err(error) => {
            let text = format!("{id}: {error}\r\n");
            let _ = replies.extended_data_bytes(1, text.into_bytes()).await;
            ExitStatus::Lost
        }
    };
    match killed_by(outcome) {
        Some(signal) => {
            let none = String::new;
            let _ = session.exit_signal_request(name, signal, false, none(), none()).await;
        }
        None => _ = replies.exit_status(u32::try_from(outcome.code()).unwrap_or(255)).await,
    }
    let _ = replies.eof().await;
    let _ = replies.close().await;
}

/// The signal that ended a command, as SSH names it.
fn killed_by(outcome: ExitStatus) -> Option<Sig> {
    let ExitStatus::Signal(number) = outcome else { return None };
    Some(match number {
        1 => Sig::HUP,
        2 => Sig::INT,
        3 => Sig::QUIT,
        4 => Sig::ILL,
        6 => Sig::ABRT,
        8 => Sig::FPE,
        9 => Sig::KILL,
        11 => Sig::SEGV,
        13 => Sig::PIPE,
        14 => Sig::ALRM,
        15 => Sig::TERM,
        10 => Sig::USR1,
        _ => return None,
    })
}

/// Listens until a command or a shell is asked for; `None` when the client leaves before.
async fn asked(requests: &mut ChannelReadHalf, user: String) -> Option<ExecSpec> {
    let mut spec = ExecSpec { user, ..ExecSpec::root([""; 0]) };
    loop {
        match requests.wait().await? {
            ChannelMsg::RequestPty { term, col_width, row_height, .. } => {
                spec.tty = Some(size(col_width, row_height));
                spec.env.push(("TERM".to_owned(), term));
            }
            ChannelMsg::WindowChange { col_width, row_height, .. } if spec.tty.is_some() => {
                spec.tty = Some(size(col_width, row_height));
            }
            ChannelMsg::SetEnv { variable_name, variable_value, .. }
                if is_variable(&variable_name) && spec.env.len() < VARIABLES =>
            {
                spec.env.push((variable_name, variable_value));
            }
            ChannelMsg::RequestShell { .. } => return Some(spec),
            ChannelMsg::Exec { command, .. } => {
                let command = String::from_utf8_lossy(&command).into_owned();
                spec.argv = vec!["/bin/sh".into(), "-c".into(), BY_SHELL.into(), command];
                return Some(spec);
            }
            ChannelMsg::RequestSubsystem { name, .. } if name == SFTP => {
                spec.argv = vec!["/bin/sh".into(), "-c".into(), FIND_SFTP.into()];
                return Some(spec);
            }
            ChannelMsg::Close => return None,
            _ => {}
        }
    }
}

/// Columns and rows; a client without a terminal sends zeros.
fn size(columns: u32, rows: u32) -> (u16, u16) {
    let or = |value: u32, usual| u16::try_from(value).ok().filter(|value| *value > 0).unwrap_or(usual);
    (or(columns, 80), or(rows, 24))
}

/// Passes streams on until the command has ended and all that it said is sent; gives how it ended.
pub async fn converse(io: ExecIo, requests: ChannelReadHalf, replies: &ChannelWriteHalf<Msg>) -> ExitStatus {
    let ExecIo { stdin, stdout, stderr, resize, exit } = io;
    let output = async {
        let errors = async {
            if let Some(stderr) = stderr {
                pump(stderr, replies.make_writer_ext(Some(1))).await;
            }
        };
        tokio::join!(pump(stdout, replies.make_writer()), errors);
        exit.wait().await
    };
    let (chunks, waiting) = mpsc::unbounded_channel();
    let input = async {
        tokio::join!(listen(requests, chunks, resize), feed(waiting, stdin));
    };
    tokio::select! {
        ended = output => ended,
        // The client is gone: dropping the streams hangs the command up.
        () = input => ExitStatus::Lost,
    }
}

struct Chunk {
    data: Bytes,
    _room: OwnedSemaphorePermit,
    _share: Option<SemaphorePermit<'static>>,
}

impl Chunk {
    /// Waits until the channel has room for it; `None` when all channels together have none.
    async fn new(data: Bytes, room: &Arc<Semaphore>, shared: &'static Semaphore) -> Option<Chunk> {
        let kib = data.len().div_ceil(1024);
        let count = u32::try_from(kib).ok()?;
        let permit = room.clone().acquire_many_owned(count).await.ok()?;
        let waiting = INPUT_KIB.saturating_sub(room.available_permits());
        let share = match waiting <= OWN_KIB {
            true => None,
            false => Some(shared.try_acquire_many(count).ok()?),
        };
        Some(Chunk { data, _room: permit, _share: share })
    }
}

/// Takes what the client sends, until it leaves. `chunks` ends with its input.
async fn listen(mut requests: ChannelReadHalf, chunks: mpsc::UnboundedSender<Chunk>, resize: Option<Resize>) {
    let room = Arc::new(Semaphore::new(INPUT_KIB));
    let mut chunks = Some(chunks);
    while let Some(message) = requests.wait().await {
        match message {
            // What has no bytes takes no room: any number of them could wait.
            ChannelMsg::Data { data } if !data.is_empty() => {
                let Some(chunks) = &chunks else { continue };
                let Some(chunk) = Chunk::new(data, &room, &SHARED).await else {
                    log::warn!("an SSH channel was closed: too much input waits for commands");
                    return;
                };
                // A command that reads no more is no reason to stop listening.
                let _ = chunks.send(chunk);
            }
            ChannelMsg::Eof => chunks = None,
            ChannelMsg::WindowChange { col_width, row_height, .. } => {
                let (columns, rows) = size(col_width, row_height);
                if let Some(Err(error)) = resize.as_ref().map(|resize| resize.set(columns, rows)) {
                    log::debug!("a terminal could not be resized: {error}");
                }
            }
            ChannelMsg::Close => return,
            _ => {}
        }
    }
}

/// Writes input to the command; then ends it.
async fn feed(mut waiting: mpsc::UnboundedReceiver<Chunk>, mut stdin: Writer) {
    while let Some(chunk) = waiting.recv().await {
        if stdin.write_all(&chunk.data).await.is_err() {
            // It reads no more. Take the rest, so that the client is not held up.
            while waiting.recv().await.is_some() {}
            return;
        }
    }
    let _ = stdin.shutdown().await;
}

async fn pump(mut from: Reader, mut to: impl AsyncWrite + Unpin) {
    let mut piece = vec![0; 16 * 1024];
    loop {
        match from.read(&mut piece).await {
            Ok(0) => break,
            Ok(read) => {
                let sent = to.write_all(piece.get(..read).unwrap_or_default()).await;
                if sent.is_err() {
                    return;
                }
            }
            // A terminal whose last program has ended reads as an error on Linux.
            Err(error) => {
                log::trace!("a command's output ended: {error}");
                break;
            }
        }
    }
    let _ = to.flush().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_waits_for_commands_is_bounded_over_all_channels() {
        static FEW: Semaphore = Semaphore::const_new(64);
        let channel = || Arc::new(Semaphore::new(INPUT_KIB));
        let piece = || Bytes::from(vec![0; 64 * 1024]);
        let (greedy, other) = (channel(), channel());
        let mut waiting = Vec::new();
        for _ in 0..3 {
            waiting.push(Chunk::new(piece(), &greedy, &FEW).await.unwrap());
        }
        assert!(Chunk::new(piece(), &greedy, &FEW).await.is_none());
        // Others still have what is theirs.
        assert!(Chunk::new(piece(), &other, &FEW).await.is_some());
        waiting.clear();
        assert_eq!(FEW.available_permits(), 64);
    }
}
