//! Typed keys as bytes that sort as the tuples do.
//!
//! A key is the table's id, then its parts. Integers are big-endian (signed ones with the sign bit flipped).
//! Strings and bytes are escaped: 0x00 becomes 0x00 0xff, and 0x00 0x00 ends them, so that a shorter string sorts
//! first whatever follows it. The encoding is part of the disk format.

use rolecall_base::AccountId;

use crate::Range;

/// One part of a key.
pub trait Part {
    /// What it is read back as.
    type Owned;

    fn write(&self, out: &mut Vec<u8>);

    /// Takes the part off the front of `input`; `None` if it is not one.
    fn read(input: &mut &[u8]) -> Option<Self::Owned>;
}

/// A whole key: one part, or a tuple of one to five. `(AccountId, &str)` stands for `(AccountId, String)`.
pub trait KeyParts {
    /// What it is read back as.
    type Owned;

    fn write(&self, out: &mut Vec<u8>);

    /// Takes the parts off the front of `input`; `None` if they are not there.
    fn read(input: &mut &[u8]) -> Option<Self::Owned>;
}

/// What begins keys of type `K`: `()` for all of them, one part, a tuple of the leading parts, or [`Starts`].
pub trait Prefix<K> {
    fn write(&self, out: &mut Vec<u8>);
}

/// Leading parts and then the beginning of the next part, a string: `Starts((bucket,), "photos/")`.
#[derive(Clone, Copy, Debug)]
pub struct Starts<'a, P>(pub P, pub &'a str);

/// The bytes of a table's key.
pub(crate) fn encode(table: u16, key: &impl KeyParts) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    out.extend_from_slice(&table.to_be_bytes());
    key.write(&mut out);
    out
}

/// The key from its bytes; `None` if they are not of this table and type.
pub(crate) fn decode<K: KeyParts>(table: u16, bytes: &[u8]) -> Option<K::Owned> {
    let mut rest = bytes.strip_prefix(&table.to_be_bytes())?;
    let key = K::read(&mut rest)?;
    rest.is_empty().then_some(key)
}

/// The keys of a table that begin with `prefix`.
pub(crate) fn range<K>(table: u16, prefix: &impl Prefix<K>) -> Range {
    let mut out = Vec::with_capacity(64);
    out.extend_from_slice(&table.to_be_bytes());
    prefix.write(&mut out);
    Range::prefix(&out)
}

impl<P: Part> KeyParts for P {
    type Owned = P::Owned;

    fn write(&self, out: &mut Vec<u8>) {
        Part::write(self, out);
    }

    fn read(input: &mut &[u8]) -> Option<P::Owned> {
        P::read(input)
    }
}

macro_rules! tuples {
    ($(($($part:ident $place:tt),+);)+) => {$(
        impl<$($part: Part),+> KeyParts for ($($part,)+) {
            type Owned = ($($part::Owned,)+);

            fn write(&self, out: &mut Vec<u8>) {
                $(self.$place.write(out);)+
            }

            fn read(input: &mut &[u8]) -> Option<Self::Owned> {
                Some(($($part::read(input)?,)+))
            }
        }
    )+};
}

tuples! {
    (A 0);
    (A 0, B 1);
    (A 0, B 1, C 2);
    (A 0, B 1, C 2, D 3);
    (A 0, B 1, C 2, D 3, E 4);
}

impl<K> Prefix<K> for () {
    fn write(&self, _out: &mut Vec<u8>) {}
}

impl<K, P: Prefix<K>> Prefix<K> for Starts<'_, P> {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
        escape(self.1.as_bytes(), out);
    }
}

macro_rules! prefixes {
    ($(($($part:ident $place:tt),+) of $(($($whole:ident),+)),+;)+) => {$(
        prefixes!(@each ($($part $place),+) $(($($whole),+))+);
    )+};
    (@each $given:tt $($whole:tt)+) => {
        $(prefixes!(@one $given $whole);)+
    };
    (@one ($($part:ident $place:tt),+) ($($whole:ident),+)) => {
        impl<$($whole,)+ $($part: Part),+> Prefix<($($whole,)+)> for ($($part,)+)
        where
            $($part: Part<Owned = prefixes!(@owned $part)>),+
        {
            fn write(&self, out: &mut Vec<u8>) {
                $(self.$place.write(out);)+
            }
        }
    };
    (@owned P) => { A };
    (@owned Q) => { B };
    (@owned R) => { C };
    (@owned S) => { D };
    (@owned T) => { E };
}

prefixes! {
    (P 0) of (A), (A, B), (A, B, C), (A, B, C, D), (A, B, C, D, E);
    (P 0, Q 1) of (A, B), (A, B, C), (A, B, C, D), (A, B, C, D, E);
    (P 0, Q 1, R 2) of (A, B, C), (A, B, C, D), (A, B, C, D, E);
    (P 0, Q 1, R 2, S 3) of (A, B, C, D), (A, B, C, D, E);
    (P 0, Q 1, R 2, S 3, T 4) of (A, B, C, D, E);
}

fn escape(bytes: &[u8], out: &mut Vec<u8>) {
    for byte in bytes {
        out.push(*byte);
        if *byte == 0 {
            out.push(0xff);
        }
    }
}

fn unescape(input: &mut &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    loop {
        let (byte, rest) = input.split_first()?;
        *input = rest;
        if *byte != 0 {
            out.push(*byte);
            continue;
        }
        let (mark, rest) = input.split_first()?;
        *input = rest;
        match *mark {
            0xff => out.push(0),
            0x00 => return Some(out),
            _ => return None,
        }
    }
}

fn write_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    escape(bytes, out);
    out.extend_from_slice(&[0, 0]);
}

fn take<const N: usize>(input: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = input.split_first_chunk::<N>()?;
    *input = rest;
    Some(*head)
}

impl Part for str {
    type Owned = String;

    fn write(&self, out: &mut Vec<u8>) {
        write_bytes(self.as_bytes(), out);
    }

    fn read(input: &mut &[u8]) -> Option<String> {
        String::from_utf8(unescape(input)?).ok()
    }
}

impl Part for [u8] {
    type Owned = Vec<u8>;

    fn write(&self, out: &mut Vec<u8>) {
        write_bytes(self, out);
    }

    fn read(input: &mut &[u8]) -> Option<Vec<u8>> {
        unescape(input)
    }
}

impl<T: Part + ?Sized> Part for &T {
    type Owned = T::Owned;

    fn write(&self, out: &mut Vec<u8>) {
        T::write(self, out);
    }

    fn read(input: &mut &[u8]) -> Option<T::Owned> {
        T::read(input)
    }
}

/// Parts that are written as another type is.
macro_rules! parts {
    ($($part:ty, $as:expr, $from:expr;)+) => {$(
        impl Part for $part {
            type Owned = $part;

            fn write(&self, out: &mut Vec<u8>) {
                let part: fn(&$part, &mut Vec<u8>) = $as;
                part(self, out);
            }

            fn read(input: &mut &[u8]) -> Option<$part> {
                let part: fn(&mut &[u8]) -> Option<$part> = $from;
                part(input)
            }
        }
    )+};
}

const SIGN: u64 = 1 << 63;

parts! {
    String, |s, out| write_bytes(s.as_bytes(), out), |i| str::read(i);
    Vec<u8>, |b, out| write_bytes(b, out), |i| unescape(i);
    u8, |n, out| out.push(*n), |i| take(i).map(u8::from_be_bytes);
    u16, |n, out| out.extend(n.to_be_bytes()), |i| take(i).map(u16::from_be_bytes);
    u32, |n, out| out.extend(n.to_be_bytes()), |i| take(i).map(u32::from_be_bytes);
    u64, |n, out| out.extend(n.to_be_bytes()), |i| take(i).map(u64::from_be_bytes);
    i64, |n, out| out.extend((n.cast_unsigned() ^ SIGN).to_be_bytes()),
        |i| take(i).map(|b| (u64::from_be_bytes(b) ^ SIGN).cast_signed());
    bool, |b, out| out.push(u8::from(*b)),
        |i| take(i).and_then(|[b]| match b { 0 => Some(false), 1 => Some(true), _ => None });
    AccountId, |a, out| out.extend(a.number().to_be_bytes()),
        |i| take(i).map(u64::from_be_bytes).and_then(account);
}

fn account(number: u64) -> Option<AccountId> {
    if number == AccountId::AWS.number() { Some(AccountId::AWS) } else { AccountId::new(number) }
}
