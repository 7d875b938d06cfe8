//! Networks of the drivers that have them: what a plan allows passes, and nothing else does.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "test code, although not all of it a test itself"
)]

mod world;

use std::net::Ipv4Addr;

use rolecall_compute::plan::{AclRule, Group, GroupRule, Interface, Peer, Route, Subnet, Traffic, Via};
use rolecall_compute::{ExecSpec, ExitStatus, Vpc};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use world::World;
use world::networks::*;

macro_rules! world_or_return {
    () => {
        match World::new(world::choice()).await {
            Some(world) => world,
            None => return,
        }
    };
}

fn allow_all() -> Vec<AclRule> {
    vec![AclRule::allow_all()]
}

#[tokio::test]
async fn groups_let_in_what_they_name_and_changed_rules_bite_at_once() {
    let world = world_or_return!();
    let web = |rules| group("sg-web", rules);
    let interfaces = || vec![interface(1, 10, &["sg-client"]), interface(1, 11, &["sg-web"])];
    let with = |rules| plan(vec![subnet(1)], interfaces(), vec![group("sg-client", vec![]), web(rules)]);
    start(&world, &with(vec![tcp(5432, Peer::Group("sg-client".into()))])).await;
    serve(&world, &id(11), 5432, "db").await;
    serve(&world, &id(11), 80, "web").await;
    serve(&world, &id(10), 5432, "other").await;
    assert_eq!(hear(&world, &id(10), "10.0.1.11", 5432).await, "db 10.0.1.10");
    assert_eq!(hear(&world, &id(10), "10.0.1.11", 80).await, "", "a port that no rule names");
    assert_eq!(hear(&world, &id(11), "10.0.1.10", 5432).await, "", "the other direction");

    // A connection that stands keeps standing when its rule goes; a new one is not let in.
    let keep = "exec 3<>/dev/tcp/10.0.1.11/7; echo up; read line <&0; echo $line >&3; cat <&3";
    let echo = "exec perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(LocalPort => 7, Listen => 5) or die; $| = 1; \
                print \"up\\n\"; close STDOUT; while ($c = $s->accept) { $l = <$c>; print $c \"heard $l\"; close $c }'";
    let mut server = world.driver.exec(&id(11), ExecSpec::root(["sh", "-c", echo])).await.unwrap();
    server.stdout.read_exact(&mut [0; 3]).await.unwrap();
    let open = vec![tcp(7, Peer::Cidr(block("10.0.1.10/32"))), tcp(80, Peer::Cidr(block("10.0.1.0/24")))];
    world.driver.apply_network(with(open)).await.unwrap();
    assert_eq!(hear(&world, &id(10), "10.0.1.11", 80).await, "web 10.0.1.10", "authorized");
    let mut client = world.driver.exec(&id(10), ExecSpec::root(["bash", "-c", keep])).await.unwrap();
    client.stdout.read_exact(&mut [0; 3]).await.unwrap();
    world.driver.apply_network(with(Vec::new())).await.unwrap();
    assert_eq!(hear(&world, &id(10), "10.0.1.11", 80).await, "", "revoked");
    assert_eq!(hear(&world, &id(10), "10.0.1.11", 7).await, "", "revoked");
    client.stdin.write_all(b"still here\n").await.unwrap();
    let mut text = String::new();
    client.stdout.read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "heard still here\n");
}

#[tokio::test]
async fn egress_rules_ping_and_metadata_are_told_apart() {
    let world = world_or_return!();
    let ping = GroupRule {
        traffic: Traffic::Icmp { kind: Some(8), code: None },
        peer: Peer::Cidr(block("10.0.0.0/8")),
    };
    let mute = Group { id: "sg-mute".into(), ingress: Vec::new(), egress: Vec::new() };
    let out = Group { id: "sg-ping".into(), ingress: vec![ping.clone()], egress: vec![ping] };
    let interfaces =
        vec![interface(1, 10, &["sg-mute"]), interface(1, 11, &["sg-ping"]), interface(1, 12, &["sg-ping"])];
    start(&world, &plan(vec![subnet(1)], interfaces, vec![mute, out])).await;
    let ping = |from: u8, to: u8| {
        let patience = world.patience();
        let line = format!("timeout {patience} python3 -c '{PING}' 10.0.1.{to} && echo yes || echo no");
        let (world, from) = (&world, id(from));
        async move { world.sh(&from, &line).await.stdout }
    };
    assert_eq!(ping(11, 12).await, "yes\n");
    assert_eq!(ping(10, 12).await, "no\n", "nothing may leave");
    assert_eq!(ping(11, 10).await, "no\n", "nothing may come in");
    // What the VPC itself offers is there whatever groups say.
    answer(world.driver.imds_listener(&id(10)).await.unwrap(), "metadata");
    assert_eq!(hear(&world, &id(10), "169.254.169.254", 80).await, "metadata");
    let vpc = Vpc { id: "vpc-1".into(), cidr: block("10.0.0.0/16") };
    answer(world.driver.endpoint_listener(&vpc, 4566).await.unwrap().unwrap(), "endpoint");
    assert_eq!(hear(&world, &id(10), "10.0.0.2", 4566).await, "endpoint");
}

#[tokio::test]
async fn metadata_answers_by_ipv6_too() {
    let world = world_or_return!();
    let plan = plan(vec![subnet(1)], vec![interface(1, 10, &[])], Vec::new());
    start(&world, &plan).await;
    let Some(listener) = world.driver.imds_listener_6(&id(10)).await.unwrap() else { return };
    answer(listener, "six");
    assert_eq!(hear(&world, &id(10), "fd00:ec2::254", 80).await, "six");
}

/// Tells the router of neighbors that there are none of: by ARP, and by neighbor discovery.
const FALSE_NEIGHBORS: &str = r#"
import socket, struct
own = bytes.fromhex(open("/sys/class/net/eth0/address").read().strip().replace(":", ""))
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
wire.bind(("eth0", 0))
target, group = socket.inet_pton(socket.AF_INET6, "fd00:ec2::254"), bytes.fromhex("ff0200000000000000000001ff000254")
def sum_of(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return struct.pack("!H", ~total & 0xffff)
for number in range(600):
    arp = struct.pack("!HHBBH6sIxxxxxxI", 1, 0x800, 6, 4, 1, own, 0x0a000500 + number, 0x0a000101)
    wire.send(b"\xff" * 6 + own + b"\x08\x06" + arp)
    source = bytes.fromhex("fe80000000000000") + struct.pack("!Q", number + 1)
    body = bytes([135] + [0] * 7) + target + bytes([1, 1]) + own
    body = body[:2] + sum_of(source + group + struct.pack("!II", len(body), 58) + body) + body[4:]
    head = struct.pack("!IHBB", 6 << 28, len(body), 58, 255) + source + group
    wire.send(b"\x33\x33" + group[-4:] + own + b"\x86\xdd" + head + body)
"#;

/// How many neighbors this host's kernel remembers, of all networks.
fn neighbors(list: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/net/stat/{list}")).unwrap();
    u64::from_str_radix(text.lines().nth(1).unwrap().split(' ').next().unwrap(), 16).unwrap()
}

#[tokio::test]
async fn nobody_fills_this_hosts_list_of_neighbors() {
    let world = world_or_return!();
    // Else the kernel believes no false source anyway.
    let appliance = Interface { source_dest_check: false, ..interface(1, 10, &[]) };
    let plan = plan(vec![subnet(1)], vec![appliance], Vec::new());
    start(&world, &plan).await;
    let truth = async || {
        if let Some(listener) = world.driver.imds_listener_6(&id(10)).await.unwrap() {
            answer(listener, "six");
            assert_eq!(hear(&world, &id(10), "fd00:ec2::254", 80).await, "six");
        }
        answer(world.driver.imds_listener(&id(10)).await.unwrap(), "four");
        assert_eq!(hear(&world, &id(10), "169.254.169.254", 80).await, "four");
    };
    truth().await;
    let count = || (neighbors("arp_cache"), neighbors("ndisc_cache"));
    let before = count();
    let told = world.run(&id(10), ExecSpec::root(["python3", "-c", FALSE_NEIGHBORS]), b"").await;
    assert_eq!(told.status, ExitStatus::Code(0), "{}", told.stderr);
    let after = count();
    assert!(after.0 < before.0 + 300 && after.1 < before.1 + 300, "{before:?} {after:?}");
    truth().await;
}

#[tokio::test]
async fn acls_are_stateless_ordered_and_only_between_subnets() {
    let world = world_or_return!();
    let open =
        || vec![group("sg-all", vec![GroupRule { traffic: Traffic::All, peer: Peer::Cidr(everywhere()) }])];
    let interfaces =
        || vec![interface(1, 10, &["sg-all"]), interface(2, 11, &["sg-all"]), interface(2, 12, &["sg-all"])];
    let with = |acl_in: Vec<AclRule>, acl_out: Vec<AclRule>| {
        let second = Subnet { acl_in, acl_out, ..subnet(2) };
        plan(vec![subnet(1), second], interfaces(), open())
    };
    let rule =
        |allow, from, to| AclRule { allow, traffic: Traffic::Tcp { from, to }, cidr: block("10.0.1.0/24") };
    start(&world, &with(allow_all(), allow_all())).await;
    serve(&world, &id(11), 80, "web").await;
    assert_eq!(hear(&world, &id(10), "10.0.2.11", 80).await, "web 10.0.1.10");
    // The first rule that fits counts.
    world
        .driver
        .apply_network(with(vec![rule(false, 80, 80), rule(true, 0, 65_535)], allow_all()))
        .await
        .unwrap();
    assert_eq!(hear(&world, &id(10), "10.0.2.11", 80).await, "");
    assert_eq!(
        hear(&world, &id(12), "10.0.2.11", 80).await,
        "web 10.0.2.12",
        "within the subnet no ACL counts"
    );
    world
        .driver
        .apply_network(with(vec![rule(true, 80, 80), rule(false, 0, 65_535)], allow_all()))
        .await
        .unwrap();
    assert_eq!(hear(&world, &id(10), "10.0.2.11", 80).await, "web 10.0.1.10");
    // Answers need a rule of their own.
    world.driver.apply_network(with(allow_all(), vec![rule(true, 80, 80)])).await.unwrap();
    assert_eq!(hear(&world, &id(10), "10.0.2.11", 80).await, "");
    world.driver.apply_network(with(allow_all(), vec![rule(true, 1024, 65_535)])).await.unwrap();
    assert_eq!(hear(&world, &id(10), "10.0.2.11", 80).await, "web 10.0.1.10");
}

#[tokio::test]
async fn a_false_source_is_dropped_unless_the_check_is_off() {
    let world = world_or_return!();
    let open =
        || vec![group("sg-all", vec![GroupRule { traffic: Traffic::All, peer: Peer::Cidr(everywhere()) }])];
    let with = |checked| {
        let liar = Interface { source_dest_check: checked, ..interface(1, 10, &["sg-all"]) };
        plan(vec![subnet(1)], vec![liar, interface(1, 11, &["sg-all"])], open())
    };
    start(&world, &with(true)).await;
    serve(&world, &id(11), 80, "web").await;
    let count = "awk '/^Udp:/ && ++n == 2 { print $2 + $3 }' /proc/net/snmp";
    let lie = "ip addr add 10.0.1.77/32 dev eth0 2>/dev/null; \
               perl -MIO::Socket::INET -e 'IO::Socket::INET->new(Proto => \"udp\", LocalAddr => \"10.0.1.77\", \
               PeerAddr => \"10.0.1.11\", PeerPort => 99)->send(\"x\") or die; select undef, undef, undef, 0.2'";
    let before = world.sh(&id(11), count).await.stdout;
    world.sh(&id(10), lie).await;
    assert_eq!(world.sh(&id(11), count).await.stdout, before, "it came through");
    // Another's hardware address is a lie too.
    let moved = "ip link set eth0 address 02:00:00:00:01:0b; ";
    world.sh(&id(10), moved).await;
    assert_eq!(hear(&world, &id(10), "10.0.1.11", 80).await, "");
    world.sh(&id(10), "ip link set eth0 address 02:00:00:00:01:0a").await;
    assert_eq!(hear(&world, &id(10), "10.0.1.11", 80).await, "web 10.0.1.10");
    world.driver.apply_network(with(false)).await.unwrap();
    let before = world.sh(&id(11), count).await.stdout;
    world.sh(&id(10), lie).await;
    assert_ne!(world.sh(&id(11), count).await.stdout, before, "it did not come through");
}

#[tokio::test]
async fn interfaces_and_addresses_come_and_go_while_an_instance_runs() {
    let world = world_or_return!();
    if !world.shares_kernel() {
        return;
    }
    let open =
        || vec![group("sg-all", vec![GroupRule { traffic: Traffic::All, peer: Peer::Cidr(everywhere()) }])];
    let with = |second: Option<&[Ipv4Addr]>| {
        let mut interfaces = vec![interface(1, 10, &["sg-all"]), interface(1, 11, &["sg-all"])];
        if let Some(addresses) = second {
            let own = interface(2, 50, &["sg-all"]);
            interfaces.push(Interface {
                device_index: 1,
                instance: Some(id(11)),
                addresses: addresses.to_vec(),
                ..own
            });
        }
        plan(vec![subnet(1), subnet(2)], interfaces, open())
    };
    start(&world, &with(None)).await;
    serve(&world, &id(11), 80, "web").await;
    let (primary, further) = ([10, 0, 2, 50].into(), [10, 0, 2, 51].into());
    assert_eq!(hear(&world, &id(10), "10.0.2.50", 80).await, "");
    world.driver.apply_network(with(Some(&[primary]))).await.unwrap();
    assert_eq!(hear(&world, &id(10), "10.0.2.50", 80).await, "web 10.0.1.10");
    assert_eq!(hear(&world, &id(10), "10.0.2.51", 80).await, "");
    world.driver.apply_network(with(Some(&[primary, further]))).await.unwrap();
    assert_eq!(hear(&world, &id(10), "10.0.2.51", 80).await, "web 10.0.1.10");
    world.driver.apply_network(with(Some(&[primary]))).await.unwrap();
    assert_eq!(hear(&world, &id(10), "10.0.2.51", 80).await, "");
    let links = "ls /sys/class/net | tr '\\n' ' '";
    assert_eq!(world.sh(&id(11), links).await.stdout, "eth0 eth1 lo ");
    world.driver.apply_network(with(None)).await.unwrap();
    assert_eq!(world.sh(&id(11), links).await.stdout, "eth0 lo ");
    // Attached from the start as well, and again after a stop.
    world.driver.stop(&id(11), world::GRACE).await.unwrap();
    world.driver.apply_network(with(Some(&[primary, further]))).await.unwrap();
    world.driver.start(spec(&interface(1, 11, &[]), "vpc-1")).await.unwrap();
    serve(&world, &id(11), 80, "again").await;
    for address in ["10.0.1.11", "10.0.2.50", "10.0.2.51"] {
        assert_eq!(hear(&world, &id(10), address, 80).await, "again 10.0.1.10", "{address}");
    }
}

/// Takes a link down and gives it another name.
const RENAME: &str = "import fcntl, socket, struct; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); \
                      fcntl.ioctl(s, 0x8914, struct.pack(\"16sH22x\", b\"eth0\", 0)); \
                      fcntl.ioctl(s, 0x8923, struct.pack(\"16s16s8x\", b\"eth0\", b\"eth1\"))";

#[tokio::test]
async fn an_instance_that_renames_its_links_keeps_a_changed_plan_from_no_other() {
    let world = world_or_return!();
    if !world.shares_kernel() {
        return;
    }
    let open =
        || vec![group("sg-all", vec![GroupRule { traffic: Traffic::All, peer: Peer::Cidr(everywhere()) }])];
    let interfaces = || [10, 11, 12].map(|last| interface(1, last, &["sg-all"])).to_vec();
    start(&world, &plan(vec![subnet(1)], interfaces(), open())).await;
    serve(&world, &id(10), 80, "web").await;
    let renamed =
        world.sh(&id(11), &format!("python3 -c '{RENAME}' && ls /sys/class/net | tr '\\n' ' '")).await;
    assert_eq!(renamed, world::printed("eth1 lo "));
    let mut changed = interfaces();
    changed[0].addresses.push([10, 0, 1, 60].into());
    changed[1].addresses.push([10, 0, 1, 61].into());
    changed.push(Interface { device_index: 1, instance: Some(id(11)), ..interface(1, 70, &["sg-all"]) });
    world.driver.apply_network(plan(vec![subnet(1)], changed.clone(), open())).await.unwrap();
    assert_eq!(hear(&world, &id(12), "10.0.1.60", 80).await, "web 10.0.1.12");
    // What that one could not be given can be another's.
    let moved = changed[1].addresses.pop().unwrap();
    changed[0].addresses.push(moved);
    changed[3].instance = Some(id(10));
    world.driver.apply_network(plan(vec![subnet(1)], changed, open())).await.unwrap();
    for address in ["10.0.1.61", "10.0.1.70"] {
        assert_eq!(hear(&world, &id(12), address, 80).await, "web 10.0.1.12", "{address}");
    }
}

#[tokio::test]
async fn an_instance_whose_plan_has_no_interface_does_not_start() {
    let world = world_or_return!();
    let plan = plan(vec![subnet(1)], vec![interface(1, 10, &[])], Vec::new());
    start(&world, &plan).await;
    let error = world.driver.start(spec(&interface(1, 12, &[]), "vpc-1")).await.unwrap_err();
    assert!(error.to_string().contains("no interface"), "{error}");
}

#[tokio::test]
async fn what_leaves_is_taken_up_where_the_route_table_says_so() {
    let world = world_or_return!();
    let all = |id: &str| group(id, Vec::new());
    let closed = Group { id: "sg-closed".into(), ingress: Vec::new(), egress: Vec::new() };
    let mut first = subnet(1);
    first.routes.push(Route { to: everywhere(), via: Via::Internet });
    let with_public = |interface: Interface| Interface {
        public: vec![(interface.addresses[0], [127, 64, 0, 9].into())],
        ..interface
    };
    let interfaces = vec![
        with_public(interface(1, 10, &["sg-out"])),
        interface(1, 11, &["sg-out"]),
        with_public(interface(1, 12, &["sg-closed"])),
        interface(2, 13, &["sg-out"]),
    ];
    start(&world, &plan(vec![first, subnet(2)], interfaces, vec![all("sg-out"), closed])).await;
    let listener = world.driver.outside_listener("vpc-1").await.unwrap().unwrap();
    #[expect(clippy::disallowed_methods, reason = "ends with the test")]
    tokio::spawn(async move {
        while let Ok((mut stream, from)) = listener.accept().await {
            let text = format!("{} for {}", from.ip(), stream.local_addr().unwrap());
            stream.write_all(text.as_bytes()).await.unwrap();
        }
    });
    assert_eq!(hear(&world, &id(10), "203.0.113.7", 443).await, "10.0.1.10 for 203.0.113.7:443");
    assert_eq!(hear(&world, &id(11), "203.0.113.7", 443).await, "", "without a public address");
    assert_eq!(hear(&world, &id(12), "203.0.113.7", 443).await, "", "its group lets nothing out");
    assert_eq!(hear(&world, &id(13), "203.0.113.7", 443).await, "", "without a route");
}

#[tokio::test]
async fn thousands_of_rules_hold_too() {
    let world = world_or_return!();
    let many = |number: u16| {
        let rules = (0..60).map(|port| tcp(1000 + number * 60 + port, Peer::Cidr(block("10.0.0.0/16"))));
        group(&format!("sg-{number}"), rules.collect())
    };
    let interfaces = vec![interface(1, 10, &["sg-0"]), interface(1, 11, &["sg-0", "sg-49"])];
    start(&world, &plan(vec![subnet(1)], interfaces, (0..50).map(many).collect())).await;
    let port = 1000 + 49 * 60 + 59;
    serve(&world, &id(11), port, "last").await;
    assert_eq!(hear(&world, &id(10), "10.0.1.11", port).await, "last 10.0.1.10");
    serve(&world, &id(10), port, "other").await;
    assert_eq!(hear(&world, &id(11), "10.0.1.10", port).await, "");
}

#[tokio::test]
async fn vpcs_do_not_meet() {
    let world = world_or_return!();
    let open =
        || vec![group("sg-all", vec![GroupRule { traffic: Traffic::All, peer: Peer::Cidr(everywhere()) }])];
    let one = plan(vec![subnet(1)], vec![interface(1, 10, &["sg-all"])], open());
    let mut two = plan(vec![subnet(1)], vec![interface(1, 11, &["sg-all"])], open());
    two.vpc.id = "vpc-2".into();
    start(&world, &one).await;
    start(&world, &two).await;
    serve(&world, &id(11), 80, "two").await;
    assert_eq!(hear(&world, &id(10), "10.0.1.11", 80).await, "");
    world.driver.drop_vpc("vpc-2").await.unwrap();
    assert_eq!(world.sh(&id(10), "true").await.status, ExitStatus::Code(0));
}

fn answer(listener: TcpListener, word: &'static str) {
    #[expect(clippy::disallowed_methods, reason = "ends with the test")]
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            stream.write_all(word.as_bytes()).await.unwrap();
        }
    });
}
