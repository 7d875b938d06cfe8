//! The loop that makes machines follow their records, and records follow their machines.
//!
//! Operations write what is wanted and leave a note in [`Work`]. Each note is worked off by one task at a time: it
//! asks the driver, then writes the state that was reached, unless something else is wanted by then. A note stays
//! until its goal is reached, so nothing is lost by a crash.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rolecall_base::{Fault, Time};
use rolecall_compute::{ComputeError, Ending, Event};
use rolecall_door::Door;
use rolecall_env::Env;
use rolecall_store::{CommitError, Scan, Store, StoreError, Tx};
use tokio::task::JoinSet;

use crate::instances;
use crate::interfaces;
use crate::lifecycle;
use crate::machines::{Change, Machines};
use crate::network;
use crate::place::Place;
use crate::records::{Ended, Goal, Instance, InstancePlaces, Mark, Reason, Shutdown, Subnets, Vpcs, Work};
use crate::turns::Turns;
use crate::wiring;

/// How long processes have between the request to end and the end, as EC2's own shutdown gives them minutes.
const GRACE: Duration = Duration::from_secs(10);
/// How often it looks without being told to.
const PAUSE: Duration = Duration::from_secs(30);
/// The least time between two looks: under a load of changes that are none of ours, looking costs little.
const PACE: Duration = Duration::from_millis(1);
/// Notes that are worked off at once.
const MOST: usize = 64;
/// Of these, those of one account: nobody's machines that never boot keep another's waiting.
const MOST_OF_ONE: usize = 48;
/// Supervisors that may end during the start of one instance.
const LOSSES: usize = 3;
/// How often a goal that moves is chased within one task.
const CHASES: usize = 8;

/// The loop. There is one in a server.
#[derive(Debug)]
pub struct Reconciler {
    parts: Parts,
    turns: Turns,
    /// Machines that ended by themselves, and how, until that is written.
    ends: Vec<(String, Ending)>,
}

/// What every task needs.
#[derive(Clone, Debug)]
struct Parts {
    door: Arc<Door>,
    machines: Arc<Machines>,
    /// The generations of the driver that ended while an instance was about to start.
    losses: Arc<Mutex<HashMap<String, BTreeSet<u64>>>>,
}

/// How long its processes have.
fn grace(instance: &Instance) -> Duration {
    if instance.settings.hard { Duration::ZERO } else { GRACE }
}

/// Why a step did not come to its end. The note stays, and the next step tries again.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Commit(#[from] CommitError),
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Reconciler {
    pub fn new(door: Arc<Door>, machines: Arc<Machines>) -> Reconciler {
        let parts = Parts { door, machines, losses: Arc::default() };
        Reconciler { parts, turns: Turns::new(MOST, MOST_OF_ONE), ends: Vec::new() }
    }

    /// Brings instances of an earlier server process back up: their disks are kept, their machines ended with it.
    pub async fn resume(&mut self) {
        let noted = self.parts.update(|tx| {
            for instance in instances::all(tx)? {
                if instance.goal == Goal::Running {
                    tx.put::<Work>(&instance.id, &Mark {})?;
                }
            }
            Ok(())
        });
        if let Err(trouble) = noted.await {
            log::error!("instances of an earlier run could not be listed: {trouble}");
        }
    }

    /// Works off every note there is, once, and forgets what ended long ago.
    pub async fn step(&mut self) {
        let mut tasks = JoinSet::new();
        self.begin(&mut tasks);
        while let Some(done) = tasks.join_next().await {
            self.end(done.ok());
        }
        self.parts.reap().await;
    }

    /// Does so until `shutdown` is over. Machines still run then: ending them is the driver's own shutdown.
    pub async fn run(mut self, shutdown: impl Future<Output = ()>) {
        self.resume().await;
        let parts = self.parts.clone();
        let mut events = parts.machines.driver.events();
        let mut tasks = JoinSet::new();
        let mut reaped = None::<Time>;
        tokio::pin!(shutdown);
        loop {
            let changed = parts.door.changed.notified();
            tokio::pin!(changed);
            // Listens before it looks, so that no note falls between.
            changed.as_mut().enable();
            self.write_ends().await;
            self.begin(&mut tasks);
            let pace = tokio::time::sleep(PACE);
            let now = parts.env().now();
            if reaped.is_none_or(|reaped| now.since(reaped) >= PAUSE) {
                parts.reap().await;
                reaped = Some(now);
            }
            tokio::select! {
                // In this order: when the server stops, its machines end, and that is no news of theirs.
                biased;
                () = &mut shutdown => break,
                Some(done) = tasks.join_next() => self.end(done.ok()),
                event = events.next() => self.observe(event).await,
                () = &mut changed => pace.await,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
        // What is cut short here has its note still, and is done again at the next start.
        tasks.shutdown().await;
    }

    /// Takes in what a machine did by itself.
    async fn observe(&mut self, event: Event) {
        match event {
            // The console tells how it ended.
            Event::UserDataDone { .. } => {}
            Event::Restarted => self.resume().await,
            Event::Exited { id, how } => {
                self.parts.machines.tell(Change::Ended { id: id.clone() });
                // It is started again when the driver is.
                if how != Ending::Lost {
                    self.ends.push((id, how));
                }
            }
        }
    }

    /// Writes the ends that were heard of; what could not be written is tried again.
    async fn write_ends(&mut self) {
        for (id, how) in std::mem::take(&mut self.ends) {
            if let Err(trouble) = self.parts.exited(&id, how).await {
                log::error!("{id} ended by itself and could not be written so: {trouble}");
                self.ends.push((id, how));
            }
        }
    }

    /// Starts a task for each note that has none yet.
    fn begin(&mut self, tasks: &mut JoinSet<String>) {
        let notes = match self.take_notes() {
            Ok(notes) => notes,
            Err(error) => {
                log::error!("the notes on instances can't be read: {error}");
                return;
            }
        };
        for id in notes {
            let parts = self.parts.clone();
            tasks.spawn(async move {
                if let Err(trouble) = parts.work(&id).await {
                    log::error!("{id}: {trouble}");
                }
                id
            });
        }
    }

    /// Those whose turn it is, which are busy from then on.
    fn take_notes(&mut self) -> Result<Vec<String>, StoreError> {
        let db = self.parts.store().read()?;
        let mut taken = Vec::new();
        for id in db.keys(&Scan::<Work>::new(&()))? {
            if self.turns.is_full() {
                break;
            }
            if self.turns.is_busy(&id) {
                continue;
            }
            let account = db.get::<InstancePlaces>(&id)?.map(|place| place.account);
            if self.turns.take(&id, account) {
                taken.push(id);
            }
        }
        Ok(taken)
    }

    fn end(&mut self, id: Option<String>) {
        match id {
            Some(id) => self.turns.end(&id),
            None => self.turns.end_all(),
        }
    }
}

impl Parts {
    fn env(&self) -> &Env {
        &self.door.identity.env
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

    /// Makes one machine follow its record.
    async fn work(&self, id: &str) -> Result<(), Trouble> {
        for _ in 0..CHASES {
            let Some(instance) = instances::find(&self.store().read()?, id)? else {
                return self.update(|tx| Ok(tx.delete::<Work>(&id)?)).await;
            };
            let outcome = self.drive(&instance).await?;
            if let Err(error) = &outcome {
                log::warn!("{id} does not reach {:?}: {error}", instance.goal);
            }
            // Its note stays: it is done when the driver is back.
            if matches!(outcome, Err(ComputeError::SupervisorGone)) && self.may_wait(&instance) {
                return Ok(());
            }
            self.losses().remove(id);
            if outcome.is_err() && instance.goal == Goal::Running && !instance.ran {
                self.clear(id).await;
            }
            if self.settle(&instance, &outcome).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Whether an instance that lost its supervisor waits for the next. A start during which several have ended may be what
    /// ends them, with every other instance.
    fn may_wait(&self, instance: &Instance) -> bool {
        let generation = self.machines.driver.generation();
        let mut losses = self.losses();
        let seen = losses.entry(instance.id.clone()).or_default();
        seen.insert(generation);
        instance.goal != Goal::Running || seen.len() < LOSSES
    }

    fn losses(&self) -> MutexGuard<'_, HashMap<String, BTreeSet<u64>>> {
        self.losses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Deletes what a launch that failed left on the disk.
    async fn clear(&self, id: &str) {
        if let Err(error) = self.machines.driver.terminate(id, Duration::ZERO).await {
            log::error!("{id} could not be launched, and its disk could not be deleted: {error}");
        }
    }

    /// Asks the driver for what is wanted. What is so already is no error.
    async fn drive(&self, instance: &Instance) -> Result<Result<(), ComputeError>, Trouble> {
        let driver = &self.machines.driver;
        let id = instance.id.as_str();
        let outcome = match instance.goal {
            Goal::Running => return self.start(instance).await,
            Goal::Stopped => driver.stop(id, grace(instance)).await,
            Goal::Terminated => driver.terminate(id, grace(instance)).await,
        };
        self.machines.tell(Change::Ended { id: id.to_owned() });
        Ok(match outcome {
            Err(ComputeError::NotRunning(_)) => Ok(()),
            other => other,
        })
    }

    async fn start(&self, instance: &Instance) -> Result<Result<(), ComputeError>, Trouble> {
        let driver = &self.machines.driver;
        let place = Place { account: instance.account, region: &instance.region };
        let db = self.store().read()?;
        let vpc = network::get::<Vpcs>(&db, place, &instance.vpc)?;
        let subnet = network::get::<Subnets>(&db, place, &instance.subnet)?;
        let own = interfaces::of(&db, instance)?;
        drop(db);
        let (Some(vpc), Some(subnet), Some(primary)) = (vpc, subnet, own.first()) else {
            return Ok(Err(ComputeError::Invalid("its network is gone".into())));
        };
        let mut spec = self.machines.spec(instance, primary, &vpc.cidr, &subnet.cidr)?;
        if let Err(error) = self.machines.prepare(spec.network.vpc.clone()).await {
            return Ok(Err(error));
        }
        // Its rules stand before its first packet.
        match wiring::bring(&self.door, &self.machines, &place.key(&vpc.id), &own).await {
            Ok(()) => {}
            Err(wiring::Trouble::Compute(error)) => return Ok(Err(error)),
            Err(trouble) => {
                return Ok(Err(ComputeError::Invalid(format!("its network cannot be made: {trouble}"))));
            }
        }
        if let Some(plan) = self.machines.plans.get(&vpc.id) {
            spec.network.names = wiring::resolving(&plan);
        }
        Ok(match driver.start(spec).await {
            Ok(running) => {
                self.machines.tell(Change::Started { id: running.id, imds: Some(running.imds) });
                Ok(())
            }
            Err(ComputeError::AlreadyRunning(_)) if instance.reboots != instance.rebooted => {
                driver.reboot(&instance.id, GRACE).await
            }
            Err(ComputeError::AlreadyRunning(_)) => Ok(()),
            Err(error) => Err(error),
        })
    }

    /// Writes what was reached; false when something else is wanted by now.
    async fn settle(&self, driven: &Instance, outcome: &Result<(), ComputeError>) -> Result<bool, Trouble> {
        let now = self.env().now();
        self.update(|tx| {
            let Some(mut instance) = instances::find(tx, &driven.id)? else {
                tx.delete::<Work>(&driven.id)?;
                return Ok(true);
            };
            if instance.goal != driven.goal || instance.reboots != driven.reboots {
                return Ok(false);
            }
            tx.delete::<Work>(&driven.id)?;
            match outcome {
                Err(error) => fail(tx, now, &mut instance, error)?,
                Ok(()) if instance.state != instance.goal.reached() => {
                    lifecycle::reach(tx, now, &mut instance)?;
                }
                Ok(()) if instance.reboots != instance.rebooted => lifecycle::reach(tx, now, &mut instance)?,
                Ok(()) => {}
            }
            Ok(true)
        })
        .await
    }

    /// Writes that a machine ended by itself.
    async fn exited(&self, id: &str, how: Ending) -> Result<(), Trouble> {
        let env = self.env();
        let at_once = self.machines.is_paper();
        self.update(|tx| {
            let Some(mut instance) = instances::find(tx, id)? else { return Ok(()) };
            // It may have been started again by now.
            if instance.goal != Goal::Running || self.machines.driver.is_up(id) {
                return Ok(());
            }
            if how == Ending::Reboot {
                // It stays running for all to see; its machine is started anew.
                return Ok(tx.put::<Work>(&instance.id, &Mark {})?);
            }
            let goal = match (how, instance.shutdown) {
                (Ending::PowerOff, Shutdown::Terminate) => Goal::Terminated,
                _ => Goal::Stopped,
            };
            instance.reason = Some(match how {
                Ending::PowerOff => {
                    Reason::new("Client.InstanceInitiatedShutdown", "Instance initiated shutdown")
                }
                Ending::Died | Ending::Lost | Ending::Reboot => {
                    Reason::new("Server.InternalError", "The instance's machine ended")
                }
            });
            instance.transition = String::new();
            lifecycle::want(tx, env, &mut instance, goal, at_once)
        })
        .await
    }

    /// Forgets instances that were terminated an hour ago.
    async fn reap(&self) {
        let now = self.env().now();
        let old = match self.old(now) {
            Ok(old) => old,
            Err(error) => {
                log::error!("ended instances can't be listed: {error}");
                return;
            }
        };
        for (ended, id) in old {
            if let Err(trouble) = self.update(|tx| lifecycle::forget(tx, ended, &id)).await {
                log::error!("{id} can't be forgotten: {trouble}");
            }
        }
    }

    fn old(&self, now: Time) -> Result<Vec<(i64, String)>, StoreError> {
        let rows = self.store().read()?.keys(&Scan::<Ended>::new(&()).limit(MOST))?;
        let over = |ended: i64| now.since(Time::from_millis(ended)) >= lifecycle::REMEMBERED;
        Ok(rows.into_iter().filter(|(ended, _)| over(*ended)).collect())
    }
}

/// Writes that a goal could not be reached: a launch ends, a start of a stopped instance stops again. A stop or an
/// end that fails counts as done, since nothing more can be asked of the machine. EC2's sentence is followed by the
/// driver's: which step failed, and how.
fn fail(tx: &mut Tx, now: Time, instance: &mut Instance, error: &ComputeError) -> Result<(), Fault> {
    if instance.goal == Goal::Running {
        let sentence = if instance.ran { "Internal error on start" } else { "Internal error on launch" };
        instance.reason = Some(Reason::new("Server.InternalError", &format!("{sentence}: {error}")));
        instance.goal = if instance.ran { Goal::Stopped } else { Goal::Terminated };
        interfaces::stopped(tx, instance)?;
    }
    lifecycle::reach(tx, now, instance)
}

#[cfg(test)]
mod tests {
    use rolecall_compute::Driver;
    use rolecall_door::Extensions;
    use rolecall_store::Faults;
    use rolecall_testkit::{ACCOUNT, World};

    use super::*;
    use crate::machines::Guest;
    use crate::model::{
        RebootInstances, RebootInstancesRequest, RunInstances, TerminateInstances, TerminateInstancesRequest,
    };
    use crate::scene::{launch, request, state};

    struct Scene {
        world: World,
        reconciler: Reconciler,
        told: Arc<Mutex<Vec<Change>>>,
    }

    impl Scene {
        fn new() -> Scene {
            let told = Arc::new(Mutex::new(Vec::new()));
            let tell = told.clone();
            let machines = Arc::new(Machines::new(Driver::none(), Guest::default(), move |change| {
                tell.lock().unwrap().push(change);
            }));
            let mut extensions = Extensions::default();
            extensions.insert(machines.clone());
            let world = World::with(1, extensions);
            let reconciler = Reconciler::new(world.door.clone(), machines);
            Scene { world, reconciler, told }
        }

        fn step(&mut self) {
            self.world.run(self.reconciler.step());
        }

        fn notes(&self) -> usize {
            self.world.store.read().unwrap().count::<Work>(&()).unwrap()
        }
    }

    #[test]
    fn a_machine_follows_its_record_from_launch_to_end() {
        let mut scene = Scene::new();
        let id = launch(&scene.world, request());
        assert_eq!(scene.notes(), 1);
        scene.step();
        assert_eq!((state(&scene.world, &id).as_str(), scene.notes()), ("running", 0));
        assert!(matches!(&scene.told.lock().unwrap()[..], [Change::Started { id: own, .. }] if *own == id));

        let root = scene.world.root(ACCOUNT);
        let reboot = RebootInstancesRequest { instance_ids: vec![id.clone()], ..Default::default() };
        scene.world.call::<RebootInstances>(&root, reboot).unwrap();
        scene.step();
        let instance = crate::instances::find(&scene.world.store.read().unwrap(), &id).unwrap().unwrap();
        assert_eq!((instance.reboots, instance.rebooted), (1, 1));

        let end = TerminateInstancesRequest { instance_ids: vec![id.clone()], ..Default::default() };
        scene.world.call::<TerminateInstances>(&root, end).unwrap();
        scene.step();
        assert_eq!(scene.told.lock().unwrap().last(), Some(&Change::Ended { id: id.clone() }));
        scene.world.env.advance(Duration::from_secs(3600));
        scene.step();
        let db = scene.world.store.read().unwrap();
        assert!(!db.exists::<InstancePlaces>(&id).unwrap());
    }

    #[test]
    fn no_accounts_instances_keep_anothers_waiting() {
        let mut scene = Scene::new();
        let other = "222222222222".parse().unwrap();
        scene.world.account(other);
        let mut many = request();
        (many.min_count, many.max_count) = (64, 64);
        launch(&scene.world, many);
        scene.world.call::<RunInstances>(&scene.world.root(other), request()).unwrap();
        assert_eq!(scene.reconciler.take_notes().unwrap().len(), MOST_OF_ONE + 1);
        // Who has its share gets no more, and nobody is taken twice.
        assert!(scene.reconciler.take_notes().unwrap().is_empty());
    }

    #[test]
    fn an_end_that_cannot_be_written_is_written_later_unless_the_machine_runs_again() {
        let mut scene = Scene::new();
        let id = launch(&scene.world, request());
        scene.step();
        let exited = || Event::Exited { id: id.clone(), how: Ending::PowerOff };
        // It was started again before its end is looked at: it runs.
        scene.world.run(scene.reconciler.observe(exited()));
        scene.world.run(scene.reconciler.write_ends());
        scene.step();
        assert_eq!(state(&scene.world, &id), "running");

        let driver = scene.reconciler.parts.machines.driver.clone();
        scene.world.run(driver.stop(&id, Duration::ZERO)).unwrap();
        scene.world.run(scene.reconciler.observe(exited()));
        scene.world.memory.set_faults(Faults { unavailable_rate: 1.0, ..Faults::default() });
        scene.world.run(scene.reconciler.write_ends());
        assert_eq!(state(&scene.world, &id), "running");
        scene.world.memory.set_faults(Faults::default());
        scene.world.run(scene.reconciler.write_ends());
        scene.step();
        assert_eq!((state(&scene.world, &id).as_str(), scene.reconciler.ends.len()), ("stopped", 0));
    }

    #[test]
    fn instances_of_an_earlier_run_come_up_again() {
        let mut scene = Scene::new();
        let id = launch(&scene.world, request());
        // The first process ends before it works off the note; the second finds the instance wanted.
        scene.world.write(|tx| Ok(tx.delete::<Work>(&id)?));
        scene.world.run(scene.reconciler.resume());
        scene.step();
        assert!(matches!(&scene.told.lock().unwrap()[..], [Change::Started { id: own, .. }] if *own == id));
    }
}
