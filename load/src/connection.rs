//! One kept-alive connection that sends prepared bytes and reads whole answers.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::Outcome;

pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer's status and body.
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Connection {
    pub fn open(address: SocketAddr) -> Outcome<Connection> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream, buffer: vec![0; 128 * 1024] })
    }

    /// Sends a request and reads its answer; gives the status.
    pub fn exchange(&mut self, request: &[u8]) -> Outcome<u16> {
        self.ask(request, false).map(|answer| answer.status)
    }

    /// The same with the body.
    pub fn answer(&mut self, request: &[u8]) -> Outcome<Answer> {
        self.ask(request, true)
    }

    fn ask(&mut self, request: &[u8], keep: bool) -> Outcome<Answer> {
        self.stream.write_all(request)?;
        let mut filled = 0;
        loop {
            let room = self.buffer.get_mut(filled..).ok_or("an answer is too long")?;
            let read = self.stream.read(room)?;
            if read == 0 {
                return Err("the connection was closed".into());
            }
            filled += read;
            let seen = self.buffer.get(..filled).unwrap_or_default();
            let Some(head) = find(seen, b"\r\n\r\n") else { continue };
            let text = std::str::from_utf8(seen.get(..head).unwrap_or_default())?;
            let status = text.get(9..12).and_then(|word| word.parse().ok()).ok_or("no status")?;
            let length = content_length(text).ok_or("no content-length")?;
            if filled >= head + 4 + length {
                let body = seen.get(head + 4..head + 4 + length).unwrap_or_default();
                return Ok(Answer { status, body: if keep { body.to_vec() } else { Vec::new() } });
            }
        }
    }
}

fn content_length(head: &str) -> Option<usize> {
    head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    })
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
