//! Replays recorded requests and answers through generated codecs; only in tests, behind the feature `vectors`.
//!
//! A recorded request pairs an SDK's parameters with the bytes that the SDK sent for them: reading the bytes must
//! give the parameters. A recorded answer pairs members with the bytes that an independent implementation wrote for
//! them: writing the members must give the same XML tree and headers. In the records `{"$ts": …}` is a time and
//! `{"$b64": …}` a blob.

#![expect(clippy::indexing_slicing, reason = "serde_json's index is null for an absent member")]

use std::collections::BTreeSet;

pub use serde::{self, Deserialize, Serialize};

use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rolecall_base::{Fault, Time};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::scalar::Scalar;
use crate::xml::{Element, parse};
use crate::{Body, Input, Message, Meta, Output, Protocol, Response, Shape, Violations};

/// The codecs of one operation, with members as JSON.
#[derive(Debug)]
pub struct Codec {
    meta: &'static Meta,
    read: fn(&Message<'_>) -> Result<Value, Fault>,
    write: fn(Value) -> Result<Response, serde_json::Error>,
}

impl Codec {
    pub const fn of<S: Shape>() -> Codec
    where
        S::Input: Serialize,
        S::Output: DeserializeOwned,
    {
        Codec { meta: S::META, read: read::<S>, write: write::<S> }
    }

    /// The operation's name.
    pub fn operation(&self) -> &'static str {
        self.meta.name
    }

    /// A request's members as JSON, before they are validated.
    ///
    /// # Errors
    /// The protocol's fault for what cannot be read.
    pub fn read(&self, m: &Message<'_>) -> Result<Value, Fault> {
        (self.read)(m)
    }
}

fn read<S: Shape>(m: &Message<'_>) -> Result<Value, Fault>
where
    S::Input: Serialize,
{
    let input = S::Input::decode(m, &mut Violations::new(S::META.protocol))?;
    serde_json::to_value(input).map_err(Fault::internal)
}

fn write<S: Shape>(members: Value) -> Result<Response, serde_json::Error>
where
    S::Output: DeserializeOwned,
{
    let output: S::Output = serde_json::from_value(members)?;
    let mut out = Response::new();
    output.encode(S::META, "req-1", &mut out);
    Ok(out)
}

/// How floating-point members are in records: those that are not finite by name, as in JSON protocols.
pub mod number {
    use rolecall_base::Fault;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use serde_json::Value;

    use crate::json::{FromJson, ToJson};
    use crate::{Protocol, Violations};

    /// A number, or one that may be absent.
    pub trait Number: Sized {
        fn shown(&self) -> Value;

        fn of(value: &Value) -> Result<Self, Fault>;
    }

    macro_rules! numbers {
        ($($type:ty),*) => {$(
            impl Number for $type {
                fn shown(&self) -> Value {
                    self.to_json()
                }

                fn of(value: &Value) -> Result<Self, Fault> {
                    FromJson::from_json(value, &mut Violations::new(Protocol::Json("1.1")))
                }
            }
        )*};
    }

    numbers!(f32, f64);

    impl<T: Number> Number for Option<T> {
        fn shown(&self) -> Value {
            self.as_ref().map_or(Value::Null, Number::shown)
        }

        fn of(value: &Value) -> Result<Self, Fault> {
            if value.is_null() { Ok(None) } else { T::of(value).map(Some) }
        }
    }

    pub fn serialize<T: Number, S: Serializer>(number: &T, serializer: S) -> Result<S::Ok, S::Error> {
        number.shown().serialize(serializer)
    }

    pub fn deserialize<'de, T: Number, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        T::of(&Value::deserialize(deserializer)?).map_err(Error::custom)
    }
}

/// What a replay found: how many records were replayed, and what did not match.
#[derive(Debug)]
pub struct Replay {
    pub replayed: usize,
    pub failures: Vec<String>,
}

/// Reads every recorded request of the operations in `codecs`.
pub fn requests(codecs: &[Codec], records: &str) -> Replay {
    replay(codecs, records, |codec, record| {
        let (request, headers) = (&record["request"], headers(&record["request"]["headers"]));
        let (path, query) = target(request);
        let body = request["body"].as_str().unwrap_or_default().as_bytes();
        let method = request["method"].as_str().unwrap_or_default();
        let m = Message { method, path: &path, query: &query, headers: &headers, body };
        let mut found = plain((codec.read)(&m).map_err(|fault| fault.to_string())?);
        let mut expected = plain(record["params"].clone());
        let without = if codec.meta.streaming_input { &["Body", "ContentLength"][..] } else { &[] };
        for members in [&mut found, &mut expected].into_iter().filter_map(Value::as_object_mut) {
            members.retain(|name, _| !without.contains(&name.as_str()));
        }
        (found, expected) = (without_empty(found), without_empty(expected));
        if found == expected { Ok(()) } else { Err(format!("\n  read     {found}\n  expected {expected}")) }
    })
}

/// Writes every recorded answer of the operations in `codecs`.
pub fn answers(codecs: &[Codec], records: &str) -> Replay {
    replay(codecs, records, |codec, record| {
        let reference = &record["reference"];
        if reference.is_null() {
            return Ok(());
        }
        let mut members = plain(record["result"].clone());
        if let (true, Some(members)) = (codec.meta.streaming_output, members.as_object_mut()) {
            members.remove("Body");
        }
        let out = (codec.write)(members).map_err(|e| e.to_string())?;
        compare_headers(&out, &reference["headers"])?;
        if reference["status_code"].as_u64().is_some_and(|status| status != u64::from(out.status)) {
            return Err(format!("status {}, expected {}", out.status, reference["status_code"]));
        }
        let Body::Bytes(bytes) = &out.body else { return Err("a stream".into()) };
        if let Protocol::Json(_) = codec.meta.protocol {
            return compare_json(&out, bytes, reference);
        }
        let reference = reference["body"].as_str().unwrap_or_default();
        let (mut found, mut expected) = (parse(bytes), parse(reference.as_bytes()));
        if !reference.contains("req-1") {
            let own = |child: &Element| !matches!(child.name(), "ResponseMetadata" | "requestId");
            [&mut found, &mut expected].into_iter().flatten().for_each(|root| root.retain(own));
        }
        let same = match (found, expected) {
            // The reference gives an empty document where AWS gives no body.
            (None, Some(expected)) => bytes.is_empty() && expected.children().is_empty(),
            // The reference leaves out the root element of GetBucketLocation's answer.
            (Some(found), None) => found.children().is_empty() && found.text() == reference,
            // The entries of a map have no order.
            (found, expected) if record["maps"] == true => {
                found.map(|root| sorted(tree(root))) == expected.map(|root| sorted(tree(root)))
            }
            (found, expected) => found.map(tree) == expected.map(tree),
        };
        if same || String::from_utf8_lossy(bytes) == reference {
            return Ok(());
        }
        Err(format!("\n  wrote    {}\n  expected {reference}", String::from_utf8_lossy(bytes)))
    })
}

fn replay(codecs: &[Codec], records: &str, step: impl Fn(&Codec, &Value) -> Result<(), String>) -> Replay {
    let mut replay = Replay { replayed: 0, failures: Vec::new() };
    for line in records.lines() {
        let record: Value = serde_json::from_str(line).unwrap_or_default();
        let Some(codec) = codecs.iter().find(|codec| record["operation"] == codec.meta.name) else {
            continue;
        };
        replay.replayed = replay.replayed.saturating_add(1);
        if let Err(why) = step(codec, &record) {
            replay.failures.push(format!("{}: {why}", record["id"].as_str().unwrap_or_default()));
        }
    }
    replay
}

fn headers(recorded: &Value) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in recorded.as_object().into_iter().flatten() {
        let value = value.as_str().unwrap_or_default();
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    headers
}

/// Path and query as they would be on the wire. The records have query parameters decoded.
fn target(request: &Value) -> (String, String) {
    let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let target = request["path"].as_str().unwrap_or_default();
    let (path, literal) = target.split_once('?').unwrap_or((target, ""));
    let mut query = vec![literal.to_owned()];
    for (name, value) in request["query"].as_object().into_iter().flatten() {
        let values = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
        for value in values {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            query.push(format!("{}={}", encode(name), encode(&text)));
        }
    }
    query.extend(request["query"].as_str().map(str::to_owned));
    query.retain(|part| !part.is_empty());
    (path.replace(' ', "%20"), query.join("&"))
}

/// Times as milliseconds, blobs as arrays, absent members absent: what the generated structures make of themselves.
fn plain(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            if let Some(text) = members.get("$ts").and_then(Value::as_str) {
                return Time::parse_iso(text).map_or(Value::Null, |time| Value::from(time.millis()));
            }
            if let Some(text) = members.get("$b64").and_then(Value::as_str) {
                return Value::from(<Vec<u8> as Scalar>::parse(text).unwrap_or_default());
            }
            let members = members.into_iter().filter(|(_, value)| !value.is_null());
            let members = members.map(|(name, value)| {
                // S3's model has this date as text, since S3 keeps whatever was sent.
                let text = value["$ts"].as_str().filter(|_| name == "Expires").and_then(Time::parse_iso);
                let value = text.map_or_else(|| plain(value), |time| Value::from(time.http_date()));
                (name, value)
            });
            Value::Object(members.collect::<Map<_, _>>())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(plain).collect()),
        other => other,
    }
}

/// EC2's form has no trace of a structure without members, nor of a list of such.
fn without_empty(value: Value) -> Value {
    let empty = |value: &Value| {
        value.as_object().is_some_and(Map::is_empty) || value.as_array().is_some_and(Vec::is_empty)
    };
    match value {
        Value::Object(members) => {
            let members = members.into_iter().map(|(name, value)| (name, without_empty(value)));
            Value::Object(members.filter(|(_, value)| !empty(value)).collect())
        }
        Value::Array(items) => {
            Value::Array(items.into_iter().map(without_empty).filter(|item| !empty(item)).collect())
        }
        other => other,
    }
}

fn compare_headers(out: &Response, recorded: &Value) -> Result<(), String> {
    let ours = ["content-length", "content-type", "x-amzn-requestid", "x-amz-request-id", "x-amz-id-2"];
    for (name, value) in recorded.as_object().into_iter().flatten() {
        let found = out.headers.get(name).and_then(|value| value.to_str().ok());
        let plain = |text: &str| text.to_lowercase().replace(", ", ",").replace(".000z", "z");
        let same = found.map(plain) == value.as_str().map(plain);
        if !ours.contains(&name.to_lowercase().as_str()) && !same {
            return Err(format!("header {name} is {found:?}, expected {value}"));
        }
    }
    Ok(())
}

/// A tree without any order.
fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.into_iter().map(sorted).collect();
            items.sort_by_key(Value::to_string);
            Value::Array(items)
        }
        Value::Object(members) => {
            Value::Object(members.into_iter().map(|(name, value)| (name, sorted(value))).collect())
        }
        other => other,
    }
}

fn compare_json(out: &Response, bytes: &[u8], reference: &Value) -> Result<(), String> {
    let content_type = reference["headers"]["Content-Type"].as_str();
    let found = out.headers.get("content-type").and_then(|value| value.to_str().ok());
    if content_type.is_some() && content_type != found {
        return Err(format!("content type {found:?}, expected {content_type:?}"));
    }
    let expected = reference["body"].as_str().filter(|body| !body.is_empty()).unwrap_or("{}");
    let document = |bytes: &[u8]| serde_json::from_slice(bytes).map(same_numbers).map_err(|e| e.to_string());
    if document(bytes)? == document(expected.as_bytes())? {
        return Ok(());
    }
    Err(format!("\n  wrote    {}\n  expected {expected}", String::from_utf8_lossy(bytes)))
}

/// JSON with one spelling of numbers: `1.0` is `1`.
fn same_numbers(value: Value) -> Value {
    match value {
        Value::Number(number) => Value::from(number.as_f64()),
        Value::Array(items) => items.into_iter().map(same_numbers).collect(),
        Value::Object(members) => {
            Value::Object(members.into_iter().map(|(name, value)| (name, same_numbers(value))).collect())
        }
        other => other,
    }
}

/// A tree without the order of different members, and with one spelling of times.
fn tree(element: Element) -> Value {
    let same_item = |name: &str| if name == "member" { "item".to_owned() } else { name.to_owned() };
    let children: Vec<Value> = element.children().iter().map(|child| tree(child.clone())).collect();
    let text = element.text().trim().replace(".000Z", "Z").replace("000000Z", "Z");
    let names = element.children().iter().map(|child| same_item(child.name()));
    // EC2 answers `<return>true</return>` where its model has no output; the reference writes the model alone.
    let names: BTreeSet<String> = names.filter(|name| name != "return").collect();
    // Lists that the model does not name an item for: EC2 writes `item`, the reference `member`.
    let mut groups = Map::new();
    for name in names {
        let group = children.iter().filter(|child| child["name"] == name.as_str()).cloned().collect();
        groups.insert(name, group);
    }
    serde_json::json!({ "name": same_item(element.name()), "text": text, "members": groups })
}
