//! DeleteLaunchTemplate: a template goes with all its versions; what was launched from it stays.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::model::{DeleteLaunchTemplate, DeleteLaunchTemplateRequest, DeleteLaunchTemplateResult};
use crate::place::Place;
use crate::templates::{self, Named};

impl Operation for DeleteLaunchTemplate {
    type Access = Write;

    fn needs(input: &DeleteLaunchTemplateRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let (id, name) = (input.launch_template_id.as_deref(), input.launch_template_name.as_deref());
        Ok(templates::on_template(ec2::DeleteLaunchTemplate, at, id, name)?.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteLaunchTemplateResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let (id, name) = (input.launch_template_id.as_deref(), input.launch_template_name.as_deref());
        let row = Named::of(id, name)?.get(req.db()?, place)?;
        faults::dry_run(input.dry_run)?;
        templates::delete(req.tx()?, place, &row)?;
        Ok(DeleteLaunchTemplateResult {
            launch_template: Some(templates::to_wire(&row, &Default::default())),
        })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use crate::model::*;
    use crate::scene::template;

    fn named() -> Option<String> {
        Some("web".into())
    }

    #[test]
    fn a_default_moves_and_what_is_not_the_default_goes() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        world.call::<CreateLaunchTemplate>(&root, template("web", "t3.micro")).unwrap();
        let next = CreateLaunchTemplateVersionRequest {
            launch_template_name: named(),
            launch_template_data: template("web", "t3.small").launch_template_data,
            ..Default::default()
        };
        world.call::<CreateLaunchTemplateVersion>(&root, next.clone()).unwrap();
        let delete = || DeleteLaunchTemplateVersionsRequest {
            launch_template_name: named(),
            versions: vec!["1".into(), "7".into()],
            ..Default::default()
        };
        let answer = world.call::<DeleteLaunchTemplateVersions>(&root, delete()).unwrap();
        let errors = answer.unsuccessfully_deleted_launch_template_versions.unwrap();
        let codes: Vec<_> = errors.into_iter().map(|own| own.response_error.unwrap().code.unwrap()).collect();
        assert_eq!(codes, ["unexpectedError", "launchTemplateVersionDoesNotExist"]);
        let modify = |version: &str| ModifyLaunchTemplateRequest {
            launch_template_name: named(),
            default_version: Some(version.into()),
            ..Default::default()
        };
        check_fault(
            world.call::<ModifyLaunchTemplate>(&root, modify("666")),
            "InvalidLaunchTemplateId.VersionNotFound",
        );
        let own = world.call::<ModifyLaunchTemplate>(&root, modify("2")).unwrap().launch_template.unwrap();
        assert_eq!(own.default_version_number, Some(2));
        let answer = world.call::<DeleteLaunchTemplateVersions>(&root, delete()).unwrap();
        let gone = answer.successfully_deleted_launch_template_versions.unwrap();
        assert_eq!(gone[0].version_number, Some(1));
        let made = world.call::<CreateLaunchTemplateVersion>(&root, next).unwrap();
        assert_eq!(made.launch_template_version.unwrap().version_number, Some(3));
    }

    #[test]
    fn a_name_is_free_again_after_its_template_is_deleted() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let create = || world.call::<CreateLaunchTemplate>(&root, template("web", "t3.micro"));
        create().unwrap();
        let input = DeleteLaunchTemplateRequest { launch_template_name: named(), ..Default::default() };
        world.call::<DeleteLaunchTemplate>(&root, input.clone()).unwrap();
        check_fault(
            world.call::<DeleteLaunchTemplate>(&root, input),
            "InvalidLaunchTemplateName.NotFoundException",
        );
        create().unwrap();
    }
}
