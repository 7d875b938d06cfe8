//! DescribeVpcAttribute: one attribute of one VPC.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::model::{
    AttributeBooleanValue, DescribeVpcAttribute, DescribeVpcAttributeRequest, DescribeVpcAttributeResult,
};
use crate::network::must;
use crate::network::questions::on_vpc;
use crate::place::Place;
use crate::records::Vpcs;

impl Operation for DescribeVpcAttribute {
    type Access = Read;

    fn needs(input: &DescribeVpcAttributeRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(on_vpc(ec2::DescribeVpcAttribute, at, &input.vpc_id)?.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeVpcAttributeResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let vpc = must::<Vpcs>(req.db()?, place, &input.vpc_id, faults::no_vpc)?;
        faults::dry_run(input.dry_run)?;
        let flag = |value: bool| Some(AttributeBooleanValue { value: Some(value) });
        let mut answer =
            DescribeVpcAttributeResult { vpc_id: Some(input.vpc_id.clone()), ..Default::default() };
        match input.attribute.as_str() {
            "enableDnsSupport" => answer.enable_dns_support = flag(vpc.dns_support),
            "enableDnsHostnames" => answer.enable_dns_hostnames = flag(vpc.dns_hostnames),
            _ => answer.enable_network_address_usage_metrics = flag(vpc.usage_metrics),
        }
        Ok(answer)
    }
}
