//! Netlink's attributes, written one after another into a buffer: a length, a kind, a value, padded to four bytes.

/// A buffer of messages under way.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Attributes(pub(super) Vec<u8>);

/// Says that an attribute holds attributes.
const NESTED: u16 = 0x8000;

impl Attributes {
    pub(super) fn put(&mut self, kind: u16, value: &[u8]) {
        let length = (4 + value.len()) as u16;
        self.0.extend(length.to_ne_bytes());
        self.0.extend(kind.to_ne_bytes());
        self.0.extend(value);
        self.pad();
    }

    /// A number in network order, as nf_tables has all of its own.
    pub(super) fn number(&mut self, kind: u16, value: u32) {
        self.put(kind, &value.to_be_bytes());
    }

    /// A text with its closing zero.
    pub(super) fn text(&mut self, kind: u16, value: &str) {
        let mut bytes = value.as_bytes().to_vec();
        bytes.push(0);
        self.put(kind, &bytes);
    }

    /// Opens an attribute that holds others; [`Attributes::close`] takes what this gives.
    pub(super) fn open(&mut self, kind: u16) -> usize {
        let at = self.0.len();
        self.0.extend(0u16.to_ne_bytes());
        self.0.extend((kind | NESTED).to_ne_bytes());
        at
    }

    pub(super) fn close(&mut self, at: usize) {
        let length = (self.0.len() - at) as u16;
        if let Some(place) = self.0.get_mut(at..at + 2) {
            place.copy_from_slice(&length.to_ne_bytes());
        }
    }

    /// An attribute around what `write` writes.
    pub(super) fn nest(&mut self, kind: u16, write: impl FnOnce(&mut Attributes)) {
        let at = self.open(kind);
        write(self);
        self.close(at);
    }

    /// Writes the length of the message that begins at `at`.
    pub(super) fn finish(&mut self, at: usize) {
        let length = (self.0.len() - at) as u32;
        if let Some(place) = self.0.get_mut(at..at + 4) {
            place.copy_from_slice(&length.to_ne_bytes());
        }
    }

    fn pad(&mut self) {
        while !self.0.len().is_multiple_of(4) {
            self.0.push(0);
        }
    }
}

/// Bytes before what a message says.
const HEADER: usize = 16;

/// Number, errno and padded size of the kernel's answer at the front of `bytes`.
pub(super) fn next_answer(bytes: &[u8]) -> Option<(u32, i32, usize)> {
    let word = |at: usize| bytes.get(at..at + 4)?.try_into().ok().map(u32::from_ne_bytes);
    let size = word(0)? as usize;
    let errno = word(HEADER)? as i32;
    (size >= HEADER + 4).then(|| (word(8).unwrap_or(0), errno.wrapping_neg(), size.next_multiple_of(4)))
}

/// Reads a packet of answers to its end.
#[cfg(feature = "hostile")]
pub(crate) fn look(bytes: &[u8]) {
    let mut rest = bytes;
    while let Some((_, errno, size)) = next_answer(rest) {
        assert!(size > HEADER, "each answer has a size");
        // As an error is made of it.
        drop(std::io::Error::from_raw_os_error(errno));
        rest = rest.get(size..).unwrap_or_default();
    }
}
