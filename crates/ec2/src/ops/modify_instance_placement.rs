//! ModifyInstancePlacement: a stopped instance changes its placement group.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::instance_types;
use crate::lifecycle;
use crate::model::{ModifyInstancePlacement, ModifyInstancePlacementRequest, ModifyInstancePlacementResult};
use crate::place::Place;
use crate::placement_groups;
use crate::questions::{on_instance, said, with_attributes};

impl Operation for ModifyInstancePlacement {
    type Access = Write;

    fn needs(input: &ModifyInstancePlacementRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let question = on_instance(ec2::ModifyInstancePlacement, at, &input.instance_id)?;
        let given = [
            ("GroupName", input.group_name.clone()),
            ("GroupId", input.group_id.clone()),
            ("PartitionNumber", said(input.partition_number)),
            ("Tenancy", input.tenancy.clone()),
            ("Affinity", input.affinity.clone()),
            ("HostId", input.host_id.clone()),
            ("HostResourceGroupArn", input.host_resource_group_arn.clone()),
        ];
        let needs = with_attributes(question, &given);
        let (name, id) = (input.group_name.as_deref(), input.group_id.as_deref());
        let group = placement_groups::question(ec2::ModifyInstancePlacement, at, name, id)?;
        Ok(group.into_iter().fold(needs, Needs::and))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ModifyInstancePlacementResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let given = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
        let dedicated = input.tenancy.as_deref().is_some_and(|tenancy| tenancy != "default");
        let host = given(&input.host_id) || given(&input.host_resource_group_arn);
        if dedicated || host || input.affinity.as_deref() == Some("host") {
            return Err(faults::unsupported("Dedicated tenancy"));
        }
        let mut instance = lifecycle::get_stopped(req.db()?, place, &input.instance_id, req.now)?;
        let (name, id) = (input.group_name.as_deref(), input.group_id.as_deref());
        // An empty name takes it out of its group.
        if name.is_some() || id.is_some() || input.partition_number.is_some() {
            let own = instance.settings.placement.as_ref().map(|own| own.name.clone());
            let name = name.or(if id.is_none() { own.as_deref() } else { None });
            let size = instance_types::find(&instance.instance_type);
            instance.settings.placement =
                placement_groups::wished(req.db()?, place, size, (name, id), input.partition_number)?;
        }
        lifecycle::write(req.tx()?, &instance)?;
        Ok(ModifyInstancePlacementResult { return_: Some(true) })
    }
}
