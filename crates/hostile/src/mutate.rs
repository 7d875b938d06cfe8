//! Inputs made from good ones, the same for the same seed.

/// What parsers stumble over.
const PIECES: [&[u8]; 30] = [
    b"\0",
    b"\xff",
    b"\xc3",
    b"%",
    b"%ff",
    b"%00",
    b"&",
    b"=",
    b".",
    b".member.1",
    b".1.",
    b"99999999999999999999",
    b"-1",
    b"{",
    b"}",
    b"[",
    b"\"",
    b"\\u",
    b"\\ud800",
    b"null",
    b"1e999",
    b"<",
    b"</",
    b"<![CDATA[",
    b"&#x0;",
    b"<!DOCTYPE a>",
    b"${",
    b"*",
    b"\n\n",
    b"\r\n",
];

/// Changes inputs.
#[derive(Debug)]
pub struct Mutator(u64);

impl Mutator {
    pub fn new(seed: u64) -> Mutator {
        Mutator(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `end`, or 0.
    pub fn below(&mut self, end: usize) -> usize {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(drawn).unwrap_or(0).checked_rem(end).unwrap_or(0)
    }

    /// One of `all` with a few changes.
    pub fn next(&mut self, all: &[Vec<u8>]) -> Vec<u8> {
        let mut data = all.get(self.below(all.len())).cloned().unwrap_or_default();
        for _ in 0..=self.below(5) {
            let at = self.below(data.len() + 1);
            let end = (at + self.below(16)).min(data.len());
            match self.below(6) {
                0 => drop(data.drain(at..end)),
                1 => {
                    let piece: Vec<u8> = data.get(at..end).unwrap_or_default().to_vec();
                    data.splice(at..at, piece.repeat(1 + self.below(3)));
                }
                2 => {
                    if let Some(byte) = data.get_mut(at) {
                        *byte ^= 1 << self.below(8);
                    }
                }
                3 => {
                    let piece = PIECES.get(self.below(PIECES.len())).copied().unwrap_or_default();
                    data.splice(at..at, piece.iter().copied());
                }
                4 => {
                    let other = all.get(self.below(all.len())).map_or(&[][..], Vec::as_slice);
                    let from = self.below(other.len() + 1);
                    let to = (from + self.below(64)).min(other.len());
                    data.splice(at..end, other.get(from..to).unwrap_or_default().iter().copied());
                }
                _ => data.truncate(end),
            }
        }
        data
    }
}
