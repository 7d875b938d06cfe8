//! The context of a case: condition keys, each with a text or a list of texts.

use std::fmt;

use rolecall_policy::{Context, Facts, Value};
use serde::Deserialize;
use serde::Deserializer;
use serde::de::{Error, MapAccess, Visitor};

/// Keys by their lower-case names. One that is there twice, in whatever case, is refused.
#[derive(Clone, Debug, Default)]
pub struct Keys(pub Context);

#[derive(Deserialize)]
#[serde(untagged, expecting = "a condition key holds a text or a list of texts")]
enum Texts {
    One(String),
    Many(Vec<String>),
}

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Keys, D::Error> {
        deserializer.deserialize_map(Object)
    }
}

impl Keys {
    /// Takes over other keys; of one that both have, the other's.
    pub fn extend(&mut self, other: &Keys) {
        self.0.extend(&other.0);
    }

    /// As it was read.
    pub fn to_json(&self) -> serde_json::Value {
        let value = |key: &str| match self.0.get(key) {
            Some(Value::Many(list)) => serde_json::Value::from(list.to_vec()),
            single => {
                serde_json::Value::from(single.and_then(|value| value.text().map(|text| text.into_owned())))
            }
        };
        self.0.keys().map(|key| (key.to_owned(), value(key))).collect()
    }
}

struct Object;

impl<'de> Visitor<'de> for Object {
    type Value = Keys;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of condition keys")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
        let mut keys = Context::new();
        while let Some((key, texts)) = map.next_entry::<String, Texts>()? {
            if keys.get(&key.to_lowercase()).is_some() {
                return Err(A::Error::custom(format_args!("the condition key `{key}` is there twice")));
            }
            match texts {
                Texts::One(text) => keys.set(&key, text),
                Texts::Many(list) => keys.set_list(&key, list),
            }
        }
        Ok(Keys(keys))
    }
}
