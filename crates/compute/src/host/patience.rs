//! How long the server waits for an instance: its root may keep it from ever answering, and nobody else is to be held up.

use std::time::Duration;

use crate::InstanceSpec;

#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// Until its system stands: what it boots from is its owner's.
    pub boot: Duration,
    /// Until its init has taken an order to stop.
    pub order: Duration,
    /// Until any other order is answered.
    pub answer: Duration,
    /// How much longer than its grace a stop may take before it is killed.
    pub end: Duration,
    /// Until the kernel has ended one that was killed.
    pub kill: Duration,
}

impl Patience {
    pub(super) const KILL: Duration = Duration::from_secs(10);

    pub(super) fn with(spec: &InstanceSpec) -> Patience {
        let shared = Patience {
            boot: Duration::from_secs(60),
            order: Duration::from_secs(2),
            answer: Duration::from_secs(30),
            end: Duration::from_secs(2),
            kill: Patience::KILL,
        };
        if !spec.own_kernel {
            return shared;
        }
        // A kernel has to end and to boot, all of whose instructions may be emulated.
        Patience { boot: Duration::from_secs(300), end: Duration::from_secs(20), ..shared }
    }
}
