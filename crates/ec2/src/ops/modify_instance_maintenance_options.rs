//! ModifyInstanceMaintenanceOptions: whether AWS may recover or move an instance. There is no host to fail, so it is only told.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::describe::unless;
use crate::faults;
use crate::lifecycle;
use crate::model::{
    ModifyInstanceMaintenanceOptions, ModifyInstanceMaintenanceOptionsRequest,
    ModifyInstanceMaintenanceOptionsResult,
};
use crate::place::Place;
use crate::questions::{on_instance, with_attributes};

impl Operation for ModifyInstanceMaintenanceOptions {
    type Access = Write;

    fn needs(input: &ModifyInstanceMaintenanceOptionsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let question = on_instance(ec2::ModifyInstanceMaintenanceOptions, at, &input.instance_id)?;
        let given = [
            ("AutoRecovery", input.auto_recovery.clone()),
            ("RebootMigration", input.reboot_migration.clone()),
        ];
        Ok(with_attributes(question, &given))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ModifyInstanceMaintenanceOptionsResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let mut instance = lifecycle::get_standing(req.db()?, place, &input.instance_id, req.now)?;
        if input.auto_recovery.is_none() && input.reboot_migration.is_none() {
            return Err(faults::missing("AutoRecovery or RebootMigration"));
        }
        let disabled = |word: &String| word == "disabled";
        if let Some(word) = &input.auto_recovery {
            instance.settings.no_recovery = disabled(word);
        }
        if let Some(word) = &input.reboot_migration {
            instance.settings.no_migration = disabled(word);
        }
        faults::dry_run(input.dry_run)?;
        lifecycle::write(req.tx()?, &instance)?;
        let settings = &instance.settings;
        Ok(ModifyInstanceMaintenanceOptionsResult {
            instance_id: Some(instance.id.clone()),
            auto_recovery: Some(unless(settings.no_recovery).to_owned()),
            reboot_migration: Some(unless(settings.no_migration).to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use crate::model::*;
    use crate::scene::{launch, request, seen};

    #[test]
    fn options_that_are_not_named_stay() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let id = launch(&world, request());
        let call = |recovery: Option<&str>, migration: Option<&str>| {
            let input = ModifyInstanceMaintenanceOptionsRequest {
                instance_id: id.clone(),
                auto_recovery: recovery.map(Into::into),
                reboot_migration: migration.map(Into::into),
                ..Default::default()
            };
            world.call::<ModifyInstanceMaintenanceOptions>(&root, input)
        };
        call(Some("disabled"), None).unwrap();
        call(None, Some("disabled")).unwrap();
        let own = seen(&world, &id).maintenance_options.unwrap();
        assert_eq!(own.auto_recovery.as_deref(), Some("disabled"));
        assert_eq!(own.reboot_migration.as_deref(), Some("disabled"));
        check_fault(call(None, None), "MissingParameter");
    }
}
