//! HTTP over the Unix socket of an engine: one connection for each request, bodies bounded, waits bounded.

use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::Value;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep};

/// The longest answer that is kept in memory.
const LONGEST: usize = 16 << 20;
/// How long an ordinary request may take: engines copy file systems in some of them.
const LIMIT: Duration = Duration::from_secs(120);

/// An engine's API.
#[derive(Debug, Clone)]
pub(super) struct Client {
    pub socket: PathBuf,
}

/// What was answered, whole.
#[derive(Debug)]
pub(super) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// What is sent along.
#[derive(Debug)]
pub(super) enum Sent {
    Nothing,
    Json(Value),
    /// A tar archive, made while it is sent.
    Archive(mpsc::Receiver<io::Result<Bytes>>),
}

/// Why no good answer came.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error("{0}")]
    Unreachable(String),
    /// In the engine's own words.
    #[error("{message}")]
    Answered { status: StatusCode, message: String },
}

impl Refused {
    pub(super) fn has_status(&self, wanted: StatusCode) -> bool {
        matches!(self, Refused::Answered { status, .. } if *status == wanted)
    }
}

impl Client {
    /// Asks, and gives the answer when it is a good one.
    pub(super) async fn ask(&self, method: Method, path: &str, sent: Sent) -> Result<Answer, Refused> {
        tokio::time::timeout(LIMIT, self.ask_patiently(method, path, sent)).await.map_err(late)?
    }

    /// The same for what takes as long as it takes.
    pub(super) async fn ask_patiently(
        &self,
        method: Method,
        path: &str,
        sent: Sent,
    ) -> Result<Answer, Refused> {
        good(whole(self.send(method, path, sent).await?).await?)
    }

    /// Asks for a stream of bytes, which may not pause for longer than an ordinary request may take.
    pub(super) async fn stream(&self, path: &str) -> Result<Stream, Refused> {
        let answer = tokio::time::timeout(LIMIT, self.send(Method::GET, path, Sent::Nothing)).await;
        let answer = answer.map_err(late)??;
        if answer.status().is_success() {
            let pause = Box::pin(tokio::time::sleep(LIMIT));
            return Ok(Stream { body: answer.into_body(), left: Bytes::new(), pause });
        }
        Err(refusal(&whole(answer).await?))
    }

    async fn send(&self, method: Method, path: &str, sent: Sent) -> Result<Response<Incoming>, Refused> {
        let stream = UnixStream::connect(&self.socket).await.map_err(unreachable)?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(unreachable)?;
        #[expect(
            clippy::disallowed_methods,
            reason = "moves the bytes; ends with the request or the answer"
        )]
        tokio::spawn(connection);
        let kind = match &sent {
            Sent::Nothing | Sent::Json(_) => "application/json",
            Sent::Archive(_) => "application/x-tar",
        };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "engine")
            .header(header::CONTENT_TYPE, kind)
            .header(header::CONNECTION, "close")
            .body(Sending::from(sent))
            .map_err(unreachable)?;
        sender.send_request(request).await.map_err(unreachable)
    }
}

fn late(_: tokio::time::error::Elapsed) -> Refused {
    Refused::Unreachable(format!("no answer within {} s", LIMIT.as_secs()))
}

fn unreachable(error: impl std::fmt::Display) -> Refused {
    Refused::Unreachable(error.to_string())
}

async fn whole(answer: Response<Incoming>) -> Result<Answer, Refused> {
    let (head, body) = answer.into_parts();
    let body = collect(body).await.map_err(unreachable)?;
    Ok(Answer { status: head.status, headers: head.headers, body })
}

async fn collect(mut body: Incoming) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(io::Error::other)?.into_data() else { continue };
        if bytes.len().saturating_add(data.len()) > LONGEST {
            return Err(io::Error::other(format!("the answer is longer than {LONGEST} bytes")));
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

/// 304 says that it is so already.
fn good(answer: Answer) -> Result<Answer, Refused> {
    let good = answer.status.is_success() || answer.status == StatusCode::NOT_MODIFIED;
    if good { Ok(answer) } else { Err(refusal(&answer)) }
}

fn refusal(Answer { status, body, .. }: &Answer) -> Refused {
    #[derive(Deserialize)]
    struct Said {
        message: String,
    }
    let said = serde_json::from_slice::<Said>(body).map(|said| said.message);
    let message = said.unwrap_or_else(|_| format!("it answered {status}"));
    Refused::Answered { status: *status, message: message.trim_end().to_owned() }
}

/// The body of a request.
enum Sending {
    Whole(Option<Bytes>),
    Pieces(mpsc::Receiver<io::Result<Bytes>>),
}

impl From<Sent> for Sending {
    fn from(sent: Sent) -> Sending {
        match sent {
            Sent::Nothing => Sending::Whole(None),
            Sent::Json(value) => Sending::Whole(Some(value.to_string().into())),
            Sent::Archive(pieces) => Sending::Pieces(pieces),
        }
    }
}

impl Body for Sending {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match &mut *self {
            Sending::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Sending::Pieces(pieces) => {
                let piece = ready!(pieces.poll_recv(cx));
                Poll::Ready(piece.map(|piece| piece.map(Frame::data)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Sending::Whole(None))
    }

    fn size_hint(&self) -> http_body::SizeHint {
        match self {
            Sending::Whole(bytes) => {
                http_body::SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
            Sending::Pieces(_) => http_body::SizeHint::default(),
        }
    }
}

/// The body of an answer, as it comes.
#[derive(Debug)]
pub(super) struct Stream {
    body: Incoming,
    left: Bytes,
    pause: Pin<Box<Sleep>>,
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.left.is_empty() {
            let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) else {
                ready!(self.pause.as_mut().poll(cx));
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            };
            self.pause.as_mut().reset(Instant::now() + LIMIT);
            match frame {
                None => return Poll::Ready(Ok(())),
                Some(Err(error)) => return Poll::Ready(Err(io::Error::other(error))),
                Some(Ok(frame)) => self.left = frame.into_data().unwrap_or_default(),
            }
        }
        let length = self.left.len().min(buffer.remaining());
        buffer.put_slice(&self.left.split_to(length));
        Poll::Ready(Ok(()))
    }
}
