//! Reads and writes the documents of JSON services.

use std::collections::BTreeMap;

use rolecall_base::{Fault, Time};
use serde_json::{Map, Number, Value};

use crate::message::required;
use crate::scalar::{Scalar, base64, from_epoch};
use crate::{Message, Meta, Protocol, Response, Violations};

/// A member that JSON can hold.
pub trait FromJson: Sized + Default {
    fn from_json(value: &Value, v: &mut Violations) -> Result<Self, Fault>;
}

/// A member that becomes JSON.
pub trait ToJson {
    fn to_json(&self) -> Value;
}

/// The members of a structure.
#[derive(Clone, Copy, Debug)]
pub struct Object<'j>(&'j Map<String, Value>);

/// Reads a request's body; an empty one is an empty structure.
///
/// # Errors
/// `SerializationException` when it is no JSON, or nests deeper than 128 levels.
pub fn parse(m: &Message<'_>) -> Result<Value, Fault> {
    if m.body.is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    serde_json::from_slice(m.body).map_err(|why| Fault::new("SerializationException", 400, "").because(why))
}

/// Writes a JSON answer.
pub fn answer(meta: &Meta, request_id: &str, out: &mut Response, document: &Value) {
    out.set_header("x-amzn-requestid", request_id);
    let version_1_0 = meta.protocol == Protocol::Json("1.0");
    let content_type = if version_1_0 { "application/x-amz-json-1.0" } else { "application/x-amz-json-1.1" };
    out.set_body(content_type, document.to_string());
}

/// The members of a value that must be an object.
pub fn object<'j>(value: &'j Value, v: &Violations) -> Result<Object<'j>, Fault> {
    value.as_object().map(Object).ok_or_else(|| unexpected(value, "Structure", v))
}

impl Object<'_> {
    /// A member that may be absent or null.
    pub fn get<T: FromJson>(self, name: &'static str, v: &mut Violations) -> Result<Option<T>, Fault> {
        let value = self.0.get(name).filter(|value| !value.is_null());
        value.map(|value| v.within(name, |v| T::from_json(value, v))).transpose()
    }

    /// A member that must be there.
    pub fn need<T: FromJson>(self, name: &'static str, v: &mut Violations) -> Result<T, Fault> {
        Ok(required(self.get(name, v)?, name, v))
    }
}

fn unexpected(value: &Value, kind: &str, v: &Violations) -> Fault {
    v.malformed("", &value.to_string(), kind)
}

impl FromJson for String {
    fn from_json(value: &Value, v: &mut Violations) -> Result<Self, Fault> {
        value.as_str().map(str::to_owned).ok_or_else(|| unexpected(value, "String", v))
    }
}

impl FromJson for bool {
    fn from_json(value: &Value, v: &mut Violations) -> Result<Self, Fault> {
        value.as_bool().ok_or_else(|| unexpected(value, "Boolean", v))
    }
}

impl FromJson for i64 {
    fn from_json(value: &Value, v: &mut Violations) -> Result<Self, Fault> {
        value.as_i64().ok_or_else(|| unexpected(value, "Long", v))
    }
}

impl FromJson for i32 {
    fn from_json(value: &Value, v: &mut Violations) -> Result<Self, Fault> {
        let number = value.as_i64().and_then(|n| i32::try_from(n).ok());
        number.ok_or_else(|| unexpected(value, "Integer", v))
    }
}

impl FromJson for f64 {
    fn from_json(value: &Value, v: &mut Violations) -> Result<Self, Fault> {
        let named = value.as_str().and_then(|text| text.parse().ok());
        value.as_f64().or(named).ok_or_else(|| unexpected(value, "Double", v))
    }
}

impl FromJson for f32 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the nearest single-precision number is what is meant"
    )]
    fn from_json(value: &Value, v: &mut Violations) -> Result<Self, Fault> {
        f64::from_json(value, v).map(|n| n as f32)
    }
}

impl FromJson for Time {
    fn from_json(value: &Value, v: &mut Violations) -> Result<Self, Fault> {
        let time = value.as_f64().and_then(from_epoch).or_else(|| value.as_str().and_then(Time::parse));
        time.ok_or_else(|| unexpected(value, "Timestamp", v))
    }
}

/// A blob; `Vec` of bytes is never a list of numbers in these protocols.
impl FromJson for Vec<u8> {
    fn from_json(value: &Value, v: &mut Violations) -> Result<Self, Fault> {
        value.as_str().and_then(Scalar::parse).ok_or_else(|| unexpected(value, "Blob", v))
    }
}

impl<T: FromJson> FromJson for Box<T> {
    fn from_json(value: &Value, v: &mut Violations) -> Result<Self, Fault> {
        T::from_json(value, v).map(Box::new)
    }
}

/// A list, told apart from a blob by its type.
#[derive(Debug, Default)]
pub struct List<T>(pub Vec<T>);

impl<T: FromJson> FromJson for List<T> {
    fn from_json(value: &Value, v: &mut Violations) -> Result<Self, Fault> {
        let items = value.as_array().ok_or_else(|| unexpected(value, "List", v))?.iter().enumerate();
        let items = items.filter(|(_, item)| !item.is_null());
        items.map(|(i, item)| v.within_item(i, |v| T::from_json(item, v))).collect::<Result<_, _>>().map(List)
    }
}

impl<T: FromJson> FromJson for BTreeMap<String, T> {
    fn from_json(value: &Value, v: &mut Violations) -> Result<Self, Fault> {
        let pairs = value.as_object().ok_or_else(|| unexpected(value, "Map", v))?.iter();
        let pairs = pairs.filter(|(_, value)| !value.is_null());
        pairs.map(|(key, value)| Ok((key.clone(), T::from_json(value, v)?))).collect()
    }
}

/// Adds a member unless it is absent.
pub fn put<T: ToJson>(object: &mut Map<String, Value>, name: &str, value: Option<&T>) {
    if let Some(value) = value {
        object.insert(name.to_owned(), value.to_json());
    }
}

/// Adds a list unless it is absent.
pub fn put_list<T: ToJson>(object: &mut Map<String, Value>, name: &str, items: Option<&[T]>) {
    if let Some(items) = items {
        object.insert(name.to_owned(), items.iter().map(ToJson::to_json).collect());
    }
}

/// A time of a member that the model wants in ISO 8601, with a fraction only when there is one.
pub fn iso(time: &Time) -> String {
    if time.millis() % 1000 == 0 { time.iso_seconds() } else { time.iso_millis() }
}

macro_rules! plain {
    ($($type:ty),*) => {$(
        impl ToJson for $type {
            fn to_json(&self) -> Value {
                Value::from(self.clone())
            }
        }
    )*};
}

plain!(String, bool, i32, i64);

macro_rules! floats {
    ($($type:ty),*) => {$(
        impl ToJson for $type {
            /// What JSON's numbers cannot show is text: `NaN`, `Infinity`, `-Infinity`.
            fn to_json(&self) -> Value {
                if self.is_finite() { Value::from(*self) } else { Value::from(self.header_text()) }
            }
        }
    )*};
}

floats!(f32, f64);

impl ToJson for Time {
    /// Seconds since the epoch, with a fraction only when there is one.
    fn to_json(&self) -> Value {
        if self.millis() % 1000 == 0 {
            return Value::from(self.seconds());
        }
        #[expect(
            clippy::cast_precision_loss,
            reason = "milliseconds of any date that can be shown fit 53 bits"
        )]
        let seconds = self.millis() as f64 / 1000.0;
        Number::from_f64(seconds).map_or(Value::Null, Value::Number)
    }
}

impl ToJson for Vec<u8> {
    fn to_json(&self) -> Value {
        Value::String(base64(self))
    }
}

impl<T: ToJson> ToJson for Box<T> {
    fn to_json(&self) -> Value {
        self.as_ref().to_json()
    }
}

impl<T: ToJson> ToJson for BTreeMap<String, T> {
    fn to_json(&self) -> Value {
        Value::Object(self.iter().map(|(key, value)| (key.clone(), value.to_json())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{ToXml, Writer};

    fn check<T: ToJson + ToXml>(number: T, json: Value, xml: &str) {
        let mut w = Writer::new(Protocol::RestXml);
        number.to_xml("n", &mut w);
        assert_eq!(number.to_json(), json);
        assert_eq!(String::from_utf8(w.into_bytes()).unwrap(), format!("<n>{xml}</n>"));
    }

    #[test]
    fn numbers_that_are_not_finite_have_names() {
        check(f64::INFINITY, Value::from("Infinity"), "Infinity");
        check(f32::NEG_INFINITY, Value::from("-Infinity"), "-Infinity");
        check(f32::NAN, Value::from("NaN"), "NaN");
        check(1.5_f64, Value::from(1.5), "1.5");
        let mut v = Violations::new(Protocol::Json("1.1"));
        assert_eq!(f64::from_json(&Value::from("-Infinity"), &mut v).unwrap(), f64::NEG_INFINITY);
        assert!(f32::from_json(&Value::from("NaN"), &mut v).unwrap().is_nan());
    }
}
