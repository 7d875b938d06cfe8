//! What the server does for running machines: for each instance its metadata service and its SSH port, for each VPC
//! the API endpoint.
//!
//! Which instance asks for metadata is known by the listener: the driver makes one for each, bound where no other can
//! reach it. The record is read anew for each request, so a changed option or association counts at once.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use rolecall_base::Fault;
use rolecall_compute::{Driver, GUEST_BIN, Link, Mount, Vpc};
use rolecall_ec2::{Change, DiskWorker, Guest, Machines, Reconciler, Wiring};
use rolecall_imds::{Imds, Settings};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::JoinSet;

use crate::config::Config;
use crate::listen::{Accepting, stopping};
use crate::metadata::Metadata;
use crate::metadata_ports::{MetadataPorts, NewPort};
use crate::networks::{self, Outside, Resolver};
use crate::origins::Inside;
use crate::ssh::Ssh;
use crate::ssh_port::SshPorts;
use crate::start::World;

/// Where the folder of guest tools is seen inside.
const TOOLS: &str = "/opt/aws-cli";
/// Where this program is seen inside.
pub const PROGRAM: &str = "/opt/rolecall/rolecall";

/// What the loops of machines tell each other.
#[derive(Debug)]
enum Told {
    Change(Change),
    /// A VPC's own services are to be served.
    Network(Box<Services>),
}

/// The listeners of one VPC's own services.
#[derive(Debug)]
struct Services {
    vpc: String,
    endpoint: TcpListener,
    names: Vec<(UdpSocket, TcpListener)>,
    outside: TcpListener,
}

/// The driver as EC2's operations see it, before the loops that serve its machines are started.
#[derive(Debug)]
pub struct Prepared {
    pub machines: Arc<Machines>,
    pub ports: Arc<MetadataPorts>,
    told: mpsc::UnboundedReceiver<Told>,
    new_ports: mpsc::UnboundedReceiver<NewPort>,
}

/// Puts together what every instance is given. `port` is that of the API endpoint.
pub fn prepare(config: &Config, driver: &Driver, port: u16) -> Prepared {
    let (tell, told) = mpsc::unbounded_channel();
    let (mounts, links) = tools(config);
    // boto3 is beside the command; programs inside import it as they would on any machine.
    let library = config.guest_tools.as_ref().map(|_| ("PYTHONPATH".to_owned(), format!("{TOOLS}/python")));
    let env = library.into_iter().collect();
    let own_kernel = config.virtual_images.clone();
    let guest = Guest { scheme: "http".into(), port, env, mounts, links, own_kernel };
    let endpoints = Arc::new(Endpoints {
        driver: driver.clone(),
        port,
        open: Mutex::default(),
        gone: std::sync::Mutex::default(),
        tell: tell.clone(),
    });
    let ends = endpoints.clone();
    let changes = move |change| {
        if let Change::NetworkGone { vpc } = &change {
            ends.forget(vpc);
        }
        // Nobody listens any more while the server stops.
        let _ = tell.send(Told::Change(change));
    };
    let machines = Machines::new(driver.clone(), guest, changes).before_start(move |vpc: Vpc| {
        let endpoints = endpoints.clone();
        Box::pin(async move { endpoints.open(&vpc).await })
    });
    let (ports, new_ports) = MetadataPorts::new();
    Prepared { machines: Arc::new(machines), ports: Arc::new(ports), told, new_ports }
}

/// The `aws` command that is first on every instance's path, and the program that serves files to SSH's clients.
fn tools(config: &Config) -> (Vec<Mount>, Vec<Link>) {
    let (mut mounts, mut links) = (Vec::new(), Vec::new());
    if let Some(program) = &config.program {
        mounts.push(Mount { host: program.clone(), guest: PROGRAM.into() });
    }
    if let Some(folder) = &config.guest_tools {
        mounts.push(Mount { host: folder.clone(), guest: TOOLS.into() });
        let (at, target) = (format!("{GUEST_BIN}/aws"), format!("{TOOLS}/bin/aws"));
        links.push(Link { at: at.into(), target: target.into() });
    }
    (mounts, links)
}

/// Opens the services of each VPC before its first instance starts: user data may call at once.
#[derive(Debug)]
struct Endpoints {
    driver: Driver,
    port: u16,
    /// VPC → the generation of the driver that its services were opened in.
    open: Mutex<HashMap<String, u64>>,
    /// VPCs that were deleted since the last look.
    gone: std::sync::Mutex<Vec<String>>,
    tell: mpsc::UnboundedSender<Told>,
}

impl Endpoints {
    async fn open(&self, vpc: &Vpc) -> Result<(), rolecall_compute::ComputeError> {
        let mut open = self.open.lock().await;
        for gone in self.gone.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            open.remove(&gone);
        }
        let generation = self.driver.generation();
        if open.get(&vpc.id) == Some(&generation) {
            return Ok(());
        }
        // The endpoint makes the network that the others are in.
        if let Some(endpoint) = self.driver.endpoint_listener(vpc, self.port).await?
            && let Some(names) = self.driver.name_sockets(&vpc.id).await?
            && let Some(outside) = self.driver.outside_listener(&vpc.id).await?
        {
            let services = Services { vpc: vpc.id.clone(), endpoint, names, outside };
            let _ = self.tell.send(Told::Network(Box::new(services)));
        }
        open.insert(vpc.id.clone(), generation);
        Ok(())
    }

    fn forget(&self, vpc: &str) {
        self.gone.lock().unwrap_or_else(PoisonError::into_inner).push(vpc.to_owned());
    }
}

/// Serves machines until the server stops.
pub async fn run(prepared: Prepared, accepting: Accepting, settings: Settings) {
    let Prepared { machines, mut told, mut new_ports, .. } = prepared;
    let world = accepting.world.clone();
    let mut stop = accepting.stop.clone();
    let mut until = accepting.stop.clone();
    let reconciler = Reconciler::new(world.door.clone(), machines.clone());
    let mut hosting = Hosting {
        imds: imds(&world, settings),
        world,
        accepting,
        running: HashMap::new(),
        services: HashMap::new(),
        ssh: SshPorts::default(),
        tasks: JoinSet::new(),
    };
    let (networks, public_end) = (hosting.world.networks.clone(), hosting.accepting.stop.clone());
    hosting.tasks.spawn(networks::serve_public(networks, public_end));
    let disks = DiskWorker::new(hosting.world.door.clone(), machines.clone());
    let mut done = hosting.accepting.stop.clone();
    hosting.tasks.spawn(async move { disks.run(stopping(&mut done)).await });
    let wiring = Wiring::new(hosting.world.door.clone(), machines.clone());
    let mut end = hosting.accepting.stop.clone();
    hosting.tasks.spawn(async move { wiring.run(stopping(&mut end)).await });
    hosting.tasks.spawn(async move { reconciler.run(stopping(&mut until)).await });
    let mut plans = hosting.world.networks.plans();
    loop {
        tokio::select! {
            () = stopping(&mut stop) => break,
            Some(told) = told.recv() => hosting.hear(told).await,
            Ok(()) = plans.changed() => hosting.follow().await,
            Some(port) = new_ports.recv() => hosting.serve(port),
            Some(_) = hosting.tasks.join_next() => {}
        }
    }
    hosting.running.clear();
    hosting.ssh.end().await;
    // The endpoint's connections finish the requests they are in.
    hosting.services.clear();
    while hosting.tasks.join_next().await.is_some() {}
}

/// Takes away the keys that were pushed to an instance that no longer runs.
async fn forget_keys(world: Arc<World>, id: String) {
    let store = &world.door.identity.store;
    let forget = async {
        let mut tx = store.begin()?;
        rolecall_ec2_instance_connect::forget(&mut tx, &id)?;
        store.commit(tx).await.map_err(Fault::internal)
    };
    if let Err(fault) = forget.await {
        // They open nothing any more after a minute.
        log::warn!("keys that were pushed to {id} are still there: {fault:?}");
    }
}

/// The metadata service, of which the server's own operations know.
fn imds(world: &Arc<World>, settings: Settings) -> Arc<Imds> {
    let imds = Arc::new(Imds::new(world.door.clone(), world.signers.clone(), settings));
    // Set once, right here.
    let _ = world.facts.imds.set(Arc::downgrade(&imds));
    imds
}

struct Hosting {
    world: Arc<World>,
    accepting: Accepting,
    imds: Arc<Imds>,
    /// Dropping a sender ends the listeners of that instance.
    running: HashMap<String, watch::Sender<()>>,
    /// What is served in each VPC; ends when dropped. When the driver begins anew, what is opened then takes the place.
    services: HashMap<String, JoinSet<()>>,
    ssh: SshPorts,
    tasks: JoinSet<()>,
}

impl Hosting {
    async fn hear(&mut self, told: Told) {
        match told {
            Told::Network(services) => self.offer(*services),
            Told::Change(Change::NetworkGone { vpc }) => drop(self.services.remove(&vpc)),
            Told::Change(Change::Started { id, .. }) => self.started(&id).await,
            Told::Change(Change::Ended { id }) => {
                self.running.remove(&id);
                self.ssh.ended(&id).await;
                self.imds.forget(&id);
                self.tasks.spawn(forget_keys(self.world.clone(), id));
            }
        }
    }

    /// Serves the metadata of an instance without a machine.
    fn serve(&mut self, NewPort { id, listener, ended }: NewPort) {
        match TcpListener::from_std(listener) {
            Ok(listener) => {
                let metadata = Metadata::new(&id, self.world.clone(), self.imds.clone());
                self.tasks.spawn(metadata.run(listener, ended));
            }
            Err(error) => log::error!("{id} has no metadata port: {error}"),
        }
    }

    fn offer(&mut self, services: Services) {
        let Services { vpc, endpoint, names, outside } = services;
        let networks = self.world.networks.clone();
        let known = self.world.fronts.all().iter().map(|front| front.service().name).collect();
        let mut tasks = JoinSet::new();
        match Inside::new(&self.world.door.identity, &vpc) {
            Ok(inside) => {
                let accepting = Accepting { inside: Some(Arc::new(inside)), ..self.accepting.clone() };
                tasks.spawn(accepting.run(endpoint, None));
            }
            // Without it requests would pass as coming from outside: then rather none.
            Err(fault) => log::error!("{vpc} has no API endpoint: {fault:?}"),
        }
        tasks.spawn(Resolver::new(networks.clone(), &vpc, known).run(names));
        tasks.spawn(Outside::new(networks, &vpc).run(outside));
        self.services.insert(vpc, tasks);
    }

    async fn started(&mut self, id: &str) {
        let (end, ended) = watch::channel(());
        match self.world.driver.imds_listener(id).await {
            Ok(listener) => {
                let metadata = Metadata::new(id, self.world.clone(), self.imds.clone());
                match self.world.driver.imds_listener_6(id).await {
                    Ok(Some(listener)) => {
                        self.tasks.spawn(metadata.by_ipv6().run(listener, ended.clone()));
                    }
                    Ok(None) => {}
                    Err(error) => log::error!("{id} has no metadata service by IPv6: {error}"),
                }
                self.tasks.spawn(metadata.run(listener, ended.clone()));
            }
            Err(error) => log::error!("{id} has no metadata service: {error}"),
        }
        if self.world.driver.caps().exec {
            self.ssh.started(id, Ssh::new(self.world.clone(), id, ended));
            self.follow().await;
        }
        self.running.insert(id.to_owned(), end);
    }

    /// SSH ports go where public addresses go.
    async fn follow(&mut self) {
        let plans = self.world.networks.plans().borrow().clone();
        self.ssh.follow(&plans).await;
    }
}
