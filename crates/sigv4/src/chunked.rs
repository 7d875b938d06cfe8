//! S3's `aws-chunked` bodies, decoded as they arrive: sizes, chunk signatures, trailing headers.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::chain::Chain;
use crate::encode;
use crate::refusal::{ChunkFault, Refusal};

/// Only the last chunk may be smaller.
const SMALLEST_CHUNK: u64 = 8192;
/// A chunk's head is about 100 bytes; a trailing header is shorter than this as well.
const LONGEST_LINE: usize = 1024;
const MOST_TRAILERS: usize = 16;

/// Decodes one body. Feed it with [`ChunkDecoder::next`], then ask [`ChunkDecoder::finish`]: data are handed out
/// before their chunk's signature is seen, so nothing may be kept of a body that does not finish well.
#[derive(Debug)]
pub struct ChunkDecoder {
    chain: Option<Chain>,
    /// The names in `x-amz-trailer`, lower case; `None` when the body has no trailer.
    announced: Option<Vec<String>>,
    /// From `x-amz-decoded-content-length`.
    length: u64,
    decoded: u64,
    chunks: u64,
    last_size: Option<u64>,
    state: State,
    line: Vec<u8>,
    hasher: Sha256,
    signature: [u8; 32],
    trailers: Vec<(String, String)>,
    trailer_signature: Option<[u8; 32]>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Head,
    Data { left: u64 },
    AfterData,
    Trailer,
    Done,
}

impl ChunkDecoder {
    /// `chain` for the signed kinds, `announced` (the value of `x-amz-trailer`) for those with trailing headers.
    pub fn new(chain: Option<Chain>, announced: Option<&str>, decoded_length: u64) -> ChunkDecoder {
        let names = |list: &str| {
            let names = list.split(',').map(|name| name.trim().to_ascii_lowercase());
            names.filter(|name| !name.is_empty()).collect()
        };
        ChunkDecoder {
            chain,
            announced: announced.map(names),
            length: decoded_length,
            decoded: 0,
            chunks: 0,
            last_size: None,
            state: State::Head,
            line: Vec::new(),
            hasher: Sha256::new(),
            signature: [0; 32],
            trailers: Vec::new(),
            trailer_signature: None,
        }
    }

    /// Takes bytes off the front of `input` until it has decoded some, which it returns, or `input` is empty.
    pub fn next<'i>(&mut self, input: &mut &'i [u8]) -> Result<Option<&'i [u8]>, Refusal> {
        while !input.is_empty() {
            if let State::Data { left } = self.state {
                return self.data(left, input).map(Some);
            }
            let Some(line) = self.take_line(input)? else { return Ok(None) };
            match self.state {
                State::Head => self.head(&line)?,
                State::AfterData if line.is_empty() => self.state = State::Head,
                State::Trailer => self.trailer(&line)?,
                State::Done if line.is_empty() => {}
                _ => return Err(incomplete()),
            }
        }
        Ok(None)
    }

    /// The trailing headers, in lower case, once the body has come to its proper end.
    pub fn finish(self) -> Result<Vec<(String, String)>, Refusal> {
        if self.state != State::Done || !self.line.is_empty() || self.decoded != self.length {
            return Err(incomplete());
        }
        let sent = |name: &String| self.trailers.iter().any(|(sent, _)| sent == name);
        if !self.announced.iter().flatten().all(sent) {
            return Err(Refusal::Chunk(ChunkFault::Trailer));
        }
        Ok(self.trailers)
    }

    fn data<'i>(&mut self, left: u64, input: &mut &'i [u8]) -> Result<&'i [u8], Refusal> {
        let take = usize::try_from(left).map_or(input.len(), |left| left.min(input.len()));
        let (data, rest) = input.split_at_checked(take).unwrap_or((*input, b""));
        *input = rest;
        let left = left - take as u64;
        self.decoded += take as u64;
        if self.chain.is_some() {
            self.hasher.update(data);
        }
        if left > 0 {
            self.state = State::Data { left };
        } else {
            self.close_chunk()?;
            self.state = State::AfterData;
        }
        Ok(data)
    }

    /// A whole line without its end, or `None` until there is one.
    fn take_line(&mut self, input: &mut &[u8]) -> Result<Option<Vec<u8>>, Refusal> {
        let end = input.iter().position(|byte| *byte == b'\n');
        let taken = end.map_or(input.len(), |end| end + 1);
        let (piece, rest) = input.split_at_checked(taken).unwrap_or((*input, b""));
        *input = rest;
        if self.line.len() + piece.len() > LONGEST_LINE {
            return Err(incomplete());
        }
        self.line.extend_from_slice(piece);
        if end.is_none() {
            return Ok(None);
        }
        let mut line = std::mem::take(&mut self.line);
        line.truncate(line.len() - 1);
        if line.last() == Some(&b'\r') {
            line.truncate(line.len() - 1);
        }
        Ok(Some(line))
    }

    fn head(&mut self, line: &[u8]) -> Result<(), Refusal> {
        let line = std::str::from_utf8(line).map_err(|_| incomplete())?;
        let (size, extension) = line.split_once(';').unwrap_or((line, ""));
        if size.is_empty() || size.len() > 16 || !size.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(incomplete());
        }
        let size = u64::from_str_radix(size, 16).map_err(|_| incomplete())?;
        if self.chain.is_some() {
            let signature = extension.strip_prefix("chunk-signature=").ok_or_else(incomplete)?;
            self.signature = encode::unhex(signature.trim()).ok_or_else(mismatch)?;
        }
        self.chunks += 1;
        if let Some(small) = self.last_size.filter(|last| size > 0 && *last < SMALLEST_CHUNK) {
            return Err(Refusal::Chunk(ChunkFault::TooSmall { chunk: self.chunks, size: small }));
        }
        self.last_size = Some(size);
        if self.decoded.checked_add(size).is_none_or(|total| total > self.length) {
            return Err(incomplete());
        }
        self.state = State::Data { left: size };
        if size == 0 {
            self.close_chunk()?;
            self.state = State::Trailer;
        }
        Ok(())
    }

    fn close_chunk(&mut self) -> Result<(), Refusal> {
        let Some(chain) = &mut self.chain else { return Ok(()) };
        let signature = chain.chunk(self.hasher.finalize_reset());
        if bool::from(signature.ct_eq(&self.signature)) { Ok(()) } else { Err(mismatch()) }
    }

    fn trailer(&mut self, line: &[u8]) -> Result<(), Refusal> {
        let bad = || Refusal::Chunk(ChunkFault::Trailer);
        let signed = self.announced.is_some() && self.chain.is_some();
        if line.is_empty() {
            // Some clients put an empty line before the trailer's signature.
            if !signed || self.trailer_signature.is_some() {
                self.state = State::Done;
            }
            return Ok(());
        }
        let line = std::str::from_utf8(line).map_err(|_| bad())?;
        let (name, value) = line.split_once(':').ok_or_else(bad)?;
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
        if name == "x-amz-trailer-signature" && signed {
            let given = encode::unhex(value).ok_or_else(mismatch)?;
            let text: String =
                self.trailers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
            let ours = self.chain.as_mut().map(|chain| chain.trailer(&text)).unwrap_or_default();
            if !bool::from(ours.ct_eq(&given)) {
                return Err(mismatch());
            }
            self.trailer_signature = Some(given);
            return Ok(());
        }
        let known = self.announced.iter().flatten().any(|known| *known == name);
        let late = self.trailer_signature.is_some();
        if !known || late || self.trailers.len() >= MOST_TRAILERS {
            return Err(bad());
        }
        self.trailers.push((name, value.to_owned()));
        Ok(())
    }
}

fn incomplete() -> Refusal {
    Refusal::Chunk(ChunkFault::Incomplete)
}

fn mismatch() -> Refusal {
    Refusal::Mismatch { access_key_id: String::new(), signature: String::new() }
}
