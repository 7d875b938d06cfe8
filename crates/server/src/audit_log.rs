//! The audit log: append-only segments of JSON lines, one an hour, written behind.
//!
//! Calls never wait for it: they add to a buffer that a thread writes out ten times a second. What does not fit into
//! the buffer is counted and the count is logged. Records of changes wait in the store with their change and are moved
//! from there, so none is lost.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rolecall_base::Fault;
use rolecall_door::{AuditLog, Entry, Outbox};
use rolecall_env::Env;
use rolecall_store::{Scan, Store};

/// Bytes that may wait to be written.
const BUFFER: usize = 32 * 1024 * 1024;
/// Records moved from the store at a time.
const BATCH: usize = 500;
/// How long a record waits at most before it is written.
const PAUSE: Duration = Duration::from_millis(100);

/// Segments in a folder, or nothing for a server that keeps nothing.
#[derive(Debug)]
pub struct Segments {
    desk: Option<Arc<Desk>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    lost: AtomicU64,
}

/// What callers and the writer share.
#[derive(Debug, Default)]
struct Desk {
    tray: Mutex<Tray>,
    /// Told when somebody waits for the disk, and when everything is on it.
    bell: Condvar,
}

#[derive(Debug, Default)]
struct Tray {
    waiting: Vec<Waiting>,
    /// Bytes of what waits, about.
    weight: usize,
    /// How often the disk was asked for, and how often it had everything.
    asked: u64,
    synced: u64,
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
}

impl AuditLog for Segments {
    fn append(&self, entry: Entry) {
        let Some(desk) = &self.desk else { return };
        let weight = entry.weight();
        let mut tray = desk.tray();
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
    /// Keeps nothing.
    pub fn none() -> Segments {
        Segments { desk: None, writer: Mutex::new(None), lost: AtomicU64::new(0) }
    }

    /// Opens the log in a folder.
    pub fn open(folder: &Path, env: Env) -> io::Result<Segments> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let desk = Arc::new(Desk::default());
        let writer = Writer { folder: folder.to_owned(), env, segment: None };
        let own = desk.clone();
        let thread = std::thread::Builder::new().name("audit".into()).spawn(move || writer.run(&own))?;
        Ok(Segments { desk: Some(desk), writer: Mutex::new(Some(thread)), lost: AtomicU64::new(0) })
    }

    /// Records that were not kept.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Appends records that must not be lost, and waits until they are on disk; false when they could not be written.
    fn keep(&self, records: &[String]) -> bool {
        let Some(desk) = &self.desk else { return true };
        let mut tray = desk.tray();
        if tray.ended {
            return false;
        }
        for record in records {
            tray.weight += record.len();
            tray.waiting.push(Waiting::Lines(record.clone()));
        }
        tray.asked += 1;
        let mine = tray.asked;
        desk.bell.notify_all();
        while tray.synced < mine && !tray.ended {
            tray = desk.bell.wait(tray).unwrap_or_else(PoisonError::into_inner);
        }
        tray.synced >= mine && !tray.failed
    }

    /// Writes what is left and closes.
    pub fn close(&self) {
        if let Some(desk) = &self.desk {
            desk.tray().ended = true;
            desk.bell.notify_all();
        }
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            let _ = writer.join();
        }
    }
}

struct Writer {
    folder: PathBuf,
    env: Env,
    segment: Option<(String, File)>,
}

impl Writer {
    fn run(mut self, desk: &Desk) {
        let (mut waiting, mut lines) = (Vec::new(), Vec::new());
        loop {
            let (asked, ended) = {
                let mut tray = desk.tray();
                if tray.asked == tray.synced && !tray.ended {
                    (tray, _) = desk.bell.wait_timeout(tray, PAUSE).unwrap_or_else(PoisonError::into_inner);
                }
                std::mem::swap(&mut waiting, &mut tray.waiting);
                tray.weight = 0;
                (tray.asked, tray.ended)
            };
            let wait = asked > desk.tray().synced || ended;
            for item in waiting.drain(..) {
                text(item, &mut lines);
            }
            let written = self.write(&lines).and_then(|()| if wait { self.sync() } else { Ok(()) });
            lines.clear();
            if let Err(error) = &written {
                log::error!("the audit log could not be written: {error}");
            }
            let mut tray = desk.tray();
            tray.failed = written.is_err();
            tray.synced = asked;
            desk.bell.notify_all();
            if ended && tray.waiting.is_empty() {
                return;
            }
        }
    }

    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        let hour = self.env.now().iso_basic().get(..11).unwrap_or("unknown").to_owned();
        if self.segment.as_ref().is_none_or(|(name, _)| *name != hour) {
            self.sync()?;
            let path = self.folder.join(format!("{hour}.jsonl"));
            let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
            self.segment = Some((hour, file));
        }
        match &mut self.segment {
            Some((_, file)) => file.write_all(lines),
            None => Ok(()),
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        self.segment.as_ref().map_or(Ok(()), |(_, file)| file.sync_data())
    }
}

/// Adds an item's lines. A panic is a fault of ours: that record is lost, the log goes on.
fn text(item: Waiting, lines: &mut Vec<u8>) {
    let mut line = |text: &str| {
        lines.extend_from_slice(text.as_bytes());
        lines.push(b'\n');
    };
    match item {
        Waiting::Lines(text) => line(&text),
        Waiting::Entry(entry) => {
            let write = std::panic::AssertUnwindSafe(|| entry.write(&mut |text, _| line(text)));
            if std::panic::catch_unwind(write).is_err() {
                log::error!("an audit record could not be written: its making panicked");
            }
        }
    }
}

/// Moves the records of committed changes from the store to the log, once; gives how many.
pub async fn drain(store: &Store, segments: &Arc<Segments>) -> Result<usize, Fault> {
    let rows = store.read()?.run::<Outbox>(&Scan::new(&()).limit(BATCH))?;
    if rows.is_empty() {
        return Ok(0);
    }
    let records: Vec<String> = rows.iter().map(|(_, row)| row.record.clone()).collect();
    let keeping = segments.clone();
    let kept = tokio::task::spawn_blocking(move || keeping.keep(&records)).await.unwrap_or(false);
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
