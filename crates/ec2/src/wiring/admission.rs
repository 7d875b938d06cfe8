//! The rules of a plan as the records say them at this moment, for the server's own doors: SSH and terminals. A revoked
//! rule must keep the next connection out even where the changed plan is yet to be carried out.

use std::net::{IpAddr, Ipv4Addr, SocketAddrV4};

use rolecall_base::Fault;
use rolecall_compute::NetworkPlan;
use rolecall_compute::plan::Interface;
use rolecall_store::Reader;

use super::decide::{is_open, reaches};
use super::plan;
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
    let Some(plan) = plan(db, place, &own.vpc)? else { return Ok(None) };
    let interface = plan.interfaces.iter().find(|interface| interface.id == own.id).cloned();
    Ok(interface.map(|interface| (plan, interface)))
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World};

    use super::*;
    use crate::instances;
    use crate::model::*;
    use crate::scene::{authorize, launch, new_group, permission, request};

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
}
