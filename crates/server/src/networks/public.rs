//! The way in: TCP to a public address, on this machine, reaches the instance that has it.
//!
//! As root the kernel sends what is for a public address to one listener here. Else there is a listener for each port
//! that groups open, as far as this user may have it, and no more than a number of them.

use std::collections::{BTreeSet, HashMap};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::time::Duration;

use rolecall_compute::NetworkPlan;
use rolecall_ec2::wiring;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

use super::{CONNECT, Networks, join, refuse};
use crate::listen::stopping;

/// Ports of one address that are listened on where the kernel does not help.
const PORTS: usize = 64;
/// All such listeners.
const LISTENERS: usize = 2048;
/// The server answers SSH itself.
const SSH: u16 = 22;

/// Lets connections in until the server stops.
pub async fn run(networks: Arc<Networks>, mut stop: watch::Receiver<bool>) {
    let mut plans = networks.plans.watch();
    let mut way = Way::new(networks).await;
    loop {
        let wanted = wanted(&plans.borrow_and_update());
        way.follow(wanted).await;
        tokio::select! {
            () = stopping(&mut stop) => return,
            changed = plans.changed() => if changed.is_err() { return },
            Some(_) = way.tasks.join_next() => {}
        }
    }
}

/// Public addresses with the ports that are open, at most [`PORTS`] of each.
type Wanted = HashMap<Ipv4Addr, BTreeSet<u16>>;

fn wanted(plans: &HashMap<String, Arc<NetworkPlan>>) -> Wanted {
    let mut wanted = Wanted::new();
    for plan in plans.values() {
        for interface in plan.interfaces.iter().filter(|interface| interface.instance.is_some()) {
            for (_, public) in &interface.public {
                let ranges = wiring::open_ranges(plan, interface);
                let ports = ranges.into_iter().flat_map(|(from, to)| from..=to).filter(|port| *port != SSH);
                wanted.insert(*public, ports.take(PORTS).collect());
            }
        }
    }
    wanted
}

struct Way {
    networks: Arc<Networks>,
    /// The port that the kernel sends to, when it helps.
    catch: Option<u16>,
    /// What it sends there, in which generation of the driver.
    caught: (u64, BTreeSet<Ipv4Addr>),
    listeners: HashMap<SocketAddrV4, AbortHandle>,
    /// What could not be listened on, so that it is said once.
    failed: BTreeSet<SocketAddrV4>,
    tasks: JoinSet<()>,
}

impl Way {
    async fn new(networks: Arc<Networks>) -> Way {
        let mut way = Way {
            networks,
            catch: None,
            caught: (0, BTreeSet::new()),
            listeners: HashMap::new(),
            failed: BTreeSet::new(),
            tasks: JoinSet::new(),
        };
        if way.networks.driver.caps().isolated
            && let Err(why) = way.take_help().await
        {
            log::info!(
                "public addresses answer on the ports that groups open, no more than {PORTS} each: {why}"
            );
        }
        way
    }

    async fn take_help(&mut self) -> Result<(), String> {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(|error| error.to_string())?;
        let port = listener.local_addr().map_err(|error| error.to_string())?.port();
        let tried = self.networks.driver.catch_public(port, SSH, Vec::new()).await;
        tried.map_err(|error| error.to_string())?;
        self.catch = Some(port);
        self.tasks.spawn(accept(self.networks.clone(), listener, None));
        Ok(())
    }

    async fn follow(&mut self, wanted: Wanted) {
        if !self.networks.driver.caps().isolated {
            return;
        }
        let Some(port) = self.catch else { return self.listen(wanted).await };
        let driver = &self.networks.driver;
        let now = (driver.generation(), wanted.keys().copied().collect::<BTreeSet<_>>());
        if now != self.caught {
            match driver.catch_public(port, SSH, now.1.iter().copied().collect()).await {
                Ok(()) => self.caught = now,
                Err(error) => log::error!("public addresses do not answer as they should: {error}"),
            }
        }
    }

    async fn listen(&mut self, wanted: Wanted) {
        let all = wanted
            .into_iter()
            .flat_map(|(address, ports)| ports.into_iter().map(move |port| SocketAddrV4::new(address, port)));
        let all: BTreeSet<SocketAddrV4> = all.take(LISTENERS).collect();
        for (_, listener) in self.listeners.extract_if(|at, _| !all.contains(at)) {
            listener.abort();
        }
        self.failed.retain(|at| all.contains(at));
        for at in all {
            if self.listeners.contains_key(&at) || self.failed.contains(&at) {
                continue;
            }
            match TcpListener::bind(at).await {
                Ok(listener) => {
                    let task = self.tasks.spawn(accept(self.networks.clone(), listener, Some(at)));
                    self.listeners.insert(at, task);
                }
                Err(error) => {
                    log::warn!("{at} does not answer: {error}");
                    self.failed.insert(at);
                }
            }
        }
    }
}

/// Accepts what is meant for `at`, or for what the kernel says.
async fn accept(networks: Arc<Networks>, listener: TcpListener, at: Option<SocketAddrV4>) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, from)) => {
                let meant = at.or_else(|| rolecall_compute::original_destination(&stream));
                connections.spawn(let_in(networks.clone(), stream, from, meant));
            }
            Err(error) => {
                log::warn!("a connection to a public address could not be accepted: {error}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn let_in(networks: Arc<Networks>, stream: TcpStream, from: SocketAddr, meant: Option<SocketAddrV4>) {
    let Some(inside) = meant.and_then(|meant| inside(&networks, from, meant)) else { return refuse(&stream) };
    let Ok(_permit) = networks.connections.clone().try_acquire_owned() else {
        log::warn!("too many connections to public addresses");
        return refuse(&stream);
    };
    let (vpc, address) = inside;
    match tokio::time::timeout(CONNECT, networks.driver.connect_in(&vpc, address)).await {
        Ok(Ok(inside)) => join(stream, inside).await,
        Ok(Err(error)) => {
            log::debug!("{address} in {vpc}: {error}");
            refuse(&stream);
        }
        Err(_) => refuse(&stream),
    }
}

/// The VPC and private address that a connection may go on to.
fn inside(networks: &Networks, from: SocketAddr, meant: SocketAddrV4) -> Option<(String, SocketAddr)> {
    let SocketAddr::V4(client) = from else { return None };
    let (plan, interface) = networks.plans.find_public(*meant.ip())?;
    if !wiring::reaches(&plan, &interface, client, meant.port()) {
        return None;
    }
    let (private, _) = interface.public.iter().find(|(_, public)| public == meant.ip())?;
    Some((plan.vpc.id.clone(), SocketAddr::from((*private, meant.port()))))
}
