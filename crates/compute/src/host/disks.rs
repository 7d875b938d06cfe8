//! The end of an instance's disk: out of sight at once, deleted in the background.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{Host, beside};
use crate::{ComputeError, folders};

/// Disks of terminated instances on their way out, in the folder of the driver.
const TRASH: &str = "trash";

impl Host {
    pub(crate) async fn terminate(&self, id: &str, grace: Duration) -> Result<(), ComputeError> {
        match self.stop(id, grace).await {
            Ok(()) | Err(ComputeError::NotRunning(_)) => {}
            Err(error) => return Err(error),
        }
        let failed = |error| ComputeError::failed("delete the disk", error);
        let folder = self.folder(id);
        let used = self.images.as_ref().map(|images| images.used(&folder)).transpose().map_err(failed)?;
        let number = self.discarded.fetch_add(1, Ordering::Relaxed);
        let trash = self.dir.join(TRASH);
        match fs::rename(folder, trash.join(format!("{number}-{id}"))) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => empty(trash),
        }
        // Without its folder the container is an orphan: if the engine refuses now, the next start removes it.
        if let Some(engine) = &self.engine {
            engine.remove(id).await?;
        }
        if let (Some(images), Some(Some(used))) = (self.images.clone(), used) {
            let id = used.clone();
            let kept = beside("delete the image", move || images.released(&used).map(|()| images.has(&used)));
            if let (false, Some(engine)) = (kept.await?, &self.engine) {
                engine.forget_image(&id).await;
            }
        }
        Ok(())
    }
}

/// Makes the trash, and deletes what a killed server left in it.
pub(super) fn open_trash(dir: &Path) -> io::Result<()> {
    let trash = dir.join(TRASH);
    fs::create_dir_all(&trash)?;
    empty(trash);
    Ok(())
}

/// Deletes what is in the trash, in the background: a disk may hold many files. What a killed server left is
/// deleted by the next.
fn empty(trash: PathBuf) {
    tokio::task::spawn_blocking(move || {
        for entry in fs::read_dir(&trash).into_iter().flatten().flatten() {
            if let Err(error) = folders::remove_path(&entry.path()) {
                log::warn!("cannot delete {}: {error}", entry.path().display());
            }
        }
    });
}
