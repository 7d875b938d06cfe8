//! CreateLaunchTemplateVersion: a template's next version, new or based on an older one.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::launch;
use crate::model::{
    CreateLaunchTemplateVersion, CreateLaunchTemplateVersionRequest, CreateLaunchTemplateVersionResult,
};
use crate::place::Place;
use crate::templates::{self, Making, Named, data};

impl Operation for CreateLaunchTemplateVersion {
    type Access = Write;

    fn needs(input: &CreateLaunchTemplateVersionRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let (id, name) = (input.launch_template_id.as_deref(), input.launch_template_name.as_deref());
        Ok(templates::on_template(ec2::CreateLaunchTemplateVersion, at, id, name)?.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CreateLaunchTemplateVersionResult, Fault> {
        let (place, input, now) = (Place::here(req), req.input, req.now);
        let (id, name) = (input.launch_template_id.as_deref(), input.launch_template_name.as_deref());
        let mut row = Named::of(id, name)?.get(req.db()?, place)?;
        let given = data::of_request(&input.launch_template_data)?;
        let source = input.source_version.as_deref().filter(|source| !source.is_empty());
        let whole = match source {
            Some(source) => {
                let source = templates::version(req.db()?, place, &row, source)?;
                data::inherit(data::parse(&source.data)?, given.clone())
            }
            None if given.is_empty() => return Err(faults::missing("LaunchTemplateData")),
            None => given.clone(),
        };
        let token = input.client_token.as_deref();
        let warning = launch::warning(&whole)?;
        let made = match templates::repeated(req.db()?, place, token, input, &given)? {
            Some((_, number)) => templates::version(req.db()?, place, &row, &number.to_string())?,
            None => {
                faults::dry_run(input.dry_run)?;
                let (by, description) = (req.caller.arn.as_str(), input.version_description.as_deref());
                let making = Making { input, token, description, by, now };
                templates::new_version(req.tx()?, place, &mut row, &whole, &given, making)?
            }
        };
        Ok(CreateLaunchTemplateVersionResult {
            launch_template_version: Some(templates::version_to_wire(&row, &made)?),
            warning,
        })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use crate::model::*;
    use crate::scene::template;

    #[test]
    fn a_version_takes_over_what_it_does_not_say() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let mut input = template("web", "t3.micro");
        input.launch_template_data.key_name = Some("mine".into());
        world.call::<CreateLaunchTemplate>(&root, input).unwrap();
        let next = |source: Option<&str>, token: &str| CreateLaunchTemplateVersionRequest {
            launch_template_name: Some("web".into()),
            source_version: source.map(Into::into),
            client_token: Some(token.into()),
            version_description: Some("larger".into()),
            launch_template_data: template("web", "t3.large").launch_template_data,
            ..Default::default()
        };
        let call = |input| world.call::<CreateLaunchTemplateVersion>(&root, input);
        let made = call(next(Some("1"), "a")).unwrap().launch_template_version.unwrap();
        assert_eq!((made.version_number, made.default_version), (Some(2), Some(false)));
        let data = made.launch_template_data.unwrap();
        assert_eq!(data.instance_type.as_deref(), Some("t3.large"));
        assert_eq!(data.key_name.as_deref(), Some("mine"));
        assert_eq!(
            call(next(Some("1"), "a")).unwrap().launch_template_version.unwrap().version_number,
            Some(2)
        );
        let made = call(next(None, "b")).unwrap().launch_template_version.unwrap();
        assert_eq!(made.launch_template_data.unwrap().key_name, None);
        check_fault(call(next(Some("9"), "c")), "InvalidLaunchTemplateId.VersionNotFound");
        let mut none = next(None, "d");
        none.launch_template_name = Some("none".into());
        let text = check_fault(call(none), "InvalidLaunchTemplateName.NotFoundException");
        assert_eq!(text, "The specified launch template, with template name none, does not exist.");
    }
}
