//! botocore's protocol tests, and recorded calls of services that Rolecall does not serve, through generated codecs.
//!
//! The shapes and cases come from `cargo xtask codegen suites`; `left_out.jsonl` names the cases that it leaves out.

mod ec2;
mod json;
mod json_1_0;
mod query;
mod recorded;
mod rest_xml;

use std::collections::BTreeSet;

use rolecall_wire::vectors::{Codec, Replay, answers, requests};

/// Cases, as direction and id, about what a client tolerates or what no service of ours does; each with the reason.
const OTHERS: &[(&str, &str)] = &[
    ("output Ec2QueryDateTimeWithNegativeOffset", OFFSET),
    ("output Ec2QueryDateTimeWithPositiveOffset", OFFSET),
    ("output AwsQueryDateTimeWithNegativeOffset", OFFSET),
    ("output AwsQueryDateTimeWithPositiveOffset", OFFSET),
    ("output AwsJson11DateTimeWithNegativeOffset", OFFSET),
    ("output AwsJson11DateTimeWithPositiveOffset", OFFSET),
    ("output RestXmlDateTimeWithNegativeOffset", OFFSET),
    ("output RestXmlDateTimeWithPositiveOffset", OFFSET),
    ("output AwsJson10DeserializeIgnoreType", UNKNOWN),
    ("output AwsJson11DeserializeIgnoreType", UNKNOWN),
    ("output AwsJson10DeserializeAllowNulls", NULLS),
    ("output AwsJson11StructuresDontDeserializeNullValues", NULLS),
    ("output AwsJson10HandlesUnexpectedJsonOutput", UNKNOWN),
    ("output handles_unexpected_json_output", UNKNOWN),
    ("output AwsJson11IntEnums", "the answer has a header of a request"),
    ("output QueryEmptyInputAndEmptyOutput", "the answer has no body"),
    ("output QueryNoInputAndOutput", "the answer has no body"),
    ("output SimpleScalarPropertiesWithXMLPreamble", UNKNOWN),
    ("output RestXmlHttpPayloadWithUnion", ROOT),
    ("output HttpPayloadWithXmlName", ROOT),
    ("output HttpPayloadWithXmlNamespace", ROOT),
    ("output HttpPayloadWithXmlNamespaceAndPrefix", ROOT),
    (
        "input QueryFlattenedListArgWithXmlName",
        "botocore, as our codec, names a flattened list by its items; it leaves this out",
    ),
    ("input RestXmlHttpPayloadWithUnion", ROOT),
    ("input HttpPayloadWithXmlName", ROOT),
    ("input HttpPayloadWithXmlNamespace", ROOT),
    ("input HttpPayloadWithXmlNamespaceAndPrefix", ROOT),
    ("input XmlAttributesOnPayload", ROOT),
    ("input QueryProtocolIdempotencyTokenAutoFill", FILLED),
    ("input QueryIdempotencyTokenAutoFill", FILLED),
    ("input Ec2ProtocolIdempotencyTokenAutoFill", FILLED),
    ("input SDKAppliedContentEncoding_restXml", "the case does not give the body"),
    ("input SDKAppendedGzipAfterProvidedEncoding_restXml", "the case does not give the body"),
];

const FILLED: &str = "the client fills in a token that the parameters do not have";
const OFFSET: &str = "the answer's time has an offset; ours are in UTC";
const UNKNOWN: &str = "the answer has something that is no member, for the client to ignore";
const NULLS: &str = "the answer has nulls, where ours has nothing";
const ROOT: &str =
    "the case names the root otherwise than its member does; S3's models mean the member, as botocore does";

type Suites = &'static [(&'static str, &'static [Codec])];

/// Replays the cases of every suite; those of [`OTHERS`] must fail, so that the list stays true.
fn check(suites: Suites, records: &str) {
    let (mut replayed, mut failed, mut bad) = (0, BTreeSet::new(), Vec::new());
    for (suite, codecs) in suites {
        let of_suite = format!("\"suite\":\"{suite}\"");
        let lines: Vec<&str> = records.lines().filter(|line| line.contains(&of_suite)).collect();
        let lines = lines.join("\n");
        let replay =
            if suite.starts_with("input") { requests(codecs, &lines) } else { answers(codecs, &lines) };
        replayed += replay.replayed;
        for failure in replay.failures {
            let id = failure.split(':').next().unwrap_or_default();
            let id = format!("{} {id}", suite.split('_').next().unwrap_or_default());
            if OTHERS.iter().any(|(other, _)| *other == id) {
                failed.insert(id);
            } else {
                bad.push(format!("{suite} {failure}"));
            }
        }
    }
    assert_eq!(replayed, records.lines().count(), "every case has a codec");
    assert!(bad.is_empty(), "{} of {replayed}:\n{}", bad.len(), bad.join("\n"));
    let passed = |case: &str| {
        let (direction, id) = case.split_once(' ').unwrap_or_default();
        let (id, suite) = (format!("\"id\":\"{id}\""), format!("\"suite\":\"{direction}_"));
        records.lines().any(|line| line.contains(&id) && line.contains(&suite)) && !failed.contains(case)
    };
    let stale: Vec<_> = OTHERS.iter().filter(|(id, _)| passed(id)).collect();
    assert!(stale.is_empty(), "these pass: {stale:?}");
}

#[test]
fn the_query_suite_is_read_and_written() {
    check(query::SUITES, include_str!("query.jsonl"));
}

#[test]
fn the_ec2_suite_is_read_and_written() {
    check(ec2::SUITES, include_str!("ec2.jsonl"));
}

#[test]
fn the_json_1_0_suite_is_read_and_written() {
    check(json_1_0::SUITES, include_str!("json_1_0.jsonl"));
}

#[test]
fn the_json_1_1_suite_is_read_and_written() {
    check(json::SUITES, include_str!("json.jsonl"));
}

#[test]
fn the_rest_xml_suite_is_read_and_written() {
    check(rest_xml::SUITES, include_str!("rest-xml.jsonl"));
}

fn check_recorded(codecs: &[Codec], sent: &str, answered: &str) {
    for Replay { replayed, failures } in [requests(codecs, sent), answers(codecs, answered)] {
        assert!(failures.is_empty(), "{} of {replayed}:\n{}", failures.len(), failures.join("\n"));
        assert!(replayed >= codecs.len(), "{replayed} records of {} operations", codecs.len());
    }
}

macro_rules! recorded {
    ($test:ident, $service:ident, $file:literal) => {
        #[test]
        fn $test() {
            check_recorded(
                recorded::$service::CODECS,
                include_str!(concat!($file, ".requests.jsonl")),
                include_str!(concat!($file, ".responses.jsonl")),
            );
        }
    };
}

recorded!(calls_of_organizations_are_read_and_answered, organizations, "organizations");
recorded!(calls_of_ssm_are_read_and_answered, ssm, "ssm");
recorded!(calls_of_ec2_instance_connect_are_read_and_answered, ec2_instance_connect, "ec2-instance-connect");
recorded!(calls_of_cloudformation_are_read_and_answered, cloudformation, "cloudformation");
