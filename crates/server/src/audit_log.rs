//! The audit log: append-only segments of JSON lines, one an hour, written behind.
//!
//! Calls never wait for it: they add to a tray that a thread writes out ten times a second. What does not fit into the
//! tray is counted and the count is logged. Records of changes wait in the store with their change and are moved from
//! there, so none is lost. Segments are removed after some time; what they are looked up by stands beside them.

mod index;
mod search;
mod shelf;

use std::io;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rolecall_base::Fault;
use rolecall_cloudtrail::Event;
use rolecall_door::{AuditLog, Entry, Outbox};
use rolecall_env::Env;
use rolecall_store::{Scan, Store};

use index::Row;
pub use search::{Log, end, next};
pub use shelf::Shelf;
use shelf::{Open, bytes};

/// Bytes that may wait to be written.
const BUFFER: usize = 32 * 1024 * 1024;
/// Records moved from the store at a time.
const BATCH: usize = 500;
/// How long a record waits at most before it is written.
const PAUSE: Duration = Duration::from_millis(100);

/// Segments, in a folder or in memory.
#[derive(Debug)]
pub struct Segments {
    desk: Arc<Desk>,
    shelf: Arc<Shelf>,
    writer: Mutex<Option<JoinHandle<()>>>,
    lost: AtomicU64,
    /// Records come from the store by one at a time.
    draining: tokio::sync::Mutex<()>,
}

/// What callers and the writer share.
#[derive(Debug, Default)]
struct Desk {
    tray: Mutex<Tray>,
    /// Told when somebody waits for the writer, and when everything is written.
    bell: Condvar,
}

#[derive(Debug, Default)]
struct Tray {
    waiting: Vec<Waiting>,
    /// Bytes of what waits, about.
    weight: usize,
    /// How often the writer was waited for, and how often it had written everything.
    asked: u64,
    written: u64,
    /// Somebody waits for the disk.
    must_sync: bool,
    failed: bool,
    ended: bool,
}

/// What is yet to be written.
#[derive(Debug)]
enum Waiting {
    /// Becomes text when it is written.
    Entry(Entry),
    Lines(String),
}

impl Desk {
    fn tray(&self) -> MutexGuard<'_, Tray> {
        self.tray.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the writer write everything, and waits for it; false when it could not.
    fn wait(&self, mut tray: MutexGuard<'_, Tray>) -> bool {
        tray.asked += 1;
        let mine = tray.asked;
        self.bell.notify_all();
        while tray.written < mine && !tray.ended {
            tray = self.bell.wait(tray).unwrap_or_else(PoisonError::into_inner);
        }
        tray.written >= mine && !tray.failed
    }
}

impl AuditLog for Segments {
    fn append(&self, entry: Entry) {
        let weight = entry.weight();
        let mut tray = self.desk.tray();
        if tray.weight.saturating_add(weight) > BUFFER || tray.ended {
            drop(tray);
            self.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        tray.weight += weight;
        tray.waiting.push(Waiting::Entry(entry));
    }
}

impl Segments {
    /// Keeps the last records in memory.
    pub fn memory(env: Env) -> io::Result<Segments> {
        Segments::new(Shelf::memory(), env, u32::MAX)
    }

    /// Opens the log in a folder; its records are kept for so many days.
    pub fn open(folder: &Path, env: Env, days: u32) -> io::Result<Segments> {
        Segments::new(Shelf::folder(folder)?, env, days)
    }

    fn new(shelf: Shelf, env: Env, days: u32) -> io::Result<Segments> {
        let (desk, shelf) = (Arc::new(Desk::default()), Arc::new(shelf));
        let writer = Writer { shelf: shelf.clone(), env, days, open: None };
        writer.retire();
        let own = desk.clone();
        let thread = std::thread::Builder::new().name("audit".into()).spawn(move || writer.run(&own))?;
        let writer = Mutex::new(Some(thread));
        Ok(Segments { desk, shelf, writer, lost: AtomicU64::new(0), draining: tokio::sync::Mutex::default() })
    }

    pub fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// Records that were not kept.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Appends records that must not be lost, and waits until they are on disk; false when they could not be written.
    fn keep(&self, records: Vec<String>) -> bool {
        let mut tray = self.desk.tray();
        if tray.ended {
            return false;
        }
        for record in records {
            tray.weight += record.len();
            tray.waiting.push(Waiting::Lines(record));
        }
        tray.must_sync = true;
        self.desk.wait(tray)
    }

    /// Waits until what was appended can be read.
    pub fn flush(&self) {
        let tray = self.desk.tray();
        if !tray.ended {
            self.desk.wait(tray);
        }
    }

    /// Forgets everything, for a server that was emptied.
    pub fn forget(&self) {
        self.flush();
        if let Err(error) = self.shelf.clear() {
            log::error!("the audit log could not be emptied: {error}");
        }
    }

    /// Writes what is left and closes.
    pub fn close(&self) {
        self.desk.tray().ended = true;
        self.desk.bell.notify_all();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            let _ = writer.join();
        }
    }
}

struct Writer {
    shelf: Arc<Shelf>,
    env: Env,
    days: u32,
    open: Option<Open>,
}

/// Lines to be written, with their rows of the index; offsets are those from the first line.
#[derive(Default)]
struct Page {
    lines: Vec<u8>,
    rows: Vec<Row>,
}

impl Page {
    /// Adds one line, with its row unless it is no management event.
    fn add(&mut self, line: &str, row: Option<Row>) {
        if let (Some(row), Ok(length)) = (row, u32::try_from(line.len())) {
            self.rows.push(row.at(bytes(self.lines.len()), length));
        }
        self.lines.extend_from_slice(line.as_bytes());
        self.lines.push(b'\n');
    }

    /// Adds an item's lines. A panic is a fault of ours: that record is lost, the log goes on.
    fn item(&mut self, item: Waiting) {
        match item {
            Waiting::Lines(text) => text.lines().for_each(|line| self.add(line, row(line))),
            Waiting::Entry(entry) => {
                let write = AssertUnwindSafe(|| {
                    entry.write(&mut |line, facts| match facts {
                        Some(facts) => self.add(line, facts.management.then(|| Row::of_facts(facts))),
                        None => self.add(line, row(line)),
                    });
                });
                if std::panic::catch_unwind(write).is_err() {
                    log::error!("an audit record could not be written: its making panicked");
                }
            }
        }
    }
}

fn row(line: &str) -> Option<Row> {
    Event::read(line).filter(Event::is_management).map(|event| Row::of_event(&event))
}

impl Writer {
    fn run(mut self, desk: &Desk) {
        let mut waiting = Vec::new();
        loop {
            let (asked, must_sync, ended) = {
                let mut tray = desk.tray();
                if tray.asked == tray.written && !tray.ended {
                    (tray, _) = desk.bell.wait_timeout(tray, PAUSE).unwrap_or_else(PoisonError::into_inner);
                }
                std::mem::swap(&mut waiting, &mut tray.waiting);
                tray.weight = 0;
                (tray.asked, std::mem::take(&mut tray.must_sync), tray.ended)
            };
            let written = self.write(waiting.drain(..));
            let written = written.and_then(|()| if must_sync || ended { self.sync() } else { Ok(()) });
            if let Err(error) = &written {
                log::error!("the audit log could not be written: {error}");
                // The next record begins a line of its own, wherever this one ended.
                self.open = None;
            }
            let mut tray = desk.tray();
            tray.failed = written.is_err();
            tray.written = asked;
            desk.bell.notify_all();
            if ended && tray.waiting.is_empty() {
                return;
            }
        }
    }

    fn write(&mut self, items: impl Iterator<Item = Waiting>) -> io::Result<()> {
        let mut page = Page::default();
        for item in items {
            page.item(item);
            if page.lines.len() >= shelf::PIECE {
                self.put(&page)?;
                page = Page::default();
            }
        }
        self.put(&page)
    }

    fn put(&mut self, page: &Page) -> io::Result<()> {
        if page.lines.is_empty() {
            return Ok(());
        }
        let hour = self.env.now().iso_basic();
        let hour = hour.get(..11).unwrap_or("00000000T00");
        if self.shelf.turn_to(&mut self.open, hour)? {
            self.retire();
        }
        let Some(open) = &mut self.open else { return Ok(()) };
        let mut index = Vec::with_capacity(page.rows.len() * index::ROW);
        for row in &page.rows {
            row.at(row.offset + open.size, row.length).write(&mut index);
        }
        self.shelf.append(open, &page.lines, &index)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.open.as_ref().map_or(Ok(()), |open| self.shelf.sync(open))
    }

    /// Removes segments whose time is over.
    fn retire(&self) {
        let age = Duration::from_secs(u64::from(self.days) * 86_400);
        let oldest = (self.env.now() - age).iso_basic();
        let removed = self.shelf.names().and_then(|names| {
            let oldest = oldest.get(..11).unwrap_or_default();
            let (mut size, mut count) = (0, 0_u32);
            for name in names {
                if name.get(..11).unwrap_or_default() < oldest {
                    self.shelf.remove(&name)?;
                    count += 1;
                } else {
                    size += self.shelf.size(&name)?;
                }
            }
            log::debug!("the audit log has {size} bytes; {count} old segments were removed");
            Ok(())
        });
        if let Err(error) = removed {
            log::error!("old segments of the audit log could not be removed: {error}");
        }
    }
}

/// Moves the records of committed changes from the store to the log, once; gives how many.
pub async fn drain(store: &Store, segments: &Arc<Segments>) -> Result<usize, Fault> {
    let _alone = segments.draining.lock().await;
    let rows = store.read()?.run::<Outbox>(&Scan::new(&()).limit(BATCH))?;
    if rows.is_empty() {
        return Ok(0);
    }
    let records: Vec<String> = rows.iter().map(|(_, row)| row.record.clone()).collect();
    let keeping = segments.clone();
    let kept = tokio::task::spawn_blocking(move || keeping.keep(records)).await.unwrap_or(false);
    if !kept {
        return Err(Fault::internal("the audit log could not be written"));
    }
    let mut tx = store.begin()?;
    for (key, _) in &rows {
        tx.delete::<Outbox>(key)?;
    }
    store.commit(tx).await.map_err(Fault::internal)?;
    Ok(rows.len())
}

#[cfg(test)]
mod tests;
