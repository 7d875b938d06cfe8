//! The driver's store of images: root file systems that instances boot from, each a folder that nobody writes to.

use std::fmt;
use std::path::PathBuf;

use crate::Reader;

/// Where an image's bytes come from.
pub enum ImageSource {
    File(PathBuf),
    Stream(Reader),
}

impl fmt::Debug for ImageSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ImageSource::File(path) => f.debug_tuple("File").field(path).finish(),
            ImageSource::Stream(_) => f.write_str("Stream"),
        }
    }
}

/// What is kept of an image.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stored {
    /// The bytes of its files.
    pub bytes: u64,
    pub files: u64,
}
