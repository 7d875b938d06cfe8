//! A command's streams over one upgraded connection, opened by a ticket that the door gave.
//!
//! Frames go both ways: kind (1 byte), length (4 bytes, big-endian), that many bytes. To the instance: 0 input, 3 size
//! (columns and rows, 2 bytes each), 5 end of input. From it: 1 output, 2 error output, 4 exit code (4 bytes).

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderValue, StatusCode, header};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use rolecall_base::{Fault, Time};
use rolecall_compute::{ExecIo, ExecSpec, Reader, Resize, Writer};
use rolecall_env::Env;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;

use crate::exchange::{AnswerBody, plain};
use crate::logins;
use crate::start::World;
use crate::websocket;

/// The protocol's name in the Upgrade header.
const PROTOCOL: &str = "rolecall-terminal";
/// How long a ticket is good for.
const GOOD_FOR: Duration = Duration::from_secs(30);
/// Tickets that may be out at a time.
const TICKETS: usize = 1024;
/// Bytes of a frame.
const FRAME: usize = 64 * 1024;

/// Tickets that are out.
#[derive(Debug)]
pub struct Tickets {
    env: Env,
    out: Mutex<HashMap<String, Stub>>,
}

#[derive(Debug)]
struct Stub {
    instance: String,
    spec: ExecSpec,
    /// The call that the ticket was given to.
    request_id: String,
    until: Time,
}

impl Tickets {
    pub fn new(env: Env) -> Tickets {
        Tickets { env, out: Mutex::default() }
    }

    /// A ticket for one command.
    ///
    /// # Errors
    /// ThrottlingException when too many are out.
    pub fn issue(&self, instance: &str, spec: ExecSpec, request_id: &str) -> Result<String, Fault> {
        let ticket = URL_SAFE_NO_PAD.encode(self.env.random::<32>());
        let now = self.env.now();
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        out.retain(|_, stub| stub.until > now);
        if out.len() >= TICKETS {
            return Err(Fault::new("ThrottlingException", 429, "Too many terminals are being opened."));
        }
        let (instance, request_id) = (instance.to_owned(), request_id.to_owned());
        out.insert(ticket.clone(), Stub { instance, spec, request_id, until: now + GOOD_FOR });
        Ok(ticket)
    }

    /// Takes a ticket back, once.
    fn redeem(&self, ticket: &str) -> Option<Stub> {
        let stub = self.out.lock().unwrap_or_else(PoisonError::into_inner).remove(ticket)?;
        (stub.until > self.env.now()).then_some(stub)
    }
}

/// Answers the request that redeems a ticket.
pub async fn open(
    world: &Arc<World>,
    (ticket, ip): (&str, IpAddr),
    mut request: http::Request<Incoming>,
) -> http::Response<AnswerBody> {
    let upgrade = request.headers().get(header::UPGRADE).and_then(|value| value.to_str().ok());
    let own = upgrade == Some(PROTOCOL);
    let accepted = match upgrade {
        Some(PROTOCOL) => HeaderValue::from_static(PROTOCOL),
        Some(other) if other.eq_ignore_ascii_case("websocket") => {
            match websocket::accept(request.headers()) {
                Ok(accepted) => accepted,
                Err((status, text)) => return plain(status, &json!({"message": text})),
            }
        }
        _ => {
            let text = format!("Upgrade to {PROTOCOL} or websocket is required");
            return plain(StatusCode::UPGRADE_REQUIRED, &json!({"message": text}));
        }
    };
    let Some(stub) = world.tickets.redeem(ticket) else {
        return plain(StatusCode::FORBIDDEN, &json!({"message": "The ticket is not good any more"}));
    };
    let user = stub.spec.user.clone();
    let opened = world.driver.exec(&stub.instance, stub.spec).await;
    let details = [("user", user.as_str()), ("ticketRequestID", stub.request_id.as_str())];
    let error = opened.as_ref().err().map(ToString::to_string);
    let name = if own { "ExecSession" } else { "TerminalSession" };
    logins::record(world, name, &stub.instance, ip, error.as_deref(), &details);
    let io = match opened {
        Ok(io) => io,
        Err(error) => return plain(StatusCode::CONFLICT, &json!({"message": error.to_string()})),
    };
    let upgrade = hyper::upgrade::on(&mut request);
    #[expect(clippy::disallowed_methods, reason = "the terminal lives as long as its connection")]
    tokio::spawn(async move {
        let ended = match upgrade.await {
            Ok(connection) if own => converse(TokioIo::new(connection), io).await,
            Ok(connection) => websocket::converse(TokioIo::new(connection), io).await,
            Err(error) => Err(io::Error::other(error)),
        };
        if let Err(error) = ended {
            log::debug!("a terminal ended: {error}");
        }
    });
    let mut answer = http::Response::new(AnswerBody::Whole(None));
    *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    if own {
        answer.headers_mut().insert(header::UPGRADE, accepted);
    } else {
        answer.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        answer.headers_mut().insert(header::SEC_WEBSOCKET_ACCEPT, accepted);
    }
    answer
}

async fn converse(connection: impl AsyncRead + AsyncWrite, io: ExecIo) -> io::Result<()> {
    let (from_client, mut to_client) = tokio::io::split(connection);
    let ExecIo { stdin, stdout, stderr, resize, exit } = io;
    let (frames, mut outgoing) = mpsc::channel::<Vec<u8>>(16);
    let input = feed(from_client, stdin, resize);
    let output = async {
        let errors = async {
            match stderr {
                Some(stderr) => pump(2, stderr, frames.clone()).await,
                None => Ok(()),
            }
        };
        let (output, errors) = tokio::join!(pump(1, stdout, frames.clone()), errors);
        // What a command said before it failed is sent in any case; then its end.
        let code = exit.wait().await.code();
        let _ = frames.send(frame(4, &code.to_be_bytes())).await;
        drop(frames);
        output.and(errors)
    };
    let write = async {
        while let Some(bytes) = outgoing.recv().await {
            to_client.write_all(&bytes).await?;
        }
        to_client.shutdown().await
    };
    tokio::pin!(input);
    let rest = async { tokio::join!(output, write) };
    tokio::pin!(rest);
    tokio::select! {
        (output, written) = &mut rest => output.and(written),
        fed = &mut input => match fed {
            // The client is gone: dropping everything hangs the command up.
            Err(error) => Err(error),
            Ok(()) => { let (output, written) = rest.await; output.and(written) }
        },
    }
}

/// From the client to the command, until the client ends its input.
async fn feed(mut from: impl AsyncRead + Unpin, mut stdin: Writer, resize: Option<Resize>) -> io::Result<()> {
    loop {
        let kind = from.read_u8().await?;
        let length = usize::try_from(from.read_u32().await?).unwrap_or(usize::MAX);
        if length > FRAME {
            return Err(io::Error::other("a frame is too long"));
        }
        let mut body = vec![0; length];
        from.read_exact(&mut body).await?;
        match (kind, body.as_slice()) {
            // A command that reads no more is no reason to stop listening to it.
            (0, input) => _ = stdin.write_all(input).await,
            (3, [a, b, c, d]) => {
                if let Some(resize) = &resize {
                    resize.set(u16::from_be_bytes([*a, *b]), u16::from_be_bytes([*c, *d]))?;
                }
            }
            (5, _) => {
                let _ = stdin.shutdown().await;
                drop(stdin);
                // The connection stays open for the output, and its end is still noticed.
                stdin = Box::new(tokio::io::sink());
            }
            _ => return Err(io::Error::other("an unknown frame")),
        }
    }
}

async fn pump(kind: u8, mut from: Reader, frames: mpsc::Sender<Vec<u8>>) -> io::Result<()> {
    let mut piece = vec![0; FRAME / 4];
    loop {
        let read = match from.read(&mut piece).await {
            Ok(0) => return Ok(()),
            Ok(read) => read,
            // A terminal whose last program has ended reads as an error on Linux.
            Err(error) if error.raw_os_error() == Some(5) => return Ok(()),
            Err(error) => return Err(error),
        };
        let body = piece.get(..read).unwrap_or_default();
        if frames.send(frame(kind, body)).await.is_err() {
            return Ok(());
        }
    }
}

fn frame(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap_or(0);
    [&[kind][..], &length.to_be_bytes(), body].concat()
}
