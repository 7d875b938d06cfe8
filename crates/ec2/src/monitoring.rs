//! Detailed monitoring: on or off. There are no metrics, so it is only told of the instance.

use rolecall_base::Fault;
use rolecall_door::{Authorized, Operation, Write};

use crate::describe::monitoring_to_wire;
use crate::faults;
use crate::lifecycle;
use crate::model::InstanceMonitoring;
use crate::place::Place;
use crate::questions::enabled;

/// Switches the monitoring of some instances; gives what each of them says then.
///
/// # Errors
/// InvalidState for an instance that is over, UnsupportedOperation for single categories of metrics, and those of
/// [`lifecycle::get_all`].
pub fn switch<Op: Operation<Access = Write>>(
    req: &mut Authorized<'_, Op>,
    ids: &[String],
    categories: Option<&[String]>,
    dry_run: Option<bool>,
    on: bool,
) -> Result<Vec<InstanceMonitoring>, Fault> {
    if categories.is_some_and(|list| !list.is_empty()) {
        return Err(faults::unsupported("MetricCategoryId"));
    }
    let instances = lifecycle::get_all(req.db()?, Place::here(req), ids, req.now)?;
    if let Some(own) = instances.iter().find(|own| own.state.is_ending()) {
        let text = format!("The instance '{}' is not in a state from which it can be monitored.", own.id);
        return Err(faults::other("InvalidState", text));
    }
    faults::dry_run(dry_run)?;
    let mut shown = Vec::new();
    for mut instance in instances {
        let before = std::mem::replace(&mut instance.settings.monitored, on);
        lifecycle::write(req.tx()?, &instance)?;
        let state = match (before == on, on) {
            (true, _) => enabled(on),
            (false, true) => "pending",
            (false, false) => "disabling",
        };
        shown.push(InstanceMonitoring {
            instance_id: Some(instance.id),
            monitoring: Some(monitoring_to_wire(state)),
        });
    }
    Ok(shown)
}
