//! CreateLaunchTemplate: a name for launch parameters, with its first version.

use rolecall_actions::ec2::{self, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::image_parameters;
use crate::launch;
use crate::model::{CreateLaunchTemplate, CreateLaunchTemplateRequest, CreateLaunchTemplateResult};
use crate::place::Place;
use crate::questions::to_make;
use crate::records::{LaunchTemplate, LaunchTemplateNames, LaunchTemplates};
use crate::tags;
use crate::templates::{self, Making, data};

const KIND: &str = "launch-template";

impl Operation for CreateLaunchTemplate {
    type Access = Write;

    fn needs(input: &CreateLaunchTemplateRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let place = Place::of(at);
        let made = place.resource::<kind::LaunchTemplate>("*");
        let given = input.tag_specifications.as_deref();
        let needs = to_make(ec2::CreateLaunchTemplate, &made, place, given, |question| question);
        Ok(needs.and(image_parameters::needs(at, input.launch_template_data.image_id.as_deref())?))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CreateLaunchTemplateResult, Fault> {
        let (place, input, env, now) = (Place::here(req), req.input, req.env, req.now);
        templates::check_name(&input.launch_template_name)?;
        if input.operator.is_some() {
            return Err(faults::unsupported("Operator"));
        }
        let given = data::of_request(&input.launch_template_data)?;
        if given.is_empty() {
            return Err(faults::missing("LaunchTemplateData"));
        }
        let tags = tags::of_request(input.tag_specifications.as_deref(), &[KIND], KIND)?;
        let token = input.client_token.as_deref();
        let warning = launch::warning(&given)?;
        if let Some((id, _)) = templates::repeated(req.db()?, place, token, input, &given)? {
            let row = req.db()?.get::<LaunchTemplates>(&place.key(&id))?;
            let row = row.ok_or_else(|| templates::no_template(&id))?;
            let launch_template = Some(templates::to_wire(&row, &tags));
            return Ok(CreateLaunchTemplateResult { launch_template, warning });
        }
        check_free(req, &input.launch_template_name)?;
        templates::check_alias(&req.at(), &input.launch_template_data)?;
        faults::dry_run(input.dry_run)?;
        let by = req.caller.arn.as_str();
        let mut row = LaunchTemplate {
            id: env.resource_id("lt"),
            name: input.launch_template_name.clone(),
            created: now.whole_seconds(),
            created_by: by.to_owned(),
            default: 1,
            latest: 0,
            given: 0,
        };
        let description = input.version_description.as_deref();
        let tx = req.tx()?;
        templates::add(tx, place, &row)?;
        templates::new_version(
            tx,
            place,
            &mut row,
            &given,
            &given,
            Making { input, token, description, by, now },
        )?;
        tags::put(tx, place, &row.id, tags.clone())?;
        Ok(CreateLaunchTemplateResult { launch_template: Some(templates::to_wire(&row, &tags)), warning })
    }
}

/// Whether a name is free and another template may be made.
fn check_free(req: &Authorized<'_, CreateLaunchTemplate>, name: &str) -> Result<(), Fault> {
    let (place, db) = (Place::here(req), req.db()?);
    if db.exists::<LaunchTemplateNames>(&place.key(name))? {
        let text = "Launch template name already in use.";
        return Err(faults::other("InvalidLaunchTemplateName.AlreadyExistsException", text));
    }
    if db.count::<LaunchTemplates>(&(place.account, place.region))? >= templates::TEMPLATES {
        let text = format!("You have {} launch templates, which is the most.", templates::TEMPLATES);
        return Err(faults::other("ResourceLimitExceeded", text));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use crate::image_parameters::stand_in;
    use crate::model::*;
    use crate::scene::{tagged, template};

    #[test]
    fn a_template_is_made_once_under_a_name() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let mut input = template("web", "t3.micro");
        input.tag_specifications = tagged("launch-template", "team", "a");
        let made = world.call::<CreateLaunchTemplate>(&root, input.clone()).unwrap().launch_template.unwrap();
        assert!(made.launch_template_id.unwrap().starts_with("lt-"));
        assert_eq!((made.default_version_number, made.latest_version_number), (Some(1), Some(1)));
        assert_eq!(made.created_by.as_deref(), Some("arn:aws:iam::000000000000:root"));
        assert_eq!(made.tags.unwrap()[0].value.as_deref(), Some("a"));
        let text = check_fault(
            world.call::<CreateLaunchTemplate>(&root, input),
            "InvalidLaunchTemplateName.AlreadyExistsException",
        );
        assert_eq!(text, "Launch template name already in use.");
    }

    #[test]
    fn names_and_data_are_checked() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let call = |input| world.call::<CreateLaunchTemplate>(&root, input);
        for name in ["ab", "some illegal name", &"a".repeat(129)] {
            check_fault(call(template(name, "t3.micro")), "InvalidLaunchTemplateName.MalformedException");
        }
        let mut empty = template("web", "t3.micro");
        empty.launch_template_data = RequestLaunchTemplateData::default();
        let text = check_fault(call(empty), "MissingParameter");
        assert_eq!(text, "The request must contain the parameter LaunchTemplateData");
        let mut data = template("web", "t3.micro");
        data.launch_template_data.user_data = Some("%".into());
        check_fault(call(data), "InvalidUserData.Malformed");
        let mut kernel = template("web", "t3.micro");
        kernel.launch_template_data.kernel_id = Some("aki-1".into());
        check_fault(call(kernel), "UnsupportedOperation");
    }

    #[test]
    fn a_parameter_that_names_the_image_must_be_there_and_be_readable() {
        let world = stand_in::world();
        let with = |name: &str| {
            let mut input = template("web", "t3.micro");
            input.launch_template_data.image_id = Some(format!("resolve:ssm:{name}"));
            input
        };
        let root = world.root(ACCOUNT);
        check_fault(world.call::<CreateLaunchTemplate>(&root, with("/none")), "SsmInvalidParameter");
        let ann = world.user(
            "ann",
            r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}}"#,
        );
        check_fault(world.call::<CreateLaunchTemplate>(&ann, with("/golden")), "SsmAccessDenied");
        assert!(world.call::<CreateLaunchTemplate>(&root, with("/golden")).unwrap().warning.is_none());
    }

    #[test]
    fn a_client_token_makes_one_template() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let with = |name: &str| CreateLaunchTemplateRequest {
            client_token: Some("a".into()),
            ..template(name, "t3.micro")
        };
        let call = |input| world.call::<CreateLaunchTemplate>(&root, input);
        let id = call(with("web")).unwrap().launch_template.unwrap().launch_template_id;
        assert_eq!(call(with("web")).unwrap().launch_template.unwrap().launch_template_id, id);
        check_fault(call(with("other")), "IdempotentParameterMismatch");
    }

    #[test]
    fn tags_are_another_question_and_what_can_not_be_launched_is_said() {
        let world = World::new(1);
        let user = world.user(
            "ann",
            r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow",
                "Action": "ec2:CreateLaunchTemplate", "Resource": "arn:aws:ec2:*:*:launch-template/*"}}"#,
        );
        let mut input = template("web", "t3.micro");
        input.launch_template_data.hibernation_options =
            Some(LaunchTemplateHibernationOptionsRequest { configured: Some(true) });
        let made = world.call::<CreateLaunchTemplate>(&user, input.clone()).unwrap();
        let warning = made.warning.unwrap().errors.unwrap().remove(0);
        assert_eq!(warning.code.as_deref(), Some("UnsupportedOperation"));
        input.launch_template_name = "tagged".into();
        input.tag_specifications = tagged("launch-template", "a", "b");
        let text = check_fault(world.call::<CreateLaunchTemplate>(&user, input), "UnauthorizedOperation");
        assert!(text.contains("ec2:CreateTags"), "{text}");
    }
}
