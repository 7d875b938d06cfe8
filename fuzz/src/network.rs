//! What the server reads of those inside of a VPC and of browsers: questions of names, and a terminal's WebSocket.

use std::sync::OnceLock;

use http::{HeaderMap, HeaderName, HeaderValue};
use rolecall_compute::NetworkPlan;
use simple_dns::{CLASS, Name, Packet, PacketFlag, QCLASS, QTYPE, Question, TYPE};
use tokio::io::AsyncWriteExt as _;
use tokio::runtime::Runtime;

use crate::names::{self, Outcome};
use crate::websocket;

const PLAN: &str = r#"{
    "vpc": {"id": "vpc-1", "cidr": {"base": "10.0.0.0", "prefix": 16}},
    "blocks": [{"base": "10.0.0.0", "prefix": 16}], "subnets": [], "groups": [], "nats": [],
    "interfaces": [{"id": "eni-1", "instance": "i-0123", "device_index": 0, "addresses": ["10.0.1.23"],
        "mac": [2, 0, 0, 0, 0, 1], "subnet": "subnet-1", "groups": [], "source_dest_check": true,
        "public": [["10.0.1.23", "127.64.0.9"]]}],
    "names": {"support": true, "hostnames": true, "region": "us-east-1", "domain": null, "servers": []}}"#;

fn plan() -> &'static NetworkPlan {
    static PLANNED: OnceLock<NetworkPlan> = OnceLock::new();
    PLANNED.get_or_init(|| serde_json::from_str(PLAN).expect("a plan"))
}

/// An answer answers its question, and is no question itself.
pub fn names(data: &[u8]) {
    if let Outcome::Answer(bytes) = names::answer(plan(), &["sts", "s3", "ec2"], data) {
        let answer = Packet::parse(&bytes).expect("an answer that can be read");
        assert!(answer.has_flags(PacketFlag::RESPONSE));
        assert_eq!(bytes.get(..2), data.get(..2), "the number of the question");
    }
    if let Some(bytes) = names::failure(data) {
        assert!(Packet::parse(&bytes).is_ok());
    }
}

pub fn questions() -> Vec<Vec<u8>> {
    let names = [
        ("ip-10-0-1-23.ec2.internal", TYPE::A),
        ("i-0123.ec2.internal", TYPE::A),
        ("ec2-127-64-0-9.compute-1.amazonaws.com", TYPE::A),
        ("23.1.0.10.in-addr.arpa", TYPE::PTR),
        ("s3.us-east-1.amazonaws.com", TYPE::AAAA),
        ("bucket.s3.us-east-1.amazonaws.com", TYPE::A),
        ("example.com", TYPE::TXT),
    ];
    let question = |(name, kind)| {
        let mut packet = Packet::new_query(7);
        packet.set_flags(PacketFlag::RECURSION_DESIRED);
        let name = Name::new(name).expect("a name");
        packet.questions.push(Question::new(name, QTYPE::TYPE(kind), QCLASS::CLASS(CLASS::IN), false));
        packet.build_bytes_vec().expect("a packet")
    };
    names.map(question).to_vec()
}

thread_local! {
    static RUNTIME: Runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
}

/// Up to a line break the head of a request, then what the client says. It ends when the client has nothing more to say.
pub fn terminal(data: &[u8]) {
    let (head, said) = data.split_at(data.iter().position(|byte| *byte == b'\n').unwrap_or(0));
    let mut headers = HeaderMap::new();
    for line in head.split(|byte| *byte == b';') {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = line.split_at(colon);
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(&value[1..])) {
            headers.append(name, value);
        }
    }
    let _ = websocket::accept(&headers);
    RUNTIME.with(|runtime| {
        runtime.block_on(async {
            let (mut client, server) = tokio::io::duplex(1 << 20);
            client.write_all(said.get(1..).unwrap_or_default()).await.expect("room");
            client.shutdown().await.expect("an open pipe");
            // That the client went away is no fault.
            let _ = websocket::converse(server, rolecall_compute::hostile::silent_command()).await;
        });
    });
}

pub fn conversations() -> Vec<Vec<u8>> {
    let head = b"sec-websocket-version:13;sec-websocket-key:dGhlIHNhbXBsZSBub25jZQ==;host:a:1;origin:http://a:1\n";
    let frame = |first: u8, text: &[u8]| {
        let mut bytes = vec![first, 0x80 | u8::try_from(text.len()).expect("a short text"), 0, 0, 0, 0];
        bytes.extend(text);
        bytes
    };
    let size = frame(0x81, br#"{"columns": 80, "rows": 24}"#);
    let typed = frame(0x82, b"echo hi\n");
    let parts = [frame(0x02, b"ec"), frame(0x00, b"ho"), frame(0x89, b"ping"), frame(0x80, b"\n")].concat();
    let end = frame(0x88, &[3, 232, b'b', b'y', b'e']);
    [[&size[..], &typed, &end].concat(), parts, frame(0x81, b"not a size"), Vec::new()]
        .map(|said| [&head[..], &said].concat())
        .to_vec()
}
