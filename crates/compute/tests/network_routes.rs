//! Routes of a network: to an interface that passes packets on, to nowhere, and to an interface that is not there.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "test code, although not all of it a test itself"
)]

mod world;

use rolecall_compute::plan::{Group, GroupRule, Interface, NetworkPlan, Peer, Route, Traffic, Via};
use world::World;
use world::networks::*;

fn open() -> Vec<Group> {
    vec![group("sg-all", vec![GroupRule { traffic: Traffic::All, peer: Peer::Cidr(everywhere()) }])]
}

/// A client at 10.0.1.10, whose subnet has another route, and an appliance at 10.0.2.11.
fn with(to: &str, via: Option<Via>) -> NetworkPlan {
    let mut first = subnet(1);
    first.routes.extend(via.map(|via| Route { to: block(to), via }));
    let middle = Interface { source_dest_check: false, ..interface(2, 11, &["sg-all"]) };
    plan(vec![first, subnet(2), subnet(3)], vec![interface(1, 10, &["sg-all"]), middle], open())
}

fn by_appliance() -> Option<Via> {
    Some(Via::Interface("eni-2-11".into()))
}

/// An appliance that has the address itself stands for one that passes packets on.
async fn stand_for(world: &World) {
    world.sh(&id(11), "ip addr add 192.168.7.1/32 dev lo").await;
    serve(world, &id(11), 80, "middle").await;
}

#[tokio::test]
async fn routes_lead_to_an_interface_to_nowhere_or_are_missing() {
    let Some(world) = World::new(world::choice()).await else { return };
    let with = |via| with("192.168.7.0/24", via);
    start(&world, &with(None)).await;
    stand_for(&world).await;
    assert_eq!(hear(&world, &id(10), "192.168.7.1", 80).await, "", "no route");
    world.driver.apply_network(with(by_appliance())).await.unwrap();
    assert_eq!(hear(&world, &id(10), "192.168.7.1", 80).await, "middle 10.0.1.10");
    world.driver.apply_network(with(Some(Via::Blackhole))).await.unwrap();
    assert_eq!(hear(&world, &id(10), "192.168.7.1", 80).await, "");
    world.driver.apply_network(with(by_appliance())).await.unwrap();
    assert_eq!(hear(&world, &id(10), "192.168.7.1", 80).await, "middle 10.0.1.10");
}

#[tokio::test]
async fn a_route_to_an_instance_waits_for_it_and_for_its_next_start() {
    let Some(world) = World::new(world::choice()).await else { return };
    let plan = with("192.168.7.0/24", by_appliance());
    world.driver.apply_network(plan.clone()).await.unwrap();
    for number in 0..2 {
        if number == 0 {
            world.driver.start(spec(&plan.interfaces[0], "vpc-1")).await.unwrap();
        }
        assert_eq!(hear(&world, &id(10), "192.168.7.1", 80).await, "");
        world.driver.start(spec(&plan.interfaces[1], "vpc-1")).await.unwrap();
        stand_for(&world).await;
        assert_eq!(hear(&world, &id(10), "192.168.7.1", 80).await, "middle 10.0.1.10");
        world.driver.stop(&id(11), world::GRACE).await.unwrap();
    }
}

#[tokio::test]
async fn an_appliance_without_a_link_keeps_nothing_from_others_and_is_not_gone_round() {
    let Some(world) = World::new(world::choice()).await else { return };
    let plan = |more: bool, via| {
        let mut plan = with("10.0.3.0/24", via);
        plan.interfaces.push(interface(3, 12, &["sg-all"]));
        plan.interfaces.extend(more.then(|| interface(1, 13, &["sg-all"])));
        plan
    };
    start(&world, &plan(false, None)).await;
    serve(&world, &id(12), 80, "direct").await;
    assert_eq!(hear(&world, &id(10), "10.0.3.12", 80).await, "direct 10.0.1.10");
    world.driver.apply_network(plan(false, by_appliance())).await.unwrap();
    assert_eq!(hear(&world, &id(10), "10.0.3.12", 80).await, "", "the appliance takes it and says nothing");
    world.sh(&id(11), "ip link delete eth0").await;
    assert_eq!(hear(&world, &id(10), "10.0.3.12", 80).await, "", "past the appliance");
    world.driver.apply_network(plan(true, None)).await.unwrap();
    let changed = plan(true, by_appliance());
    world.driver.apply_network(changed.clone()).await.unwrap();
    assert_eq!(hear(&world, &id(10), "10.0.3.12", 80).await, "", "past the appliance");
    world.driver.start(spec(changed.interfaces.last().unwrap(), "vpc-1")).await.unwrap();
    serve(&world, &id(13), 80, "new").await;
    assert_eq!(hear(&world, &id(10), "10.0.1.13", 80).await, "new 10.0.1.10");
}
