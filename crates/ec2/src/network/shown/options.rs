//! Sets of DHCP options as answers show them.

use rolecall_base::{Fault, Tags};
use rolecall_store::Reader;

use super::{Row, Shown};
use crate::filters::Filtered;
use crate::model;
use crate::place::Place;
use crate::records::DhcpOptions;
use crate::tags;

impl Row for DhcpOptions {
    type More = ();

    fn id(&self) -> &str {
        &self.id
    }

    fn more(&self, _: &Reader, _: Place<'_>) -> Result<(), Fault> {
        Ok(())
    }
}

impl Shown<DhcpOptions> {
    pub fn to_wire(&self) -> model::DhcpOptions {
        let value = |value: &String| model::AttributeValue { value: Some(value.clone()) };
        let option = |(key, values): &(String, Vec<String>)| model::DhcpConfiguration {
            key: Some(key.clone()),
            values: Some(values.iter().map(value).collect()),
        };
        model::DhcpOptions {
            dhcp_options_id: Some(self.row.id.clone()),
            owner_id: Some(self.owner.to_string()),
            dhcp_configurations: Some(self.row.options.iter().map(option).collect()),
            tags: tags::to_wire(&self.tags),
        }
    }
}

impl Filtered for Shown<DhcpOptions> {
    const NAMES: &'static [&'static str] = &["dhcp-options-id", "key", "owner-id", "value"];

    fn values(&self, name: &str) -> Vec<String> {
        let options = self.row.options.iter();
        match name {
            "dhcp-options-id" => vec![self.row.id.clone()],
            "key" => options.map(|(key, _)| key.clone()).collect(),
            "value" => options.flat_map(|(_, values)| values.iter().cloned()).collect(),
            _ => vec![self.owner.to_string()],
        }
    }

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }
}
