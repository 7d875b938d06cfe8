//! `cargo xtask tidy`: the rules of ARCHITECTURE.md that compilers don't check. Layers of crates, sizes and first lines
//! of files, names, numbers of tables, and nothing of the machine that it was written on.

mod files;
mod layers;
mod tables;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Runs every check and prints every complaint.
pub fn run(root: &Path) -> ExitCode {
    match complaints(root) {
        Ok(complaints) if complaints.is_empty() => ExitCode::SUCCESS,
        Ok(complaints) => {
            for complaint in &complaints {
                eprintln!("xtask tidy: {complaint}");
            }
            ExitCode::FAILURE
        }
        Err(failure) => {
            eprintln!("xtask tidy: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn complaints(root: &Path) -> Result<Vec<String>, String> {
    let mut complaints = layers::check(root)?;
    let machine = machine_paths(root);
    let mut tables = tables::Tables::default();
    for path in tracked(root)? {
        // Deleted in the working tree, or not text: nothing to read.
        let Ok(text) = std::fs::read_to_string(root.join(&path)) else { continue };
        files::check(&path, &text, &machine, &mut complaints);
        tables.check(&path, &text, &mut complaints);
    }
    Ok(complaints)
}

/// All files that are in the repository or would be added to it.
fn tracked(root: &Path) -> Result<Vec<PathBuf>, String> {
    let listed = git(root, &["ls-files", "--cached", "--others", "--exclude-standard"])?;
    Ok(listed.lines().map(PathBuf::from).collect())
}

fn git(root: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("git").args(arguments).current_dir(root).output();
    let output = output.map_err(|e| format!("git: {e}"))?;
    if !output.status.success() {
        return Err(format!("git {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr)));
    }
    String::from_utf8(output.stdout).map_err(|e| format!("git: {e}"))
}

/// Paths that only this machine has: this checkout, the main one, and the folders around them.
fn machine_paths(root: &Path) -> Vec<String> {
    const EVERYWHERE: [&str; 8] = ["/", "/home", "/mnt", "/opt", "/root", "/srv", "/tmp", "/usr"];
    let common = git(root, &["rev-parse", "--path-format=absolute", "--git-common-dir"]).unwrap_or_default();
    let checkouts = [Some(root), Path::new(common.trim()).parent()];
    let mut paths: Vec<String> = Vec::new();
    for folder in checkouts.into_iter().flatten().flat_map(|checkout| checkout.ancestors().take(2)) {
        let folder = folder.to_string_lossy();
        if folder.len() > 1 && !EVERYWHERE.contains(&&*folder) {
            paths.push(format!("{folder}/"));
        }
    }
    paths.sort();
    paths.dedup();
    paths
}
