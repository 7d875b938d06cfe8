//! Networks to try: plans, and instances that talk to one another.

use rolecall_compute::plan::{
    AclRule, Group, GroupRule, Interface, NetworkPlan, Peer, Route, Subnet, Traffic, Via,
};
use rolecall_compute::{Cidr, ExecSpec, InstanceSpec, Network, Resolving, Vpc};
use tokio::io::AsyncReadExt;

use super::World;

pub fn block(text: &str) -> Cidr {
    text.parse().unwrap()
}

pub fn everywhere() -> Cidr {
    block("0.0.0.0/0")
}

pub fn tcp(port: u16, peer: Peer) -> GroupRule {
    GroupRule { traffic: Traffic::Tcp { from: port, to: port }, peer }
}

pub fn group(id: &str, ingress: Vec<GroupRule>) -> Group {
    let out = GroupRule { traffic: Traffic::All, peer: Peer::Cidr(everywhere()) };
    Group { id: id.into(), ingress, egress: vec![out] }
}

pub fn subnet(number: u8) -> Subnet {
    Subnet {
        routes: vec![Route { to: block("10.0.0.0/16"), via: Via::Local }],
        acl_in: vec![AclRule::allow_all()],
        acl_out: vec![AclRule::allow_all()],
        ..Subnet::new(&format!("subnet-{number}"), block(&format!("10.0.{number}.0/24")))
    }
}

/// Interface `eni-SUBNET-LAST` of instance number LAST at 10.0.SUBNET.LAST.
pub fn interface(subnet: u8, last: u8, groups: &[&str]) -> Interface {
    let (address, mac) = ([10, 0, subnet, last].into(), [2, 0, 0, 0, subnet, last]);
    Interface {
        instance: Some(id(last)),
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        ..Interface::new(&format!("eni-{subnet}-{last}"), &format!("subnet-{subnet}"), address, mac)
    }
}

pub fn plan(subnets: Vec<Subnet>, interfaces: Vec<Interface>, groups: Vec<Group>) -> NetworkPlan {
    let vpc = Vpc { id: "vpc-1".into(), cidr: block("10.0.0.0/16") };
    NetworkPlan { subnets, interfaces, groups, ..NetworkPlan::new(vpc, "us-east-1") }
}

/// The instance that an interface is attached to.
pub fn spec(interface: &Interface, vpc: &str) -> InstanceSpec {
    let last = interface.addresses[0].octets()[3];
    let mut spec = super::spec(last);
    spec.network = Network {
        vpc: Vpc { id: vpc.into(), cidr: block("10.0.0.0/16") },
        subnet: block(&format!("10.0.{}.0/24", interface.addresses[0].octets()[2])),
        private_ip: interface.addresses[0],
        mac: interface.mac,
        names: Resolving::default(),
    };
    spec
}

pub async fn start(world: &World, plan: &NetworkPlan) {
    world.driver.apply_network(plan.clone()).await.unwrap();
    for interface in plan.interfaces.iter().filter(|interface| interface.device_index == 0) {
        world.driver.start(spec(interface, &plan.vpc.id)).await.unwrap();
    }
}

/// Has an instance answer every connection to a port with a word. Done when it listens.
pub async fn serve(world: &World, id: &str, port: u16, word: &str) {
    let line = format!(
        "exec perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(LocalPort => {port}, Listen => 5, ReuseAddr => 1) \
         or die; $| = 1; print \"up\\n\"; close STDOUT; while ($c = $s->accept) {{ print $c \"{word} \" . $c->peerhost; close $c }}'"
    );
    let mut io = world.driver.exec(id, ExecSpec::root(["sh", "-c", &line])).await.unwrap();
    let mut up = [0; 3];
    io.stdout.read_exact(&mut up).await.unwrap();
    assert_eq!(&up, b"up\n");
}

/// What an instance hears from a port; nothing when nobody answers.
pub async fn hear(world: &World, id: &str, to: &str, port: u16) -> String {
    let patience = world.patience();
    let line = format!("timeout {patience} bash -c 'exec 3<>/dev/tcp/{to}/{port} && cat <&3' 2>/dev/null");
    world.sh(id, &line).await.stdout
}

/// Sends one echo request and waits for the answer.
pub const PING: &str = "import socket, struct, sys; s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 1); \
                    s.sendto(struct.pack(\"!BBHHH\", 8, 0, 0xf7fd, 1, 1), (sys.argv[1], 0)); \
                    [0 for _ in iter(lambda: s.recv(99)[20], 0)]";

pub fn id(last: u8) -> String {
    super::spec(last).id
}
