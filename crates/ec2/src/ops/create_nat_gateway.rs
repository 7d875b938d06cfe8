//! CreateNatGateway: a NAT gateway in a subnet; a public one takes an elastic address.

use rolecall_actions::ec2::{self, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::elastic::on_elastic;
use crate::model::{CreateNatGateway, CreateNatGatewayRequest, CreateNatGatewayResult};
use crate::network::questions::on_subnet;
use crate::network::shown::Shown;
use crate::network::{Network, get, nats, token};
use crate::place::Place;
use crate::questions::to_make;
use crate::records::{NatGateway, NatGateways};
use crate::wiring::touch;
use crate::{faults, tags};

impl Operation for CreateNatGateway {
    type Access = Write;

    fn needs(input: &CreateNatGatewayRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let place = Place::of(at);
        let made = place.resource::<kind::Natgateway>("*");
        let tags = input.tag_specifications.as_deref();
        let mut asked = vec![to_make(ec2::CreateNatGateway, &made, place, tags, |question| question)];
        if let Some(subnet) = input.subnet_id.as_deref() {
            asked.push(on_subnet(ec2::CreateNatGateway, at, subnet)?.done());
        }
        let further = input.secondary_allocation_ids.as_deref().unwrap_or_default();
        for id in input.allocation_id.iter().chain(further) {
            asked.push(on_elastic(ec2::CreateNatGateway, at, Some(id))?.done());
        }
        Ok(Needs::all(asked))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CreateNatGatewayResult, Fault> {
        let (place, input, env, now) = (Place::here(req), req.input, req.env, req.now);
        let wish = nats::Wish::of(input)?;
        let has = tags::of_request(input.tag_specifications.as_deref(), &["natgateway"], "natgateway")?;
        let once = token::of("CreateNatGateway", input.client_token.as_deref(), input)?;
        let tx = req.tx()?;
        Network::settle(tx, place)?;
        nats::sweep(tx, place, now)?;
        let made = token::made(tx, place, once.as_ref())?;
        let nat = match made.map(|id| get::<NatGateways>(tx, place, &id)).transpose()?.flatten() {
            Some(nat) => nat,
            None => {
                let nat = nats::make(tx, env, place, &wish, || faults::dry_run(input.dry_run))?;
                let nat = NatGateway { token: once.as_ref().map(|once| once.name.clone()), ..nat };
                tx.put::<NatGateways>(&place.key(&nat.id), &nat)?;
                tags::put(tx, place, &nat.id, has)?;
                token::keep(tx, place, once.as_ref(), &nat.id)?;
                touch(tx, place, &nat.vpc)?;
                nat
            }
        };
        let shown = Shown::load(tx, place, nat)?;
        Ok(CreateNatGatewayResult {
            nat_gateway: Some(shown.pending()),
            client_token: input.client_token.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use crate::model::*;
    use crate::scene::*;

    fn private(subnet: &str) -> CreateNatGatewayRequest {
        CreateNatGatewayRequest {
            subnet_id: Some(subnet.into()),
            connectivity_type: Some("private".into()),
            ..Default::default()
        }
    }

    fn seen_nat(world: &World, id: &str) -> Result<NatGateway, rolecall_base::Fault> {
        let input =
            DescribeNatGatewaysRequest { nat_gateway_ids: Some(vec![id.into()]), ..Default::default() };
        let answer = world.call::<DescribeNatGateways>(&world.root(ACCOUNT), input)?;
        Ok(answer.nat_gateways.unwrap().remove(0))
    }

    fn delete(world: &World, id: &str) -> Result<DeleteNatGatewayResult, rolecall_base::Fault> {
        let input = DeleteNatGatewayRequest { nat_gateway_id: id.into(), ..Default::default() };
        world.call::<DeleteNatGateway>(&world.root(ACCOUNT), input)
    }

    #[test]
    fn a_private_gateway_has_an_interface_and_is_described_for_an_hour_after_its_end() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let vpc = new_vpc(&world, "10.0.0.0/16").vpc_id.unwrap();
        let subnet = new_subnet(&world, &vpc, "10.0.0.0/24");
        let input = CreateNatGatewayRequest {
            private_ip_address: Some("10.0.0.9".into()),
            tag_specifications: tagged("natgateway", "team", "a"),
            ..private(&subnet)
        };
        let made = world.call::<CreateNatGateway>(&root, input).unwrap().nat_gateway.unwrap();
        assert_eq!(made.state.as_deref(), Some("pending"));
        let id = made.nat_gateway_id.unwrap();
        let seen = seen_nat(&world, &id).unwrap();
        assert_eq!(
            (seen.state.as_deref(), seen.connectivity_type.as_deref()),
            (Some("available"), Some("private"))
        );
        let address = seen.nat_gateway_addresses.unwrap().remove(0);
        assert_eq!((address.private_ip.as_deref(), address.is_primary), (Some("10.0.0.9"), Some(true)));
        let input = DescribeNetworkInterfacesRequest {
            network_interface_ids: Some(vec![address.network_interface_id.unwrap()]),
            ..Default::default()
        };
        let interface = world.call::<DescribeNetworkInterfaces>(&root, input.clone()).unwrap();
        let interface = interface.network_interfaces.unwrap().remove(0);
        assert_eq!(
            (interface.requester_managed, interface.interface_type.as_deref()),
            (Some(true), Some("nat_gateway"))
        );
        let table = new_table(&world, &vpc);
        let route = CreateRouteRequest {
            route_table_id: table.clone(),
            destination_cidr_block: Some("192.168.0.0/16".into()),
            nat_gateway_id: Some(id.clone()),
            ..Default::default()
        };
        world.call::<CreateRoute>(&root, route).unwrap();
        let gone = DeleteSubnetRequest { subnet_id: subnet, ..Default::default() };
        check_fault(world.call::<DeleteSubnet>(&root, gone.clone()), "DependencyViolation");
        delete(&world, &id).unwrap();
        delete(&world, &id).unwrap();
        check_fault(
            world.call::<DescribeNetworkInterfaces>(&root, input),
            "InvalidNetworkInterfaceID.NotFound",
        );
        assert_eq!(seen_table(&world, &table).routes.unwrap()[1].state.as_deref(), Some("blackhole"));
        world.call::<DeleteSubnet>(&root, gone).unwrap();
        let seen = seen_nat(&world, &id).unwrap();
        assert_eq!((seen.state.as_deref(), seen.delete_time.is_some()), (Some("deleted"), true));
        world.env.advance(Duration::from_secs(3600));
        check_fault(seen_nat(&world, &id), "NatGatewayNotFound");
        check_fault(delete(&world, &id), "NatGatewayNotFound");
    }

    fn allocate(world: &World) -> String {
        let made = world.call::<AllocateAddress>(&world.root(ACCOUNT), Default::default()).unwrap();
        made.allocation_id.unwrap()
    }

    #[test]
    fn a_public_gateway_takes_an_elastic_address_and_gives_it_back() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let vpc = new_vpc(&world, "10.0.0.0/16").vpc_id.unwrap();
        let subnet = new_subnet(&world, &vpc, "10.0.0.0/24");
        let gateway = new_gateway(&world, Some(&vpc));
        let allocation = allocate(&world);
        let make = || {
            let input = CreateNatGatewayRequest {
                subnet_id: Some(subnet.clone()),
                allocation_id: Some(allocation.clone()),
                ..Default::default()
            };
            let made = world.call::<CreateNatGateway>(&root, input).unwrap().nat_gateway.unwrap();
            assert_eq!(made.state.as_deref(), Some("pending"));
            made.nat_gateway_id.unwrap()
        };
        let id = make();
        let seen = seen_nat(&world, &id).unwrap();
        let address = seen.nat_gateway_addresses.unwrap().remove(0);
        assert_eq!(address.allocation_id.as_ref(), Some(&allocation));
        assert!(address.association_id.is_some());
        let of_address = || {
            let input = DescribeAddressesRequest {
                allocation_ids: Some(vec![allocation.clone()]),
                ..Default::default()
            };
            world.call::<DescribeAddresses>(&root, input).unwrap().addresses.unwrap().remove(0)
        };
        assert_eq!(of_address().public_ip, address.public_ip);
        assert_eq!(of_address().network_interface_id, address.network_interface_id);
        let again = make();
        let failed = seen_nat(&world, &again).unwrap();
        assert_eq!(failed.state.as_deref(), Some("failed"));
        assert_eq!(failed.failure_code.as_deref(), Some("Resource.AlreadyAssociated"));
        let detach =
            DetachInternetGatewayRequest { internet_gateway_id: gateway, vpc_id: vpc, ..Default::default() };
        check_fault(world.call::<DetachInternetGateway>(&root, detach.clone()), "DependencyViolation");
        delete(&world, &id).unwrap();
        assert_eq!(of_address().association_id, None);
        world.call::<DetachInternetGateway>(&root, detach).unwrap();
        let without = seen_nat(&world, &make()).unwrap();
        assert_eq!(without.failure_code.as_deref(), Some("Gateway.NotAttached"));
        delete(&world, &again).unwrap();
        assert_eq!(seen_nat(&world, &again).unwrap().state.as_deref(), Some("deleted"));
    }

    #[test]
    fn the_elastic_address_is_asked_about() {
        let world = World::new(1);
        let vpc = new_vpc(&world, "10.0.0.0/16").vpc_id.unwrap();
        let subnet = new_subnet(&world, &vpc, "10.0.0.0/24");
        let (mine, other) = (allocate(&world), allocate(&world));
        let policy = format!(
            r#"{{"Version": "2012-10-17", "Statement": [
                {{"Effect": "Allow", "Action": "ec2:CreateNatGateway", "Resource":
                  ["arn:aws:ec2:*:*:natgateway/*", "arn:aws:ec2:*:*:subnet/*", "arn:aws:ec2:*:*:elastic-ip/{mine}"]}}]}}"#
        );
        let ann = world.user("ann", &policy);
        let make = |allocation: &str| {
            let input = CreateNatGatewayRequest {
                subnet_id: Some(subnet.clone()),
                allocation_id: Some(allocation.into()),
                ..Default::default()
            };
            world.call::<CreateNatGateway>(&ann, input)
        };
        check_fault(make(&other), "UnauthorizedOperation");
        make(&mine).unwrap();
    }

    #[test]
    fn a_private_gateway_may_have_further_addresses() {
        let world = World::new(1);
        let vpc = new_vpc(&world, "10.0.0.0/16").vpc_id.unwrap();
        let subnet = new_subnet(&world, &vpc, "10.0.0.0/24");
        let input = CreateNatGatewayRequest {
            secondary_private_ip_addresses: Some(vec!["10.0.0.20".into(), "10.0.0.21".into()]),
            ..private(&subnet)
        };
        let made = world.call::<CreateNatGateway>(&world.root(ACCOUNT), input.clone()).unwrap();
        let own: Vec<_> = made
            .nat_gateway
            .unwrap()
            .nat_gateway_addresses
            .unwrap()
            .into_iter()
            .map(|own| own.private_ip.unwrap())
            .collect();
        assert_eq!(own.len(), 3);
        assert!(!own[0].ends_with(".20") && !own[0].ends_with(".21"), "{own:?}");
        check_fault(world.call::<CreateNatGateway>(&world.root(ACCOUNT), input), "InvalidIPAddress.InUse");
    }

    #[test]
    fn what_a_gateway_cant_be_is_refused() {
        let world = World::new(1);
        let vpc = new_vpc(&world, "10.0.0.0/16").vpc_id.unwrap();
        let subnet = new_subnet(&world, &vpc, "10.0.0.0/24");
        let refused = |change: fn(&mut CreateNatGatewayRequest), code: &str| {
            let mut input = private(&subnet);
            change(&mut input);
            check_fault(world.call::<CreateNatGateway>(&world.root(ACCOUNT), input), code)
        };
        refused(|own| own.subnet_id = None, "MissingParameter");
        refused(|own| own.subnet_id = Some("subnet-0".into()), "InvalidSubnetID.NotFound");
        refused(|own| own.connectivity_type = None, "MissingParameter");
        refused(|own| own.allocation_id = Some("eipalloc-0".into()), "InvalidParameterCombination");
        refused(
            |own| {
                own.connectivity_type = None;
                own.allocation_id = Some("eipalloc-0".into());
            },
            "InvalidAllocationID.NotFound",
        );
        refused(|own| own.availability_mode = Some("regional".into()), "UnsupportedOperation");
        refused(|own| own.private_ip_address = Some("10.9.0.1".into()), "InvalidParameterValue");
        refused(|own| own.secondary_private_ip_address_count = Some(8), "NatGatewayAddressLimitExceeded");
        refused(|own| own.dry_run = Some(true), "DryRunOperation");
        let root = world.root(ACCOUNT);
        for _ in 0..5 {
            world.call::<CreateNatGateway>(&root, private(&subnet)).unwrap();
        }
        refused(|_| {}, "NatGatewayLimitExceeded");
    }
}
