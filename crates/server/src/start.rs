//! Putting a server together, and taking it apart.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rolecall_blobs::Blobs;
use rolecall_cloudtrail::{Bucket, History};
use rolecall_compute::Driver;
use rolecall_door::{Door, Extensions};
use rolecall_ec2::Objects;
use rolecall_ec2_instance_connect::Targets;
use rolecall_env::Env;
use rolecall_identity::{Identity, Issuers, Vault};
use rolecall_imds::Signers;
use rolecall_store::Store;
use rolecall_sts::web_identity::ProviderKeys;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::audit_log::{self, Log, Segments};
use crate::body::Budget;
use crate::config::{Config, StartError};
use crate::connect::OfEc2;
use crate::control::Server as ServerFacts;
use crate::data_folder::{open_blobs, open_log, open_store, own_temporary, root_key};
use crate::first_account::{RootKeys, first_account};
use crate::image_objects::ImageObjects;
use crate::listen::{Accepting, CONNECTIONS, stopping};
use crate::machines::{self, Prepared};
use crate::networks::Networks;
use crate::provider_client::ProviderClient;
use crate::published;
use crate::resetting::Resetting;
use crate::route::Fronts;
use crate::services;
use crate::sweeping;
use crate::terminal::Tickets;
use crate::tls;
use crate::trails::{self, TrailBuckets};
use crate::usage;

/// Everything that a request may meet.
#[derive(Debug)]
pub struct World {
    pub env: Env,
    pub door: Arc<Door>,
    pub fronts: Fronts,
    pub driver: Driver,
    pub networks: Arc<Networks>,
    pub tickets: Arc<Tickets>,
    pub region: String,
    pub resetting: Resetting,
    pub bodies: Budget,
    pub facts: Arc<ServerFacts>,
    pub blobs: Arc<Blobs>,
    pub segments: Arc<Segments>,
    /// What proves instance identity documents.
    pub signers: Arc<Signers>,
}

impl World {
    /// What `/_rolecall/health` answers.
    pub fn health(&self) -> Value {
        json!({
            "status": "ready",
            "version": env!("CARGO_PKG_VERSION"),
            "region": self.region,
            "compute": self.driver.caps().kind.name(),
            "services": self.fronts.all().iter().map(|front| front.service().name).collect::<Vec<_>>(),
        })
    }
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    pub address: SocketAddr,
    pub tls_address: Option<SocketAddr>,
    /// Present when they were given or made at this start: the one time that they can be shown.
    pub root_keys: Option<RootKeys>,
    /// Which driver runs instances, and why.
    pub compute: String,
    pub notes: Vec<String>,
    world: Arc<World>,
    segments: Arc<Segments>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Server {
    /// Starts and listens.
    ///
    /// # Errors
    /// What stands in the way, and what to do about it.
    pub async fn start(config: Config, env: Env) -> Result<Server, StartError> {
        let listener = bind(config.listen).await?;
        let address = listener.local_addr().unwrap_or(config.listen);
        let store = open_store(config.data.as_deref())?;
        let vault = Vault::new(root_key(config.data.as_deref(), &env)?);
        rolecall_ec2::upgrade(&store).await.map_err(|error| {
            StartError::new(
                format!("Records of an older version can't be read: {error}."),
                "Is the data folder from a newer version, or its disk full?",
            )
        })?;
        let root_keys = first_account(&store, &env, &vault, &config).await?;
        published::keep_aliases(&store, &config.image_aliases).await?;
        let segments = Arc::new(open_log(&config, &env)?);
        let (driver, compute) = choose_driver(&config, &env).await?;
        let tickets = Arc::new(Tickets::new(env.clone()));
        let blobs = Arc::new(open_blobs(&config, &env)?);
        let facts = Arc::new(ServerFacts {
            account: config.account,
            ephemeral: config.data.is_none(),
            ..ServerFacts::default()
        });
        let mut extensions = Extensions::default();
        extensions.insert(blobs.clone());
        extensions.insert(facts.clone());
        extensions.insert(Arc::new(driver.clone()));
        extensions.insert(tickets.clone());
        extensions.insert(Arc::new(issuers(&config, address)));
        extensions.insert(Arc::new(ProviderKeys::new(Arc::new(ProviderClient::default()))));
        extensions.insert(Arc::new(config.quotas));
        extensions.insert(Arc::new(config.ec2_quotas));
        let log = Log { segments: segments.clone(), store: store.clone() };
        extensions.insert(Arc::new(History(Arc::new(log))));
        extensions.insert(Arc::new(Bucket(Arc::new(TrailBuckets(facts.clone())))));
        extensions.insert(Arc::new(Objects(Arc::new(ImageObjects(facts.clone())))));
        extensions.insert(Arc::new(published::parameters()));
        extensions.insert(Arc::new(published::images()));
        extensions.insert(Arc::new(published::image_names()));
        extensions.insert(Arc::new(Targets(Arc::new(OfEc2))));
        let prepared = machines::prepare(&config, &driver, address.port());
        extensions.insert(prepared.machines.clone());
        extensions.insert(prepared.ports.clone());
        let identity = Arc::new(Identity::new(env.clone(), vault, store));
        let signers = Arc::new(Signers::new(identity.clone()));
        let door = Arc::new(Door::new(identity, extensions, segments.clone(), &config.region));
        // Set once, right here: the door is what `why` asks.
        let _ = facts.door.set(Arc::downgrade(&door));
        let beginning = root_keys.as_ref().filter(|_| facts.ephemeral);
        let world = Arc::new(World {
            env,
            door,
            fronts: services::fronts(),
            driver: driver.clone(),
            networks: Arc::new(Networks::new(&prepared.machines, config.outbound)),
            tickets,
            region: config.region.clone(),
            resetting: Resetting::new(beginning.map(|keys| (config.account, keys.key.clone()))),
            bodies: Budget::default(),
            facts,
            blobs,
            segments: segments.clone(),
            signers,
        });
        let (stop, stopping) = watch::channel(false);
        let accepting = Accepting {
            world: world.clone(),
            permits: Arc::new(Semaphore::new(CONNECTIONS)),
            inside: None,
            stop: stopping,
        };
        let mut server = Server {
            address,
            tls_address: None,
            root_keys,
            compute,
            notes: driver.caps().notes.clone(),
            world,
            segments,
            stop,
            tasks: JoinSet::new(),
        };
        server.tasks.spawn(accepting.clone().run(listener, None));
        if let Some(tls) = &config.tls {
            let acceptor = tls::acceptor(tls, config.data.as_deref())?;
            let listener = bind(tls.listen).await?;
            server.tls_address = listener.local_addr().ok();
            server.tasks.spawn(accepting.clone().run(listener, Some(acceptor)));
        }
        server.start_loops(&config, accepting, prepared);
        Ok(server)
    }

    fn start_loops(&mut self, config: &Config, accepting: Accepting, prepared: Prepared) {
        let (store, segments) = (self.world.door.identity.store.clone(), self.segments.clone());
        let (world, stop) = (self.world.clone(), accepting.stop.clone());
        let (blobs, env) = (world.blobs.clone(), world.env.clone());
        self.tasks.spawn(sweeping::run(store.clone(), blobs, env, stop.clone()));
        let every = Duration::from_secs(u64::from(config.trail_seconds));
        self.tasks.spawn(trails::run(world.clone(), every, stop.clone()));
        self.tasks.spawn(usage::run(world.clone(), stop.clone()));
        self.tasks.spawn(drain_outbox(store, segments, world, stop));
        let settings =
            rolecall_imds::Settings { role_life: Duration::from_secs(u64::from(config.role_seconds)) };
        self.tasks.spawn(machines::run(prepared, accepting, settings));
    }

    /// Stops: no new connections, open requests are finished, instances end, everything is on disk.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        let finish = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(Duration::from_secs(5), finish).await.is_err() {
            self.tasks.abort_all();
        }
        self.world.driver.shutdown().await;
        usage::sweep(&self.world).await;
        while let Ok(1..) = audit_log::drain(&self.world.door.identity.store, &self.segments).await {}
        let segments = self.segments.clone();
        let _ = tokio::task::spawn_blocking(move || segments.close()).await;
    }
}

/// Moves audit records whenever something has changed.
async fn drain_outbox(
    store: Store,
    segments: Arc<Segments>,
    world: Arc<World>,
    mut stop: watch::Receiver<bool>,
) {
    let mut told = 0;
    loop {
        match audit_log::drain(&store, &segments).await {
            Ok(0) => tokio::select! {
                // A change may slip in between: the timer finds it.
                () = world.door.changed.notified() => {}
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
                () = stopping(&mut stop) => return,
            },
            Ok(_) => {}
            Err(fault) => {
                log::error!("audit records wait in the store: {fault:?}");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
        let lost = segments.lost();
        if lost > told {
            log::error!("{} audit records of reads were lost: the log is too slow", lost - told);
            told = lost;
        }
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|error| {
        StartError::new(
            format!("Rolecall can't listen on {address}: {error}."),
            "Is another one running there? Choose another address with --listen ADDR:PORT.",
        )
    })
}

/// Where this server's issuers of web identity tokens are found.
fn issuers(config: &Config, address: SocketAddr) -> Issuers {
    let (scheme, mut address) = match &config.tls {
        Some(tls) => ("https", tls.listen),
        None => ("http", address),
    };
    if address.ip().is_unspecified() {
        address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    Issuers::new(&config.issuer_url.clone().unwrap_or_else(|| format!("{scheme}://{address}")))
}

async fn choose_driver(config: &Config, env: &Env) -> Result<(Driver, String), StartError> {
    let dir = match &config.data {
        Some(data) => data.join("machines"),
        None => own_temporary(env)?,
    };
    let choice = rolecall_compute::Config {
        dir,
        engine: config.engine.clone(),
        kernel: config.kernel.clone(),
        own_kernels: !config.virtual_images.is_empty(),
        ephemeral: config.data.is_none(),
        ..rolecall_compute::Config::default()
    };
    rolecall_compute::choose(config.compute, &choice).await.map_err(|error| {
        StartError::new(
            format!("Instances can't be run as asked: {error}."),
            "Leave --compute out to let Rolecall choose, or take --compute none.",
        )
    })
}
