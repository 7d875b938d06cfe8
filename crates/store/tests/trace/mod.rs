//! Reads what `strace -f -y -xx` has recorded.

use std::collections::HashMap;
use std::path::Path;

/// What a process did to its files, and what it printed.
#[derive(Debug)]
pub enum Event {
    Write { file: String, at: usize, bytes: Vec<u8> },
    Truncate { file: String, length: usize },
    Sync { file: String },
    Said(String),
}

impl Event {
    /// The file's name, without its directory.
    pub fn file(&self) -> Option<&str> {
        match self {
            Event::Write { file, .. } | Event::Truncate { file, .. } | Event::Sync { file } => Some(file),
            Event::Said(_) => None,
        }
    }
}

/// The events in order: writes and prints count from their beginning, syncs from their end.
pub fn read(trace: &str, directory: &Path) -> Vec<Event> {
    let mut begun: HashMap<&str, Event> = HashMap::new();
    let mut events = Vec::new();
    for line in trace.lines() {
        let Some((process, call)) = line.split_once(' ') else { continue };
        let call = call.trim_start();
        if call.starts_with("<... ") {
            events.extend(begun.remove(process));
            continue;
        }
        let Some(event) = event(call, directory) else { continue };
        if matches!(event, Event::Sync { .. }) && call.ends_with("<unfinished ...>") {
            begun.insert(process, event);
        } else {
            events.push(event);
        }
    }
    events
}

/// One call, if it is about a file of the directory that outlives the process, or prints.
fn event(call: &str, directory: &Path) -> Option<Event> {
    let (name, arguments) = call.split_once('(')?;
    let (descriptor, rest) = arguments.split_once('<')?;
    let (path, rest) = rest.split_once('>')?;
    let rest = rest.trim_start_matches(", ");
    if name == "write" {
        let text = unhex(rest.split('"').nth(1)?)?;
        return (descriptor == "1").then_some(Event::Said(String::from_utf8(text).ok()?));
    }
    let path = String::from_utf8(unhex(path)?).ok()?;
    let file = Path::new(&path).strip_prefix(directory).ok()?.to_str()?.to_owned();
    if file.is_empty() || file.ends_with("-shm") {
        return None;
    }
    match name {
        "pwrite64" => {
            let bytes = unhex(rest.split('"').nth(1)?)?;
            let at = number(rest.split('"').nth(2)?.split(", ").nth(2)?)?;
            Some(Event::Write { file, at, bytes })
        }
        "ftruncate" => Some(Event::Truncate { file, length: number(rest)? }),
        "fsync" | "fdatasync" => Some(Event::Sync { file }),
        _ => None,
    }
}

fn number(text: &str) -> Option<usize> {
    text.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// The bytes of `\x6f\x6b`.
fn unhex(text: &str) -> Option<Vec<u8>> {
    text.split("\\x").skip(1).map(|byte| u8::from_str_radix(byte, 16).ok()).collect()
}
