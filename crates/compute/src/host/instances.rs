//! The instances of a driver by their ids, and how each stands.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::instance::Instance;
use crate::driver::Event;
use crate::events::Telling;
use crate::protocol::InitEnd;
use crate::{ComputeError, Ending};

#[derive(Debug, Default)]
pub(super) struct Instances(Mutex<HashMap<String, Slot>>);

/// An id is taken from the first moment of its start to the last of its end.
#[derive(Debug)]
pub(super) enum Slot {
    /// True once its first process is gone.
    Starting(watch::Sender<bool>),
    Running(Arc<Instance>),
    /// Asked to end: its exit is no event.
    Ending(Arc<Instance>),
}

impl Instances {
    pub(super) fn claim(&self, id: &str) -> Result<(), ComputeError> {
        let mut slots = self.lock();
        if slots.contains_key(id) {
            return Err(ComputeError::AlreadyRunning(id.into()));
        }
        slots.insert(id.into(), Slot::Starting(watch::Sender::new(false)));
        Ok(())
    }

    /// `is_lost` tells whether what owns it has ended meanwhile: then this instance ended with it, and nobody will say so
    /// of one that was still starting.
    pub(super) fn started(
        &self,
        instance: Instance,
        is_lost: impl FnOnce() -> bool,
    ) -> Result<Arc<Instance>, ComputeError> {
        let mut slots = self.lock();
        let id = instance.spec.id.clone();
        if let Some(Slot::Starting(ended)) = slots.get(&id)
            && *ended.borrow()
        {
            return Err(ComputeError::failed("start the instance", "its first process ended at once"));
        }
        if is_lost() {
            return Err(ComputeError::SupervisorGone);
        }
        let instance = Arc::new(instance);
        slots.insert(id, Slot::Running(instance.clone()));
        Ok(instance)
    }

    /// Whether an instance starts, runs or ends under this id.
    pub(super) fn is_taken(&self, id: &str) -> bool {
        self.lock().contains_key(id)
    }

    /// Whether this very instance has not ended: another may have its id by now.
    pub(super) fn has(&self, instance: &Arc<Instance>) -> bool {
        self.lock().get(&instance.spec.id).is_some_and(|slot| slot.is(instance))
    }

    pub(super) fn end_of_start(&self, id: &str) -> Option<watch::Receiver<bool>> {
        match self.lock().get(id) {
            Some(Slot::Starting(ended)) => Some(ended.subscribe()),
            _ => None,
        }
    }

    /// Gives up a start.
    pub(super) fn release(&self, id: &str) {
        self.lock().remove(id);
    }

    /// Of all there are.
    pub(super) fn ids(&self) -> Vec<String> {
        self.lock().keys().cloned().collect()
    }

    pub(super) fn running(&self, id: &str) -> Result<Arc<Instance>, ComputeError> {
        match self.lock().get(id) {
            Some(Slot::Running(instance)) => Ok(instance.clone()),
            _ => Err(ComputeError::NotRunning(id.into())),
        }
    }

    pub(super) fn begin_end(&self, id: &str) -> Result<Arc<Instance>, ComputeError> {
        let mut slots = self.lock();
        let instance = match slots.get(id) {
            Some(Slot::Running(instance) | Slot::Ending(instance)) => instance.clone(),
            _ => return Err(ComputeError::NotRunning(id.into())),
        };
        slots.insert(id.into(), Slot::Ending(instance.clone()));
        Ok(instance)
    }

    /// The supervisor has seen the end of its child.
    pub(super) fn ended(&self, id: &str, end: InitEnd, events: &Telling) {
        let mut slots = self.lock();
        if let Some(Slot::Starting(ended)) = slots.get(id) {
            ended.send_replace(true);
            return;
        }
        end_slot(slots.remove(id), id, end.into(), events);
    }

    /// The end of this very instance, which may be heard of when another has its id.
    pub(super) fn ended_itself(&self, instance: &Arc<Instance>, end: InitEnd, events: &Telling) {
        let id = &instance.spec.id;
        let mut slots = self.lock();
        if slots.get(id).is_some_and(|slot| slot.is(instance)) {
            end_slot(slots.remove(id), id, end.into(), events);
        }
    }

    /// The supervisor has ended, and every instance with it. Those that were starting hear it from their own asking.
    /// Gives the ids of the others.
    pub(super) fn lost(&self, events: &Telling) -> Vec<String> {
        let mut slots = self.lock();
        let ended = slots.extract_if(|_, slot| !matches!(slot, Slot::Starting(_))).collect::<Vec<_>>();
        let end = |(id, slot): (String, Slot)| {
            end_slot(Some(slot), &id, Ending::Lost, events);
            id
        };
        ended.into_iter().map(end).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Slot>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    fn is(&self, instance: &Arc<Instance>) -> bool {
        matches!(self, Slot::Running(held) | Slot::Ending(held) if Arc::ptr_eq(held, instance))
    }
}

impl From<InitEnd> for Ending {
    fn from(end: InitEnd) -> Ending {
        match end {
            InitEnd::PowerOff => Ending::PowerOff,
            InitEnd::Reboot => Ending::Reboot,
            InitEnd::Killed => Ending::Died,
        }
    }
}

fn end_slot(slot: Option<Slot>, id: &str, how: Ending, events: &Telling) {
    match slot {
        Some(Slot::Running(instance)) => {
            instance.set_gone();
            let how = if instance.begins_anew.load(Ordering::SeqCst) { Ending::Reboot } else { how };
            events.tell(&Event::Exited { id: id.into(), how });
        }
        Some(Slot::Ending(instance)) => instance.set_gone(),
        Some(Slot::Starting(_)) | None => {}
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::os::fd::AsFd;
    use std::sync::Arc;
    use std::time::Duration;

    use super::super::container::probe;
    use super::super::patience::Patience;
    use super::{Instance, Instances};
    use crate::events::Telling;
    use crate::protocol::{InitEnd, Report};
    use crate::{ComputeError, Ending, Event, packet};

    /// An instance whose first process says that it has booted, and nothing more.
    async fn booted() -> Instance {
        let (ours, theirs) = packet::pair().unwrap();
        packet::send(theirs.as_fd(), &Report::Booted, &[]).unwrap();
        let imds = TcpListener::bind("127.0.0.1:0").unwrap();
        let patience = Patience::with(&probe());
        Instance::booted(probe(), (imds, None), ours, Telling::default(), patience).await.unwrap()
    }

    async fn start(instances: &Instances) -> Arc<Instance> {
        let instance = booted().await;
        instances.claim(&instance.spec.id).unwrap();
        instances.started(instance, || false).unwrap()
    }

    #[tokio::test]
    async fn the_end_of_one_that_was_lost_is_not_the_end_of_the_next_with_its_id() {
        let (instances, events) = (Instances::default(), Telling::default());
        let lost = start(&instances).await;
        assert!(instances.has(&lost));
        assert_eq!(instances.lost(&events), std::slice::from_ref(&lost.spec.id));
        let mut told = events.listen();
        // Its follower is late: the next is being started, then runs, then is asked to end.
        let next = booted().await;
        instances.claim(&lost.spec.id).unwrap();
        instances.ended_itself(&lost, InitEnd::Killed, &events);
        let next = instances.started(next, || false).unwrap();
        instances.ended_itself(&lost, InitEnd::Killed, &events);
        assert!(!instances.has(&lost) && instances.has(&next));
        instances.begin_end(&lost.spec.id).unwrap();
        instances.ended_itself(&lost, InitEnd::Killed, &events);
        assert!(instances.has(&next));
        assert!(!next.wait_gone(Duration::ZERO).await);
        instances.ended_itself(&next, InitEnd::Killed, &events);
        assert!(!instances.has(&next) && next.wait_gone(Duration::ZERO).await);
        assert!(told.try_next().is_none(), "nobody is told of an end that was asked for");
    }

    #[tokio::test]
    async fn one_that_was_lost_while_it_started_does_not_run() {
        let (instances, events) = (Instances::default(), Telling::default());
        let instance = booted().await;
        let id = instance.spec.id.clone();
        instances.claim(&id).unwrap();
        assert!(instances.lost(&events).is_empty(), "it hears it from its own asking");
        let refused = instances.started(instance, || true).unwrap_err();
        assert!(matches!(refused, ComputeError::SupervisorGone), "{refused}");
        instances.release(&id);
        // One that runs by then is told of.
        let mut told = events.listen();
        start(&instances).await;
        assert_eq!(instances.lost(&events), std::slice::from_ref(&id));
        assert_eq!(told.try_next().unwrap(), Event::Exited { id, how: Ending::Lost });
    }
}
