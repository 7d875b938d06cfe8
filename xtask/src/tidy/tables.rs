//! Every table of the store has a number of its own: two tables with one number would read each other's rows.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// The numbers seen so far, and where.
#[derive(Default)]
pub struct Tables(HashMap<u16, PathBuf>);

impl Tables {
    /// Takes in the tables of one file, up to its own tests; complains of a number that is taken.
    pub fn check(&mut self, path: &Path, text: &str, complaints: &mut Vec<String>) {
        let parts: Vec<&str> = path.iter().filter_map(|part| part.to_str()).collect();
        // The store's own tests, and the world that tests live in, have stores of their own.
        if !matches!(parts.as_slice(), ["crates", name, "src", ..] if !matches!(*name, "store" | "testkit")) {
            return;
        }
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for number in code.lines().filter_map(number) {
            if let Some(other) = self.0.insert(number, path.to_owned()) {
                let (one, other) = (other.display(), path.display());
                complaints.push(format!("{one} and {other}: two tables have the number {number}"));
            }
        }
    }
}

/// The number that a line gives to a table: `const ID: u16 = 40;`, or `table!(Vpcs, Vpc, 62, "vpcs");`.
fn number(line: &str) -> Option<u16> {
    let line = line.trim();
    let text = match line.strip_prefix("const ID: u16 = ") {
        Some(rest) => rest.strip_suffix(';')?,
        None => line.strip_prefix("table!(")?.split(',').nth(2)?.trim(),
    };
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_is_taken_is_told_with_both_places() {
        let (mut tables, mut complaints) = (Tables::default(), Vec::new());
        tables.check(Path::new("crates/a/src/x.rs"), "    const ID: u16 = 40;\n", &mut complaints);
        tables.check(Path::new("crates/b/src/y.rs"), "table!(Vpcs, Vpc, 62, \"vpcs\");\n", &mut complaints);
        assert!(complaints.is_empty());
        tables.check(Path::new("crates/b/src/z.rs"), "    const ID: u16 = 40;\n", &mut complaints);
        assert_eq!(complaints, ["crates/a/src/x.rs and crates/b/src/z.rs: two tables have the number 40"]);
    }
}
