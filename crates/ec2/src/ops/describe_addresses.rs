//! DescribeAddresses: the elastic addresses of this account and region.

use rolecall_actions::ec2;
use rolecall_base::{Fault, Tags};
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::elastic;
use crate::faults;
use crate::filters::{Filtered, pick};
use crate::model::{Address, DescribeAddresses, DescribeAddressesRequest, DescribeAddressesResult};
use crate::network::rows;
use crate::place::Place;
use crate::questions::anywhere;
use crate::records::{ElasticAddress, ElasticAddresses, Interfaces};
use crate::tags;

impl Operation for DescribeAddresses {
    type Access = Read;

    fn needs(_: &DescribeAddressesRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::DescribeAddresses, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeAddressesResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        faults::dry_run(input.dry_run)?;
        let db = req.db()?;
        let ids = input.allocation_ids.as_deref().unwrap_or_default();
        let numbers = input.public_ips.as_deref().unwrap_or_default();
        let mut list = if ids.is_empty() && numbers.is_empty() {
            rows::<ElasticAddresses>(db, place)?
        } else {
            let by_id = ids.iter().map(|id| elastic::get(db, place, id));
            let by_number = numbers.iter().map(|text| elastic::by_number(db, place, text));
            by_id.chain(by_number).collect::<Result<Vec<_>, _>>()?
        };
        list.sort_by(|a, b| a.id.cmp(&b.id));
        list.dedup_by(|a, b| a.id == b.id);
        let mut found = Vec::new();
        for own in list {
            let instance = match &own.association {
                Some(has) => db
                    .get::<Interfaces>(&place.key(&has.interface))?
                    .and_then(|own| own.attachment.map(|attachment| attachment.instance)),
                None => None,
            };
            let tags = tags::of(db, place, &own.id)?;
            let (owner, region) = (place.account.to_string(), place.region.to_owned());
            found.push(Shown { own, instance, tags, owner, region });
        }
        let found = pick(found, input.filters.as_deref())?;
        Ok(DescribeAddressesResult { addresses: Some(found.iter().map(Shown::to_wire).collect()) })
    }
}

struct Shown {
    own: ElasticAddress,
    instance: Option<String>,
    tags: Tags,
    owner: String,
    region: String,
}

impl Shown {
    fn to_wire(&self) -> Address {
        let has = self.own.association.as_ref();
        Address {
            allocation_id: Some(self.own.id.clone()),
            association_id: has.map(|has| has.id.clone()),
            domain: Some("vpc".into()),
            network_interface_id: has.map(|has| has.interface.clone()),
            network_interface_owner_id: has.map(|_| self.owner.clone()),
            private_ip_address: has.map(|has| has.private.to_string()),
            tags: tags::to_wire_if_any(&self.tags),
            public_ipv4_pool: Some("amazon".into()),
            network_border_group: Some(self.region.clone()),
            instance_id: self.instance.clone(),
            public_ip: Some(self.own.address.to_string()),
            ..Default::default()
        }
    }
}

impl Filtered for Shown {
    const NAMES: &'static [&'static str] = &[
        "allocation-id",
        "association-id",
        "domain",
        "instance-id",
        "network-border-group",
        "network-interface-id",
        "network-interface-owner-id",
        "private-ip-address",
        "public-ip",
    ];

    fn values(&self, name: &str) -> Vec<String> {
        let wire = self.to_wire();
        let value = match name {
            "allocation-id" => wire.allocation_id,
            "association-id" => wire.association_id,
            "domain" => wire.domain,
            "instance-id" => wire.instance_id,
            "network-border-group" => wire.network_border_group,
            "network-interface-id" => wire.network_interface_id,
            "network-interface-owner-id" => wire.network_interface_owner_id,
            "private-ip-address" => wire.private_ip_address,
            _ => wire.public_ip,
        };
        value.into_iter().collect()
    }

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }
}
