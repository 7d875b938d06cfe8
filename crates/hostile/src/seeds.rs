//! Good inputs to begin with: requests that SDKs sent, AWS's signature suite, policies of the cases.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::request::text;

/// A recorded request as text; `None` for a record of an answer.
pub(crate) fn recorded(which: &str, record: &Value) -> Option<Vec<u8>> {
    let request = record.get("request")?;
    let path = request.get("path")?.as_str()?;
    let (path, literal) = path.split_once('?').unwrap_or((path, ""));
    let mut query = vec![literal.to_owned()];
    match request.get("query") {
        Some(Value::String(query_text)) => query.push(query_text.clone()),
        Some(Value::Object(pairs)) => {
            for (name, value) in pairs {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
                query.push(format!("{}={}", encode(name), encode(&value)));
            }
        }
        _ => {}
    }
    query.retain(|part| !part.is_empty());
    let path = path.replace(' ', "%20");
    let target = if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) };
    let headers = request.get("headers").and_then(Value::as_object).into_iter().flatten();
    let headers: Vec<(String, String)> =
        headers.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect();
    let body = request.get("body").and_then(Value::as_str).unwrap_or_default();
    Some(text(which, request.get("method")?.as_str()?, &target, &headers, body))
}

/// What boto3 sent.
const RECORDED: [(&str, &str); 4] = [
    ("iam", include_str!("../../testkit/vectors/iam.requests.jsonl")),
    ("sts", include_str!("../../testkit/vectors/sts.requests.jsonl")),
    ("ec2", include_str!("../../testkit/vectors/ec2.requests.jsonl")),
    ("s3", include_str!("../../testkit/vectors/s3.requests.jsonl")),
];

/// Requests that boto3 sent to the services that there are.
pub(crate) fn requests() -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for (service, records) in RECORDED {
        for line in records.lines() {
            let record: Value = serde_json::from_str(line).unwrap_or_default();
            all.extend(recorded(service, &record));
        }
    }
    all
}

/// Requests with signatures: botocore's own, in each of the places that a signature can be in.
pub(crate) fn signed() -> Vec<Vec<u8>> {
    let date = ("X-Amz-Date".to_owned(), "20260101T000000Z".to_owned());
    let host = ("Host".to_owned(), "example.amazonaws.com".to_owned());
    let authorization = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/s3/aws4_request, \
                         SignedHeaders=host;x-amz-date, \
                         Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
    let header = ("Authorization".to_owned(), authorization.to_owned());
    let hash = ("X-Amz-Content-Sha256".to_owned(), "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER".to_owned());
    let query = "/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20260101%2Fus-east-1%2Fs3%2F\
                 aws4_request&X-Amz-Date=20260101T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&\
                 X-Amz-Security-Token=x&X-Amz-Signature=00";
    let form = "Action=ListUsers&Version=2010-05-08";
    vec![
        text(
            "s3",
            "GET",
            "/b/k?list-type=2&prefix=%C3%A4+b",
            &[host.clone(), date.clone(), header.clone()],
            "",
        ),
        text("s3", "PUT", "/b//../k%2f", &[host.clone(), date.clone(), header.clone(), hash], "body"),
        text("s3", "GET", query, std::slice::from_ref(&host), ""),
        text("iam", "POST", "/", &[host.clone(), date.clone(), header], form),
        text("iam", "POST", "/?X-Amz-Algorithm=AWS4-HMAC-SHA256", &[host, date], form),
    ]
}

/// Bodies in chunks, signed and not, with and without trailers; the first two bytes say how to read them.
pub(crate) fn chunks() -> Vec<Vec<u8>> {
    let signature = "0".repeat(64);
    let of_chunks =
        format!("5;chunk-signature={signature}\r\nhello\r\n0;chunk-signature={signature}\r\n\r\n");
    let trailer = "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n";
    let signed = format!(
        "5;chunk-signature={signature}\r\nhello\r\n0;chunk-signature={signature}\r\nx-amz-checksum-crc32:NhCmhg==\r\n\
         x-amz-trailer-signature:{signature}\r\n\r\n"
    );
    let bodies = [of_chunks.as_str(), trailer, &signed, "0\r\n\r\n", "ffffffffffffffff\r\n"];
    let ways = [[0_u8, 5], [1, 5], [2, 5], [3, 0]];
    bodies.iter().flat_map(|body| ways.map(|way| [&way[..], body.as_bytes()].concat())).collect()
}

/// The documents of the policy crate's cases.
pub(crate) fn policies() -> Vec<Vec<u8>> {
    let lines = [
        include_str!("../../policy/tests/data/documents.jsonl"),
        include_str!("../../policy/tests/data/conditions.jsonl"),
        include_str!("../../policy/tests/data/decisions.jsonl"),
        include_str!("../../policy/tests/data/principals.jsonl"),
    ];
    let mut all = Vec::new();
    for record in lines.iter().flat_map(|file| file.lines()) {
        documents(&serde_json::from_str(record).unwrap_or_default(), &mut all);
    }
    all
}

/// Every policy that is somewhere in a record, as text or as JSON.
fn documents(value: &Value, all: &mut Vec<Vec<u8>>) {
    match value {
        Value::Object(members) if members.contains_key("Statement") => {
            all.push(value.to_string().into_bytes())
        }
        Value::Object(members) => {
            if let Some(text) = members.get("text").and_then(Value::as_str) {
                all.push(text.as_bytes().to_vec());
            }
            members.values().for_each(|member| documents(member, all));
        }
        Value::Array(items) => items.iter().for_each(|item| documents(item, all)),
        _ => {}
    }
}
