//! `rolecall eval`: decisions from standard input, one case a line, one answer a line.

use std::io::{self, BufRead, Write};

use crate::client::Failure;
use crate::offline;

/// Answers every line; what a line is wrong in is said in its answer.
///
/// # Errors
/// When standard input cannot be read, or an answer not written.
pub fn run() -> Result<u8, Failure> {
    match answer_all(io::stdin().lock(), io::stdout().lock()) {
        Ok(()) => Ok(0),
        // Whoever read the answers has enough; but not every line was answered.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(1),
        Err(error) => Err(error.into()),
    }
}

fn answer_all(mut lines: impl BufRead, mut out: impl Write) -> io::Result<()> {
    let (mut line, mut answer) = (Vec::new(), Vec::new());
    while lines.read_until(b'\n', &mut line)? > 0 {
        serde_json::to_writer(&mut answer, &offline::answer(&line))?;
        answer.push(b'\n');
        out.write_all(&answer)?;
        out.flush()?;
        line.clear();
        answer.clear();
    }
    Ok(())
}
