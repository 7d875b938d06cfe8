//! What names mean in a VPC: pure, bytes of a question in, bytes of an answer out.

use std::net::Ipv4Addr;

use rolecall_compute::plan::NetworkPlan;
use rolecall_ec2::regions::{private_domain, public_domain};
use simple_dns::rdata::{A, PTR, RData};
use simple_dns::{CLASS, Name, Packet, PacketFlag, QCLASS, QTYPE, Question, RCODE, ResourceRecord, TYPE};

/// How long an answer may be remembered, in seconds, as EC2's own.
const LIFE: u32 = 60;

/// What is to be done about a question.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Answer(Vec<u8>),
    /// The name is none of ours.
    Ask,
    /// Not a question at all.
    Ignore,
}

/// What a name of ours leads to.
enum Meaning {
    Address(Ipv4Addr),
    Name(String),
    /// It is ours, and there is nothing of that name.
    Nothing,
    Foreign,
}

/// Answers a question that came from inside a VPC. `services` are the names of the services that this server has.
pub(super) fn answer(plan: &NetworkPlan, services: &[&str], question: &[u8]) -> Outcome {
    let Ok(packet) = Packet::parse(question) else { return Outcome::Ignore };
    if packet.has_flags(PacketFlag::RESPONSE) {
        return Outcome::Ignore;
    }
    let Some(asked) = packet.questions.first() else { return reply(&packet, RCODE::FormatError, None) };
    if !plan.names.support {
        return reply(&packet, RCODE::Refused, None);
    }
    let name = asked.qname.to_string().to_ascii_lowercase();
    match meaning(plan, services, name.trim_end_matches('.')) {
        Meaning::Foreign => Outcome::Ask,
        Meaning::Nothing => reply(&packet, RCODE::NameError, None),
        Meaning::Address(address) => {
            let data = RData::A(A { address: address.into() });
            reply(&packet, RCODE::NoError, wants(asked, TYPE::A).then_some(data))
        }
        Meaning::Name(name) => {
            let Ok(name) = Name::new(&name) else { return reply(&packet, RCODE::ServerFailure, None) };
            let data = RData::PTR(PTR(name));
            reply(&packet, RCODE::NoError, wants(asked, TYPE::PTR).then_some(data))
        }
    }
}

/// An answer of failure to a question that nobody could answer.
pub(super) fn failure(question: &[u8]) -> Option<Vec<u8>> {
    let packet = Packet::parse(question).ok()?;
    match reply(&packet, RCODE::ServerFailure, None) {
        Outcome::Answer(bytes) => Some(bytes),
        Outcome::Ask | Outcome::Ignore => None,
    }
}

fn wants(asked: &Question<'_>, kind: TYPE) -> bool {
    let class = matches!(asked.qclass, QCLASS::CLASS(CLASS::IN) | QCLASS::ANY);
    class && (asked.qtype == QTYPE::TYPE(kind) || asked.qtype == QTYPE::ANY)
}

fn reply(question: &Packet<'_>, code: RCODE, data: Option<RData<'_>>) -> Outcome {
    let mut packet = Packet::new_reply(question.id());
    packet.set_flags(PacketFlag::RECURSION_AVAILABLE | PacketFlag::AUTHORITATIVE_ANSWER);
    if question.has_flags(PacketFlag::RECURSION_DESIRED) {
        packet.set_flags(PacketFlag::RECURSION_DESIRED);
    }
    *packet.rcode_mut() = code;
    if let Some(asked) = question.questions.first() {
        packet.questions.push(asked.clone());
        if let Some(data) = data {
            packet.answers.push(ResourceRecord::new(asked.qname.clone(), CLASS::IN, LIFE, data));
        }
    }
    packet.build_bytes_vec_compressed().map_or(Outcome::Ignore, Outcome::Answer)
}

fn meaning(plan: &NetworkPlan, services: &[&str], name: &str) -> Meaning {
    if let Some(reversed) = name.strip_suffix(".in-addr.arpa") {
        return reverse(plan, reversed);
    }
    if let Some(host) = below(name, &private_domain(&plan.names.region)) {
        return private(plan, host);
    }
    if let Some(host) = below(name, &public_domain(&plan.names.region)) {
        return public(plan, host);
    }
    match name.strip_suffix(".amazonaws.com") {
        Some(host) if is_service(services, &plan.names.region, host) => Meaning::Address(plan.vpc.endpoint()),
        _ => Meaning::Foreign,
    }
}

/// The one label before a domain.
fn below<'a>(name: &'a str, domain: &str) -> Option<&'a str> {
    name.strip_suffix(domain)?.strip_suffix('.').filter(|host| !host.contains('.'))
}

/// `ip-10-0-1-23` by its address, `i-0123…` by its instance.
fn private(plan: &NetworkPlan, host: &str) -> Meaning {
    let mut interfaces = plan.interfaces.iter();
    let found = match host.strip_prefix("ip-").and_then(dashed) {
        Some(address) => {
            interfaces.any(|interface| interface.addresses.contains(&address)).then_some(address)
        }
        None => interfaces
            .find(|own| own.instance.as_deref() == Some(host) && own.device_index == 0)
            .and_then(|own| own.addresses.first().copied()),
    };
    found.map_or(Meaning::Nothing, Meaning::Address)
}

/// `ec2-127-64-0-9`: inside its VPC a public name leads to the private address.
fn public(plan: &NetworkPlan, host: &str) -> Meaning {
    let address = host.strip_prefix("ec2-").and_then(dashed).filter(|_| plan.names.hostnames);
    let mut pairs = plan.interfaces.iter().flat_map(|interface| &interface.public);
    let found = address.and_then(|address| pairs.find(|(_, public)| *public == address));
    found.map_or(Meaning::Nothing, |(private, _)| Meaning::Address(*private))
}

fn reverse(plan: &NetworkPlan, reversed: &str) -> Meaning {
    let parts: Vec<u8> = reversed.split('.').rev().filter_map(|part| part.parse().ok()).collect();
    let Ok(parts) = <[u8; 4]>::try_from(parts) else { return Meaning::Foreign };
    let address = Ipv4Addr::from(parts);
    if !plan.blocks.iter().any(|block| block.contains(address)) {
        return Meaning::Foreign;
    }
    if !plan.interfaces.iter().any(|interface| interface.addresses.contains(&address)) {
        return Meaning::Nothing;
    }
    let host = address.to_string().replace('.', "-");
    Meaning::Name(format!("ip-{host}.{}", private_domain(&plan.names.region)))
}

/// `10-0-1-23` as an address.
fn dashed(text: &str) -> Option<Ipv4Addr> {
    text.replace('-', ".").parse().ok()
}

/// `sts`, `ec2.us-east-1`, `BUCKET.s3.us-east-1`: a service's own label, with its region or without, after anything.
fn is_service(services: &[&str], region: &str, host: &str) -> bool {
    let rest = host.strip_suffix(region).and_then(|rest| rest.strip_suffix('.')).unwrap_or(host);
    let rest = rest.strip_suffix(".dualstack").unwrap_or(rest);
    let label = rest.rsplit('.').next().unwrap_or(rest);
    services.contains(&label)
}

#[cfg(test)]
mod tests {
    use rolecall_compute::plan::{AclRule, Interface, Route, Subnet, Via};
    use rolecall_compute::{Cidr, Vpc};

    use super::*;

    fn block(text: &str) -> Cidr {
        text.parse().unwrap()
    }

    /// One subnet that leads to the internet, one instance with a public address and the group `sg-1`.
    fn plan() -> NetworkPlan {
        let subnet = Subnet {
            routes: vec![Route { to: block("0.0.0.0/0"), via: Via::Internet }],
            acl_in: vec![AclRule::allow_all()],
            acl_out: vec![AclRule::allow_all()],
            ..Subnet::new("subnet-1", block("10.0.1.0/24"))
        };
        let interface = Interface {
            instance: Some("i-0123".into()),
            groups: vec!["sg-1".into()],
            public: vec![([10, 0, 1, 23].into(), [127, 64, 0, 9].into())],
            ..Interface::new("eni-1", "subnet-1", [10, 0, 1, 23].into(), [2, 0, 0, 0, 0, 1])
        };
        let vpc = Vpc { id: "vpc-1".into(), cidr: block("10.0.0.0/16") };
        NetworkPlan {
            subnets: vec![subnet],
            interfaces: vec![interface],
            ..NetworkPlan::new(vpc, "us-east-1")
        }
    }

    /// What a name is answered with: an address, a name, or the code.
    fn ask_of(plan: &NetworkPlan, name: &str, kind: TYPE) -> String {
        let mut packet = Packet::new_query(7);
        let class = QCLASS::CLASS(CLASS::IN);
        packet.questions.push(Question::new(Name::new(name).unwrap(), QTYPE::TYPE(kind), class, false));
        let bytes = match answer(plan, &["sts", "s3", "ec2"], &packet.build_bytes_vec().unwrap()) {
            Outcome::Answer(bytes) => bytes,
            other => return format!("{other:?}"),
        };
        let packet = Packet::parse(&bytes).unwrap();
        assert_eq!((packet.id(), packet.questions.len()), (7, 1));
        match packet.answers.first().map(|record| &record.rdata) {
            Some(RData::A(A { address })) => Ipv4Addr::from(*address).to_string(),
            Some(RData::PTR(PTR(name))) => name.to_string(),
            _ => format!("{:?}", packet.rcode()),
        }
    }

    fn ask(name: &str) -> String {
        ask_of(&plan(), name, TYPE::A)
    }

    #[test]
    fn instances_are_found_by_private_and_public_name() {
        assert_eq!(ask("ip-10-0-1-23.ec2.internal"), "10.0.1.23");
        assert_eq!(ask("IP-10-0-1-23.EC2.Internal"), "10.0.1.23");
        assert_eq!(ask("i-0123.ec2.internal"), "10.0.1.23");
        assert_eq!(ask("ec2-127-64-0-9.compute-1.amazonaws.com"), "10.0.1.23");
        assert_eq!(ask("ip-10-0-1-24.ec2.internal"), "NameError");
        assert_eq!(ask("ec2-127-64-0-8.compute-1.amazonaws.com"), "NameError");
        assert_eq!(ask_of(&plan(), "23.1.0.10.in-addr.arpa", TYPE::PTR), "ip-10-0-1-23.ec2.internal");
        assert_eq!(ask_of(&plan(), "24.1.0.10.in-addr.arpa", TYPE::PTR), "NameError");
        assert_eq!(ask_of(&plan(), "ip-10-0-1-23.ec2.internal", TYPE::AAAA), "NoError");
    }

    #[test]
    fn services_lead_to_the_endpoint_and_other_names_elsewhere() {
        for name in [
            "sts.amazonaws.com",
            "sts.us-east-1.amazonaws.com",
            "bucket.with.dots.s3.us-east-1.amazonaws.com",
            "s3.dualstack.us-east-1.amazonaws.com",
        ] {
            assert_eq!(ask(name), "10.0.0.2", "{name}");
        }
        for name in
            ["sqs.us-east-1.amazonaws.com", "amazonaws.com", "sts.eu-west-1.amazonaws.com", "example.org"]
        {
            assert_eq!(ask(name), "Ask", "{name}");
        }
        assert_eq!(ask_of(&plan(), "7.113.0.203.in-addr.arpa", TYPE::PTR), "Ask");
    }

    #[test]
    fn other_regions_have_their_own_domains() {
        let mut plan = plan();
        plan.names.region = "eu-west-1".into();
        assert_eq!(ask_of(&plan, "ip-10-0-1-23.eu-west-1.compute.internal", TYPE::A), "10.0.1.23");
        assert_eq!(ask_of(&plan, "ec2-127-64-0-9.eu-west-1.compute.amazonaws.com", TYPE::A), "10.0.1.23");
        plan.names.hostnames = false;
        assert_eq!(ask_of(&plan, "ec2-127-64-0-9.eu-west-1.compute.amazonaws.com", TYPE::A), "NameError");
        plan.names.support = false;
        assert_eq!(ask_of(&plan, "ip-10-0-1-23.eu-west-1.compute.internal", TYPE::A), "Refused");
    }

    #[test]
    fn what_is_no_question_is_left_alone() {
        assert_eq!(answer(&plan(), &[], b"nonsense"), Outcome::Ignore);
        let reply = Packet::new_reply(1).build_bytes_vec().unwrap();
        assert_eq!(answer(&plan(), &[], &reply), Outcome::Ignore);
    }
}
