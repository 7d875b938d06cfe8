//! VPCs as answers show them.

use rolecall_base::{Fault, Tags};
use rolecall_store::Reader;

use super::{Row, Shown};
use crate::filters::Filtered;
use crate::model;
use crate::place::Place;
use crate::records::Vpc;
use crate::tags;

impl Row for Vpc {
    type More = ();

    fn id(&self) -> &str {
        &self.id
    }

    fn more(&self, _: &Reader, _: Place<'_>) -> Result<(), Fault> {
        Ok(())
    }
}

/// A block of a VPC in some state.
pub fn association(id: &str, cidr: &str, state: &str) -> model::VpcCidrBlockAssociation {
    model::VpcCidrBlockAssociation {
        association_id: Some(id.to_owned()),
        cidr_block: Some(cidr.to_owned()),
        cidr_block_state: Some(model::VpcCidrBlockState {
            state: Some(state.to_owned()),
            ..Default::default()
        }),
    }
}

/// The associations of a VPC's blocks, with their blocks.
fn associations(vpc: &Vpc) -> impl Iterator<Item = (&str, &str)> {
    let further = vpc.blocks.iter().map(|block| (block.association.as_str(), block.cidr.as_str()));
    std::iter::once((vpc.cidr_association.as_str(), vpc.cidr.as_str())).chain(further)
}

impl Shown<Vpc> {
    pub fn to_wire(&self) -> model::Vpc {
        self.in_state("available")
    }

    pub fn in_state(&self, state: &str) -> model::Vpc {
        let vpc = &self.row;
        let blocks = associations(vpc).map(|(id, cidr)| association(id, cidr, "associated"));
        model::Vpc {
            vpc_id: Some(vpc.id.clone()),
            owner_id: Some(self.owner.to_string()),
            state: Some(state.to_owned()),
            cidr_block: Some(vpc.cidr.clone()),
            cidr_block_association_set: Some(blocks.collect()),
            ipv6_cidr_block_association_set: Some(Vec::new()),
            dhcp_options_id: Some(vpc.dhcp_options.clone()),
            instance_tenancy: Some(vpc.tenancy().to_owned()),
            is_default: Some(vpc.default),
            block_public_access_states: Some(model::BlockPublicAccessStates {
                internet_gateway_block_mode: Some("off".into()),
            }),
            tags: tags::to_wire(&self.tags),
            ..Default::default()
        }
    }
}

impl Filtered for Shown<Vpc> {
    const NAMES: &'static [&'static str] = &[
        "cidr",
        "cidr-block",
        "cidr-block-association.association-id",
        "cidr-block-association.cidr-block",
        "cidr-block-association.state",
        "cidrBlock",
        "dhcp-options-id",
        "ipv6-cidr-block-association.association-id",
        "ipv6-cidr-block-association.ipv6-cidr-block",
        "ipv6-cidr-block-association.ipv6-pool",
        "ipv6-cidr-block-association.state",
        "is-default",
        "isDefault",
        "owner-id",
        "state",
        "vpc-id",
    ];

    fn values(&self, name: &str) -> Vec<String> {
        let vpc = &self.row;
        vec![match name {
            "cidr" | "cidr-block" | "cidrBlock" => vpc.cidr.clone(),
            "cidr-block-association.cidr-block" => return vpc.cidrs().map(str::to_owned).collect(),
            "cidr-block-association.association-id" => {
                return associations(vpc).map(|(id, _)| id.to_owned()).collect();
            }
            "cidr-block-association.state" => "associated".to_owned(),
            "dhcp-options-id" => vpc.dhcp_options.clone(),
            "is-default" | "isDefault" => vpc.default.to_string(),
            "owner-id" => self.owner.to_string(),
            "state" => "available".to_owned(),
            "vpc-id" => vpc.id.clone(),
            // There are no IPv6 blocks.
            _ => return Vec::new(),
        }]
    }

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }
}
