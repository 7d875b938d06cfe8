//! DescribeVpcs.

use rolecall_actions::ec2;
use rolecall_base::{Fault, Tags};
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::filters::{Filtered, pick};
use crate::model::{self, DescribeVpcs, DescribeVpcsRequest, DescribeVpcsResult};
use crate::network::Network;
use crate::paging::Turn;
use crate::place::Place;
use crate::questions::anywhere;
use crate::records::Vpc;
use crate::tags;

impl Operation for DescribeVpcs {
    type Access = Read;

    fn needs(_: &DescribeVpcsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::DescribeVpcs, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeVpcsResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        faults::dry_run(input.dry_run)?;
        let network = Network::load(req.db()?, place)?;
        let ids = input.vpc_ids.as_deref().unwrap_or_default();
        if let Some(missing) = ids.iter().find(|id| network.vpc(id).is_none()) {
            return Err(faults::no_vpc(missing));
        }
        let mut found = Vec::new();
        for vpc in network.vpcs {
            if ids.is_empty() || ids.contains(&vpc.id) {
                let tags = tags::of(req.db()?, place, &vpc.id)?;
                found.push(Shown { vpc, tags, owner: place.account.to_string() });
            }
        }
        let found = pick(found, input.filters.as_deref())?;
        let turn = Turn::new(input.next_token.as_deref(), input.max_results);
        let page = turn.cut(found, |shown| shown.vpc.id.clone())?;
        let vpcs = page.items.iter().map(Shown::to_wire).collect();
        Ok(DescribeVpcsResult { vpcs: Some(vpcs), next_token: page.next })
    }
}

struct Shown {
    vpc: Vpc,
    tags: Tags,
    owner: String,
}

impl Shown {
    fn to_wire(&self) -> model::Vpc {
        let vpc = &self.vpc;
        let state = model::VpcCidrBlockState { state: Some("associated".into()), ..Default::default() };
        model::Vpc {
            vpc_id: Some(vpc.id.clone()),
            owner_id: Some(self.owner.clone()),
            state: Some("available".into()),
            cidr_block: Some(vpc.cidr.clone()),
            cidr_block_association_set: Some(vec![model::VpcCidrBlockAssociation {
                association_id: Some(vpc.cidr_association.clone()),
                cidr_block: Some(vpc.cidr.clone()),
                cidr_block_state: Some(state),
            }]),
            dhcp_options_id: Some(vpc.dhcp_options.clone()),
            instance_tenancy: Some("default".into()),
            is_default: Some(vpc.default),
            tags: tags::to_wire(&self.tags),
            ..Default::default()
        }
    }
}

impl Filtered for Shown {
    const NAMES: &'static [&'static str] = &[
        "cidr",
        "cidr-block",
        "cidr-block-association.association-id",
        "cidr-block-association.cidr-block",
        "cidr-block-association.state",
        "cidrBlock",
        "dhcp-options-id",
        "is-default",
        "isDefault",
        "owner-id",
        "state",
        "vpc-id",
    ];

    fn values(&self, name: &str) -> Vec<String> {
        let vpc = &self.vpc;
        vec![match name {
            "cidr" | "cidr-block" | "cidrBlock" | "cidr-block-association.cidr-block" => vpc.cidr.clone(),
            "cidr-block-association.association-id" => vpc.cidr_association.clone(),
            "cidr-block-association.state" => "associated".to_owned(),
            "dhcp-options-id" => vpc.dhcp_options.clone(),
            "is-default" | "isDefault" => vpc.default.to_string(),
            "owner-id" => self.owner.clone(),
            "state" => "available".to_owned(),
            _ => vpc.id.clone(),
        }]
    }

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }
}
