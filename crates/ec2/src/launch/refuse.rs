//! The parameters of RunInstances that this server can't honor. None is ignored: what would change nothing is
//! accepted, the rest is refused.
//!
//! The structures are taken apart member by member, so that a member which a newer model adds has to be looked at.

use rolecall_base::Fault;

use crate::faults::{self, unsupported};
use crate::model::{
    CapacityReservationSpecification, InstanceNetworkInterfaceSpecification, Placement, RunInstancesRequest,
};

/// Refuses what can't be honored.
///
/// # Errors
/// UnsupportedOperation, or what AWS answers when a thing named is not there.
pub fn refuse(input: &RunInstancesRequest) -> Result<(), Fault> {
    let RunInstancesRequest {
        ipv6_address_count,
        ipv6_addresses,
        kernel_id,
        monitoring,
        placement,
        ramdisk_id,
        elastic_gpu_specification,
        elastic_inference_accelerators,
        instance_market_options,
        cpu_options,
        capacity_reservation_specification,
        hibernation_options,
        license_specifications,
        enclave_options,
        enable_primary_ipv6,
        network_performance_options,
        operator,
        secondary_interfaces,
        additional_info,
        network_interfaces,
        // Honored: see `Plan`.
        launch_template: _,
        credit_specification: _,
        private_dns_name_options: _,
        maintenance_options: _,
        ebs_optimized: _,
        block_device_mappings: _,
        image_id: _,
        instance_type: _,
        key_name: _,
        max_count: _,
        min_count: _,
        security_group_ids: _,
        security_groups: _,
        subnet_id: _,
        user_data: _,
        tag_specifications: _,
        metadata_options: _,
        disable_api_stop: _,
        dry_run: _,
        disable_api_termination: _,
        instance_initiated_shutdown_behavior: _,
        private_ip_address: _,
        client_token: _,
        iam_instance_profile: _,
    } = input;
    let on = |flag: &Option<bool>| *flag == Some(true);
    let wishes = [
        (ipv6_address_count.is_some_and(|count| count > 0) || some(ipv6_addresses), "IPv6"),
        (on(enable_primary_ipv6), "IPv6"),
        (given(kernel_id), "KernelId"),
        (
            monitoring.as_ref().is_some_and(|own| some(&own.metric_category_ids)),
            "Monitoring.MetricCategoryId",
        ),
        (given(ramdisk_id), "RamdiskId"),
        (some(elastic_gpu_specification), "ElasticGpuSpecification"),
        (some(elastic_inference_accelerators), "ElasticInferenceAccelerator"),
        (instance_market_options.is_some(), "InstanceMarketOptions"),
        (
            cpu_options.as_ref().is_some_and(|own| own.amd_sev_snp.as_deref() == Some("enabled")),
            "CpuOptions.AmdSevSnp",
        ),
        (
            cpu_options.as_ref().is_some_and(|own| own.nested_virtualization.as_deref() == Some("enabled")),
            "CpuOptions.NestedVirtualization",
        ),
        (hibernation_options.as_ref().is_some_and(|own| on(&own.configured)), "Hibernation"),
        (some(license_specifications), "LicenseSpecification"),
        (enclave_options.as_ref().is_some_and(|own| on(&own.enabled)), "EnclaveOptions"),
        (network_performance_options.is_some(), "NetworkPerformanceOptions"),
        (operator.is_some(), "Operator"),
        (some(secondary_interfaces), "SecondaryInterface"),
        (given(additional_info), "AdditionalInfo"),
    ];
    if let Some((_, what)) = wishes.iter().find(|(wished, _)| *wished) {
        return Err(unsupported(what));
    }
    placement.as_ref().map_or(Ok(()), refuse_placement)?;
    capacity_reservation_specification.as_ref().map_or(Ok(()), refuse_reservation)?;
    refuse_interfaces(input, network_interfaces.as_deref().unwrap_or_default())
}

fn some<T>(list: &Option<Vec<T>>) -> bool {
    list.as_ref().is_some_and(|list| !list.is_empty())
}

fn given(text: &Option<String>) -> bool {
    text.as_ref().is_some_and(|text| !text.is_empty())
}

fn refuse_placement(placement: &Placement) -> Result<(), Fault> {
    let Placement {
        availability_zone,
        availability_zone_id,
        group_name: _,
        group_id: _,
        partition_number: _,
        affinity,
        host_id,
        tenancy,
        spread_domain,
        host_resource_group_arn,
    } = placement;
    if given(availability_zone) && given(availability_zone_id) {
        let text = "Only one of availabilityZone and availabilityZoneId may be specified";
        return Err(faults::combination(text));
    }
    if given(spread_domain) {
        return Err(unsupported("SpreadDomain"));
    }
    let dedicated = tenancy.as_deref().is_some_and(|tenancy| tenancy != "default");
    if dedicated || given(affinity) || given(host_id) || given(host_resource_group_arn) {
        return Err(unsupported("Dedicated tenancy"));
    }
    Ok(())
}

fn refuse_reservation(wish: &CapacityReservationSpecification) -> Result<(), Fault> {
    let CapacityReservationSpecification { capacity_reservation_preference, capacity_reservation_target } =
        wish;
    // There are no reservations, so running in an open one or in none is the same.
    let only = capacity_reservation_preference.as_deref() == Some("capacity-reservations-only");
    if only || capacity_reservation_target.is_some() {
        return Err(unsupported("A capacity reservation"));
    }
    Ok(())
}

fn refuse_interfaces(
    input: &RunInstancesRequest,
    interfaces: &[InstanceNetworkInterfaceSpecification],
) -> Result<(), Fault> {
    if interfaces.is_empty() {
        return Ok(());
    }
    if given(&input.subnet_id) || some(&input.security_group_ids) || some(&input.security_groups) {
        let text = "Network interfaces and an instance-level subnet ID or security groups may not be specified on the same request";
        return Err(faults::combination(text));
    }
    if given(&input.private_ip_address) {
        let text = "Network interfaces and an instance-level private IP address may not be specified on the same request";
        return Err(faults::combination(text));
    }
    interfaces.iter().try_for_each(refuse_interface)
}

fn refuse_interface(one: &InstanceNetworkInterfaceSpecification) -> Result<(), Fault> {
    let InstanceNetworkInterfaceSpecification {
        ipv6_address_count,
        ipv6_addresses,
        associate_carrier_ip_address,
        interface_type,
        network_card_index,
        ipv4_prefixes,
        ipv4_prefix_count,
        ipv6_prefixes,
        ipv6_prefix_count,
        primary_ipv6,
        ena_srd_specification,
        connection_tracking_specification,
        ena_queue_count,
        // Honored: see `Wishes`.
        delete_on_termination: _,
        device_index: _,
        network_interface_id: _,
        private_ip_addresses: _,
        secondary_private_ip_address_count: _,
        associate_public_ip_address: _,
        description: _,
        groups: _,
        private_ip_address: _,
        subnet_id: _,
    } = one;
    let above_zero = |count: &Option<i32>| count.is_some_and(|count| count != 0);
    let wishes = [
        (above_zero(network_card_index), "A network card other than 0"),
        (above_zero(ipv6_address_count) || some(ipv6_addresses) || *primary_ipv6 == Some(true), "IPv6"),
        (above_zero(ipv6_prefix_count) || some(ipv6_prefixes), "IPv6"),
        (some(ipv4_prefixes) || above_zero(ipv4_prefix_count), "A prefix"),
        (*associate_carrier_ip_address == Some(true), "A carrier address"),
        (interface_type.as_deref().is_some_and(|kind| kind != "interface"), "This interface type"),
        (ena_srd_specification.is_some(), "EnaSrdSpecification"),
        (connection_tracking_specification.is_some(), "ConnectionTrackingSpecification"),
        (ena_queue_count.is_some(), "EnaQueueCount"),
    ];
    match wishes.iter().find(|(wished, _)| *wished) {
        Some((_, what)) => Err(unsupported(what)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use crate::model::*;
    use crate::scene::{new_subnet, new_vpc, request, run};

    #[test]
    fn a_zone_is_named_once_and_by_its_id_counts_as_by_its_name() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let vpc = new_vpc(&world, "10.0.0.0/16").vpc_id.unwrap();
        let input = CreateNetworkInterfaceRequest {
            subnet_id: new_subnet(&world, &vpc, "10.0.1.0/24"),
            ..Default::default()
        };
        let made = world.call::<CreateNetworkInterface>(&root, input).unwrap().network_interface.unwrap();
        let zones = world.call::<DescribeAvailabilityZones>(&root, Default::default()).unwrap();
        let zones = zones.availability_zones.unwrap();
        let named = |zone: &AvailabilityZone| zone.zone_name == made.availability_zone;
        let (own, other) = (zones.iter().find(|zone| named(zone)), zones.iter().find(|zone| !named(zone)));
        let (own, other) = (own.unwrap(), other.unwrap());
        let call = |availability_zone: Option<&String>, availability_zone_id: Option<&String>| {
            let mut input = request();
            input.network_interfaces = Some(vec![InstanceNetworkInterfaceSpecification {
                network_interface_id: made.network_interface_id.clone(),
                device_index: Some(0),
                ..Default::default()
            }]);
            input.placement = Some(Placement {
                availability_zone: availability_zone.cloned(),
                availability_zone_id: availability_zone_id.cloned(),
                ..Default::default()
            });
            run(&world, &root, input)
        };
        let both = call(own.zone_name.as_ref(), own.zone_id.as_ref());
        check_fault(both, "InvalidParameterCombination");
        check_fault(call(other.zone_name.as_ref(), None), "InvalidParameterCombination");
        check_fault(call(None, other.zone_id.as_ref()), "InvalidParameterCombination");
        call(None, own.zone_id.as_ref()).unwrap();
    }
}
