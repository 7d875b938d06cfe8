//! Files without their zeros: what a hole is read as need not be written. What an engine exports, and what is packed well, has
//! zeros for every hole; a file that is all hole would fill the disk.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;

/// What a file system keeps or leaves out.
const BLOCK: usize = 4096;

/// Fills an empty file from its beginning.
#[derive(Debug)]
pub(super) struct Filling {
    file: File,
    at: u64,
}

impl Filling {
    pub(super) fn new(file: File) -> Filling {
        Filling { file, at: 0 }
    }

    /// The whole file, with what holes there are at its end.
    pub(super) fn finish(self) -> io::Result<File> {
        self.file.set_len(self.at)?;
        Ok(self.file)
    }
}

impl Write for Filling {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // The first run may begin within a block.
        let begun = usize::try_from(self.at % BLOCK as u64).map_err(io::Error::other)?;
        let to_next = (BLOCK - begun).min(bytes.len());
        let (first, rest) = bytes.split_at(to_next);
        let blocks = std::iter::once(first).chain(rest.chunks(BLOCK));
        // Blocks with something in them are written as one as long as they follow each other.
        let (mut from, mut to) = (0, 0);
        for block in blocks {
            if block.iter().all(|byte| *byte == 0) {
                self.keep(bytes, from, to)?;
                from = to + block.len();
            }
            to += block.len();
        }
        self.keep(bytes, from, to)?;
        self.at += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Filling {
    fn keep(&self, bytes: &[u8], from: usize, to: usize) -> io::Result<()> {
        match bytes.get(from..to) {
            Some(run) if !run.is_empty() => self.file.write_all_at(run, self.at + from as u64),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Seek, Write};
    use std::os::unix::fs::MetadataExt;

    use super::Filling;

    #[test]
    fn what_is_written_is_read_and_zeros_take_no_room() {
        let mut wanted = vec![0; 4 << 20];
        for (at, byte) in [(0, 1), (5000, 2), (1 << 20, 3), ((1 << 20) + 4095, 4), ((3 << 20) + 1, 5)] {
            wanted[at] = byte;
        }
        for piece in [wanted.len(), 100_000, 4096, 4097, 777] {
            let mut filling = Filling::new(tempfile::tempfile().unwrap());
            for bytes in wanted.chunks(piece) {
                filling.write_all(bytes).unwrap();
            }
            let mut file = filling.finish().unwrap();
            let mut found = Vec::new();
            file.rewind().unwrap();
            file.read_to_end(&mut found).unwrap();
            assert!(found == wanted, "in pieces of {piece}");
            assert!(file.metadata().unwrap().blocks() * 512 < 1 << 20, "{:?}", file.metadata());
        }
    }
}
