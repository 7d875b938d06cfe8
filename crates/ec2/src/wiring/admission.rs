//! The rules of a plan as the records say them at this moment, for the server's own doors: SSH and terminals. A revoked
//! rule must keep the next connection out even where the changed plan is yet to be carried out.
//!
//! Whoever can connect makes the server ask, before any proof of who that is. So only the records that decide about the one
//! interface are read, never the whole VPC.

use std::net::{IpAddr, Ipv4Addr, SocketAddrV4};

use rolecall_base::Fault;
use rolecall_compute::NetworkPlan;
use rolecall_compute::plan::Interface;
use rolecall_store::Reader;

use super::decide::{is_open, reaches};
use super::plan::near;
use crate::interfaces;
use crate::place::Place;
use crate::records::{Instance, NetworkInterface};

/// Whether a client outside reaches a TCP port of an instance by one of its public addresses: route, network ACL and
/// security groups say so.
///
/// # Errors
/// When the store can't be read, or a record is broken.
pub(crate) fn reaches_now(
    db: &Reader,
    instance: &Instance,
    (public, port): (Ipv4Addr, u16),
    client: SocketAddrV4,
) -> Result<bool, Fault> {
    for own in interfaces::of(db, instance)? {
        if own.addresses.iter().any(|slot| slot.public.as_ref().is_some_and(|own| own.address == public)) {
            let found = find(db, &own)?;
            return Ok(found.is_some_and(|(plan, interface)| reaches(&plan, &interface, client, port)));
        }
    }
    Ok(false)
}

/// Whether a security group of an interface lets an address outside of the VPC reach a TCP port. Networks are IPv4: by
/// IPv6 only this machine itself comes in.
///
/// # Errors
/// When the store can't be read, or a record is broken.
pub(crate) fn admits(db: &Reader, own: &NetworkInterface, port: u16, from: IpAddr) -> Result<bool, Fault> {
    let from = match from.to_canonical() {
        // This machine, by whichever of its names.
        address if address.is_loopback() => Ipv4Addr::LOCALHOST,
        IpAddr::V4(address) => address,
        IpAddr::V6(_) => return Ok(false),
    };
    Ok(find(db, own)?.is_some_and(|(plan, interface)| is_open(&plan, &interface, from, port)))
}

fn find(db: &Reader, own: &NetworkInterface) -> Result<Option<(NetworkPlan, Interface)>, Fault> {
    let place = Place { account: own.account, region: &own.region };
    let Some(mut plan) = near(db, place, own)? else { return Ok(None) };
    Ok(plan.interfaces.pop().map(|interface| (plan, interface)))
}

#[cfg(test)]
mod tests {
    use rolecall_compute::plan::Via;
    use rolecall_store::Pre;
    use rolecall_testkit::{ACCOUNT, World};

    use super::*;
    use crate::model::*;
    use crate::records::Vpcs;
    use crate::scene::{authorize, launch, new_group, new_table, permission, request, seen};
    use crate::wiring::plan::plan;
    use crate::{instances, network};

    #[test]
    fn a_port_is_open_from_the_answer_to_a_rule_to_the_answer_to_its_end() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let group = new_group(&world, "ssh");
        let mut input = request();
        input.security_group_ids = Some(vec![group.clone()]);
        let id = launch(&world, input);
        let asked = |port| {
            let db = world.store.read().unwrap();
            let instance = instances::find(&db, &id).unwrap().unwrap();
            let own = instances::primary_interface(&db, &instance).unwrap();
            let public = own.public_ip().unwrap();
            let client = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 50_000);
            let by_group = |from: &str| admits(&db, &own, port, from.parse().unwrap()).unwrap();
            assert!(!by_group("10.0.0.1") && !by_group("2001:db8::1"));
            assert_eq!(by_group("::1"), by_group("127.0.0.1"));
            let reached = reaches_now(&db, &instance, (public, port), client).unwrap();
            assert_eq!(reached, by_group("127.0.0.1"));
            assert!(!reaches_now(&db, &instance, (Ipv4Addr::LOCALHOST, port), client).unwrap());
            reached
        };
        assert!(!asked(22));
        let rule = || vec![permission("tcp", 22, 22, &["127.0.0.0/8"])];
        world.call::<AuthorizeSecurityGroupIngress>(&root, authorize(&group, rule())).unwrap();
        assert!(asked(22) && !asked(23));
        let end = RevokeSecurityGroupIngressRequest {
            group_id: Some(group.clone()),
            ip_permissions: Some(rule()),
            ..Default::default()
        };
        world.call::<RevokeSecurityGroupIngress>(&root, end).unwrap();
        assert!(!asked(22));
    }

    const CLIENT: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 50_000);

    #[test]
    fn a_client_without_a_proof_has_a_few_rows_read_however_large_the_vpc_is() {
        let world = World::new(1);
        let id = launch(&world, request());
        let look = || {
            let tx = world.store.begin().unwrap();
            let instance = instances::find(&tx, &id).unwrap().unwrap();
            let own = instances::primary_interface(&tx, &instance).unwrap();
            reaches_now(&tx, &instance, (own.public_ip().unwrap(), 22), CLIENT).unwrap();
            tx.premises()
        };
        let before = look().len();
        let vpc = seen(&world, &id).vpc_id.unwrap();
        for n in 0..20 {
            new_group(&world, &format!("group-{n}"));
            new_table(&world, &vpc);
            launch(&world, request());
        }
        let after = look();
        assert_eq!(after.len(), before);
        assert!(
            before > 5 && after.iter().all(|pre| matches!(pre, Pre::RevIs(..) | Pre::Absent(_))),
            "{after:?}"
        );
    }

    #[test]
    fn what_is_near_an_interface_is_a_part_of_the_whole_plan() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let entry = |cidr: &str| AddPrefixListEntry { cidr: cidr.into(), description: None };
        let input = CreateManagedPrefixListRequest {
            prefix_list_name: "offices".into(),
            address_family: "IPv4".into(),
            max_entries: 5,
            entries: Some(vec![entry("127.0.0.0/8"), entry("198.51.100.0/24")]),
            ..Default::default()
        };
        let list = world.call::<CreateManagedPrefixList>(&root, input).unwrap().prefix_list.unwrap();
        let list = list.prefix_list_id.unwrap();
        let groups = [new_group(&world, "ssh"), new_group(&world, "web")];
        let of_list = PrefixListId { prefix_list_id: Some(list), description: None };
        let rule = IpPermission { prefix_list_ids: Some(vec![of_list]), ..permission("tcp", 22, 22, &[]) };
        world.call::<AuthorizeSecurityGroupIngress>(&root, authorize(&groups[0], vec![rule])).unwrap();
        let mut input = request();
        input.security_group_ids = Some(groups.to_vec());
        let id = launch(&world, input);
        launch(&world, request());
        let shown = seen(&world, &id);
        let (vpc, subnet) = (shown.vpc_id.unwrap(), shown.subnet_id.unwrap());
        let record = |id: &str| {
            let db = world.store.read().unwrap();
            let place = Place { account: ACCOUNT, region: "us-east-1" };
            network::get::<Vpcs>(&db, place, id).unwrap().unwrap()
        };
        let table = record(&vpc).route_table;
        let input = CreateVpcEndpointRequest {
            vpc_id: vpc.clone(),
            service_name: Some("com.amazonaws.us-east-1.s3".into()),
            route_table_ids: Some(vec![table.clone()]),
            ..Default::default()
        };
        world.call::<CreateVpcEndpoint>(&root, input).unwrap();
        let allocation = world.call::<AllocateAddress>(&root, Default::default()).unwrap().allocation_id;
        let input = CreateNatGatewayRequest {
            subnet_id: Some(subnet.clone()),
            allocation_id: allocation,
            ..Default::default()
        };
        let nat = world.call::<CreateNatGateway>(&root, input).unwrap().nat_gateway.unwrap();
        let route = |input: CreateRouteRequest| {
            let input = CreateRouteRequest { route_table_id: table.clone(), ..input };
            world.call::<CreateRoute>(&root, input).unwrap();
        };
        route(CreateRouteRequest {
            destination_cidr_block: Some("203.0.113.0/24".into()),
            nat_gateway_id: nat.nat_gateway_id,
            ..Default::default()
        });
        let db = world.store.read().unwrap();
        let instance = instances::find(&db, &id).unwrap().unwrap();
        let own = instances::primary_interface(&db, &instance).unwrap();
        let whole = plan(&db, Place { account: ACCOUNT, region: "us-east-1" }, &vpc).unwrap().unwrap();
        let (part, interface) = find(&db, &own).unwrap().unwrap();
        assert_eq!(Some(&interface), whole.interface(&own.id));
        assert_eq!(part.subnet(&subnet), whole.subnet(&subnet));
        assert_eq!(part.vpc, whole.vpc);
        for group in &groups {
            assert_eq!(part.group(group), whole.group(group));
        }
        let vias: Vec<_> = part.subnet(&subnet).unwrap().routes.iter().map(|route| &route.via).collect();
        assert!(vias.iter().any(|via| matches!(via, Via::Nat(_))));
        assert!(vias.iter().any(|via| matches!(via, Via::Endpoint(_))));
        assert!(vias.iter().any(|via| matches!(via, Via::Internet)));
        for client in ["127.0.0.1:50000", "198.51.100.9:50000", "203.0.113.9:50000", "192.0.2.9:50000"] {
            let client = client.parse().unwrap();
            let now = reaches_now(&db, &instance, (own.public_ip().unwrap(), 22), client).unwrap();
            assert_eq!(now, reaches(&whole, &interface, client, 22), "{client}");
        }
    }
}
