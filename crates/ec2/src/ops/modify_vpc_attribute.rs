//! ModifyVpcAttribute: sets one attribute of a VPC.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::model::{
    AttributeBooleanValue, ModifyVpcAttribute, ModifyVpcAttributeRequest, ModifyVpcAttributeResponse,
};
use crate::network::questions::on_vpc;
use crate::network::{Network, must};
use crate::place::Place;
use crate::questions::{said, with_attributes};
use crate::records::Vpcs;
use crate::wiring::touch;

impl Operation for ModifyVpcAttribute {
    type Access = Write;

    fn needs(input: &ModifyVpcAttributeRequest, at: &At<'_>) -> Result<Needs, Fault> {
        // By the values, as `run` goes by them: an attribute without one is not set, and must not stand for another.
        let given = [
            ("EnableDnsSupport", said(value(&input.enable_dns_support))),
            ("EnableDnsHostnames", said(value(&input.enable_dns_hostnames))),
            ("EnableNetworkAddressUsageMetrics", said(value(&input.enable_network_address_usage_metrics))),
        ];
        Ok(with_attributes(on_vpc(ec2::ModifyVpcAttribute, at, &input.vpc_id)?, &given))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ModifyVpcAttributeResponse, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let tx = req.tx()?;
        Network::settle(tx, place)?;
        let mut vpc = must::<Vpcs>(tx, place, &input.vpc_id, faults::no_vpc)?;
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

fn value(given: &Option<AttributeBooleanValue>) -> Option<bool> {
    given.as_ref().and_then(|given| given.value)
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{World, check_fault};

    use crate::model::*;
    use crate::scene::new_vpc;

    #[test]
    fn the_attribute_that_is_asked_about_is_the_one_that_is_set() {
        let world = World::new(1);
        let vpc = new_vpc(&world, "10.0.0.0/16").vpc_id.unwrap();
        let ann = world.user(
            "ann",
            r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ec2:ModifyVpcAttribute",
                "Resource": "*", "Condition": {"StringEquals": {"ec2:Attribute": "EnableDnsSupport"}}}}"#,
        );
        let set = |value| Some(AttributeBooleanValue { value });
        let call = |support, hostnames| {
            let input = ModifyVpcAttributeRequest {
                vpc_id: vpc.clone(),
                enable_dns_support: support,
                enable_dns_hostnames: hostnames,
                ..Default::default()
            };
            world.call::<ModifyVpcAttribute>(&ann, input)
        };
        call(set(Some(true)), None).unwrap();
        check_fault(call(None, set(Some(true))), "UnauthorizedOperation");
        check_fault(call(set(None), set(Some(true))), "UnauthorizedOperation");
    }
}
