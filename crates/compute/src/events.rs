//! What happens to instances by itself, told to everybody who listens. An end is told whatever else happens: one that was
//! lost would leave an instance running in its record for ever.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::Notify;

use crate::Event;

/// How many events may wait for a listener before the end of user data is told no more: it is on the console as well, and
/// whoever is root inside may say it as often as it likes. Ends are as many as starts.
const MOST: usize = 1024;

/// Where events are told; cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Telling(Arc<Mutex<Vec<Weak<Queue>>>>);

/// What waits for one listener.
#[derive(Debug, Default)]
struct Queue {
    waiting: Mutex<VecDeque<Event>>,
    news: Notify,
}

/// Events from when this was made, in their order; none is left out but what [`Event::UserDataDone`] says of itself.
#[derive(Debug)]
pub struct Events(Arc<Queue>);

impl Telling {
    pub(crate) fn tell(&self, event: &Event) {
        lock(&self.0).retain(|queue| match queue.upgrade() {
            Some(queue) => {
                queue.add(event);
                true
            }
            None => false,
        });
    }

    pub(crate) fn listen(&self) -> Events {
        let queue = Arc::default();
        lock(&self.0).push(Arc::downgrade(&queue));
        Events(queue)
    }
}

impl Queue {
    fn add(&self, event: &Event) {
        let mut waiting = lock(&self.waiting);
        if waiting.len() < MOST || !matches!(event, Event::UserDataDone { .. }) {
            waiting.push_back(event.clone());
            self.news.notify_one();
        }
    }
}

impl Events {
    /// The next event. One that was not taken because the wait was given up comes again.
    pub async fn next(&mut self) -> Event {
        loop {
            match self.try_next() {
                Some(event) => return event,
                // A word that came since then is not missed: one is always kept.
                None => self.0.news.notified().await,
            }
        }
    }

    /// One that waits already.
    pub fn try_next(&mut self) -> Option<Event> {
        lock(&self.0.waiting).pop_front()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::{MOST, Telling};
    use crate::{Ending, Event};

    #[tokio::test]
    async fn no_end_is_lost_however_many_events_wait() {
        let telling = Telling::default();
        let mut events = telling.listen();
        let done = |code| Event::UserDataDone { id: "i-1".into(), code };
        let end = |number: usize| Event::Exited { id: format!("i-{number}"), how: Ending::Died };
        for number in 0..2 * MOST {
            telling.tell(&done(number as i32));
        }
        for number in 0..2 * MOST {
            telling.tell(&end(number));
        }
        telling.tell(&Event::Restarted);
        for number in 0..MOST {
            assert_eq!(events.next().await, done(number as i32));
        }
        for number in 0..2 * MOST {
            assert_eq!(events.try_next(), Some(end(number)));
        }
        assert_eq!(events.try_next(), Some(Event::Restarted));
    }

    #[tokio::test]
    async fn every_listener_hears_all_and_one_that_went_is_forgotten() {
        let telling = Telling::default();
        let (mut one, other) = (telling.listen(), telling.listen());
        drop(other);
        let told = telling.clone();
        let (heard, ()) = tokio::join!(one.next(), async { told.tell(&Event::Restarted) });
        assert_eq!((heard, super::lock(&telling.0).len()), (Event::Restarted, 1));
    }
}
