//! DescribeInternetGateways: each VPC's way out.

use rolecall_actions::ec2;
use rolecall_base::{Fault, Tags};
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::filters::{Filtered, pick};
use crate::kinds;
use crate::model::{
    DescribeInternetGateways, DescribeInternetGatewaysRequest, DescribeInternetGatewaysResult,
    InternetGateway, InternetGatewayAttachment,
};
use crate::network::Network;
use crate::paging::Turn;
use crate::place::Place;
use crate::questions::anywhere;
use crate::tags;

impl Operation for DescribeInternetGateways {
    type Access = Read;

    fn needs(_: &DescribeInternetGatewaysRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::DescribeInternetGateways, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeInternetGatewaysResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        faults::dry_run(input.dry_run)?;
        let ids = input.internet_gateway_ids.as_deref().unwrap_or_default();
        for id in ids.iter().filter(|id| kinds::kind_of(id) == Some("internet-gateway")) {
            kinds::exists(req.db()?, place, id)?;
        }
        if let Some(id) = ids.iter().find(|id| kinds::kind_of(id) != Some("internet-gateway")) {
            return Err(faults::malformed("InvalidInternetGatewayId.Malformed", id, "igw"));
        }
        let mut found = Vec::new();
        for vpc in Network::load(req.db()?, place)?.vpcs {
            let Some(id) = vpc.internet_gateway else { continue };
            if ids.is_empty() || ids.contains(&id) {
                let tags = tags::of(req.db()?, place, &id)?;
                found.push(Gateway { id, vpc: vpc.id, tags, owner: place.account.to_string() });
            }
        }
        let found = pick(found, input.filters.as_deref())?;
        let turn = Turn::new(input.next_token.as_deref(), input.max_results);
        let page = turn.cut(found, |gateway| gateway.id.clone())?;
        let gateways = page.items.iter().map(Gateway::to_wire).collect();
        Ok(DescribeInternetGatewaysResult { internet_gateways: Some(gateways), next_token: page.next })
    }
}

struct Gateway {
    id: String,
    vpc: String,
    tags: Tags,
    owner: String,
}

impl Gateway {
    fn to_wire(&self) -> InternetGateway {
        InternetGateway {
            internet_gateway_id: Some(self.id.clone()),
            owner_id: Some(self.owner.clone()),
            attachments: Some(vec![InternetGatewayAttachment {
                state: Some("available".into()),
                vpc_id: Some(self.vpc.clone()),
            }]),
            tags: tags::to_wire(&self.tags),
        }
    }
}

impl Filtered for Gateway {
    const NAMES: &'static [&'static str] =
        &["attachment.state", "attachment.vpc-id", "internet-gateway-id", "owner-id"];

    fn values(&self, name: &str) -> Vec<String> {
        vec![match name {
            "attachment.state" => "available".to_owned(),
            "attachment.vpc-id" => self.vpc.clone(),
            "internet-gateway-id" => self.id.clone(),
            _ => self.owner.clone(),
        }]
    }

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }
}
