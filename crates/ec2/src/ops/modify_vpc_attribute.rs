//! ModifyVpcAttribute: sets one attribute of a VPC.

use rolecall_actions::ec2::{self, key};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::model::{
    AttributeBooleanValue, ModifyVpcAttribute, ModifyVpcAttributeRequest, ModifyVpcAttributeResponse,
};
use crate::network::questions::on_vpc;
use crate::network::{Network, must};
use crate::place::Place;
use crate::records::Vpcs;
use crate::wiring::touch;

impl Operation for ModifyVpcAttribute {
    type Access = Write;

    fn needs(input: &ModifyVpcAttributeRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let set = [
            ("EnableDnsSupport", &input.enable_dns_support),
            ("EnableDnsHostnames", &input.enable_dns_hostnames),
            ("EnableNetworkAddressUsageMetrics", &input.enable_network_address_usage_metrics),
        ];
        let name = set.iter().find(|(_, value)| value.is_some()).map(|(name, _)| *name);
        Ok(on_vpc(ec2::ModifyVpcAttribute, at, &input.vpc_id)?.key(key::Attribute, name).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ModifyVpcAttributeResponse, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let tx = req.tx()?;
        Network::settle(tx, place)?;
        let mut vpc = must::<Vpcs>(tx, place, &input.vpc_id, faults::no_vpc)?;
        let value = |given: &Option<AttributeBooleanValue>| given.as_ref().and_then(|given| given.value);
        let support = value(&input.enable_dns_support);
        let hostnames = value(&input.enable_dns_hostnames);
        let metrics = value(&input.enable_network_address_usage_metrics);
        match [support, hostnames, metrics].iter().flatten().count() {
            1 => {}
            0 => return Err(faults::missing("Attribute")),
            _ => {
                let text = "You can modify only one attribute of a VPC in one request";
                return Err(faults::combination(text));
            }
        }
        if hostnames == Some(true) && !vpc.dns_support {
            let text = "DNS hostnames can be enabled only where DNS support is enabled";
            return Err(faults::invalid(text));
        }
        vpc.dns_support = support.unwrap_or(vpc.dns_support);
        vpc.dns_hostnames = hostnames.unwrap_or(vpc.dns_hostnames);
        vpc.usage_metrics = metrics.unwrap_or(vpc.usage_metrics);
        tx.put::<Vpcs>(&place.key(&vpc.id), &vpc)?;
        touch(tx, place, &vpc.id)?;
        Ok(ModifyVpcAttributeResponse {})
    }
}
