//! How long a changed rule takes to have an effect: from the call to its return, by which time the kernel has the new rules,
//! with few and many interfaces. Prints a table; needs what the namespace driver needs.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    reason = "a benchmark prints, and asks the real clock"
)]

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rolecall_compute::plan::{
    AclRule, Group, GroupRule, Interface, NetworkPlan, Peer, Route, Subnet, Traffic, Via,
};
use rolecall_compute::{Choice, Cidr, Config, Driver, Vpc, choose};

const CHANGES: u16 = 200;
/// Groups, each with 60 rules: about 2,000 in all.
const GROUPS: usize = 33;
const RULES: u16 = 60;

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        dir: folder.path().join("compute"),
        init: Some(PathBuf::from(env!("CARGO_BIN_EXE_rolecall-init"))),
        ..Config::default()
    };
    let driver = match choose(Choice::Namespace, &config).await {
        Ok((driver, said)) => {
            println!("{said}; {}", driver.caps().notes.join("; "));
            driver
        }
        Err(error) => return println!("left out: {error}"),
    };
    println!("{CHANGES} changes of one rule                       p50 ms    p99 ms    min ms");
    for interfaces in [1, 100, 500] {
        for groups in [1, GROUPS] {
            measure(&driver, interfaces, groups).await;
        }
    }
    driver.shutdown().await;
}

async fn measure(driver: &Driver, interfaces: u32, groups: usize) {
    let mut plan = plan(interfaces, groups);
    let whole = Instant::now();
    driver.apply_network(plan.clone()).await.unwrap();
    let whole = whole.elapsed();
    let (mut rule, mut member) = (Vec::new(), Vec::new());
    for number in 0..CHANGES {
        plan.groups[0].ingress[0].traffic = Traffic::Tcp { from: 20_000 + number, to: 20_000 + number };
        let began = Instant::now();
        driver.apply_network(plan.clone()).await.unwrap();
        rule.push(began.elapsed());
        let changed = number as usize % plan.interfaces.len();
        let more = plan.interfaces[changed].groups.len() == 1;
        plan.interfaces[changed].groups =
            if more { vec!["sg-0".into(), "sg-more".into()] } else { vec!["sg-0".into()] };
        let began = Instant::now();
        driver.apply_network(plan.clone()).await.unwrap();
        member.push(began.elapsed());
    }
    let rules = groups * usize::from(RULES);
    row(&format!("{interfaces} interfaces, {rules} rules: a rule"), rule);
    row(&format!("{interfaces} interfaces, {rules} rules: a member"), member);
    println!("  the whole plan at first: {:.1} ms", ms(whole));
    driver.drop_vpc(&plan.vpc.id).await.unwrap();
}

fn plan(interfaces: u32, groups: usize) -> NetworkPlan {
    let block = |text: &str| text.parse::<Cidr>().unwrap();
    let rule = |port| GroupRule {
        traffic: Traffic::Tcp { from: port, to: port },
        peer: if port % 2 == 0 { Peer::Cidr(block("10.1.0.0/16")) } else { Peer::Group("sg-0".into()) },
    };
    let group = |number| Group {
        id: format!("sg-{number}"),
        ingress: (1..=RULES).map(rule).collect(),
        egress: vec![GroupRule { traffic: Traffic::All, peer: Peer::Cidr(block("0.0.0.0/0")) }],
    };
    let interface = |number: u32| {
        let (address, mac) =
            (Ipv4Addr::from(0x0a01_0004 + number), [2, 0, 0, 0, (number >> 8) as u8, number as u8]);
        Interface {
            instance: Some(format!("i-{number}")),
            groups: vec!["sg-0".into()],
            ..Interface::new(&format!("eni-{number}"), "subnet-1", address, mac)
        }
    };
    let vpc = Vpc { id: format!("vpc-{interfaces}-{groups}"), cidr: block("10.1.0.0/16") };
    NetworkPlan {
        subnets: vec![Subnet {
            routes: vec![Route { to: vpc.cidr, via: Via::Local }],
            acl_in: vec![AclRule::allow_all()],
            acl_out: vec![AclRule::allow_all()],
            ..Subnet::new("subnet-1", block("10.1.0.0/20"))
        }],
        interfaces: (0..interfaces).map(interface).collect(),
        groups: (0..groups).map(group).collect(),
        ..NetworkPlan::new(vpc, "us-east-1")
    }
}

fn row(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |percent: usize| ms(times[(times.len() * percent / 100).min(times.len() - 1)]);
    println!("{what:<48} {:>8.1}  {:>8.1}  {:>8.1}", at(50), at(99), at(0));
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
