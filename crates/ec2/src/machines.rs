//! What stands behind the records: the machine driver, what every instance is given, and who is told of starts and
//! ends. The server puts one into the door's extensions.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rolecall_base::Fault;
use rolecall_compute::{
    ComputeError, Driver, Image, InstanceSpec, Kind, Link, Mount, Network, Resolving, User, Vpc,
};

use crate::instance_types;
use crate::instances;
use crate::network;
use crate::records::{Bytes, Instance, NetworkInterface};
use crate::wiring::Plans;

/// What every instance finds inside.
#[derive(Clone, Debug, Default)]
pub struct Guest {
    /// `http` or `https`.
    pub scheme: String,
    /// The port of the API endpoint at [`Driver::endpoint_address`].
    pub port: u16,
    /// Further variables, beside endpoint and region.
    pub env: Vec<(String, String)>,
    /// Host folders shown read-only, such as the prepared `aws` CLI's.
    pub mounts: Vec<Mount>,
    pub links: Vec<Link>,
    /// Images whose instances are virtual machines.
    pub own_kernel: Vec<String>,
}

/// What happened to a machine, or to the network of a VPC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It runs; its metadata service is reached at this address, by [`Driver::imds_listener`].
    Started { id: String, imds: Option<SocketAddr> },
    /// It no longer runs; listeners on it are dead.
    Ended { id: String },
    /// A VPC is deleted, and its network with it.
    NetworkGone { vpc: String },
}

type Tell = Box<dyn Fn(Change) + Send + Sync>;
/// What is done for a VPC before one of its instances starts.
pub type Preparing = Pin<Box<dyn Future<Output = Result<(), ComputeError>> + Send>>;
type Prepare = Box<dyn Fn(Vpc) -> Preparing + Send + Sync>;

/// The driver and what goes with it.
pub struct Machines {
    pub driver: Driver,
    pub guest: Guest,
    /// The networks as they are now.
    pub plans: Arc<Plans>,
    tell: Tell,
    prepare: Prepare,
}

impl Machines {
    /// `tell` is called after each start and end, from the reconciler's tasks; it must not block.
    pub fn new(driver: Driver, guest: Guest, tell: impl Fn(Change) + Send + Sync + 'static) -> Machines {
        let prepare: Prepare = Box::new(|_| Box::pin(std::future::ready(Ok(()))));
        Machines { driver, guest, plans: Arc::default(), tell: Box::new(tell), prepare }
    }

    /// Done before each start: user data may call the API at once, so its endpoint must be there.
    #[must_use]
    pub fn before_start(mut self, prepare: impl Fn(Vpc) -> Preparing + Send + Sync + 'static) -> Machines {
        self.prepare = Box::new(prepare);
        self
    }

    /// Whether instances are records only, so that their states are reached by writing them.
    pub(crate) fn is_paper(&self) -> bool {
        self.driver.caps().kind == Kind::None
    }

    pub(crate) fn tell(&self, change: Change) {
        (self.tell)(change);
    }

    pub(crate) async fn prepare(&self, vpc: Vpc) -> Result<(), ComputeError> {
        (self.prepare)(vpc).await
    }

    /// All that the driver needs to start an instance.
    ///
    /// # Errors
    /// InternalFailure for a record that no driver could start.
    pub(crate) fn spec(
        &self,
        instance: &Instance,
        interface: &NetworkInterface,
        vpc: &str,
        subnet: &str,
    ) -> Result<InstanceSpec, Fault> {
        let size = instance_types::find(&instance.instance_type).ok_or_else(|| {
            Fault::internal(format!("{} has the unknown type {}", instance.id, instance.instance_type))
        })?;
        let vpc = Vpc { id: interface.vpc.clone(), cidr: network::block(vpc)? };
        let decode = |text: &String| STANDARD.decode(text).map_err(Fault::internal);
        Ok(InstanceSpec {
            id: instance.id.clone(),
            hostname: instances::own_host_name(instance, interface.private_ip()),
            env: self.env(instance, &vpc),
            network: Network {
                vpc,
                subnet: network::block(subnet)?,
                private_ip: interface.private_ip(),
                mac: mac(&interface.mac)?,
                // What the VPC's plan says, when it is carried out.
                names: Resolving::default(),
            },
            image: boot_image(&instance.boot.bytes),
            own_kernel: self.guest.own_kernel.contains(&instance.image),
            memory_mib: size.memory,
            vcpus: instances::cpus(instance).map_or(size.vcpus, |own| own.cores * own.threads),
            user_data: instance.user_data.as_ref().map(decode).transpose()?,
            users: vec![User {
                name: instance.boot.login.clone(),
                uid: 1000,
                authorized_keys: instance.public_key.iter().cloned().collect(),
            }],
            mounts: self.guest.mounts.clone(),
            links: self.guest.links.clone(),
        })
    }

    fn env(&self, instance: &Instance, vpc: &Vpc) -> Vec<(String, String)> {
        let address = self.driver.endpoint_address(vpc);
        let endpoint = format!("{}://{}", self.guest.scheme, SocketAddr::new(address, self.guest.port));
        let mut env = vec![
            ("AWS_ENDPOINT_URL".to_owned(), endpoint),
            ("AWS_REGION".to_owned(), instance.region.clone()),
            ("AWS_DEFAULT_REGION".to_owned(), instance.region.clone()),
        ];
        env.extend(self.guest.env.iter().cloned());
        env
    }
}

fn boot_image(bytes: &Bytes) -> Image {
    match bytes {
        Bytes::Stored(id) => Image::RootFs { id: id.clone() },
        // What is yet to come from an object is no image that can be launched.
        Bytes::Host | Bytes::Object { .. } => Image::HostUsr,
    }
}

/// `ip-172-31-5-6`
pub fn host_name(address: Ipv4Addr) -> String {
    format!("ip-{}", address.to_string().replace('.', "-"))
}

/// `0a:1b:…` as bytes.
///
/// # Errors
/// InternalFailure when it is none.
pub(crate) fn mac(text: &str) -> Result<[u8; 6], Fault> {
    let bytes: Result<Vec<u8>, _> = text.split(':').map(|part| u8::from_str_radix(part, 16)).collect();
    let bytes = bytes.map_err(Fault::internal)?;
    bytes.try_into().map_err(|_| Fault::internal(format!("`{text}` is no hardware address")))
}

impl fmt::Debug for Machines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Machines")
            .field("driver", &self.driver)
            .field("guest", &self.guest)
            .finish_non_exhaustive()
    }
}
