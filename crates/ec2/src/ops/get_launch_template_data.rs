//! GetLaunchTemplateData: what a template would say that launches an instance like this one.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use serde_json::{Value, json};

use crate::describe::{Described, describe, unless};
use crate::faults;
use crate::instance_types;
use crate::lifecycle;
use crate::model::{GetLaunchTemplateData, GetLaunchTemplateDataRequest, GetLaunchTemplateDataResult};
use crate::place::Place;
use crate::questions::{enabled, on_instance, required};
use crate::templates::data::{self, Data};

impl Operation for GetLaunchTemplateData {
    type Access = Read;

    fn needs(input: &GetLaunchTemplateDataRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(on_instance(ec2::GetLaunchTemplateData, at, &input.instance_id)?.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetLaunchTemplateDataResult, Fault> {
        let place = Place::here(req);
        let instance = lifecycle::get(req.db()?, place, &req.input.instance_id, req.now)?;
        if instance.state.is_ending() {
            let text = format!("The instance '{}' is not in a valid state for this operation.", instance.id);
            return Err(faults::wrong_state(text));
        }
        faults::dry_run(req.input.dry_run)?;
        let mut described = describe(req.db()?, place, vec![instance])?;
        let own = described.pop().ok_or_else(|| Fault::internal("an instance that is not described"))?;
        let data = data::to_wire(of_instance(&own)?)?;
        Ok(GetLaunchTemplateDataResult { launch_template_data: Some(data) })
    }
}

fn of_instance(own: &Described) -> Result<Data, Fault> {
    let (row, wire) = (&own.instance, own.to_wire());
    let interface = |one: &crate::model::InstanceNetworkInterface| {
        let attachment = one.attachment.as_ref();
        json!({
            "AssociatePublicIpAddress": one.association.is_some(),
            "DeleteOnTermination": attachment.and_then(|own| own.delete_on_termination),
            "Description": one.description,
            "DeviceIndex": attachment.and_then(|own| own.device_index),
            "Groups": one.groups.iter().flatten().map(|group| group.group_id.clone()).collect::<Vec<_>>(),
            "SubnetId": one.subnet_id,
            "NetworkCardIndex": attachment.and_then(|own| own.network_card_index),
        })
    };
    let disk = |one: &crate::model::InstanceBlockDeviceMapping| {
        json!({
            "DeviceName": one.device_name,
            "Ebs": { "DeleteOnTermination": one.ebs.as_ref().and_then(|ebs| ebs.delete_on_termination) },
        })
    };
    let tag = |tag: &rolecall_base::Tag| json!({ "Key": tag.key, "Value": tag.value });
    let tags: Vec<Value> = own.tags.iter().filter(|tag| !tag.key.starts_with("aws:")).map(tag).collect();
    let (options, settings) = (&row.metadata, &row.settings);
    let (names, group) = (settings.names, settings.placement.as_ref());
    let mut data = json!({
        "BlockDeviceMappings": wire.block_device_mappings.iter().flatten().map(disk).collect::<Vec<_>>(),
        "DisableApiStop": row.keep_running,
        "DisableApiTermination": row.keep,
        "EbsOptimized": wire.ebs_optimized,
        "ImageId": row.image,
        "InstanceInitiatedShutdownBehavior": row.shutdown.word(),
        "InstanceType": row.instance_type,
        "KeyName": row.key_name,
        "MetadataOptions": {
            "HttpEndpoint": enabled(options.enabled),
            "HttpProtocolIpv6": enabled(options.ipv6),
            "HttpPutResponseHopLimit": options.hop_limit,
            "HttpTokens": required(options.tokens_required),
            "InstanceMetadataTags": enabled(options.tags),
        },
        "MaintenanceOptions": { "AutoRecovery": unless(settings.no_recovery) },
        "Monitoring": { "Enabled": settings.monitored },
        "NetworkInterfaces": wire.network_interfaces.iter().flatten().map(interface).collect::<Vec<_>>(),
        "Placement": {
            "AvailabilityZone": wire.placement.as_ref().and_then(|own| own.availability_zone.clone()),
            "GroupName": group.map_or("", |own| own.name.as_str()),
            "PartitionNumber": group.and_then(|own| own.partition),
            "Tenancy": "default",
        },
        "PrivateDnsNameOptions": {
            "EnableResourceNameDnsAAAARecord": names.aaaa,
            "EnableResourceNameDnsARecord": names.a,
            "HostnameType": if names.resource { "resource-name" } else { "ip-name" },
        },
        "UserData": row.user_data,
    });
    if let Some(profile) = &row.profile {
        set(&mut data, "IamInstanceProfile", json!({ "Arn": profile.arn }));
    }
    if let Some(unlimited) =
        instance_types::find(&row.instance_type).and_then(|size| crate::settings::unlimited(row, size))
    {
        set(&mut data, "CreditSpecification", json!({ "CpuCredits": crate::settings::credits(unlimited) }));
    }
    if let Some(cpus) = settings.cpus {
        let options = json!({ "CoreCount": cpus.cores, "ThreadsPerCore": cpus.threads });
        set(&mut data, "CpuOptions", options);
    }
    if !tags.is_empty() {
        set(&mut data, "TagSpecifications", json!([{ "ResourceType": "instance", "Tags": tags }]));
    }
    match data {
        Value::Object(data) => Ok(data),
        _ => Err(Fault::internal("launch template data that is no object")),
    }
}

fn set(data: &mut Value, name: &str, value: Value) {
    if let Value::Object(data) = data {
        data.insert(name.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World};

    use crate::model::*;
    use crate::scene::{launch, request};

    #[test]
    fn what_an_instance_was_launched_with_is_told() {
        let world = World::new(1);
        let mut input = request();
        input.user_data = Some("YQ==".into());
        input.monitoring = Some(RunInstancesMonitoringEnabled { enabled: true, ..Default::default() });
        input.credit_specification = Some(CreditSpecificationRequest { cpu_credits: "standard".into() });
        input.maintenance_options =
            Some(InstanceMaintenanceOptionsRequest { auto_recovery: Some("disabled".into()) });
        let spread = CreatePlacementGroupRequest {
            group_name: Some("apart".into()),
            strategy: Some("spread".into()),
            ..Default::default()
        };
        world.call::<CreatePlacementGroup>(&world.root(ACCOUNT), spread).unwrap();
        input.placement = Some(Placement { group_name: Some("apart".into()), ..Default::default() });
        let id = launch(&world, input);
        let input = GetLaunchTemplateDataRequest { instance_id: id, ..Default::default() };
        let answer = world.call::<GetLaunchTemplateData>(&world.root(ACCOUNT), input).unwrap();
        let data = answer.launch_template_data.unwrap();
        assert_eq!(data.instance_type.as_deref(), Some("t3.micro"));
        assert_eq!(data.user_data.as_deref(), Some("YQ=="));
        assert_eq!(data.monitoring.unwrap().enabled, Some(true));
        assert_eq!(data.credit_specification.unwrap().cpu_credits.as_deref(), Some("standard"));
        assert_eq!(data.maintenance_options.unwrap().auto_recovery.as_deref(), Some("disabled"));
        assert_eq!(data.placement.unwrap().group_name.as_deref(), Some("apart"));
        assert_eq!(data.cpu_options, None);
        let interface = data.network_interfaces.unwrap().remove(0);
        assert_eq!((interface.device_index, interface.delete_on_termination), (Some(0), Some(true)));
        assert!(interface.subnet_id.unwrap().starts_with("subnet-"));
        assert_eq!(data.block_device_mappings.unwrap()[0].device_name.as_deref(), Some("/dev/xvda"));
    }
}
