//! Where requests on a VPC's own API endpoint come from. The listener says which VPC it is, the client's address which
//! subnet: so the VPC endpoint that their way leads through is known without a word of the client.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, PoisonError};

use rolecall_base::{AccountId, Fault};
use rolecall_door::{Endpoint, FindWay, Origin, Way};
use rolecall_ec2::origins::{self, EVERYTHING};
use rolecall_identity::Identity;
use rolecall_policy::Kind;
use rolecall_store::{Hint, Pre};
use sha2::{Digest, Sha256};

/// Addresses and services whose ways are remembered.
const REMEMBERED: usize = 4096;

/// The inside of one VPC.
pub struct Inside {
    identity: Arc<Identity>,
    account: AccountId,
    region: String,
    vpc: String,
    seen: Mutex<Seen>,
}

/// The ways as they were last found.
struct Seen {
    /// Tells of any commit after that.
    hint: Hint,
    ways: HashMap<(Ipv4Addr, String), Found>,
}

/// What a way makes of an origin.
#[derive(Clone)]
struct Found {
    public: Option<Ipv4Addr>,
    endpoint: Option<Arc<Endpoint>>,
    /// True of the store as long as this is the way.
    premises: Arc<[Pre]>,
}

/// One client inside that asks a service.
struct Client {
    inside: Arc<Inside>,
    from: Ipv4Addr,
    service: String,
}

impl FindWay for Client {
    fn find(&self, origin: &mut Origin) -> Result<Arc<[Pre]>, Fault> {
        let found = self.inside.way(self.from, &self.service)?;
        origin.private = found.endpoint.is_none() && found.public.is_none();
        let public = found.public.filter(|_| found.endpoint.is_none());
        origin.source_ip = Some(public.unwrap_or(self.from).into());
        origin.endpoint = found.endpoint;
        Ok(found.premises)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {} asks {}", self.from, self.inside.vpc, self.service)
    }
}

impl Inside {
    /// # Errors
    /// InternalFailure for a VPC that is not there.
    pub fn new(identity: &Arc<Identity>, vpc: &str) -> Result<Inside, Fault> {
        let found = origins::place_of(&identity.store.read()?, vpc)?;
        let (account, region) = found.ok_or_else(|| Fault::internal(format!("there is no {vpc}")))?;
        let seen = Seen { hint: identity.store.hint(), ways: HashMap::new() };
        Ok(Inside {
            identity: identity.clone(),
            account,
            region,
            vpc: vpc.to_owned(),
            seen: Mutex::new(seen),
        })
    }

    /// Says in an origin what is known of a request for a service. Without a VPC endpoint it comes, as in AWS, from the
    /// public address of its interface or of its NAT gateway. Without these too, its address is only to be recorded.
    ///
    /// # Errors
    /// When the store can't be read: then nothing may pass as coming from elsewhere.
    pub fn complete(self: &Arc<Inside>, origin: &mut Origin, service: &str) -> Result<(), Fault> {
        let Some(IpAddr::V4(from)) = origin.source_ip else {
            origin.private = true;
            return Ok(());
        };
        let client = Arc::new(Client { inside: self.clone(), from, service: service.to_owned() });
        let premises = client.find(origin)?;
        origin.way = Some(Way { premises, finder: client });
        Ok(())
    }

    /// The way from an address to a service. It is looked for again only when anything was committed since.
    fn way(&self, from: Ipv4Addr, service: &str) -> Result<Found, Fault> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.hint.take() || seen.ways.len() >= REMEMBERED {
            seen.ways.clear();
        }
        let key = (from, service.to_owned());
        if let Some(way) = seen.ways.get(&key) {
            return Ok(way.clone());
        }
        // A transaction knows what it has read.
        let recording = self.identity.store.begin()?;
        let found = origins::way(&recording, (self.account, &self.region), &self.vpc, from, service)?;
        let endpoint = match found.endpoint {
            None => None,
            Some(own) => {
                let text = own.policy.unwrap_or_else(|| EVERYTHING.to_owned());
                let digest = Sha256::digest(text.as_bytes()).into();
                let documents = &self.identity.documents;
                let policy = documents.resource(Kind::Endpoint, digest, "VPC endpoint policy", || Ok(text));
                Some(Arc::new(Endpoint {
                    id: own.id,
                    vpc: own.vpc,
                    region: self.region.clone(),
                    account: self.account,
                    policy: policy?,
                }))
            }
        };
        let way = Found { public: found.public, endpoint, premises: recording.premises().into() };
        seen.ways.insert(key, way.clone());
        Ok(way)
    }
}

impl fmt::Debug for Inside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inside").field("vpc", &self.vpc).finish_non_exhaustive()
    }
}
