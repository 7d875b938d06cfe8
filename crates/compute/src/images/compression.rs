//! Bytes as they are, or compressed by gzip or zstd: told apart by how they begin.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// Whether these first bytes are of something compressed.
pub(crate) fn is_compressed(first: &[u8]) -> bool {
    first.starts_with(GZIP) || first.starts_with(ZSTD)
}

/// Reads `source` decompressed.
pub(crate) fn plain<'a>(source: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
    let mut source = BufReader::with_capacity(64 * 1024, source);
    let first = source.fill_buf()?;
    if first.starts_with(GZIP) {
        Ok(Box::new(MultiGzDecoder::new(source)))
    } else if first.starts_with(ZSTD) {
        Ok(Box::new(Zstd { source, frame: FrameDecoder::new(), open: false }))
    } else {
        Ok(Box::new(source))
    }
}

/// One frame after the other.
struct Zstd<R> {
    source: R,
    frame: FrameDecoder,
    open: bool,
}

impl<R: BufRead> Zstd<R> {
    /// False at the end of the source.
    fn next_frame(&mut self) -> io::Result<bool> {
        loop {
            if self.source.fill_buf()?.is_empty() {
                return Ok(false);
            }
            match self.frame.init(&mut self.source) {
                Ok(()) => {
                    self.open = true;
                    return Ok(true);
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    io::copy(&mut (&mut self.source).take(length.into()), &mut io::sink())?;
                }
                Err(error) => return Err(io::Error::new(io::ErrorKind::InvalidData, error.to_string())),
            }
        }
    }
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.open && !self.next_frame()? {
                return Ok(0);
            }
            while self.frame.can_collect() < buffer.len() && !self.frame.is_finished() {
                let wanted = BlockDecodingStrategy::UptoBytes(buffer.len());
                self.frame
                    .decode_blocks(&mut self.source, wanted)
                    .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))?;
            }
            let read = self.frame.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            self.open = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::plain;

    fn read(bytes: &[u8]) -> Vec<u8> {
        let mut text = Vec::new();
        plain(bytes).unwrap().read_to_end(&mut text).unwrap();
        text
    }

    #[test]
    fn plain_gzip_and_zstd_read_the_same() {
        let text: Vec<u8> = (0..200_000_u32).flat_map(|n| (n / 7).to_le_bytes()).collect();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&text).unwrap();
        let frame = |part: &[u8]| {
            ruzstd::encoding::compress_to_vec(part, ruzstd::encoding::CompressionLevel::Fastest)
        };
        let (one, two) = text.split_at(100_000);
        let zstd = [frame(one), b"\x50\x2a\x4d\x18\x03\0\0\0abc".to_vec(), frame(two)].concat();
        assert!(read(&text) == text && read(&gzip.finish().unwrap()) == text && read(&zstd) == text);
    }

    #[test]
    fn what_is_broken_is_an_error_and_no_end() {
        let mut broken = vec![0x28, 0xb5, 0x2f, 0xfd];
        broken.extend([0xff; 40]);
        assert!(plain(&broken[..]).unwrap().read_to_end(&mut Vec::new()).is_err());
        assert!(plain(&[0x1f, 0x8b, 8, 0, 1][..]).unwrap().read_to_end(&mut Vec::new()).is_err());
    }
}
