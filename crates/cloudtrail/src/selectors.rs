//! Which events a trail wants.

use rolecall_base::Fault;
use serde::{Deserialize, Serialize};

use crate::Event;
use crate::model::{self, fault};

/// One of the two languages of selectors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Selectors {
    Basic(Vec<Basic>),
    Advanced(Vec<Advanced>),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basic {
    /// `All`, `ReadOnly`, `WriteOnly`
    pub read_write: String,
    pub management: bool,
    pub data: Vec<DataResource>,
    /// Management events of these services are left out.
    pub exclude: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataResource {
    /// `AWS::S3::Object`
    pub kind: String,
    /// ARNs, or the beginnings of ARNs.
    pub values: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advanced {
    pub name: Option<String>,
    /// All of them must hold.
    pub conditions: Vec<Condition>,
}

/// A field and its operators; a field fits if all of them do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    pub field: String,
    pub equals: Option<Vec<String>>,
    pub starts_with: Option<Vec<String>>,
    pub ends_with: Option<Vec<String>>,
    pub not_equals: Option<Vec<String>>,
    pub not_starts_with: Option<Vec<String>>,
    pub not_ends_with: Option<Vec<String>>,
}

const OBJECT: &str = "AWS::S3::Object";
/// Data resources of all selectors of a trail.
const MOST_DATA: usize = 250;
/// Values of all advanced selectors of a trail.
const MOST_VALUES: usize = 500;
const FIELDS: [&str; 8] = [
    "eventCategory",
    "eventName",
    "eventSource",
    "eventType",
    "readOnly",
    "resources.ARN",
    "resources.type",
    "userIdentity.arn",
];

impl Default for Selectors {
    /// All management events.
    fn default() -> Selectors {
        let all = Basic { read_write: "All".into(), management: true, data: Vec::new(), exclude: Vec::new() };
        Selectors::Basic(vec![all])
    }
}

impl Selectors {
    /// Whether a trail with these selectors wants an event.
    pub fn want(&self, event: &Event) -> bool {
        match self {
            Selectors::Basic(all) => all.iter().any(|basic| basic.wants(event)),
            Selectors::Advanced(all) => {
                all.iter().any(|advanced| advanced.conditions.iter().all(|condition| condition.holds(event)))
            }
        }
    }

    /// From what a request says.
    ///
    /// # Errors
    /// InvalidEventSelectorsException.
    pub fn read(
        basic: Option<&[model::EventSelector]>,
        advanced: Option<&[model::AdvancedEventSelector]>,
    ) -> Result<Selectors, Fault> {
        match (basic.filter(|list| !list.is_empty()), advanced.filter(|list| !list.is_empty())) {
            (Some(list), None) => read_basic(list),
            (None, Some(list)) => read_advanced(list),
            (Some(_), Some(_)) => {
                Err(invalid("You can specify either EventSelectors or AdvancedEventSelectors, but not both."))
            }
            (None, None) => Err(invalid("At least one event selector must be specified.")),
        }
    }
}

fn invalid(text: impl Into<String>) -> Fault {
    fault::invalid_event_selectors(text)
}

fn read_basic(list: &[model::EventSelector]) -> Result<Selectors, Fault> {
    if list.len() > 5 {
        return Err(invalid("A trail can have at most 5 event selectors."));
    }
    let mut all = Vec::new();
    for given in list {
        let mut data = Vec::new();
        for resource in given.data_resources.iter().flatten() {
            let kind = resource.type_.clone().unwrap_or_default();
            if kind != OBJECT {
                return Err(invalid(format!("Data resources of type {kind} are not supported here.")));
            }
            let values = resource.values.clone().unwrap_or_default();
            let good = |value: &String| value == "arn:aws:s3" || value.starts_with("arn:aws:s3:::");
            if values.is_empty() || !values.iter().all(good) {
                return Err(invalid(format!("Value is not valid for a data resource of type {kind}.")));
            }
            data.push(DataResource { kind, values });
        }
        let exclude = given.exclude_management_event_sources.clone().unwrap_or_default();
        if exclude
            .iter()
            .any(|source| !matches!(source.as_str(), "kms.amazonaws.com" | "rdsdata.amazonaws.com"))
        {
            return Err(invalid("Only kms.amazonaws.com and rdsdata.amazonaws.com can be excluded."));
        }
        all.push(Basic {
            read_write: given.read_write_type.clone().unwrap_or_else(|| "All".into()),
            management: given.include_management_events.unwrap_or(true),
            data,
            exclude,
        });
    }
    let values: usize = all.iter().flat_map(|basic| &basic.data).map(|data| data.values.len()).sum();
    if values > MOST_DATA {
        return Err(invalid(format!("A trail can have at most {MOST_DATA} data resources.")));
    }
    Ok(Selectors::Basic(all))
}

fn read_advanced(list: &[model::AdvancedEventSelector]) -> Result<Selectors, Fault> {
    let mut all = Vec::new();
    for given in list {
        let conditions: Vec<Condition> = given.field_selectors.iter().map(condition).collect();
        let category = conditions.iter().find(|condition| condition.field == "eventCategory");
        let category = category.and_then(|condition| condition.equals.as_deref());
        match category {
            Some([one]) if one == "Management" => {}
            Some([one]) if one == "Data" => {
                let kinds = conditions.iter().find(|condition| condition.field == "resources.type");
                if kinds.and_then(|kinds| kinds.equals.as_deref()) != Some(&[OBJECT.to_owned()]) {
                    return Err(invalid(format!("Data events need resources.type Equals {OBJECT}.")));
                }
            }
            _ => return Err(invalid("eventCategory must Equal Management or Data.")),
        }
        for condition in &conditions {
            if !FIELDS.contains(&condition.field.as_str()) {
                return Err(invalid(format!("The field {} is not supported.", condition.field)));
            }
            if condition.lists().iter().all(|list| list.is_none()) {
                return Err(invalid(format!("The field {} has no operator.", condition.field)));
            }
        }
        all.push(Advanced { name: given.name.clone(), conditions });
    }
    let values = all.iter().flat_map(|advanced| &advanced.conditions).flat_map(|c| c.lists());
    if values.flatten().map(Vec::len).sum::<usize>() > MOST_VALUES {
        return Err(invalid(format!("Advanced event selectors can have at most {MOST_VALUES} values.")));
    }
    Ok(Selectors::Advanced(all))
}

fn condition(given: &model::AdvancedFieldSelector) -> Condition {
    Condition {
        field: given.field.clone(),
        equals: given.equals.clone(),
        starts_with: given.starts_with.clone(),
        ends_with: given.ends_with.clone(),
        not_equals: given.not_equals.clone(),
        not_starts_with: given.not_starts_with.clone(),
        not_ends_with: given.not_ends_with.clone(),
    }
}

impl Basic {
    fn wants(&self, event: &Event) -> bool {
        let fits = match self.read_write.as_str() {
            "ReadOnly" => event.read_only(),
            "WriteOnly" => !event.read_only(),
            _ => true,
        };
        if !fits {
            return false;
        }
        if event.is_management() {
            return self.management && !self.exclude.iter().any(|source| source == event.source());
        }
        let objects = event.own_resources();
        let mut objects = objects.iter().filter(|(kind, _)| *kind == OBJECT || *kind == "AWS::S3::Bucket");
        objects.any(|(_, arn)| self.data.iter().flat_map(|data| &data.values).any(|value| begins(arn, value)))
    }
}

/// `arn:aws:s3` and `arn:aws:s3:::` mean every bucket; `…:::b/` all of `b`, `…:::b/p` what begins with `p`.
fn begins(arn: &str, value: &str) -> bool {
    arn.starts_with(value) || value.strip_suffix('/') == Some(arn)
}

impl Condition {
    fn lists(&self) -> [Option<&Vec<String>>; 6] {
        [
            self.equals.as_ref(),
            self.starts_with.as_ref(),
            self.ends_with.as_ref(),
            self.not_equals.as_ref(),
            self.not_starts_with.as_ref(),
            self.not_ends_with.as_ref(),
        ]
    }

    fn holds(&self, event: &Event) -> bool {
        match self.field.as_str() {
            "eventCategory" => self.fits(if event.is_management() { "Management" } else { "Data" }),
            "eventName" => self.fits(event.name()),
            "eventSource" => self.fits(event.source()),
            "eventType" => self.fits(text(event, &["eventType"])),
            "readOnly" => self.fits(if event.read_only() { "true" } else { "false" }),
            "userIdentity.arn" => self.fits(text(event, &["userIdentity", "arn"])),
            // Work on a bucket's list of objects is work on its objects.
            "resources.type" => event
                .own_resources()
                .iter()
                .any(|(kind, _)| self.fits(if *kind == "AWS::S3::Bucket" { OBJECT } else { kind })),
            "resources.ARN" => event.own_resources().first().is_some_and(|(_, arn)| self.fits(arn)),
            _ => false,
        }
    }

    fn fits(&self, value: &str) -> bool {
        type Test = fn(&str, &str) -> bool;
        let tests: [Test; 3] = [|v, x| v == x, |v, x| v.starts_with(x), |v, x| v.ends_with(x)];
        let [equals, starts, ends, not_equals, not_starts, not_ends] = self.lists();
        let any = |list: Option<&Vec<String>>, test: Test| {
            list.is_none_or(|list| list.iter().any(|wanted| test(value, wanted)))
        };
        let none = |list: Option<&Vec<String>>, test: Test| {
            list.is_none_or(|list| !list.iter().any(|wanted| test(value, wanted)))
        };
        let [is, begins, ends_with] = tests;
        any(equals, is)
            && any(starts, begins)
            && any(ends, ends_with)
            && none(not_equals, is)
            && none(not_starts, begins)
            && none(not_ends, ends_with)
    }
}

fn text<'e>(event: &'e Event, path: &[&str]) -> &'e str {
    let found = path.iter().try_fold(event.json(), |value, name| value.get(name));
    found.and_then(serde_json::Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(json: &str) -> Event {
        Event::read(json).unwrap()
    }

    fn object(key: &str, read_only: bool) -> Event {
        event(&format!(
            r#"{{"managementEvent":false,"readOnly":{read_only},"eventName":"GetObject","resources":[
                {{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::pics/{key}"}},
                {{"type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::pics"}}]}}"#
        ))
    }

    #[test]
    fn a_trail_begins_with_all_management_events_and_no_data() {
        let selectors = Selectors::default();
        assert!(selectors.want(&event(r#"{"managementEvent":true,"readOnly":true}"#)));
        assert!(!selectors.want(&object("a", true)));
    }

    #[test]
    fn basic_selectors_choose_by_prefix_and_by_kind_of_call() {
        let given = model::EventSelector {
            read_write_type: Some("WriteOnly".into()),
            include_management_events: Some(false),
            data_resources: Some(vec![model::DataResource {
                type_: Some(OBJECT.into()),
                values: Some(vec!["arn:aws:s3:::pics/in".into()]),
            }]),
            exclude_management_event_sources: None,
        };
        let selectors = Selectors::read(Some(&[given]), None).unwrap();
        assert!(selectors.want(&object("in/1", false)));
        assert!(!selectors.want(&object("in/1", true)) && !selectors.want(&object("out", false)));
        assert!(!selectors.want(&event(r#"{"managementEvent":true,"readOnly":false}"#)));
    }

    #[test]
    fn advanced_selectors_need_all_their_fields() {
        let field = |field: &str, value: &str| model::AdvancedFieldSelector {
            field: field.into(),
            equals: Some(vec![value.into()]),
            ..Default::default()
        };
        let not = model::AdvancedFieldSelector {
            field: "resources.ARN".into(),
            not_starts_with: Some(vec!["arn:aws:s3:::pics/tmp".into()]),
            ..Default::default()
        };
        let fields = vec![field("eventCategory", "Data"), field("resources.type", OBJECT), not];
        let given = model::AdvancedEventSelector { name: None, field_selectors: fields };
        let selectors = Selectors::read(None, Some(&[given])).unwrap();
        assert!(selectors.want(&object("a", true)) && !selectors.want(&object("tmp/a", true)));
        let alone =
            model::AdvancedEventSelector { name: None, field_selectors: vec![field("readOnly", "true")] };
        let refused = Selectors::read(None, Some(&[alone])).unwrap_err();
        assert_eq!(refused.code(), "InvalidEventSelectorsException");
    }
}
