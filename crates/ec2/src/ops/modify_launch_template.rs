//! ModifyLaunchTemplate: which version a launch takes that names none.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::model::{ModifyLaunchTemplate, ModifyLaunchTemplateRequest, ModifyLaunchTemplateResult};
use crate::place::Place;
use crate::questions::with_attributes;
use crate::records::LaunchTemplates;
use crate::tags;
use crate::templates::{self, Named};

impl Operation for ModifyLaunchTemplate {
    type Access = Write;

    fn needs(input: &ModifyLaunchTemplateRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let (id, name) = (input.launch_template_id.as_deref(), input.launch_template_name.as_deref());
        let question = templates::on_template(ec2::ModifyLaunchTemplate, at, id, name)?;
        Ok(with_attributes(question, &[("DefaultVersion", input.default_version.clone())]))
    }

    /// The same call twice changes nothing the second time, so its client token has nothing to do.
    fn run(req: &mut Authorized<'_, Self>) -> Result<ModifyLaunchTemplateResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let (id, name) = (input.launch_template_id.as_deref(), input.launch_template_name.as_deref());
        let mut row = Named::of(id, name)?.get(req.db()?, place)?;
        let Some(wished) = input.default_version.as_deref().filter(|wished| !wished.is_empty()) else {
            return Err(faults::missing("SetDefaultVersion"));
        };
        row.default = templates::version(req.db()?, place, &row, wished)?.number;
        faults::dry_run(input.dry_run)?;
        req.tx()?.put::<LaunchTemplates>(&place.key(&row.id), &row)?;
        let tags = tags::of(req.db()?, place, &row.id)?;
        Ok(ModifyLaunchTemplateResult { launch_template: Some(templates::to_wire(&row, &tags)) })
    }
}
