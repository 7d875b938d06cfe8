//! Images, as the server asks for them: done beside the runtime's threads, since they wait for disks.

use std::sync::Arc;

use super::{Host, beside};
use crate::ComputeError;
use crate::images::{ImageSource, Images, Owners, Stored};
use crate::supervisor::Ids;

impl Host {
    pub(crate) async fn import_image(&self, id: &str, source: ImageSource) -> Result<Stored, ComputeError> {
        let images = self.images("import images")?;
        let file = images.source(source).await?;
        let id = id.to_owned();
        beside("import the image", move || images.import(&id, &file)).await
    }

    pub(crate) async fn snapshot(&self, instance: &str, image: &str) -> Result<Stored, ComputeError> {
        let images = self.images("make images of instances")?;
        let (instance, image) = (instance.to_owned(), image.to_owned());
        beside("copy the disk", move || images.snapshot(&instance, &image)).await
    }

    pub(crate) async fn delete_image(&self, id: &str) -> Result<(), ComputeError> {
        let Some(images) = self.images.clone() else { return Ok(()) };
        let id = id.to_owned();
        beside("delete the image", move || images.delete(&id)).await
    }

    pub(super) fn images(&self, what: &'static str) -> Result<Arc<Images>, ComputeError> {
        let unsupported = ComputeError::Unsupported { driver: self.kind.name(), what };
        self.images.clone().ok_or(unsupported)
    }
}

/// Disks and images are owned alike, so that an instance can boot from either.
pub(super) fn owners() -> Owners {
    if nix::unistd::geteuid().is_root() { Owners::Shifted(Ids::RANGE.base) } else { Owners::Own }
}
