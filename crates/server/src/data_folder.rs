//! What a server keeps in its data folder, or in memory without one: the store, the log, object bytes, the root key.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rolecall_blobs::Blobs;
use rolecall_env::Env;
use rolecall_store::{Memory, Sqlite, Store};

use crate::audit_log::Segments;
use crate::config::{Config, Durability, StartError};

fn unusable(path: &Path, error: &dyn std::fmt::Display) -> StartError {
    StartError::new(
        format!("{} can't be used: {error}.", path.display()),
        "Give a folder that this user may write with --data DIR, or keep nothing with --ephemeral.",
    )
}

pub fn open_store(data: Option<&Path>) -> Result<Store, StartError> {
    let Some(data) = data else { return Ok(Store::new(Arc::new(Memory::new()))) };
    let engine = Sqlite::open(data).map_err(|error| unusable(data, &error))?;
    Ok(Store::new(Arc::new(engine)))
}

pub fn open_log(config: &Config, env: &Env) -> Result<Segments, StartError> {
    let Some(data) = config.data.as_deref() else {
        return Segments::memory(env.clone()).map_err(|error| unusable(Path::new("memory"), &error));
    };
    let folder = data.join("audit");
    Segments::open(&folder, env.clone(), config.audit_days).map_err(|error| unusable(&folder, &error))
}

/// The key that seals every secret: from its file, or made and kept.
pub fn root_key(data: Option<&Path>, env: &Env) -> Result<[u8; 32], StartError> {
    let Some(data) = data else { return Ok(env.random()) };
    let path = data.join("root.key");
    match fs::read(&path) {
        Ok(bytes) => bytes.try_into().map_err(|_| unusable(&path, &"it is not 32 bytes")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key: [u8; 32] = env.random();
            write_private(&path, &key).map_err(|error| unusable(&path, &error))?;
            Ok(key)
        }
        Err(error) => Err(unusable(&path, &error)),
    }
}

/// Writes a file that only its owner may read, durably, all or nothing.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let part = path.with_extension("part");
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&part, path)?;
    path.parent().map_or(Ok(()), |folder| fs::File::open(folder)?.sync_all())
}

/// A new folder for this process alone. Others may write where it lies: its name can't be foreseen, and one that is there
/// already is not taken.
pub fn own_temporary(env: &Env) -> Result<PathBuf, StartError> {
    use std::os::unix::fs::DirBuilderExt;
    let name = format!("rolecall-machines-{}-{}", std::process::id(), env.uuid());
    let path = std::env::temp_dir().join(name);
    let made = fs::DirBuilder::new().mode(0o700).create(&path);
    made.map(|()| path.clone()).map_err(|error| unusable(&path, &error))
}

pub fn open_blobs(config: &Config, env: &Env) -> Result<Blobs, StartError> {
    let Some(data) = &config.data else { return Ok(Blobs::memory(env.clone())) };
    let folder = data.join("blobs");
    let durability = match config.durability {
        Durability::Strict => rolecall_blobs::Durability::Strict,
        Durability::None => rolecall_blobs::Durability::None,
    };
    Blobs::folder(env.clone(), &folder, durability).map_err(|error| unusable(&folder, &error))
}
