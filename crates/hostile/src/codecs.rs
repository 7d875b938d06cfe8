//! The four protocols over the shapes of botocore's protocol tests: every kind of member in every place.

#[path = "../../wire/tests/protocols/ec2.rs"]
mod ec2_suite;
#[path = "../../wire/tests/protocols/json.rs"]
mod json_suite;
#[path = "../../wire/tests/protocols/query.rs"]
mod query_suite;
#[path = "../../wire/tests/protocols/rest_xml.rs"]
mod rest_xml_suite;

use rolecall_wire::Message;
use rolecall_wire::vectors::Codec;
use serde_json::Value;

use crate::request::Request;
use crate::seeds;

type Suites = &'static [(&'static str, &'static [Codec])];

/// Reads a request by the codec of its number: a refusal is one of the client's faults, and what is read can be read
/// again the same.
fn read(suites: Suites, data: &[u8]) {
    let Some(request) = Request::read(data) else { return };
    let Ok(number) = request.which.parse::<usize>() else { return };
    let Some(codec) = suites.iter().flat_map(|(_, codecs)| *codecs).nth(number) else { return };
    let message = Message {
        method: request.method,
        path: request.path,
        query: request.query,
        headers: &request.headers,
        body: request.body,
    };
    match codec.read(&message) {
        Ok(value) => assert_eq!(codec.read(&message).ok(), Some(value), "read twice"),
        Err(fault) => assert!((400..500).contains(&fault.status()), "{fault:?}"),
    }
}

/// The recorded requests of the suites, each with its codec's number.
fn recorded(suites: Suites, records: &str) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for line in records.lines() {
        let record: Value = serde_json::from_str(line).unwrap_or_default();
        let mut number = 0;
        for (suite, codecs) in suites {
            for codec in *codecs {
                if record.get("suite").and_then(Value::as_str) == Some(suite)
                    && record.get("operation").and_then(Value::as_str) == Some(codec.operation())
                {
                    all.extend(seeds::recorded(&number.to_string(), &record));
                }
                number += 1;
            }
        }
    }
    all
}

macro_rules! protocols {
    ($($name:ident $seeds:ident $suite:ident $file:literal;)*) => {$(
        pub(crate) fn $name(data: &[u8]) {
            read($suite::SUITES, data);
        }

        pub(crate) fn $seeds() -> Vec<Vec<u8>> {
            recorded($suite::SUITES, include_str!(concat!("../../wire/tests/protocols/", $file)))
        }
    )*};
}

protocols! {
    query query_seeds query_suite "query.jsonl";
    ec2 ec2_seeds ec2_suite "ec2.jsonl";
    json json_seeds json_suite "json.jsonl";
    rest_xml rest_xml_seeds rest_xml_suite "rest-xml.jsonl";
}
