//! Parameters as answers show them.

use rolecall_base::{Fault, Time};
use rolecall_door::Resource;
use rolecall_identity::Vault;

use crate::model::{self, ParameterHistory, ParameterMetadata};
use crate::named::Named;
use crate::public::Fact;
use crate::records::{Parameter, Version};
use crate::values::{self, KEY};

/// When AWS's own parameters say they were made: 2026-01-01.
const PUBLISHED: i64 = 1_767_225_600;

/// The key of a secure string.
pub(crate) fn key_id(version: &Version) -> Option<&'static str> {
    (version.kind == "SecureString").then_some(KEY)
}

/// With its value.
pub(crate) fn parameter(
    vault: &Vault,
    parameter: &Parameter,
    version: &Version,
    selector: Option<&str>,
    decrypt: bool,
) -> Result<model::Parameter, Fault> {
    let arn = parameter.arn();
    Ok(model::Parameter {
        value: Some(values::open(vault, &arn, &parameter.name, version, decrypt)?),
        arn: Some(arn),
        name: Some(parameter.name.clone()),
        type_: Some(version.kind.clone()),
        version: number(version.number),
        selector: selector.map(|selector| format!(":{selector}")),
        last_modified_date: Some(version.modified),
        data_type: Some(version.data_type.clone()),
        source_result: None,
    })
}

/// One of AWS's own.
pub(crate) fn fact(region: &str, name: &str, fact: &Fact) -> model::Parameter {
    model::Parameter {
        arn: Some(format!("arn:aws:ssm:{region}::parameter{name}")),
        name: Some(name.to_owned()),
        type_: Some("String".into()),
        value: Some(fact.value.clone()),
        version: Some(1),
        last_modified_date: Some(Time::from_seconds(PUBLISHED)),
        data_type: Some(fact.data_type.to_owned()),
        ..Default::default()
    }
}

/// One of AWS's own, by the name that a request gave: its one version, by number at most.
pub(crate) fn selected_fact(named: &Named, found: &Fact) -> Result<model::Parameter, Fault> {
    let mut shown = fact(&named.region, &named.name, found);
    if let Some(selector) = &named.selector {
        if selector != "1" {
            return Err(crate::named::no_version(selector, &named.name));
        }
        shown.selector = Some(format!(":{selector}"));
    }
    shown.arn = Some(Resource::arn(named));
    Ok(shown)
}

/// Without its value.
pub(crate) fn metadata(parameter: &Parameter) -> ParameterMetadata {
    let newest = &parameter.newest;
    ParameterMetadata {
        name: Some(parameter.name.clone()),
        arn: Some(parameter.arn()),
        type_: Some(newest.kind.clone()),
        key_id: key_id(newest).map(str::to_owned),
        last_modified_date: Some(newest.modified),
        last_modified_user: Some(newest.user.clone()),
        description: newest.description.clone(),
        allowed_pattern: newest.pattern.clone(),
        version: number(newest.number),
        tier: Some(newest.tier.clone()),
        policies: Some(Vec::new()),
        data_type: Some(newest.data_type.clone()),
    }
}

/// One version of its history.
pub(crate) fn history(
    vault: &Vault,
    parameter: &Parameter,
    version: &Version,
    decrypt: bool,
) -> Result<ParameterHistory, Fault> {
    Ok(ParameterHistory {
        name: Some(parameter.name.clone()),
        type_: Some(version.kind.clone()),
        key_id: key_id(version).map(str::to_owned),
        last_modified_date: Some(version.modified),
        last_modified_user: Some(version.user.clone()),
        description: version.description.clone(),
        value: Some(values::open(vault, &parameter.arn(), &parameter.name, version, decrypt)?),
        allowed_pattern: version.pattern.clone(),
        version: number(version.number),
        labels: Some(parameter.labels_of(version.number)),
        tier: Some(version.tier.clone()),
        policies: Some(Vec::new()),
        data_type: Some(version.data_type.clone()),
    })
}

pub(crate) fn number(number: u64) -> Option<i64> {
    i64::try_from(number).ok()
}
