//! Where segments stand: in a folder, each with its index beside it, or in memory.
//!
//! A segment is named by its hour, `20260101T00`; one that grew too large is followed by `20260101T00-001`. Names sort
//! as they were written.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rolecall_cloudtrail::Event;

use super::index::{ROW, Row};

/// Bytes of a segment in a folder, and of one in memory, before the next is begun.
const LARGEST: u64 = 64 * 1024 * 1024;
const LARGEST_IN_MEMORY: u64 = 4 * 1024 * 1024;
/// Segments that are kept in memory.
const IN_MEMORY: usize = 16;

#[derive(Debug)]
pub struct Shelf {
    place: Place,
}

#[derive(Debug)]
enum Place {
    Folder(PathBuf),
    Memory(Mutex<BTreeMap<String, Pages>>),
}

#[derive(Debug, Default)]
struct Pages {
    lines: Vec<u8>,
    index: Vec<u8>,
}

/// The segment that is being written.
#[derive(Debug)]
pub struct Open {
    pub name: String,
    pub size: u64,
    files: Option<(File, File)>,
}

impl Shelf {
    pub fn memory() -> Shelf {
        Shelf { place: Place::Memory(Mutex::default()) }
    }

    /// Opens a folder. What a crash left half is mended: a last line that was cut is ended, an index that lacks rows
    /// gets them.
    pub fn folder(path: &Path) -> io::Result<Shelf> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        let shelf = Shelf { place: Place::Folder(path.to_owned()) };
        let names = shelf.names()?;
        for (n, name) in names.iter().enumerate() {
            if n + 1 == names.len() || !path.join(format!("{name}.idx")).exists() {
                shelf.mend(name)?;
            }
        }
        Ok(shelf)
    }

    fn pages(&self) -> Option<MutexGuard<'_, BTreeMap<String, Pages>>> {
        match &self.place {
            Place::Memory(pages) => Some(pages.lock().unwrap_or_else(PoisonError::into_inner)),
            Place::Folder(_) => None,
        }
    }

    fn path(&self, name: &str, kind: &str) -> PathBuf {
        match &self.place {
            Place::Folder(folder) => folder.join(format!("{name}.{kind}")),
            Place::Memory(_) => PathBuf::new(),
        }
    }

    /// All segments, oldest first.
    pub fn names(&self) -> io::Result<Vec<String>> {
        let Place::Folder(folder) = &self.place else {
            return Ok(self.pages().map(|pages| pages.keys().cloned().collect()).unwrap_or_default());
        };
        let mut names = Vec::new();
        for entry in fs::read_dir(folder)? {
            let name = entry?.file_name();
            let name = name.to_str().and_then(|name| name.strip_suffix(".jsonl"));
            names.extend(name.filter(|name| is_name(name)).map(str::to_owned));
        }
        names.sort();
        Ok(names)
    }

    /// Bytes of a segment.
    pub fn size(&self, name: &str) -> io::Result<u64> {
        match self.pages() {
            Some(pages) => Ok(pages.get(name).map_or(0, |pages| bytes(pages.lines.len()))),
            None => fs::metadata(self.path(name, "jsonl")).map(|facts| facts.len()),
        }
    }

    /// A segment's whole index.
    pub fn index(&self, name: &str) -> io::Result<Vec<u8>> {
        match self.pages() {
            Some(pages) => Ok(pages.get(name).map(|pages| pages.index.clone()).unwrap_or_default()),
            None => match fs::read(self.path(name, "idx")) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
                read => read,
            },
        }
    }

    /// At most `most` bytes of a segment, from `from` on.
    pub fn read(&self, name: &str, from: u64, most: usize) -> io::Result<Vec<u8>> {
        if let Some(pages) = self.pages() {
            let from = usize::try_from(from).unwrap_or(usize::MAX);
            let lines = pages.get(name).and_then(|pages| pages.lines.get(from..)).unwrap_or_default();
            return Ok(lines.get(..most.min(lines.len())).unwrap_or_default().to_vec());
        }
        let mut file = File::open(self.path(name, "jsonl"))?;
        file.seek(SeekFrom::Start(from))?;
        let mut read = Vec::new();
        file.take(bytes(most)).read_to_end(&mut read)?;
        Ok(read)
    }

    /// The segment that an event of this hour goes to: the open one, or the next.
    pub fn turn_to(&self, open: &mut Option<Open>, hour: &str) -> io::Result<bool> {
        let largest = if self.is_memory() { LARGEST_IN_MEMORY } else { LARGEST };
        let full = |open: &Open| !open.name.starts_with(hour) || open.size >= largest;
        if open.as_ref().is_some_and(|open| !full(open)) {
            return Ok(false);
        }
        if let Some(open) = open.take() {
            self.sync(&open)?;
        }
        let last = self.names()?.into_iter().rev().find(|name| name.starts_with(hour));
        let name = match last {
            None => hour.to_owned(),
            Some(name) if self.size(&name)? < largest => name,
            Some(name) => {
                let number = name.split_once('-').and_then(|(_, number)| number.parse::<u32>().ok());
                format!("{hour}-{:03}", number.unwrap_or(0) + 1)
            }
        };
        // A write that failed may have left half a line.
        self.mend(&name)?;
        *open = Some(self.open(name)?);
        Ok(true)
    }

    fn is_memory(&self) -> bool {
        matches!(self.place, Place::Memory(_))
    }

    fn open(&self, name: String) -> io::Result<Open> {
        if let Some(mut pages) = self.pages() {
            pages.entry(name.clone()).or_default();
            while pages.len() > IN_MEMORY {
                pages.pop_first();
            }
            let size = pages.get(&name).map_or(0, |pages| bytes(pages.lines.len()));
            return Ok(Open { name, size, files: None });
        }
        let file = |kind: &str| {
            OpenOptions::new().create(true).append(true).mode(0o600).open(self.path(&name, kind))
        };
        let files = (file("jsonl")?, file("idx")?);
        let size = files.0.metadata()?.len();
        Ok(Open { name, size, files: Some(files) })
    }

    /// Adds lines, then their rows: a row never points to what is not there.
    pub fn append(&self, open: &mut Open, lines: &[u8], index: &[u8]) -> io::Result<()> {
        match &mut open.files {
            Some((file, rows)) => {
                file.write_all(lines)?;
                rows.write_all(index)?;
            }
            None => {
                if let Some(mut pages) = self.pages() {
                    let pages = pages.entry(open.name.clone()).or_default();
                    pages.lines.extend_from_slice(lines);
                    pages.index.extend_from_slice(index);
                }
            }
        }
        open.size += bytes(lines.len());
        Ok(())
    }

    pub fn sync(&self, open: &Open) -> io::Result<()> {
        open.files.as_ref().map_or(Ok(()), |(file, _)| file.sync_data())
    }

    pub fn remove(&self, name: &str) -> io::Result<()> {
        if let Some(mut pages) = self.pages() {
            pages.remove(name);
            return Ok(());
        }
        fs::remove_file(self.path(name, "jsonl"))?;
        match fs::remove_file(self.path(name, "idx")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn mend(&self, name: &str) -> io::Result<()> {
        let Open { mut size, files: Some((mut file, mut index)), .. } = self.open(name.to_owned())? else {
            return Ok(());
        };
        if size > 0 && self.read(name, size - 1, 1)? != b"\n" {
            log::warn!("the last record of {name} was cut; it is kept as it is");
            file.write_all(b"\n")?;
            size += 1;
        }
        let mut rows = self.index(name)?;
        rows.truncate(rows.len() / ROW * ROW);
        let last = |rows: &[u8]| rows.last_chunk::<ROW>().map(Row::read);
        while last(&rows).is_some_and(|row| row.end() > size) {
            rows.truncate(rows.len() - ROW);
        }
        index.set_len(bytes(rows.len()))?;
        let mut offset = last(&rows).map_or(0, |row| row.end());
        while offset < size {
            let piece = self.read(name, offset, PIECE)?;
            let Some(end) = piece.iter().rposition(|byte| *byte == b'\n') else { break };
            let mut found = Vec::new();
            let lines = piece.get(..=end).unwrap_or_default();
            for line in lines.split_inclusive(|byte| *byte == b'\n') {
                if let Some(row) = row(line, offset) {
                    row.write(&mut found);
                }
                offset += bytes(line.len());
            }
            index.write_all(&found)?;
        }
        Ok(())
    }

    /// Empties it.
    pub fn clear(&self) -> io::Result<()> {
        self.names()?.iter().try_for_each(|name| self.remove(name))
    }
}

/// Bytes that are read at a time. A line is shorter.
pub const PIECE: usize = 4 * 1024 * 1024;

/// A line's row, if it is a management event.
fn row(line: &[u8], offset: u64) -> Option<Row> {
    let text = std::str::from_utf8(line).ok()?.trim_end_matches('\n');
    let event = Event::read(text).filter(Event::is_management)?;
    let length = u32::try_from(text.len()).ok()?;
    Some(Row::of_event(&event).at(offset, length))
}

pub fn bytes(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

fn is_name(name: &str) -> bool {
    let (hour, number) = name.split_once('-').unwrap_or((name, "001"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let date = hour.split_once('T');
    date.is_some_and(|(day, hour)| day.len() == 8 && hour.len() == 2 && digits(day) && digits(hour))
        && digits(number)
}
