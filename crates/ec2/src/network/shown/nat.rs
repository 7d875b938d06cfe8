//! NAT gateways as answers show them.

use rolecall_base::{Fault, Tags, Time};
use rolecall_store::Reader;

use super::{Row, Shown};
use crate::filters::Filtered;
use crate::model;
use crate::network::nats;
use crate::place::Place;
use crate::records::NatGateway;
use crate::tags;

impl Row for NatGateway {
    type More = ();

    fn id(&self) -> &str {
        &self.id
    }

    fn is_over(&self, now: Time) -> bool {
        nats::is_over(self, now)
    }

    fn more(&self, _: &Reader, _: Place<'_>) -> Result<(), Fault> {
        Ok(())
    }
}

/// A gateway works as soon as it is written, and is gone as soon as it is deleted.
pub fn state(nat: &NatGateway) -> &'static str {
    match (&nat.failure, nat.deleted) {
        (Some(_), _) => "failed",
        (None, Some(_)) => "deleted",
        (None, None) => "available",
    }
}

impl Shown<NatGateway> {
    pub fn to_wire(&self) -> model::NatGateway {
        self.in_state(state(&self.row))
    }

    /// As the call that makes it shows it: whether it fails is not known yet.
    pub fn pending(&self) -> model::NatGateway {
        model::NatGateway { failure_code: None, failure_message: None, ..self.in_state("pending") }
    }

    fn in_state(&self, state: &str) -> model::NatGateway {
        let nat = &self.row;
        let address = |(n, own): (usize, &crate::records::NatAddress)| {
            let elastic = own.elastic.as_ref();
            model::NatGatewayAddress {
                allocation_id: elastic.map(|elastic| elastic.allocation.clone()),
                association_id: elastic.map(|elastic| elastic.association.clone()),
                public_ip: elastic.map(|elastic| elastic.address.to_string()),
                network_interface_id: Some(own.interface.clone()),
                private_ip: Some(own.private.to_string()),
                is_primary: Some(n == 0),
                status: Some("succeeded".into()),
                ..Default::default()
            }
        };
        model::NatGateway {
            nat_gateway_id: Some(nat.id.clone()),
            vpc_id: Some(nat.vpc.clone()),
            subnet_id: Some(nat.subnet.clone()),
            state: Some(state.to_owned()),
            connectivity_type: Some(if nat.public { "public" } else { "private" }.to_owned()),
            availability_mode: Some("zonal".into()),
            create_time: Some(nat.created),
            delete_time: nat.deleted.filter(|_| nat.failure.is_none()),
            failure_code: nat.failure.as_ref().map(|(code, _)| code.clone()),
            failure_message: nat.failure.as_ref().map(|(_, message)| message.clone()),
            nat_gateway_addresses: Some(nat.addresses.iter().enumerate().map(address).collect()),
            tags: tags::to_wire(&self.tags),
            ..Default::default()
        }
    }
}

impl Filtered for Shown<NatGateway> {
    const NAMES: &'static [&'static str] =
        &["connectivity-type", "nat-gateway-id", "state", "subnet-id", "vpc-id"];

    fn values(&self, name: &str) -> Vec<String> {
        let nat = &self.row;
        vec![match name {
            "connectivity-type" => if nat.public { "public" } else { "private" }.to_owned(),
            "nat-gateway-id" => nat.id.clone(),
            "state" => state(nat).to_owned(),
            "subnet-id" => nat.subnet.clone(),
            _ => nat.vpc.clone(),
        }]
    }

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }
}
