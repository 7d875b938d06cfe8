//! The loop that brings about what was noted of disks: snapshots that are to be copied, images that are to be brought in,
//! bytes that nothing needs any more.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use rolecall_base::{AccountId, Fault};
use rolecall_door::Door;
use rolecall_store::{CommitError, Reader, Scan, Store, StoreError, Tx};
use tokio::task::JoinSet;

use super::{IMPORT, Objects};
use crate::instances;
use crate::machines::{Change, Machines};
use crate::place::Place;
use crate::records::{
    Bytes, DiskPlaces, DiskWork, Goal, Image, ImageState, Images, Mark, Snapshot, SnapshotState, Snapshots,
    Source, Work,
};
use crate::snapshots::{COPY, DELETE};
use crate::turns::Turns;

/// How often it looks without being told to, and how long a note that could not be worked off waits.
const PAUSE: Duration = Duration::from_secs(5);
/// Time for programs to end.
const GRACE: Duration = Duration::from_secs(5);
/// How long one note may take: what is copied is an instance's, and may be any size, or never come.
const LIMIT: Duration = Duration::from_secs(3600);
/// Notes that are worked off at once, and those of one account: no account's disks keep another's waiting.
const MOST: usize = 16;
const MOST_OF_ONE: usize = 4;

/// The loop. There is one in a server.
#[derive(Debug)]
pub struct DiskWorker {
    parts: Parts,
    /// Of instances that are copied, else of images and snapshots.
    turns: Turns,
}

/// What every task needs.
#[derive(Clone, Debug)]
struct Parts {
    door: Arc<Door>,
    machines: Arc<Machines>,
    limit: Duration,
}

/// One note: what is to be done, with which image or snapshot.
type Note = (String, String);

/// A note that was worked on.
struct Worked {
    subject: String,
    note: Note,
    done: bool,
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
    #[error("{0}")]
    Driver(String),
}

impl DiskWorker {
    pub fn new(door: Arc<Door>, machines: Arc<Machines>) -> DiskWorker {
        DiskWorker { parts: Parts { door, machines, limit: LIMIT }, turns: Turns::new(MOST, MOST_OF_ONE) }
    }

    /// Works off every note there is, once.
    pub async fn step(&mut self) {
        let (mut tasks, mut tried) = (JoinSet::new(), HashSet::new());
        loop {
            self.begin(&mut tasks, &mut tried);
            let Some(ended) = tasks.join_next().await else { return };
            self.end(ended.ok(), &mut tried);
        }
    }

    /// Does so until `shutdown` is over.
    pub async fn run(mut self, shutdown: impl Future<Output = ()>) {
        let door = self.parts.door.clone();
        // One that fails is not tried again at once.
        let (mut tasks, mut tried) = (JoinSet::new(), HashSet::new());
        tokio::pin!(shutdown);
        let mut pause = Box::pin(tokio::time::sleep(PAUSE));
        loop {
            let changed = door.changed.notified();
            tokio::pin!(changed);
            // Listens before it looks, so that no note falls between.
            changed.as_mut().enable();
            self.begin(&mut tasks, &mut tried);
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                Some(ended) = tasks.join_next() => self.end(ended.ok(), &mut tried),
                () = &mut changed => {}
                () = &mut pause => {
                    tried.clear();
                    pause = Box::pin(tokio::time::sleep(PAUSE));
                }
            }
        }
        // What is cut short here has its note still, and is done again at the next start.
        tasks.shutdown().await;
    }

    /// Starts a task for each note that has none yet and was not tried.
    fn begin(&mut self, tasks: &mut JoinSet<Worked>, tried: &mut HashSet<Note>) {
        let notes = match self.parts.notes() {
            Ok(notes) => notes,
            Err(error) => {
                log::error!("the notes on disks can't be read: {error}");
                return;
            }
        };
        for (note, subject, account) in notes {
            if tried.contains(&note) || !self.turns.take(&subject, account) {
                continue;
            }
            tried.insert(note.clone());
            let parts = self.parts.clone();
            tasks.spawn(async move {
                let (what, id) = &note;
                let done = parts.work(what, id).await;
                if let Err(trouble) = &done {
                    log::error!("{what} of {id}: {trouble}");
                }
                Worked { subject, note, done: done.is_ok() }
            });
        }
    }

    fn end(&mut self, worked: Option<Worked>, tried: &mut HashSet<Note>) {
        match worked {
            Some(Worked { subject, note, done }) => {
                self.turns.end(&subject);
                if done {
                    // Another such note is another one.
                    tried.remove(&note);
                }
            }
            None => self.turns.end_all(),
        }
    }
}

impl Parts {
    /// Each note with what it is about, one at a time, and whose it is.
    fn notes(&self) -> Result<Vec<(Note, String, Option<AccountId>)>, StoreError> {
        let db = self.store().read()?;
        let mut notes = Vec::new();
        for note in db.keys(&Scan::<DiskWork>::new(&()))? {
            let settled = db.get::<DiskPlaces>(&note.1)?;
            let mut subject = note.1.clone();
            if note.0 == COPY
                && let Some(place) = &settled
                && let Some(of) = db
                    .get::<Snapshots>(&(place.account, place.region.clone(), note.1.clone()))?
                    .and_then(|snapshot| snapshot.of)
            {
                subject = of.instance;
            }
            notes.push((note, subject, settled.map(|place| place.account)));
        }
        Ok(notes)
    }

    async fn work(&self, what: &str, id: &str) -> Result<(), Trouble> {
        match what {
            COPY => self.copy(id).await,
            IMPORT => self.import(id).await,
            _ => self.delete(id).await,
        }
    }

    /// Waits for what the driver does, but not without end; why it failed.
    async fn within<R, E: ToString>(&self, work: impl Future<Output = Result<R, E>>) -> Result<R, String> {
        let done = tokio::time::timeout(self.limit, work).await;
        let late = |_| format!("it took longer than {} minutes", self.limit.as_secs() / 60);
        done.map_err(late)?.map_err(|error| error.to_string())
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
        let outcome = self.within(driver.snapshot(&instance, id)).await.map(drop);
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
        let outcome = self.within(self.bring(&image)).await;
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
        match self.within(self.machines.driver.delete_image(id)).await {
            Ok(()) => self.forget(DELETE, id).await,
            Err(why) => Err(Trouble::Driver(why)),
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

    /// The entity tag of the one object that there is, in everybody's own bucket. One whose key is `never` never comes.
    #[derive(Debug)]
    struct One(Mutex<&'static str>);

    impl Source for One {
        fn bucket(&self, at: &At<'_>, _: &str) -> Result<Option<BucketSays>, Fault> {
            Ok(Some(BucketSays { owner: at.account(), policy: None }))
        }

        fn object(&self, _: &Reader, _: &str, _: &str) -> Result<Option<ObjectSays>, Fault> {
            let etag = (*self.0.lock().unwrap()).to_owned();
            Ok(Some(ObjectSays { tags: Default::default(), etag }))
        }

        fn open(&self, _: AccountId, _: &str, _: &str, key: &str, etag: &str) -> Opening {
            if key == "never" {
                return Box::pin(std::future::pending());
            }
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
            self.registered(ACCOUNT, name, "root.tar")
        }

        fn registered(&self, account: AccountId, name: &str, key: &str) -> String {
            let input = RegisterImageRequest {
                name: name.into(),
                image_location: Some(format!("images/{key}")),
                ..Default::default()
            };
            let made = self.world.call::<RegisterImage>(&self.world.root(account), input).unwrap();
            made.image_id.unwrap()
        }

        /// Its state, and why it is in it, once the note on it is worked off.
        fn brought(&mut self, id: &str) -> (String, String) {
            self.world.run(self.worker.step());
            let input = DescribeImagesRequest { image_ids: Some(vec![id.into()]), ..Default::default() };
            let answer = self.world.call::<DescribeImages>(&self.world.root(ACCOUNT), input).unwrap();
            let image = answer.images.unwrap().remove(0);
            let reason = image.state_reason.and_then(|reason| reason.message);
            (image.state.unwrap(), reason.unwrap_or_default())
        }
    }

    fn stored(world: &World, id: &str) -> crate::records::Image {
        image(&world.store.read().unwrap(), id).unwrap().unwrap()
    }

    #[test]
    fn what_never_comes_keeps_no_other_waiting_and_no_account_another() {
        let mut scene = Scene::new();
        let other: AccountId = "222222222222".parse().unwrap();
        scene.world.account(other);
        let slow: Vec<_> = (1..MOST_OF_ONE)
            .map(|number| scene.registered(ACCOUNT, &format!("slow-{number}"), "never"))
            .collect();
        let quick = scene.register("quick");
        let available = async |world: &World, id: &str| {
            while stored(world, id).state != ImageState::Available {
                tokio::task::yield_now().await;
            }
        };
        scene.world.run(async {
            tokio::select! {
                () = scene.worker.step() => panic!("what never comes has come"),
                () = available(&scene.world, &quick) => {}
            }
        });
        assert!(slow.iter().all(|id| stored(&scene.world, id).state == ImageState::Pending));
        scene.worker.turns.end_all();
        let more = |number| scene.registered(ACCOUNT, &format!("more-{number}"), "never");
        let mut more: Vec<_> = (0..2 * MOST).map(more).collect();
        more.sort();
        // One whose turn comes after more than are worked off at once.
        let mut quick = (0..).map(|number| scene.registered(other, &format!("quick-{number}"), "root.tar"));
        let others = quick.find(|id| *id > more[MOST]).unwrap();
        scene.world.run(async {
            tokio::select! {
                () = scene.worker.step() => panic!("what never comes has come"),
                () = available(&scene.world, &others) => {}
            }
        });
    }

    #[test]
    fn what_takes_too_long_fails_with_that_as_its_reason() {
        let mut scene = Scene::new();
        scene.worker.parts.limit = Duration::ZERO;
        let id = scene.registered(ACCOUNT, "slow", "never");
        let (state, reason) = scene.brought(&id);
        assert_eq!(state, "failed");
        assert!(reason.contains("longer than"), "{reason}");
        assert!(scene.world.store.read().unwrap().keys(&Scan::<DiskWork>::new(&())).unwrap().is_empty());
    }

    #[test]
    fn an_object_that_was_replaced_after_it_was_asked_about_is_not_read() {
        let mut scene = Scene::new();
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
        let mut scene = Scene::new();
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
