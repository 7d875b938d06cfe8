//! GetSecurityGroupsForVpc: the groups that interfaces of a VPC can have.

use rolecall_actions::ec2::{self, key, kind};
use rolecall_base::{Fault, Tags};
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::filters::{Filtered, pick};
use crate::model::{
    GetSecurityGroupsForVpc, GetSecurityGroupsForVpcRequest, GetSecurityGroupsForVpcResult,
    SecurityGroupForVpc,
};
use crate::network::Network;
use crate::paging::Turn;
use crate::place::Place;
use crate::records::SecurityGroup;
use crate::tags;

impl Operation for GetSecurityGroupsForVpc {
    type Access = Read;

    fn needs(input: &GetSecurityGroupsForVpcRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let (place, id) = (Place::of(at), input.vpc_id.as_str());
        let resource = place.resource::<kind::Vpc>(id).tagged(tags::of(at.db()?, place, id)?);
        let question = Needs::action(ec2::GetSecurityGroupsForVpc).on(&resource);
        Ok(question.key(key::Region, Some(at.region)).key(key::VpcID, Some(id)).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetSecurityGroupsForVpcResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let network = Network::load(req.db()?, place)?;
        network.vpc(&input.vpc_id).ok_or_else(|| faults::no_vpc(&input.vpc_id))?;
        faults::dry_run(input.dry_run)?;
        let mut found = Vec::new();
        for group in network.groups.into_iter().filter(|group| group.vpc == input.vpc_id) {
            let tags = tags::of(req.db()?, place, &group.id)?;
            found.push(Shown { group, tags, owner: place.account.to_string() });
        }
        let found = pick(found, input.filters.as_deref())?;
        let turn = Turn::new(input.next_token.as_deref(), input.max_results);
        let page = turn.cut(found, |shown| shown.group.id.clone())?;
        let list = page.items.into_iter().map(Shown::into_wire).collect();
        Ok(GetSecurityGroupsForVpcResult { security_group_for_vpcs: Some(list), next_token: page.next })
    }
}

struct Shown {
    group: SecurityGroup,
    tags: Tags,
    owner: String,
}

impl Shown {
    fn into_wire(self) -> SecurityGroupForVpc {
        SecurityGroupForVpc {
            description: Some(self.group.description),
            group_id: Some(self.group.id),
            group_name: Some(self.group.name),
            owner_id: Some(self.owner),
            primary_vpc_id: Some(self.group.vpc),
            tags: tags::to_wire(&self.tags),
        }
    }
}

impl Filtered for Shown {
    const NAMES: &'static [&'static str] =
        &["description", "group-id", "group-name", "owner-id", "primary-vpc-id"];

    fn values(&self, name: &str) -> Vec<String> {
        vec![match name {
            "description" => self.group.description.clone(),
            "group-id" => self.group.id.clone(),
            "group-name" => self.group.name.clone(),
            "owner-id" => self.owner.clone(),
            _ => self.group.vpc.clone(),
        }]
    }

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }
}
