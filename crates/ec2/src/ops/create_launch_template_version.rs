//! CreateLaunchTemplateVersion: a template's next version, new or based on an older one.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::image_parameters;
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
        let needs = templates::on_template(ec2::CreateLaunchTemplateVersion, at, id, name)?.done();
        Ok(needs.and(image_parameters::needs(at, image(input, at)?.as_deref())?))
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
                templates::check_alias(&req.at(), &input.launch_template_data)?;
                faults::dry_run(input.dry_run)?;
                let (by, description) = (req.caller.arn.as_str(), input.version_description.as_deref());
                let making = Making { input, token, description, by, now };
                templates::new_version(req.tx()?, place, &mut row, &whole, &given, making)?
            }
        };
        let mut shown = templates::version_to_wire(&row, &made)?;
        if input.resolve_alias == Some(true) {
            templates::resolve_alias(&req.at(), &mut shown)?;
        }
        Ok(CreateLaunchTemplateVersionResult { launch_template_version: Some(shown), warning })
    }
}

/// The image that is named, or is taken over and to be shown resolved.
fn image(input: &CreateLaunchTemplateVersionRequest, at: &At<'_>) -> Result<Option<String>, Fault> {
    let own = input.launch_template_data.image_id.clone();
    let source = input.source_version.as_deref().filter(|source| !source.is_empty());
    let (None, Some(true), Some(source)) = (&own, input.resolve_alias, source) else { return Ok(own) };
    let (id, name) = (input.launch_template_id.as_deref(), input.launch_template_name.as_deref());
    let found = Named::of(id, name)
        .and_then(|named| named.get(at.db()?, Place::of(at)))
        .and_then(|row| templates::version(at.db()?, Place::of(at), &row, source));
    match found {
        Ok(version) => {
            let data = data::parse(&version.data)?;
            Ok(data.get("ImageId").and_then(|id| id.as_str()).map(str::to_owned))
        }
        // The caller must not learn yet that it is not there.
        Err(fault) if fault.status() < 500 => Ok(None),
        Err(fault) => Err(fault),
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use crate::image_parameters::stand_in;
    use crate::model::*;
    use crate::scene::template;

    #[test]
    fn the_image_behind_a_parameter_is_shown_to_who_may_read_that() {
        let world = stand_in::world();
        let root = world.root(ACCOUNT);
        let mut input = template("web", "t3.micro");
        input.launch_template_data.image_id = Some("resolve:ssm:/golden".into());
        world.call::<CreateLaunchTemplate>(&root, input).unwrap();
        let next = |resolve| CreateLaunchTemplateVersionRequest {
            launch_template_name: Some("web".into()),
            source_version: Some("1".into()),
            resolve_alias: Some(resolve),
            launch_template_data: RequestLaunchTemplateData::default(),
            ..Default::default()
        };
        let image = |visitor, resolve| {
            let made = world.call::<CreateLaunchTemplateVersion>(visitor, next(resolve))?;
            Ok(made.launch_template_version.unwrap().launch_template_data.unwrap().image_id.unwrap())
        };
        assert_eq!(image(&root, false).unwrap(), "resolve:ssm:/golden");
        assert_eq!(image(&root, true).unwrap(), crate::images::DEFAULT);
        let ann = world.user(
            "ann",
            r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}}"#,
        );
        image(&ann, false).unwrap();
        check_fault(image(&ann, true), "SsmAccessDenied");
    }

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
