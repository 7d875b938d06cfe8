//! Policy documents inside a line, kept as texts: the engine reads them with its own rules, and a key that is there
//! twice must reach it twice.

use std::fmt;

use serde::Deserializer;
use serde::de::{Deserialize, DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};

/// One document: an object, or a text that should hold one.
#[derive(Debug)]
pub struct Document(pub String);

/// One document, or a list of them.
#[derive(Debug)]
pub struct Documents(pub Vec<Document>);

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Document, D::Error> {
        deserializer.deserialize_any(Single)
    }
}

struct Single;

impl<'de> Visitor<'de> for Single {
    type Value = Document;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a policy document")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Document, E> {
        Ok(Document(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Document, A::Error> {
        let mut text = String::new();
        Fragment { out: &mut text, lead: "" }.visit_map(map)?;
        Ok(Document(text))
    }
}

impl<'de> Deserialize<'de> for Documents {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Documents, D::Error> {
        deserializer.deserialize_any(OneOrMany)
    }
}

struct OneOrMany;

impl<'de> Visitor<'de> for OneOrMany {
    type Value = Documents;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a policy document or a list of them")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Documents, E> {
        Single.visit_str(text).map(|one| Documents(vec![one]))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Documents, A::Error> {
        Single.visit_map(map).map(|one| Documents(vec![one]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Documents, A::Error> {
        let mut all = Vec::new();
        while let Some(one) = list.next_element()? {
            all.push(one);
        }
        Ok(Documents(all))
    }
}

/// Writes what it reads, as JSON again.
struct Fragment<'o> {
    out: &'o mut String,
    /// What stands before it: a comma behind an earlier sibling.
    lead: &'static str,
}

impl Fragment<'_> {
    fn put(self, value: impl Into<serde_json::Value>) {
        self.out.push_str(&value.into().to_string());
    }
}

impl<'de> DeserializeSeed<'de> for Fragment<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.out.push_str(self.lead);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Fragment<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.put(());
        Ok(())
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<(), E> {
        self.put(flag);
        Ok(())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.put(number);
        Ok(())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.put(number);
        Ok(())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        self.put(number);
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.put(text);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let (out, mut lead) = (self.out, "");
        out.push('[');
        while list.next_element_seed(Fragment { out, lead })?.is_some() {
            lead = ",";
        }
        out.push(']');
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let (out, mut lead) = (self.out, "");
        out.push('{');
        while map.next_key_seed(Fragment { out, lead })?.is_some() {
            map.next_value_seed(Fragment { out, lead: ":" })?;
            lead = ",";
        }
        out.push('}');
        Ok(())
    }
}
