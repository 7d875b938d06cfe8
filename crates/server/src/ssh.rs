//! SSH into instances, without a daemon in them: the server speaks the protocol and runs the commands by the driver.
//!
//! Each instance has a port 22 at each of its public addresses (of 127.64.0.0/10, which this machine has without any
//! set-up). Here is who may connect, and when that ends; what a connection may then do is in `ssh_client`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rolecall_base::Fault;
use rolecall_ec2::instances::{self, Boot};
use russh::keys::PrivateKey;
use russh::keys::ssh_key::private::Ed25519Keypair;
use russh::server::Config;
use russh::{Disconnect, MethodKind, MethodSet};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::ssh_client::Client;
use crate::ssh_port::PORT;
use crate::start::World;

/// Ports that are tried, the first that is free is used; 0 is any.
const PORTS: [u16; 3] = [PORT, 2222, 0];
/// For a client to prove who it is.
const GRACE: Duration = Duration::from_secs(60);
/// For a client to hear why its connection ends.
const FAREWELL: Duration = Duration::from_secs(1);
/// Connections that one instance may have.
const CONNECTIONS: usize = 64;
/// Keys that one connection may try.
const ATTEMPTS: usize = 20;
/// What a refused client waits, whatever the reason.
const REFUSAL: Duration = Duration::from_millis(500);

/// The SSH port of one instance.
#[derive(Clone, Debug)]
pub struct Ssh {
    world: Arc<World>,
    id: Arc<str>,
    config: Arc<Config>,
    /// Of all its ports together.
    connections: Arc<Semaphore>,
    /// Ends with the instance.
    ended: watch::Receiver<()>,
}

impl Ssh {
    pub fn new(world: Arc<World>, id: &str, ended: watch::Receiver<()>) -> Ssh {
        let config = Config {
            methods: MethodSet::from(&[MethodKind::PublicKey][..]),
            auth_rejection_time: REFUSAL,
            // OpenSSH asks first without any proof, to learn what is wanted.
            auth_rejection_time_initial: Some(Duration::ZERO),
            max_auth_attempts: ATTEMPTS,
            keys: vec![host_key(&world, id)],
            inactivity_timeout: None,
            keepalive_interval: Some(Duration::from_secs(60)),
            nodelay: true,
            ..Config::default()
        };
        let connections = Arc::new(Semaphore::new(CONNECTIONS));
        Ssh { world, id: id.into(), config: Arc::new(config), connections, ended }
    }

    /// Listens on a public address of the instance until that ends. Connections end with this future.
    pub async fn run(mut self, address: Ipv4Addr) {
        let Some(listener) = self.listen(address).await else { return };
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                _ = self.ended.changed() => return,
                Some(_) = connections.join_next() => continue,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                // Nobody is told what would be there.
                Ok((_, from)) if !self.is_open(address, from) => {
                    log::info!("{}: nothing lets {} reach port {PORT} of {address}", self.id, from.ip());
                }
                Ok((stream, from)) => match self.connections.clone().try_acquire_owned() {
                    Ok(permit) => {
                        let talk = self.clone().converse(stream, from.ip());
                        connections.spawn(async move {
                            talk.await;
                            drop(permit);
                        });
                    }
                    Err(_) => log::warn!("{} has more than {CONNECTIONS} SSH connections", self.id),
                },
                Err(error) => {
                    log::warn!("an SSH connection to {} could not be accepted: {error}", self.id);
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }

    /// Whether route, network ACL and security groups let this client in.
    fn is_open(&self, address: Ipv4Addr, from: SocketAddr) -> bool {
        let SocketAddr::V4(client) = from else { return false };
        let open = || -> Result<bool, Fault> {
            let db = self.world.door.identity.store.read()?;
            let Some(instance) = instances::find(&db, &self.id)? else { return Ok(false) };
            instances::reaches(&db, &instance, (address, PORT), client)
        };
        open().unwrap_or_else(|fault| {
            log::error!("SSH to {}: {fault:?}", self.id);
            false
        })
    }

    async fn listen(&self, address: Ipv4Addr) -> Option<TcpListener> {
        for port in PORTS {
            match TcpListener::bind((address, port)).await {
                Ok(listener) => {
                    let at = listener.local_addr().unwrap_or_else(|_| SocketAddr::new(address.into(), port));
                    if port == PORT {
                        log::info!("{}: ssh {}@{address}", self.id, login(&self.world, &self.id));
                    } else {
                        log::warn!(
                            "{}: port 22 can't be used, so: ssh -p {} {}@{address}",
                            self.id,
                            at.port(),
                            login(&self.world, &self.id)
                        );
                    }
                    return Some(listener);
                }
                Err(error) => log::debug!("{address}:{port}: {error}"),
            }
        }
        log::error!("{} has no SSH port: nothing on {address} can be listened on", self.id);
        None
    }

    async fn converse(mut self, stream: TcpStream, from: IpAddr) {
        let _hangup = match Hangup::of(&stream) {
            Ok(hangup) => hangup,
            Err(error) => return log::warn!("an SSH connection to {} can't be held: {error}", self.id),
        };
        let (proved, mut is_proved) = watch::channel(false);
        let client = Client::new(self.world.clone(), self.id.clone(), from, proved);
        let started = tokio::time::timeout(GRACE, russh::server::run_stream(self.config, stream, client));
        let mut session = match started.await {
            Ok(Ok(session)) => session,
            Ok(Err(error)) => return log::debug!("SSH to {}: {error}", self.id),
            Err(_) => return log::debug!("SSH to {}: the client said nothing", self.id),
        };
        let handle = session.handle();
        let overdue = async {
            let proved = is_proved.wait_for(|proved| *proved);
            if tokio::time::timeout(GRACE, proved).await.is_ok() {
                std::future::pending::<()>().await;
            }
        };
        let why = tokio::select! {
            over = &mut session => {
                if let Err(error) = over {
                    log::debug!("SSH to {}: {error}", self.id);
                }
                return;
            }
            () = overdue => "Timeout before authentication",
            _ = self.ended.changed() => "The instance has stopped",
        };
        let _ = handle.disconnect(Disconnect::ByApplication, why.into(), String::new()).await;
        // For the client to be told; whoever does not listen is cut off.
        let _ = tokio::time::timeout(FAREWELL, session).await;
    }
}

/// Ends a connection when it is dropped, however that comes. The session itself is a task of the library's, which goes on
/// until its connection is over: dropping what waits for it does not end it.
struct Hangup(socket2::Socket);

impl Hangup {
    fn of(stream: &TcpStream) -> std::io::Result<Hangup> {
        socket2::SockRef::from(stream).try_clone().map(Hangup)
    }
}

impl Drop for Hangup {
    fn drop(&mut self) {
        // Closed by the client already, perhaps.
        let _ = self.0.shutdown(std::net::Shutdown::Both);
    }
}

/// The instance's own host key: the same as long as there is the root key, without being written anywhere.
fn host_key(world: &World, id: &str) -> PrivateKey {
    let seed = world.door.identity.vault.key(&format!("rolecall/ssh-host-key/1/{id}"), 0);
    PrivateKey::from(Ed25519Keypair::from_seed(&seed))
}
/// The user that an instance is entered as.
fn login(world: &World, id: &str) -> String {
    let found = world.door.identity.store.read().map_err(Fault::from).and_then(|db| instances::find(&db, id));
    match found {
        Ok(Some(instance)) => instance.boot.login,
        Ok(None) => Boot::default().login,
        Err(fault) => {
            log::error!("{id}: its login user can't be read: {fault:?}");
            Boot::default().login
        }
    }
}
