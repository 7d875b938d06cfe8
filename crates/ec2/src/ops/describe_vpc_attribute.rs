//! DescribeVpcAttribute: one attribute of one VPC.

use rolecall_actions::ec2::{self, key, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::model::{
    AttributeBooleanValue, DescribeVpcAttribute, DescribeVpcAttributeRequest, DescribeVpcAttributeResult,
};
use crate::network::Network;
use crate::place::Place;
use crate::tags;

impl Operation for DescribeVpcAttribute {
    type Access = Read;

    fn needs(input: &DescribeVpcAttributeRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let place = Place::of(at);
        let has = tags::of(at.db()?, place, &input.vpc_id)?;
        Ok(Needs::action(ec2::DescribeVpcAttribute)
            .on(&place.resource::<kind::Vpc>(&input.vpc_id).tagged(has))
            .key(key::Region, Some(at.region))
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeVpcAttributeResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let network = Network::load(req.db()?, place)?;
        network.vpc(&input.vpc_id).ok_or_else(|| faults::no_vpc(&input.vpc_id))?;
        faults::dry_run(input.dry_run)?;
        let flag = |value: bool| Some(AttributeBooleanValue { value: Some(value) });
        let mut answer =
            DescribeVpcAttributeResult { vpc_id: Some(input.vpc_id.clone()), ..Default::default() };
        match input.attribute.as_str() {
            "enableDnsSupport" => answer.enable_dns_support = flag(true),
            // Public addresses have no names here.
            "enableDnsHostnames" => answer.enable_dns_hostnames = flag(false),
            _ => answer.enable_network_address_usage_metrics = flag(false),
        }
        Ok(answer)
    }
}
