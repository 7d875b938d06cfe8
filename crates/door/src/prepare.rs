//! Slow work of a call: done beside the threads that serve requests, a little at a time.

use rolecall_base::Fault;
use tokio::sync::Semaphore;

use crate::door::{Asked, Door, Pass, guarded};
use crate::operation::{Lazy, Sight};

/// How much slow work is done at a time. A password's digest takes 19 MiB and a core for some 50 ms.
const AT_A_TIME: usize = 4;

/// Turns of slow work.
#[derive(Debug)]
pub(crate) struct SlowWork(Semaphore);

impl Default for SlowWork {
    fn default() -> SlowWork {
        SlowWork(Semaphore::new(AT_A_TIME))
    }
}

impl Door {
    /// Does work that would hold up a thread of the runtime. What waits for its turn waits without a thread.
    ///
    /// # Errors
    /// Those of the work; InternalFailure when it panicked.
    pub async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let _turn = self.slow.0.acquire().await.map_err(Fault::internal)?;
        tokio::task::spawn_blocking(move || guarded(work)).await.map_err(Fault::internal)?
    }

    /// Does a call's slow work, if it has any, once it is decided that the caller may make the call.
    pub(crate) async fn prepare(&self, pass: &mut Pass<'_>, asked: &mut Asked) -> Result<(), Fault> {
        let Some(gather) = pass.row.prepare else { return Ok(()) };
        let work = {
            let pass = &*pass;
            let lazy = Lazy::new(self.identity.store.clone());
            let place = self.place(pass);
            self.ask(pass, place, Sight::Lazy(&lazy), asked)?;
            guarded(|| gather(&*pass.input, &place.at(Sight::Lazy(&lazy))))?
        };
        pass.staged = Some(self.aside(work).await?);
        Ok(())
    }
}
