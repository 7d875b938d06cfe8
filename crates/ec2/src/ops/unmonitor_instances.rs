//! UnmonitorInstances: detailed monitoring off. There are no metrics, so it is only told of the instance.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::describe::monitoring_to_wire;
use crate::faults;
use crate::lifecycle;
use crate::model::{
    InstanceMonitoring, UnmonitorInstances, UnmonitorInstancesRequest, UnmonitorInstancesResult,
};
use crate::place::Place;
use crate::questions::on_instances;

impl Operation for UnmonitorInstances {
    type Access = Write;

    fn needs(input: &UnmonitorInstancesRequest, at: &At<'_>) -> Result<Needs, Fault> {
        on_instances(ec2::UnmonitorInstances, at, &input.instance_ids)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<UnmonitorInstancesResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        if input.metric_category_ids.as_ref().is_some_and(|list| !list.is_empty()) {
            return Err(faults::unsupported("MetricCategoryId"));
        }
        let instances = lifecycle::get_all(req.db()?, place, &input.instance_ids, req.now)?;
        if let Some(own) = instances.iter().find(|own| own.state.is_ending()) {
            let text = format!("The instance '{}' is not in a state from which it can be monitored.", own.id);
            return Err(faults::other("InvalidState", text));
        }
        faults::dry_run(input.dry_run)?;
        let mut shown = Vec::new();
        for mut instance in instances {
            let before = instance.settings.monitored;
            instance.settings.monitored = false;
            lifecycle::write(req.tx()?, &instance)?;
            let state = if before { "disabling" } else { "disabled" };
            shown.push(InstanceMonitoring {
                instance_id: Some(instance.id),
                monitoring: Some(monitoring_to_wire(state)),
            });
        }
        Ok(UnmonitorInstancesResult { instance_monitorings: Some(shown) })
    }
}
