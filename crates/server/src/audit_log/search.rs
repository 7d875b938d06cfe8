//! LookupEvents' questions, answered from the segments; and the log read in order, for trails.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rolecall_base::Fault;
use rolecall_cloudtrail::{Event, EventHistory, Found, Position, Search};
use rolecall_store::Store;
use tokio::runtime::{Handle, RuntimeFlavor};

use super::index::{Filter, ROW, Row};
use super::shelf::{PIECE, Shelf, bytes};
use super::{Segments, drain};

/// Rows that one call looks at, and lines that it reads: the next call goes on where it stopped.
const MOST_ROWS: usize = 2_000_000;
const MOST_LINES: usize = 20_000;
/// How long records of changes may take to come from the store.
const PATIENCE: Duration = Duration::from_secs(2);

/// The log with the store that records of changes come from.
#[derive(Debug)]
pub struct Log {
    pub segments: Arc<Segments>,
    pub store: Store,
}

impl EventHistory for Log {
    fn settle(&self) {
        let work = |runtime: Handle| {
            runtime.block_on(async {
                let all = async { while let Ok(1..) = drain(&self.store, &self.segments).await {} };
                if tokio::time::timeout(PATIENCE, all).await.is_err() {
                    log::warn!("events are looked up before all of them are in the log");
                }
            });
            self.segments.flush();
        };
        match Handle::try_current() {
            // Elsewhere waiting would hold up what is waited for.
            Ok(runtime) if runtime.runtime_flavor() == RuntimeFlavor::MultiThread => {
                tokio::task::block_in_place(|| work(runtime));
            }
            _ => self.segments.flush(),
        }
    }

    fn search(&self, search: &Search<'_>, from: Option<&Position>) -> Result<Found, Fault> {
        find(self.segments.shelf(), search, from).map_err(|error| {
            Fault::new("ServiceUnavailable", 503, "The log of events can't be read.").because(error)
        })
    }
}

fn find(shelf: &Shelf, search: &Search<'_>, from: Option<&Position>) -> io::Result<Found> {
    let filter = Filter::new(search);
    let first_hour = search.start.iso_basic();
    let first_hour = first_hour.get(..11).unwrap_or_default();
    let (mut found, mut rows, mut lines) = (Found::default(), 0_usize, 0_usize);
    for name in shelf.names()?.into_iter().rev() {
        // A segment has events of its own hour and, rarely, of earlier ones.
        if from.is_some_and(|from| name > from.segment) || name.get(..11).unwrap_or_default() < first_hour {
            continue;
        }
        let before = from.filter(|from| from.segment == name).map_or(u64::MAX, |from| from.offset);
        let index = match shelf.index(&name) {
            // It was removed a moment ago.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            index => index?,
        };
        for row in index.as_chunks::<ROW>().0.iter().rev().map(Row::read) {
            if row.offset >= before {
                continue;
            }
            rows += 1;
            if found.lines.len() >= search.limit || rows > MOST_ROWS || lines > MOST_LINES {
                found.next = Some(Position { segment: name, offset: row.end() });
                return Ok(found);
            }
            if !filter.may_fit(&row) {
                continue;
            }
            lines += 1;
            let line = shelf.read(&name, row.offset, usize::try_from(row.length).unwrap_or(0))?;
            let Ok(line) = String::from_utf8(line) else { continue };
            if Event::read(&line).is_some_and(|event| search.fits(&event)) {
                found.lines.push(line);
            }
        }
    }
    Ok(found)
}

/// What comes next in the log.
#[derive(Debug)]
pub struct Piece {
    /// Whole lines.
    pub lines: Vec<String>,
    pub next: Position,
}

/// Behind the last line that stands there now.
pub fn end(shelf: &Shelf) -> io::Result<Position> {
    let Some(segment) = shelf.names()?.pop() else { return Ok(Position::default()) };
    let offset = shelf.size(&segment)?;
    Ok(Position { segment, offset })
}

/// Whole lines from a place on; `None` at the end. A place whose segment is gone means the next one that is there.
pub fn next(shelf: &Shelf, from: &Position) -> io::Result<Option<Piece>> {
    let names = shelf.names()?;
    let mut from = from.clone();
    for name in names {
        if name < from.segment {
            continue;
        }
        if name > from.segment {
            from = Position { segment: name.clone(), offset: 0 };
        }
        let piece = shelf.read(&name, from.offset, PIECE)?;
        let Some(end) = piece.iter().rposition(|byte| *byte == b'\n') else { continue };
        let whole = piece.get(..end).unwrap_or_default();
        let lines = String::from_utf8_lossy(whole).lines().map(str::to_owned).collect();
        let next = Position { segment: name, offset: from.offset + bytes(end) + 1 };
        return Ok(Some(Piece { lines, next }));
    }
    Ok(None)
}
