//! Prefix lists: those that the account manages, and AWS's own of S3 and DynamoDB.
//!
//! An own list of AWS holds the addresses where the service is reached. From an instance here that is its VPC's own
//! services address, so the lists have one block for each VPC.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use rolecall_base::Fault;
use rolecall_store::Reader;
use sha2::{Digest, Sha256};

use crate::faults;
use crate::network::{Network, all, block, rows};
use crate::place::Place;
use crate::records::{PrefixEntry, PrefixList, PrefixListRows, Vpc, Vpcs};

/// Services that have a gateway endpoint.
pub const GATEWAYS: [&str; 2] = ["dynamodb", "s3"];

/// All prefix lists of one place.
#[derive(Clone, Debug)]
pub struct PrefixLists(Vec<PrefixList>);

impl PrefixLists {
    /// # Errors
    /// When the store can't be read.
    pub fn load(db: &Reader, place: Place<'_>, network: &Network) -> Result<PrefixLists, Fault> {
        let entries = services(&network.vpcs)?;
        let mut lists: Vec<_> =
            GATEWAYS.iter().map(|service| of_aws(place, service, entries.clone())).collect();
        lists.extend(rows::<PrefixListRows>(db, place)?);
        Ok(PrefixLists(lists))
    }

    /// Those of some ids that there are.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn named(db: &Reader, place: Place<'_>, ids: &BTreeSet<String>) -> Result<PrefixLists, Fault> {
        let mut lists = Vec::new();
        for id in ids {
            match GATEWAYS.iter().find(|service| id_of(place.region, service) == *id) {
                Some(service) => lists.push(of_aws(place, service, services(&all::<Vpcs>(db, place)?)?)),
                None => lists.extend(db.get::<PrefixListRows>(&place.key(id))?),
            }
        }
        Ok(PrefixLists(lists))
    }

    pub fn all(&self) -> &[PrefixList] {
        &self.0
    }

    /// # Errors
    /// InvalidPrefixListID.NotFound, InvalidPrefixListId.Malformed.
    pub fn get(&self, id: &str) -> Result<&PrefixList, Fault> {
        if !id.starts_with("pl-") {
            return Err(faults::malformed("InvalidPrefixListId.Malformed", id, "pl"));
        }
        self.0.iter().find(|list| list.id == id).ok_or_else(|| no_list(id))
    }
}

pub fn no_list(id: &str) -> Fault {
    faults::other("InvalidPrefixListID.NotFound", format!("The prefix list ID '{id}' does not exist"))
}

/// The id of one of AWS's own lists: the same for every account.
pub fn id_of(region: &str, service: &str) -> String {
    let hash = Sha256::digest(format!("{region}/{service}"));
    let digits: String = hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("pl-{digits}")
}

fn of_aws(place: Place<'_>, service: &str, entries: Vec<PrefixEntry>) -> PrefixList {
    PrefixList {
        id: id_of(place.region, service),
        name: format!("com.amazonaws.{}.{service}", place.region),
        ipv6: false,
        most: 1,
        version: 1,
        entries,
        earlier: Vec::new(),
        aws: true,
        token: None,
    }
}

fn services(vpcs: &[Vpc]) -> Result<Vec<PrefixEntry>, Fault> {
    let mut entries: Vec<PrefixEntry> = Vec::new();
    for vpc in vpcs {
        let address: Ipv4Addr = block(&vpc.cidr)?.nth(2);
        let cidr = format!("{address}/32");
        if !entries.iter().any(|own| own.cidr == cidr) {
            entries.push(PrefixEntry { cidr, description: None });
        }
    }
    Ok(entries)
}
