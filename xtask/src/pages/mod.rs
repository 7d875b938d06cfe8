//! `cargo xtask pages [--check]`: writes `docs/permissions.txt` (what each operation asks its caller to be allowed) and
//! `docs/coverage.md` (which operations of AWS's models there are), both read from the source.

mod actions;
mod coverage;
mod permissions;
mod source;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The crates with operations: service, the folder of its sources, the folder of its operations' files.
const SERVICES: [(&str, &str, &str); 9] = [
    ("iam", "crates/iam/src", "ops"),
    ("sts", "crates/sts/src", "ops"),
    ("ec2", "crates/ec2/src", "ops"),
    ("s3", "crates/s3/src", "ops"),
    ("organizations", "crates/organizations/src", "ops"),
    ("cloudtrail", "crates/cloudtrail/src", "ops"),
    ("ssm", "crates/ssm/src", "ops"),
    ("ec2-instance-connect", "crates/ec2-instance-connect/src", "ops"),
    ("rolecall", "crates/server/src/control", ""),
];

/// Runs the subcommand from the repository's root.
pub fn run(root: &Path, check: bool) -> ExitCode {
    match write(root, check) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask pages: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn write(root: &Path, check: bool) -> Result<(), String> {
    let pages =
        [("docs/permissions.txt", permissions::page(root)?), ("docs/coverage.md", coverage::page(root)?)];
    for (name, text) in pages {
        let path = root.join(name);
        if std::fs::read_to_string(&path).is_ok_and(|old| old == text) {
            continue;
        }
        if check {
            return Err(format!("{name} is not what `cargo xtask pages` writes"));
        }
        std::fs::write(&path, text).map_err(|e| format!("{name}: {e}"))?;
    }
    Ok(())
}

/// All `.rs` files below a folder, sorted.
fn rust_files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let mut found = Vec::new();
    let entries = std::fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    for entry in entries {
        let path = entry.map_err(|e| format!("{}: {e}", folder.display()))?.path();
        if path.is_dir() {
            found.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
