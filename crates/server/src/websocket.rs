//! A terminal over a WebSocket, for browsers. Binary messages are the terminal's bytes, both ways. Text messages are JSON:
//! `{"columns": 80, "rows": 24}` from the client, `{"exit": 0}` to it before the end.

use std::io;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use rolecall_compute::{ExecIo, Resize};
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

/// Bytes of a message from the client.
const MESSAGE: usize = 64 * 1024;
/// Bytes that are read from the terminal at a time.
const PIECE: usize = 16 * 1024;
/// Without a byte either way for so long, a terminal is closed.
const IDLE: Duration = Duration::from_secs(30 * 60);
/// Between two pings; who answers none of three is gone.
const PING: Duration = Duration::from_secs(30);
/// Columns and rows of the largest terminal.
const LARGEST: u16 = 2000;
/// For a client to answer that the connection is closed.
const FAREWELL: Duration = Duration::from_secs(5);
/// For a client that reads no more to take what it was sent.
const PATIENCE: Duration = Duration::from_secs(60);

/// The answer to a client's key, or why there is none.
///
/// # Errors
/// The status and a sentence: another version, no key, or a page from elsewhere.
pub fn accept(headers: &HeaderMap) -> Result<HeaderValue, (StatusCode, &'static str)> {
    let text = |name: &header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if text(&header::SEC_WEBSOCKET_VERSION) != Some("13") {
        return Err((StatusCode::UPGRADE_REQUIRED, "WebSocket version 13 is required"));
    }
    // A page's script may open WebSockets to anywhere: only this server's own pages may come in with a ticket.
    if let Some(origin) = headers.get(header::ORIGIN) {
        let origin = origin.to_str().unwrap_or_default();
        let place = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        if place.is_none() || place != text(&header::HOST) {
            return Err((StatusCode::FORBIDDEN, "Terminals are opened by this server's own pages only"));
        }
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY);
    let key = key.ok_or((StatusCode::BAD_REQUEST, "Sec-WebSocket-Key is missing"))?;
    HeaderValue::from_str(&derive_accept_key(key.as_bytes()))
        .map_err(|_| (StatusCode::BAD_REQUEST, "Sec-WebSocket-Key is malformed"))
}

/// What a text message says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Size {
    columns: u16,
    rows: u16,
}

/// Serves a terminal until either side has ended.
///
/// # Errors
/// When the connection breaks.
pub async fn converse(connection: impl AsyncRead + AsyncWrite + Unpin, io: ExecIo) -> io::Result<()> {
    let config = WebSocketConfig::default()
        .read_buffer_size(PIECE)
        .write_buffer_size(0)
        .max_write_buffer_size(4 * MESSAGE)
        .max_message_size(Some(MESSAGE))
        .max_frame_size(Some(MESSAGE));
    let socket = WebSocketStream::from_raw_socket(connection, Role::Server, Some(config)).await;
    Terminal { socket, heard: Instant::now(), moved: Instant::now() }.serve(io).await
}

struct Terminal<S> {
    socket: WebSocketStream<S>,
    /// When the client was last heard.
    heard: Instant,
    /// When a byte last moved.
    moved: Instant,
}

/// What happens next.
enum Next {
    Message(Option<Result<Message, Error>>),
    Output(io::Result<usize>),
    Ping,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Terminal<S> {
    /// One thing after the other: while the client does not take output, no more is read, neither from it nor from the
    /// terminal, and so nothing piles up.
    async fn serve(mut self, io: ExecIo) -> io::Result<()> {
        let ExecIo { mut stdin, mut stdout, stderr: _, resize, exit } = io;
        let mut piece = vec![0; PIECE];
        let mut ping = tokio::time::interval(PING);
        loop {
            let next = tokio::select! {
                message = self.socket.next() => Next::Message(message),
                read = stdout.read(&mut piece) => Next::Output(read),
                _ = ping.tick() => Next::Ping,
            };
            match next {
                Next::Output(Ok(read @ 1..)) => {
                    let bytes = piece.get(..read).unwrap_or_default().to_vec();
                    self.moved = Instant::now();
                    self.send(Message::binary(bytes)).await?;
                }
                // A terminal whose last program has ended reads as an error on Linux.
                Next::Output(_) => break,
                Next::Message(None | Some(Err(_) | Ok(Message::Close(_)))) => return Ok(()),
                Next::Message(Some(Ok(message))) => {
                    self.heard = Instant::now();
                    match message {
                        Message::Binary(bytes) => {
                            self.moved = self.heard;
                            // A program that reads no more is no reason to stop listening to it.
                            let _ = stdin.write_all(&bytes).await;
                        }
                        Message::Text(text) if !set_size(resize.as_ref(), &text) => {
                            return self.close(CloseCode::Unsupported, "only a size is understood").await;
                        }
                        _ => {}
                    }
                }
                Next::Ping if self.heard.elapsed() > 3 * PING => return Ok(()),
                Next::Ping if self.moved.elapsed() > IDLE => {
                    return self.close(CloseCode::Normal, "nothing happened for 30 minutes").await;
                }
                Next::Ping => self.send(Message::Ping(Default::default())).await?,
            }
        }
        let code = exit.wait().await.code();
        self.send(Message::text(format!(r#"{{"exit": {code}}}"#))).await?;
        self.close(CloseCode::Normal, "the shell has ended").await
    }

    async fn send(&mut self, message: Message) -> io::Result<()> {
        let sent = tokio::time::timeout(PATIENCE, self.socket.send(message)).await;
        sent.map_err(io::Error::other)?.map_err(io::Error::other)
    }

    /// Says why, and waits for the client to say the same: to a connection that is gone it could not.
    async fn close(&mut self, code: CloseCode, reason: &'static str) -> io::Result<()> {
        self.send(Message::Close(Some(CloseFrame { code, reason: reason.into() }))).await?;
        let answered = async { while let Some(Ok(_)) = self.socket.next().await {} };
        // One that does not answer is left.
        let _ = tokio::time::timeout(FAREWELL, answered).await;
        Ok(())
    }
}

/// Sets the terminal's size as a text message wishes; false for one that wishes something else.
fn set_size(resize: Option<&Resize>, text: &str) -> bool {
    // A structure is also read from a list of its members.
    let object = text.trim_start().starts_with('{');
    let Some(Size { columns, rows }) = object.then(|| serde_json::from_str(text).ok()).flatten() else {
        return false;
    };
    if !(1..=LARGEST).contains(&columns) || !(1..=LARGEST).contains(&rows) {
        return false;
    }
    if let Some(Err(error)) = resize.map(|resize| resize.set(columns, rows)) {
        log::debug!("a terminal could not be resized: {error}");
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(header::HeaderName, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn a_key_is_answered_as_rfc_6455_has_it() {
        let version = (header::SEC_WEBSOCKET_VERSION, "13");
        let key = (header::SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ==");
        let accepted = accept(&headers(&[version.clone(), key.clone()])).unwrap();
        assert_eq!(accepted, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert!(accept(&headers(&[key])).is_err());
        assert!(accept(&headers(&[version])).is_err());
    }

    #[test]
    fn a_page_from_elsewhere_is_refused() {
        let from = |origin| {
            accept(&headers(&[
                (header::SEC_WEBSOCKET_VERSION, "13"),
                (header::SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ=="),
                (header::HOST, "127.0.0.1:4566"),
                (header::ORIGIN, origin),
            ]))
        };
        assert!(from("http://127.0.0.1:4566").is_ok());
        for origin in ["http://evil.example", "null", "http://127.0.0.1", "file://127.0.0.1:4566"] {
            assert_eq!(from(origin).unwrap_err().0, StatusCode::FORBIDDEN, "{origin}");
        }
    }

    #[test]
    fn only_a_size_is_understood() {
        assert!(set_size(None, r#"{"columns": 80, "rows": 24}"#));
        for text in
            ["", "{}", r#"{"columns": 0, "rows": 24}"#, r#"{"columns": 80, "rows": 2001}"#, "[80, 24]"]
        {
            assert!(!set_size(None, text), "{text}");
        }
    }
}
