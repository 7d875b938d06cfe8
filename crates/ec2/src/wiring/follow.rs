//! The loop that makes networks follow their records.

use std::sync::Arc;
use std::time::Duration;

use rolecall_base::{Fault, Time};
use rolecall_compute::{ComputeError, Event};
use rolecall_door::Door;
use rolecall_store::{CommitError, Scan, Store, StoreError};

use super::plan::{interface, plan};
use crate::machines::{Change, Machines};
use crate::place::Place;
use crate::records::{NetworkInterface, RegionalKey, TouchedNetworks, Vpcs};

/// How often it looks without being told to, and how long a network that could not be carried out waits.
const PAUSE: Duration = Duration::from_secs(30);

/// The loop. There is one in a server.
#[derive(Debug)]
pub struct Wiring {
    door: Arc<Door>,
    machines: Arc<Machines>,
}

/// Why a network could not be carried out. It stays due.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Commit(#[from] CommitError),
    #[error("{0:?}")]
    Fault(Fault),
    #[error(transparent)]
    Compute(#[from] ComputeError),
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Trouble {
        Trouble::Fault(fault)
    }
}

impl Wiring {
    pub fn new(door: Arc<Door>, machines: Arc<Machines>) -> Wiring {
        Wiring { door, machines }
    }

    /// Puts every stored VPC on the list: a new driver knows none of them.
    pub fn resume(&mut self) {
        let read = self.store().read().and_then(|db| db.keys(&Scan::<Vpcs>::new(&())));
        match read {
            Ok(keys) => self.machines.plans.add_due(&keys, self.now()),
            Err(error) => log::error!("networks of an earlier run could not be listed: {error}"),
        }
    }

    /// Carries out what has changed, once.
    pub async fn step(&mut self) {
        if let Err(trouble) = self.take().await {
            log::error!("the notes on networks can't be taken: {trouble}");
        }
        for key in self.machines.plans.due(self.now()) {
            match apply(&self.door, &self.machines, &key).await {
                Ok(()) => self.machines.plans.done(&key),
                Err(trouble) => {
                    log::error!("the network of {} is not what it should be: {trouble}", key.2);
                    self.machines.plans.add_due(&[key], self.now() + PAUSE);
                }
            }
        }
    }

    /// Does so until `shutdown` is over.
    pub async fn run(mut self, shutdown: impl Future<Output = ()>) {
        self.resume();
        let door = self.door.clone();
        let mut events = self.machines.driver.events();
        tokio::pin!(shutdown);
        loop {
            let changed = door.changed.notified();
            tokio::pin!(changed);
            // Listens before it looks, so that no note falls between.
            changed.as_mut().enable();
            self.step().await;
            tokio::select! {
                biased;
                () = &mut shutdown => return,
                () = &mut changed => {}
                event = events.next() => if event == Event::Restarted {
                    self.resume();
                },
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    fn store(&self) -> &Store {
        &self.door.identity.store
    }

    fn now(&self) -> Time {
        self.door.identity.env.now()
    }

    /// Moves the notes from the store to the list: they are on it before they are gone, so that [`bring`] sees one or the
    /// other. A note is taken before its plan is made, so a change that comes meanwhile leaves a new one.
    async fn take(&mut self) -> Result<(), Trouble> {
        let notes = self.store().read()?.keys(&Scan::<TouchedNetworks>::new(&()))?;
        if notes.is_empty() {
            return Ok(());
        }
        self.machines.plans.add_due(&notes, self.now());
        self.store()
            .update(|tx| {
                notes.iter().try_for_each(|key| tx.delete::<TouchedNetworks>(key)).map_err(Trouble::from)
            })
            .await?;
        Ok(())
    }
}

/// Makes a network what its records say before some of its interfaces are used. Nothing is done where it is so already: it
/// has these interfaces, and no change of it waits. So of many instances that start at once the first brings the network
/// of all.
pub(crate) async fn bring(
    door: &Door,
    machines: &Machines,
    key: &RegionalKey,
    records: &[NetworkInterface],
) -> Result<(), Trouble> {
    let wanted = records.iter().map(interface).collect::<Result<Vec<_>, Fault>>()?;
    let plans = &machines.plans;
    let _turn = plans.turn().await;
    // In this order, which is that of `Wiring::take` backwards.
    let noted = door.identity.store.read()?.exists::<TouchedNetworks>(key)?;
    if !noted && !plans.is_due(key) && plans.has(&key.2, &wanted, machines.driver.generation()) {
        return Ok(());
    }
    carry_out(door, machines, key).await
}

/// Makes the driver's network of one VPC what the records say now.
async fn apply(door: &Door, machines: &Machines, key: &RegionalKey) -> Result<(), Trouble> {
    let _turn = machines.plans.turn().await;
    carry_out(door, machines, key).await
}

async fn carry_out(door: &Door, machines: &Machines, key: &RegionalKey) -> Result<(), Trouble> {
    let (account, region, vpc) = key;
    let wanted = plan(&door.identity.store.read()?, Place { account: *account, region }, vpc)?;
    match wanted {
        Some(wanted) if machines.plans.is_held(&wanted, machines.driver.generation()) => {}
        Some(wanted) => {
            machines.driver.apply_network(wanted.clone()).await?;
            machines.plans.put(wanted);
        }
        None => {
            machines.driver.drop_vpc(vpc).await?;
            machines.plans.remove(vpc);
            machines.tell(Change::NetworkGone { vpc: vpc.clone() });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rolecall_compute::Driver;
    use rolecall_door::Extensions;
    use rolecall_testkit::{ACCOUNT, World};

    use super::*;
    use crate::machines::Guest;
    use crate::model::*;
    use crate::reconcile::Reconciler;
    use crate::scene::{authorize, launch, permission, request, seen, stop};

    struct Scene {
        world: World,
        machines: Arc<Machines>,
        reconciler: Reconciler,
        wiring: Wiring,
    }

    impl Scene {
        fn new() -> Scene {
            let machines = Arc::new(Machines::new(Driver::none(), Guest::default(), |_| {}));
            let mut extensions = Extensions::default();
            extensions.insert(machines.clone());
            let world = World::with(1, extensions);
            let reconciler = Reconciler::new(world.door.clone(), machines.clone());
            let wiring = Wiring::new(world.door.clone(), machines.clone());
            Scene { world, machines, reconciler, wiring }
        }

        fn stop(&mut self, id: &str) {
            stop(&self.world, id);
            self.world.run(self.reconciler.step());
            self.world.run(self.wiring.step());
        }

        fn start(&self, id: &str) {
            let input = StartInstancesRequest { instance_ids: vec![id.into()], ..Default::default() };
            self.world.call::<StartInstances>(&self.world.root(ACCOUNT), input).unwrap();
        }

        fn open(&self, group: &str, port: i32) {
            let input = authorize(group, vec![permission("tcp", port, port, &["10.0.0.0/8"])]);
            self.world.call::<AuthorizeSecurityGroupIngress>(&self.world.root(ACCOUNT), input).unwrap();
        }
    }

    #[test]
    fn an_instance_starts_with_the_rules_of_now_though_the_loop_has_not_come_to_them() {
        let mut scene = Scene::new();
        let id = launch(&scene.world, request());
        scene.world.run(scene.reconciler.step());
        scene.world.run(scene.wiring.step());
        let instance = seen(&scene.world, &id);
        let (vpc, group) =
            (instance.vpc_id.unwrap(), instance.security_groups.unwrap().remove(0).group_id.unwrap());
        let plans = scene.machines.clone();
        let rules = || plans.plans.get(&vpc).unwrap().group(&group).unwrap().ingress.len();
        let before = rules();
        scene.stop(&id);
        // The change is noted, and the loop is held.
        scene.open(&group, 80);
        assert_eq!(rules(), before);
        scene.start(&id);
        scene.world.run(scene.reconciler.step());
        assert_eq!(rules(), before + 1);
        scene.stop(&id);
        // The note is taken, and the loop is held before it carries it out.
        scene.open(&group, 81);
        scene.start(&id);
        scene.world.run(scene.wiring.take()).unwrap();
        assert_eq!(rules(), before + 1);
        scene.world.run(scene.reconciler.step());
        assert_eq!(rules(), before + 2);
    }

    #[test]
    fn a_network_that_could_not_be_carried_out_waits_its_time_and_no_start_relies_on_it() {
        let scene = Scene::new();
        let plans = &scene.machines.plans;
        let key = (ACCOUNT, "us-east-1".to_owned(), "vpc-1".to_owned());
        let now = scene.world.env.now();
        plans.add_due(std::slice::from_ref(&key), now + PAUSE);
        assert!(plans.due(now).is_empty() && plans.is_due(&key));
        assert_eq!(plans.due(now + PAUSE), std::slice::from_ref(&key));
        // Another change brings it forward.
        plans.add_due(std::slice::from_ref(&key), now);
        assert_eq!(plans.due(now), std::slice::from_ref(&key));
        plans.done(&key);
        assert!(!plans.is_due(&key));
    }
}
