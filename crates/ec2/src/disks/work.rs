//! The loop that brings about what was noted of disks: snapshots that are to be copied, images that are to be brought in,
//! bytes that nothing needs any more.

use std::sync::Arc;
use std::time::Duration;

use rolecall_base::Fault;
use rolecall_door::Door;
use rolecall_store::{CommitError, Reader, Scan, Store, StoreError, Tx};

use super::{IMPORT, Objects};
use crate::instances;
use crate::machines::{Change, Machines};
use crate::place::Place;
use crate::records::{
    Bytes, DiskPlaces, DiskWork, Goal, Image, ImageState, Images, Mark, Snapshot, SnapshotState, Snapshots,
    Source, Work,
};
use crate::snapshots::{COPY, DELETE};

/// How often it looks without being told to, and how long a note that could not be worked off waits.
const PAUSE: Duration = Duration::from_secs(5);
/// Time for programs to end.
const GRACE: Duration = Duration::from_secs(5);

/// The loop. There is one in a server; it works off one note after another.
#[derive(Debug)]
pub struct DiskWorker {
    door: Arc<Door>,
    machines: Arc<Machines>,
}

/// Why a note could not be worked off. It stays.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Commit(#[from] CommitError),
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl DiskWorker {
    pub fn new(door: Arc<Door>, machines: Arc<Machines>) -> DiskWorker {
        DiskWorker { door, machines }
    }

    /// Works off every note there is, once.
    pub async fn step(&self) {
        let notes = match self.store().read().and_then(|db| db.keys(&Scan::<DiskWork>::new(&()))) {
            Ok(notes) => notes,
            Err(error) => {
                log::error!("the notes on disks can't be read: {error}");
                return;
            }
        };
        for (what, id) in notes {
            let done = match what.as_str() {
                COPY => self.copy(&id).await,
                IMPORT => self.import(&id).await,
                _ => self.delete(&id).await,
            };
            if let Err(trouble) = done {
                log::error!("{what} of {id}: {trouble}");
            }
        }
    }

    /// Does so until `shutdown` is over.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let door = self.door.clone();
        tokio::pin!(shutdown);
        loop {
            let changed = door.changed.notified();
            tokio::pin!(changed);
            // Listens before it looks, so that no note falls between.
            changed.as_mut().enable();
            tokio::select! {
                biased;
                () = &mut shutdown => return,
                () = self.step() => {}
            }
            tokio::select! {
                biased;
                () = &mut shutdown => return,
                () = &mut changed => {}
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    fn store(&self) -> &Store {
        &self.door.identity.store
    }

    async fn update<R>(&self, work: impl FnMut(&mut Tx) -> Result<R, Fault>) -> Result<R, Trouble> {
        let mut work = work;
        let done = self.store().update(|tx| work(tx).map_err(Trouble::from)).await?;
        self.door.changed.notify_waiters();
        Ok(done)
    }

    /// Copies an instance's disk into the driver's store of images.
    async fn copy(&self, id: &str) -> Result<(), Trouble> {
        let found = { snapshot(&self.store().read()?, id)? };
        let source = found.as_ref().and_then(|snapshot| snapshot.of.clone());
        let Some(Source { instance, reboot }) = source else { return self.forget(COPY, id).await };
        let driver = &self.machines.driver;
        let is_running = {
            instances::find(&self.store().read()?, &instance)?.is_some_and(|own| own.goal == Goal::Running)
        };
        if reboot && is_running {
            // What runs is stopped, and brought up again by the reconciler, whom the note below tells.
            if let Err(error) = driver.stop(&instance, GRACE).await {
                log::warn!("{instance} could not be stopped for {id}: {error}");
            }
            // What listens for it lets go of its addresses, which its next start needs.
            self.machines.tell(Change::Ended { id: instance.clone() });
        }
        let outcome = driver.snapshot(&instance, id).await.map(|_| ()).map_err(|error| error.to_string());
        if let Err(why) = &outcome {
            log::error!("{id} could not be made of {instance}: {why}");
        }
        let now = self.door.identity.env.now();
        self.update(|tx| {
            tx.delete::<DiskWork>(&(COPY.to_owned(), id.to_owned()))?;
            if reboot && is_running {
                tx.put::<Work>(&instance, &Mark {})?;
            }
            let Some(mut snapshot) = snapshot(tx, id)? else {
                // Deleted meanwhile: so are its bytes.
                return Ok(tx.put::<DiskWork>(&(DELETE.to_owned(), id.to_owned()), &Mark {})?);
            };
            snapshot.of = None;
            match &outcome {
                Ok(()) => {
                    snapshot.state = SnapshotState::Completed;
                    snapshot.completed = Some(now);
                }
                Err(why) => {
                    snapshot.state = SnapshotState::Error;
                    snapshot.reason = Some(why.clone());
                    snapshot.boot = None;
                }
            }
            tx.put::<Snapshots>(&snapshot.key(), &snapshot)?;
            settle_images(tx, &snapshot)
        })
        .await
    }

    /// Brings an object's bytes into the driver's store of images.
    async fn import(&self, id: &str) -> Result<(), Trouble> {
        let Some(image) = ({ image(&self.store().read()?, id)? }) else {
            return self.forget(IMPORT, id).await;
        };
        let outcome = self.bring(&image).await;
        if let Err(why) = &outcome {
            log::error!("{id} could not be brought in: {why}");
        }
        self.update(|tx| {
            tx.delete::<DiskWork>(&(IMPORT.to_owned(), id.to_owned()))?;
            let Some(mut image) = self::image(tx, id)? else {
                return Ok(tx.put::<DiskWork>(&(DELETE.to_owned(), id.to_owned()), &Mark {})?);
            };
            match &outcome {
                Ok(()) => {
                    image.state = ImageState::Available;
                    image.bytes =
                        if self.machines.is_paper() { Bytes::Host } else { Bytes::Stored(id.to_owned()) };
                }
                Err(why) => {
                    image.state = ImageState::Failed;
                    image.reason = Some(why.clone());
                }
            }
            Ok(tx.put::<Images>(&image.key(), &image)?)
        })
        .await
    }

    async fn bring(&self, image: &Image) -> Result<(), String> {
        let Bytes::Object { owner, bucket, key, etag } = &image.bytes else { return Ok(()) };
        // What is there now may not be what was decided about, and there is nothing left to tell them apart by.
        let Some(etag) = etag else {
            return Err(format!(
                "an earlier version did not note which bytes of {bucket}/{key} it was registered for"
            ));
        };
        let objects = self.door.extensions.get::<Objects>().map_err(|fault| fault.message().to_owned())?;
        let source = objects.0.open(*owner, &image.region, bucket, key, etag).await;
        let source = source.map_err(|fault| match fault.code() {
            // Whether the caller may read what is there now was never asked.
            "PreconditionFailed" => format!("{bucket}/{key} was replaced after the image was registered"),
            _ => format!("{bucket}/{key}: {}", fault.message()),
        })?;
        let done = self.machines.driver.import_image(&image.id, source).await;
        done.map(|_| ()).map_err(|error| error.to_string())
    }

    /// Deletes bytes that no image and no snapshot has any more.
    async fn delete(&self, id: &str) -> Result<(), Trouble> {
        if is_needed(&self.store().read()?, id)? {
            return self.forget(DELETE, id).await;
        }
        match self.machines.driver.delete_image(id).await {
            Ok(()) => self.forget(DELETE, id).await,
            Err(error) => {
                log::error!("the bytes of {id} can't be deleted: {error}");
                Ok(())
            }
        }
    }

    async fn forget(&self, what: &str, id: &str) -> Result<(), Trouble> {
        self.update(|tx| Ok(tx.delete::<DiskWork>(&(what.to_owned(), id.to_owned()))?)).await
    }
}

/// Whether an image or a snapshot has these bytes. Whoever lets them go later leaves a note of its own.
fn is_needed(db: &Reader, id: &str) -> Result<bool, Fault> {
    let is = |bytes: &Bytes| matches!(bytes, Bytes::Stored(own) if own == id);
    let images = db.run::<Images>(&Scan::new(&()))?;
    if images.iter().any(|(_, image)| is(&image.bytes)) {
        return Ok(true);
    }
    let snapshots = db.run::<Snapshots>(&Scan::new(&()))?;
    Ok(snapshots.iter().any(|(_, own)| own.boot.as_ref().is_some_and(|boot| is(&boot.bytes))))
}

fn snapshot(db: &Reader, id: &str) -> Result<Option<Snapshot>, Fault> {
    let Some(settled) = db.get::<DiskPlaces>(&id)? else { return Ok(None) };
    Ok(db.get::<Snapshots>(&(settled.account, settled.region, id))?)
}

fn image(db: &Reader, id: &str) -> Result<Option<Image>, Fault> {
    let Some(settled) = db.get::<DiskPlaces>(&id)? else { return Ok(None) };
    Ok(db.get::<Images>(&(settled.account, settled.region, id))?)
}

/// Images that waited for a snapshot of their root are there, or have failed with it.
fn settle_images(tx: &mut Tx, snapshot: &Snapshot) -> Result<(), Fault> {
    let place = Place { account: snapshot.account, region: &snapshot.region };
    for (_, mut image) in tx.run::<Images>(&Scan::new(&(place.account, place.region)))? {
        let is_root = image.root().and_then(|disk| disk.snapshot.as_deref()) == Some(&*snapshot.id);
        if !is_root || image.state != ImageState::Pending {
            continue;
        }
        match &snapshot.boot {
            Some(boot) => {
                image.state = ImageState::Available;
                image.bytes = boot.bytes.clone();
            }
            None => {
                image.state = ImageState::Failed;
                image.reason = snapshot.reason.clone();
            }
        }
        tx.put::<Images>(&image.key(), &image)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use rolecall_base::AccountId;
    use rolecall_compute::{Driver, ImageSource};
    use rolecall_door::{At, Extensions};
    use rolecall_testkit::{ACCOUNT, World};

    use super::*;
    use crate::disks::{BucketSays, ObjectSays, Opening, Source};
    use crate::machines::Guest;
    use crate::model::*;

    /// The entity tag of the one object that there is.
    #[derive(Debug)]
    struct One(Mutex<&'static str>);

    impl Source for One {
        fn bucket(&self, _: &At<'_>, _: &str) -> Result<Option<BucketSays>, Fault> {
            Ok(Some(BucketSays { owner: ACCOUNT, policy: None }))
        }

        fn object(&self, _: &Reader, _: &str, _: &str) -> Result<Option<ObjectSays>, Fault> {
            let etag = (*self.0.lock().unwrap()).to_owned();
            Ok(Some(ObjectSays { tags: Default::default(), etag }))
        }

        fn open(&self, _: AccountId, _: &str, _: &str, _: &str, etag: &str) -> Opening {
            let same = etag == *self.0.lock().unwrap();
            Box::pin(async move {
                let other = || Fault::new("PreconditionFailed", 412, "");
                same.then(|| ImageSource::Stream(Box::new(tokio::io::empty()))).ok_or_else(other)
            })
        }
    }

    /// A world with that object, and what brings it in.
    struct Scene {
        world: World,
        one: Arc<One>,
        worker: DiskWorker,
    }

    impl Scene {
        fn new() -> Scene {
            let one = Arc::new(One(Mutex::new("first")));
            let machines = Arc::new(Machines::new(Driver::none(), Guest::default(), |_| {}));
            let mut extensions = Extensions::default();
            extensions.insert(Arc::new(Objects(one.clone())));
            let world = World::with(1, extensions);
            let worker = DiskWorker::new(world.door.clone(), machines);
            Scene { world, one, worker }
        }

        /// Registers an image of the object as it is; its id.
        fn register(&self, name: &str) -> String {
            let input = RegisterImageRequest {
                name: name.into(),
                image_location: Some("images/root.tar".into()),
                ..Default::default()
            };
            let made = self.world.call::<RegisterImage>(&self.world.root(ACCOUNT), input).unwrap();
            made.image_id.unwrap()
        }

        /// Its state, and why it is in it, once the note on it is worked off.
        fn brought(&self, id: &str) -> (String, String) {
            self.world.run(self.worker.step());
            let input = DescribeImagesRequest { image_ids: Some(vec![id.into()]), ..Default::default() };
            let answer = self.world.call::<DescribeImages>(&self.world.root(ACCOUNT), input).unwrap();
            let image = answer.images.unwrap().remove(0);
            let reason = image.state_reason.and_then(|reason| reason.message);
            (image.state.unwrap(), reason.unwrap_or_default())
        }
    }

    #[test]
    fn an_object_that_was_replaced_after_it_was_asked_about_is_not_read() {
        let scene = Scene::new();
        let kept = scene.register("kept");
        assert_eq!(scene.brought(&kept), ("available".to_owned(), String::new()));
        let lost = scene.register("lost");
        *scene.one.0.lock().unwrap() = "second";
        let (state, reason) = scene.brought(&lost);
        assert_eq!(state, "failed");
        assert!(reason.contains("was replaced after the image was registered"), "{reason}");
    }

    #[test]
    fn an_image_whose_record_does_not_say_which_bytes_were_asked_about_fails() {
        let scene = Scene::new();
        let id = scene.register("old");
        scene.world.write(|tx| {
            let mut row = image(tx, &id)?.unwrap();
            let Bytes::Object { etag, .. } = &mut row.bytes else { panic!("{row:?}") };
            assert_eq!(etag.take().as_deref(), Some("first"));
            Ok(tx.put::<Images>(&row.key(), &row)?)
        });
        let (state, reason) = scene.brought(&id);
        assert_eq!(state, "failed");
        assert!(reason.contains("did not note which bytes"), "{reason}");
    }
}
