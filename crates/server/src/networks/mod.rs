//! What the server does for networks: the way in by public addresses, the way out, and names.
//!
//! The kernel keeps the rules between instances (`rolecall_compute`). What comes from this machine or leaves for the
//! world passes through here, and is decided by the same plan.

mod names;
mod outside;
mod public;
mod resolver;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use rolecall_compute::{Driver, NetworkPlan};
use rolecall_ec2::{Machines, Plans};
use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};

pub use outside::Outside;
pub use public::run as serve_public;
pub use resolver::Resolver;

/// Connections that pass through here at a time, over all instances.
const CONNECTIONS: usize = 4096;
/// For a connection to come about.
const CONNECT: Duration = Duration::from_secs(10);

/// What every part needs.
#[derive(Debug)]
pub struct Networks {
    driver: Driver,
    plans: Arc<Plans>,
    /// Whether instances may reach the world outside of this machine.
    outbound: bool,
    connections: Arc<Semaphore>,
}

impl Networks {
    pub fn new(machines: &Machines, outbound: bool) -> Networks {
        Networks {
            driver: machines.driver.clone(),
            plans: machines.plans.clone(),
            outbound,
            connections: Arc::new(Semaphore::new(CONNECTIONS)),
        }
    }

    /// The plans of all VPCs; changes are told.
    pub fn plans(&self) -> watch::Receiver<HashMap<String, Arc<NetworkPlan>>> {
        self.plans.watch()
    }
}

/// Passes bytes on both ways until both sides have ended.
async fn join(mut one: TcpStream, mut other: TcpStream) {
    // Small messages must not wait for the acknowledgment of earlier ones.
    let _ = (one.set_nodelay(true), other.set_nodelay(true));
    // Either side may break off: then the other is dropped too, and that is all there is to tell.
    let _ = copy_bidirectional(&mut one, &mut other).await;
}

/// Ends a connection as a closed port would.
fn refuse(stream: &TcpStream) {
    // Without it the end is a polite one.
    let _ = socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO));
}
