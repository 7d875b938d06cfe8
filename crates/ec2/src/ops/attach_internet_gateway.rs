//! AttachInternetGateway: attaches an internet gateway to a VPC that has none.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::model::{AttachInternetGateway, AttachInternetGatewayRequest, AttachInternetGatewayResponse};
use crate::network::questions::{on_internet_gateway, on_vpc};
use crate::network::{Network, must, refusals};
use crate::place::Place;
use crate::records::{InternetGateways, Vpcs};
use crate::wiring::touch;

impl Operation for AttachInternetGateway {
    type Access = Write;

    fn needs(input: &AttachInternetGatewayRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let gateway = on_internet_gateway(ec2::AttachInternetGateway, at, &input.internet_gateway_id)?.done();
        Ok(gateway.and(on_vpc(ec2::AttachInternetGateway, at, &input.vpc_id)?.done()))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<AttachInternetGatewayResponse, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let tx = req.tx()?;
        Network::settle(tx, place)?;
        let id = &input.internet_gateway_id;
        let mut gateway = must::<InternetGateways>(tx, place, id, faults::no_internet_gateway)?;
        let mut vpc = must::<Vpcs>(tx, place, &input.vpc_id, faults::no_vpc)?;

        if let Some(there) = &gateway.vpc {
            let text = format!("resource {} is already attached to network {there}", gateway.id);
            return Err(refusals::already_associated(text));
        }
        if vpc.internet_gateway.is_some() {
            let text = format!("Network {} already has an internet gateway attached", vpc.id);
            return Err(faults::invalid(text));
        }
        faults::dry_run(input.dry_run)?;
        gateway.vpc = Some(vpc.id.clone());
        vpc.internet_gateway = Some(gateway.id.clone());
        tx.put::<InternetGateways>(&place.key(&gateway.id), &gateway)?;
        tx.put::<Vpcs>(&place.key(&vpc.id), &vpc)?;
        touch(tx, place, &vpc.id)?;
        Ok(AttachInternetGatewayResponse {})
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use crate::model::*;
    use crate::scene::*;

    #[test]
    fn a_gateway_is_attached_to_one_vpc_and_a_vpc_has_one() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let vpc = new_vpc(&world, "10.0.0.0/16").vpc_id.unwrap();
        let other = new_vpc(&world, "10.1.0.0/16").vpc_id.unwrap();
        let (one, two) = (new_gateway(&world, Some(&vpc)), new_gateway(&world, None));
        let attach = |gateway: &str, vpc: &str| {
            let input = AttachInternetGatewayRequest {
                internet_gateway_id: gateway.into(),
                vpc_id: vpc.into(),
                ..Default::default()
            };
            world.call::<AttachInternetGateway>(&root, input)
        };
        check_fault(attach(&one, &other), "Resource.AlreadyAssociated");
        check_fault(attach(&two, &vpc), "InvalidParameterValue");
        let detach = |gateway: &str, vpc: &str| {
            let input = DetachInternetGatewayRequest {
                internet_gateway_id: gateway.into(),
                vpc_id: vpc.into(),
                ..Default::default()
            };
            world.call::<DetachInternetGateway>(&root, input)
        };
        check_fault(detach(&two, &vpc), "Gateway.NotAttached");
        let delete = |gateway: &str| {
            let input =
                DeleteInternetGatewayRequest { internet_gateway_id: gateway.into(), ..Default::default() };
            world.call::<DeleteInternetGateway>(&root, input)
        };
        check_fault(delete(&one), "DependencyViolation");
        detach(&one, &vpc).unwrap();
        delete(&one).unwrap();
        check_fault(delete(&one), "InvalidInternetGatewayID.NotFound");
        let input =
            DescribeInternetGatewaysRequest { internet_gateway_ids: Some(vec![one]), ..Default::default() };
        check_fault(
            world.call::<DescribeInternetGateways>(&root, input),
            "InvalidInternetGatewayID.NotFound",
        );
    }

    #[test]
    fn a_gateway_stays_while_public_addresses_lead_through_it() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        launch(&world, request());
        let gateways = world.call::<DescribeInternetGateways>(&root, Default::default()).unwrap();
        let gateway = gateways.internet_gateways.unwrap().remove(0);
        let input = DetachInternetGatewayRequest {
            internet_gateway_id: gateway.internet_gateway_id.unwrap(),
            vpc_id: gateway.attachments.unwrap()[0].vpc_id.clone().unwrap(),
            ..Default::default()
        };
        let text = check_fault(world.call::<DetachInternetGateway>(&root, input), "DependencyViolation");
        assert!(text.contains("has some mapped public address(es)"), "{text}");
    }

    #[test]
    fn a_region_has_five_gateways_at_most() {
        let world = World::new(1);
        for _ in 0..4 {
            new_gateway(&world, None);
        }
        let root = world.root(ACCOUNT);
        let made = world.call::<CreateInternetGateway>(&root, Default::default());
        check_fault(made, "InternetGatewayLimitExceeded");
    }
}
