//! Percent-encoding as SigV4 wants it, and hexadecimal.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

const UPPER: &[u8; 16] = b"0123456789ABCDEF";
const LOWER: &[u8; 16] = b"0123456789abcdef";

/// A SHA-256 (or HMAC) value in 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hex([u8; 64]);

impl Hex {
    pub fn of(bytes: &[u8; 32]) -> Hex {
        let mut text = [0; 64];
        for (pair, byte) in text.as_chunks_mut::<2>().0.iter_mut().zip(bytes) {
            *pair = [digit(LOWER, byte >> 4), digit(LOWER, byte & 15)];
        }
        Hex(text)
    }

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("")
    }
}

impl Deref for Hex {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Debug for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl fmt::Display for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

/// Reads exactly 64 lower-case digits; AWS takes no others.
pub fn unhex(text: &str) -> Option<[u8; 32]> {
    let pairs = text.as_bytes().as_chunks::<2>();
    if text.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs.0) {
        *byte = lower_value(*high)? << 4 | lower_value(*low)?;
    }
    Some(bytes)
}

/// Bytes that are never escaped.
pub fn unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// `%2F`.
pub fn escape(byte: u8) -> [u8; 3] {
    [b'%', digit(UPPER, byte >> 4), digit(UPPER, byte & 15)]
}

/// The byte that `%XX` at the start of `text` stands for.
pub fn escaped(text: &[u8]) -> Option<u8> {
    match text {
        [b'%', high, low, ..] => Some(value(*high)? << 4 | value(*low)?),
        _ => None,
    }
}

/// A query component in its canonical encoding: `+` is a space, escapes are normalized, broken ones escaped again.
/// Borrowed when it is canonical already.
pub fn component(raw: &str) -> Cow<'_, [u8]> {
    let canonical = canonical_length(raw.as_bytes());
    let (clean, rest) = raw.as_bytes().split_at_checked(canonical).unwrap_or((raw.as_bytes(), b""));
    if rest.is_empty() {
        return Cow::Borrowed(clean);
    }
    let mut out = clean.to_vec();
    out.reserve(rest.len() + 8);
    let mut rest = rest;
    while let [first, tail @ ..] = rest {
        let decoded = escaped(rest);
        let byte = decoded.unwrap_or(if *first == b'+' { b' ' } else { *first });
        if unreserved(byte) {
            out.push(byte)
        } else {
            out.extend(escape(byte))
        }
        rest = if decoded.is_some() { rest.get(3..).unwrap_or(b"") } else { tail };
    }
    Cow::Owned(out)
}

/// A query component's text. `+` stays what it is: it never is a space in SigV4's own parameters.
pub fn decoded(raw: &str) -> Cow<'_, str> {
    percent_encoding::percent_decode_str(raw).decode_utf8_lossy()
}

/// How many bytes from the start are unreserved or properly escaped.
fn canonical_length(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(rest @ [first, ..]) = bytes.get(at..) {
        at += match escaped(rest) {
            Some(byte) if !unreserved(byte) && rest.get(..3) == Some(&escape(byte)) => 3,
            None if unreserved(*first) => 1,
            _ => return at,
        };
    }
    at
}

fn digit(digits: &[u8; 16], nibble: u8) -> u8 {
    digits.get(usize::from(nibble)).copied().unwrap_or(b'0')
}

fn value(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

fn lower_value(digit: u8) -> Option<u8> {
    if digit.is_ascii_uppercase() { None } else { value(digit) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_are_borrowed_when_canonical_and_rewritten_when_not() {
        assert!(matches!(component("a%2Fb-._~"), Cow::Borrowed(b"a%2Fb-._~")));
        assert_eq!(&*component("a%2fb"), b"a%2Fb");
        assert_eq!(&*component("a+b/%41%"), b"a%20b%2FA%25");
        assert_eq!(&*component("%7E"), b"~");
    }

    #[test]
    fn hexadecimal_is_lower_case_only() {
        let hex = Hex::of(&[0xa5; 32]);
        assert_eq!(unhex(&hex), Some([0xa5; 32]));
        assert_eq!(unhex(&hex.to_uppercase()), None);
        assert_eq!(unhex("a5"), None);
    }
}
