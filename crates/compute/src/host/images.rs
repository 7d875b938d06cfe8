//! Images, as the server asks for them: done beside the runtime's threads, since they wait for disks.

use std::sync::Arc;

use super::{Host, beside};
use crate::images::{ImageSource, Images, Owners, Stored, Wish};
use crate::supervisor::Ids;
use crate::{ComputeError, Image};

impl Host {
    pub(crate) async fn import_image(&self, id: &str, source: ImageSource) -> Result<Stored, ComputeError> {
        let images = self.images("import images")?;
        let file = images.source(source).await?;
        let (id, wish) = (id.to_owned(), Wish::default());
        let wanted = wish.wanted();
        beside("import the image", move || images.import(&id, &file, &wanted)).await
    }

    pub(crate) async fn snapshot(&self, instance: &str, image: &str) -> Result<Stored, ComputeError> {
        let images = self.images("make images of instances")?;
        if let Ok(running) = self.instances.running(instance)
            && running.spec.own_kernel
        {
            running.flush().await?;
        }
        let (instance, image, wish) = (instance.to_owned(), image.to_owned(), Wish::default());
        let wanted = wish.wanted();
        if let Some(engine) = &self.engine {
            let failed = |error| ComputeError::failed("find the image", error);
            let used = images.used(&self.folder(&instance)).map_err(failed)?;
            let base = used.map_or(Image::HostUsr, |id| Image::RootFs { id });
            let file = images.source(ImageSource::Stream(engine.export(&instance).await?)).await?;
            let exported = engine.exported();
            return beside("copy the disk", move || images.adopt(&image, &file, &base, &exported, &wanted))
                .await;
        }
        beside("copy the disk", move || images.snapshot(&instance, &image, &wanted)).await
    }

    pub(crate) async fn delete_image(&self, id: &str) -> Result<(), ComputeError> {
        let Some(images) = self.images.clone() else { return Ok(()) };
        let gone = id.to_owned();
        beside("delete the image", move || images.delete(&gone)).await?;
        if let Some(engine) = &self.engine {
            engine.forget_image(id).await;
        }
        Ok(())
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
