//! Log lines on standard error: time, level, text.

use std::io::Write;

use rolecall_env::Env;

struct Logger {
    env: Env,
}

impl log::Log for Logger {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        // Libraries have little to say that an operator wants to read.
        metadata.target().starts_with("rolecall") || metadata.level() <= log::Level::Warn
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            let mut out = std::io::stderr().lock();
            // A log that can't be written has nowhere to say so.
            let _ = writeln!(out, "{} {:5} {}", self.env.now().iso_millis(), record.level(), record.args());
        }
    }

    fn flush(&self) {}
}

/// Starts logging; a second call changes nothing.
pub fn init(level: log::LevelFilter) {
    if log::set_boxed_logger(Box::new(Logger { env: Env::system() })).is_ok() {
        log::set_max_level(level);
    }
}
