//! The audit log: append-only segments of JSON lines, one an hour, written behind.
//!
//! Calls never wait for it. What does not fit into its queue is counted and the count is logged. Records of changes
//! do not come through the queue: they wait in the store with their change and are moved from there, so none is lost.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rolecall_base::Fault;
use rolecall_door::{AuditLog, Outbox};
use rolecall_env::Env;
use rolecall_store::{Scan, Store};

/// Records that may wait to be written.
const QUEUE: usize = 65_536;
/// Records moved from the store at a time; the store's limit of operations in a transaction is 100.
const BATCH: usize = 90;

/// Segments in a folder, or nothing for a server that keeps nothing.
#[derive(Debug)]
pub struct Segments {
    queue: Option<SyncSender<Message>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    lost: AtomicU64,
}

enum Message {
    Record(String),
    /// Write everything to disk, then say so.
    Flush(SyncSender<bool>),
    Stop,
}

impl AuditLog for Segments {
    fn append(&self, record: String) {
        let Some(queue) = &self.queue else { return };
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) =
            queue.try_send(Message::Record(record))
        {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Segments {
    /// Keeps nothing.
    pub fn none() -> Segments {
        Segments { queue: None, writer: Mutex::new(None), lost: AtomicU64::new(0) }
    }

    /// Opens the log in a folder.
    pub fn open(folder: &Path, env: Env) -> io::Result<Segments> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let (queue, messages) = sync_channel(QUEUE);
        let folder = folder.to_owned();
        let writer = std::thread::Builder::new()
            .name("audit".into())
            .spawn(move || Writer { folder, env, segment: None }.run(&messages))?;
        Ok(Segments { queue: Some(queue), writer: Mutex::new(Some(writer)), lost: AtomicU64::new(0) })
    }

    /// Records that were not kept.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Waits until everything appended so far is on disk; false when it could not be written.
    fn flush(&self) -> bool {
        let Some(queue) = &self.queue else { return true };
        let (say, heard) = sync_channel(1);
        queue.send(Message::Flush(say)).is_ok() && heard.recv().unwrap_or(false)
    }

    /// Writes what is left and closes.
    pub fn close(&self) {
        if let Some(queue) = &self.queue {
            let _ = queue.send(Message::Stop);
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
    segment: Option<(String, io::BufWriter<File>)>,
}

impl Writer {
    fn run(mut self, messages: &Receiver<Message>) {
        let mut good = true;
        while let Ok(message) = messages.recv() {
            match message {
                Message::Record(record) => good &= self.write(&record).is_ok(),
                Message::Flush(say) => {
                    good &= self.sync().is_ok();
                    let _ = say.send(std::mem::replace(&mut good, true));
                }
                Message::Stop => break,
            }
        }
        if let Err(error) = self.sync() {
            log::error!("the audit log could not be written: {error}");
        }
    }

    fn write(&mut self, record: &str) -> io::Result<()> {
        let hour = self.env.now().iso_basic().get(..11).unwrap_or("unknown").to_owned();
        if self.segment.as_ref().is_none_or(|(name, _)| *name != hour) {
            self.sync()?;
            let path = self.folder.join(format!("{hour}.jsonl"));
            let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
            self.segment = Some((hour, io::BufWriter::with_capacity(64 * 1024, file)));
        }
        if let Some((_, file)) = &mut self.segment {
            file.write_all(record.as_bytes())?;
            file.write_all(b"\n")?;
        }
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        match &mut self.segment {
            Some((_, file)) => {
                file.flush()?;
                file.get_ref().sync_data()
            }
            None => Ok(()),
        }
    }
}

/// Moves the records of committed changes from the store to the log, once; gives how many.
pub async fn drain(store: &Store, segments: &Arc<Segments>) -> Result<usize, Fault> {
    let rows = store.read()?.run::<Outbox>(&Scan::new(&()).limit(BATCH))?;
    if rows.is_empty() {
        return Ok(0);
    }
    for (_, row) in &rows {
        // Waits for room, unlike a call: these must not be lost.
        if let Some(queue) = &segments.queue {
            let sent = queue.send(Message::Record(row.record.clone()));
            sent.map_err(|_| Fault::internal("the audit log has ended"))?;
        }
    }
    let flushing = segments.clone();
    let kept = tokio::task::spawn_blocking(move || flushing.flush()).await.unwrap_or(false);
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
