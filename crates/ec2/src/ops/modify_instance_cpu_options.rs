//! ModifyInstanceCpuOptions: fewer cores or threads than the type has, from the next start on.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::launch;
use crate::lifecycle;
use crate::model::{
    ModifyInstanceCpuOptions, ModifyInstanceCpuOptionsRequest, ModifyInstanceCpuOptionsResult,
};
use crate::place::Place;
use crate::questions::{on_instance, said, with_attributes};

impl Operation for ModifyInstanceCpuOptions {
    type Access = Write;

    fn needs(input: &ModifyInstanceCpuOptionsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let question = on_instance(ec2::ModifyInstanceCpuOptions, at, &input.instance_id)?;
        let given = [
            ("CoreCount", said(input.core_count)),
            ("ThreadsPerCore", said(input.threads_per_core)),
            ("NestedVirtualization", input.nested_virtualization.clone()),
        ];
        Ok(with_attributes(question, &given))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ModifyInstanceCpuOptionsResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let mut instance = lifecycle::get_stopped(req.db()?, place, &input.instance_id, req.now)?;
        if input.nested_virtualization.as_deref() == Some("enabled") {
            return Err(faults::unsupported("NestedVirtualization"));
        }
        let cpus = launch::cpus(&instance.instance_type, input.core_count, input.threads_per_core)?;
        let Some(cpus) = cpus else { return Err(faults::missing("CoreCount")) };
        faults::dry_run(input.dry_run)?;
        instance.settings.cpus = Some(cpus);
        lifecycle::write(req.tx()?, &instance)?;
        Ok(ModifyInstanceCpuOptionsResult {
            instance_id: Some(instance.id),
            core_count: i32::try_from(cpus.cores).ok(),
            threads_per_core: i32::try_from(cpus.threads).ok(),
            ..Default::default()
        })
    }
}
