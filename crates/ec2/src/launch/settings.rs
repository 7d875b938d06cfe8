//! What a launch, or a later change, says of an instance beside its place and image.

use rolecall_base::Fault;
use rolecall_store::Reader;

use crate::faults;
use crate::images::{self, Image};
use crate::instance_types::{self, InstanceType};
use crate::model::RunInstancesRequest;
use crate::place::Place;
use crate::placement_groups;
use crate::records::{AccountSettings, Cpus, HostNames, MetadataOptions, Settings};
use crate::settings;

/// The settings of new instances.
///
/// # Errors
/// The faults of the parameters that say them.
pub fn settings(
    db: &Reader,
    place: Place<'_>,
    input: &RunInstancesRequest,
    size: &InstanceType,
    account: &AccountSettings,
) -> Result<Settings, Fault> {
    let placement = input.placement.as_ref();
    let group = placement.and_then(|own| own.group_name.as_deref());
    let id = placement.and_then(|own| own.group_id.as_deref());
    let partition = placement.and_then(|own| own.partition_number);
    let cpu = input.cpu_options.as_ref();
    let (cores, threads) = (cpu.and_then(|own| own.core_count), cpu.and_then(|own| own.threads_per_core));
    let names = input.private_dns_name_options.as_ref();
    let maintenance = input.maintenance_options.as_ref();
    let disabled = |word: Option<&String>| word.is_some_and(|word| word == "disabled");
    Ok(Settings {
        cpus: cpus(&size.name, cores, threads)?,
        unlimited: unlimited(input, size, account)?,
        monitored: input.monitoring.as_ref().is_some_and(|own| own.enabled),
        ebs_optimized: input.ebs_optimized == Some(true),
        no_recovery: disabled(maintenance.and_then(|own| own.auto_recovery.as_ref())),
        no_migration: false,
        names: host_names(
            HostNames::default(),
            names.and_then(|own| own.hostname_type.as_deref()),
            names.and_then(|own| own.enable_resource_name_dns_a_record),
            names.and_then(|own| own.enable_resource_name_dns_aaaa_record),
        ),
        placement: placement_groups::wished(db, place, Some(size), (group, id), partition)?,
        hard: false,
    })
}

/// What an image says of the metadata service: one that needs version 2 lets its answers go one hop further.
pub fn of_image(image: Option<&Image>) -> MetadataOptions {
    let own = MetadataOptions::default();
    match image {
        Some(image) if image.tokens_required => {
            MetadataOptions { tokens_required: true, hop_limit: 2, ..own }
        }
        _ => own,
    }
}

fn unlimited(
    input: &RunInstancesRequest,
    size: &InstanceType,
    account: &AccountSettings,
) -> Result<Option<bool>, Fault> {
    let wished = input.credit_specification.as_ref().map(|own| own.cpu_credits.as_str());
    match wished.filter(|word| !word.is_empty()) {
        Some(word) if size.burstable() => settings::is_unlimited(word).map(Some),
        Some(_) => {
            let text = format!("The {} instance type does not support T2 Unlimited.", size.name);
            Err(faults::other("InstanceCreditSpecification.NotSupported", text))
        }
        None => Ok(size.burstable().then(|| account.unlimited(size.family()))),
    }
}

/// Checks that a type can run an image. A host with Graviton's architecture takes the types of the other one too: examples
/// and templates name them, and the image is the host's own.
///
/// # Errors
/// InvalidParameterValue.
pub fn check_type(size: &InstanceType, architecture: &str) -> Result<(), Fault> {
    if size.arm() == (architecture == "arm64") || images::architecture() == "arm64" {
        return Ok(());
    }
    let text = format!(
        "The architecture '{}' of the specified instance type does not match the architecture '{architecture}' of the specified AMI. Specify an instance type and an AMI that have matching architectures, and try again. You can use 'describe-instance-types' or 'describe-images' to discover the architecture of the instance type or AMI.",
        size.architecture(),
    );
    Err(faults::invalid(text))
}

/// Cores and threads, where they are to differ from the type's.
///
/// # Errors
/// InvalidParameterValue for what the type can't have, InvalidParameterCombination for one without the other.
pub fn cpus(type_name: &str, cores: Option<i32>, threads: Option<i32>) -> Result<Option<Cpus>, Fault> {
    let (cores, threads) = match (cores, threads) {
        (None, None) => return Ok(None),
        (Some(cores), Some(threads)) => (cores, threads),
        _ => return Err(faults::combination("CoreCount and ThreadsPerCore must be specified together.")),
    };
    let size = instance_types::find(type_name).filter(|size| !size.metal && size.family() != "t2");
    let Some(size) = size else {
        let text = format!("The instance type '{type_name}' does not support CPU options.");
        return Err(faults::other("UnsupportedOperation", text));
    };
    let valid = |number: i32| u32::try_from(number).ok();
    let Some(cores) = valid(cores).filter(|cores| size.valid_cores().any(|own| own == *cores)) else {
        let why = format!("The instance type '{type_name}' can't have as many cores.");
        return Err(faults::invalid_value(cores, "coreCount", &why));
    };
    let Some(threads) = valid(threads).filter(|threads| (1..=size.threads()).contains(threads)) else {
        let why = format!("The instance type '{type_name}' can't have as many threads per core.");
        return Err(faults::invalid_value(threads, "threadsPerCore", &why));
    };
    Ok(Some(Cpus { cores, threads }))
}

/// The names of an instance with what is wished of them; what is not named stays.
pub fn host_names(own: HostNames, kind: Option<&str>, a: Option<bool>, aaaa: Option<bool>) -> HostNames {
    HostNames {
        resource: kind.map_or(own.resource, |kind| kind == "resource-name"),
        a: a.unwrap_or(own.a),
        aaaa: aaaa.unwrap_or(own.aaaa),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_has_only_some_numbers_of_cores() {
        for (name, cores, threads, expected) in [
            ("m5.2xlarge", 2, 1, Ok(())),
            ("m5.2xlarge", 4, 2, Ok(())),
            ("m5.2xlarge", 3, 1, Err("InvalidParameterValue")),
            ("m5.2xlarge", 5, 1, Err("InvalidParameterValue")),
            ("m6g.large", 2, 2, Err("InvalidParameterValue")),
            ("m5.2xlarge", -1, 1, Err("InvalidParameterValue")),
            ("t2.micro", 1, 1, Err("UnsupportedOperation")),
        ] {
            let found = cpus(name, Some(cores), Some(threads));
            assert_eq!(found.as_ref().map(|_| ()).map_err(Fault::code), expected, "{name} {cores} {threads}");
        }
        assert_eq!(cpus("m5.large", Some(1), None).unwrap_err().code(), "InvalidParameterCombination");
    }
}
