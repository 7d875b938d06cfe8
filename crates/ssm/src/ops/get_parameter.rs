//! GetParameter: one parameter, its newest version or another.

use rolecall_actions::ssm;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::model::{GetParameter, GetParameterRequest, GetParameterResult};
use crate::public::Public;
use crate::{named, show};

impl Operation for GetParameter {
    type Access = Read;

    fn needs(input: &GetParameterRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let named = named::any(at, &input.name)?;
        let needs = Needs::action(ssm::GetParameter).on(&named).done();
        at.keep(named);
        Ok(needs)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetParameterResult, Fault> {
        let named = match req.take_kept() {
            Some(named) => named,
            None => named::any(&req.at(), &req.input.name)?,
        };
        let shown = if named.is_public() {
            let public = req.extensions.get::<Public>()?;
            show::selected_fact(&named, public.find(&named.name).ok_or_else(named::not_found)?)?
        } else {
            let version = named.version(req.db()?)?;
            let decrypt = req.input.with_decryption == Some(true);
            let selector = named.selector.as_deref();
            show::parameter(&req.identity.vault, named.there()?, &version, selector, decrypt)?
        };
        Ok(GetParameterResult { parameter: Some(shown) })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::scene::{IMAGE, Scene};

    #[test]
    fn a_version_and_a_label_are_named_after_a_colon() {
        let scene = Scene::new();
        scene.put("/app/port", "1");
        scene.overwrite("/app/port", "2");
        scene.label("/app/port", 1, "prod");
        let value = |name: &str| {
            let shown = scene.get(name).unwrap();
            (shown.value.unwrap(), shown.version.unwrap(), shown.selector)
        };
        assert_eq!(value("/app/port"), ("2".into(), 2, None));
        assert_eq!(value("/app/port:1"), ("1".into(), 1, Some(":1".into())));
        assert_eq!(value("/app/port:prod"), ("1".into(), 1, Some(":prod".into())));
        let arn = "arn:aws:ssm:us-east-1:000000000000:parameter/app/port";
        assert_eq!(value(&format!("{arn}:1")).0, "1");
        assert_eq!(check_fault(scene.get("/app/none"), "ParameterNotFound"), "");
        let message = check_fault(scene.get("/app/port:7"), "ParameterVersionNotFound");
        let text = "Systems Manager could not find version 7 of /app/port. Verify the version and try again.";
        assert_eq!(message, text);
        check_fault(scene.get("/app/port:test"), "ParameterVersionNotFound");
    }

    #[test]
    fn a_name_without_a_slash_is_found_by_its_arn_too() {
        let scene = Scene::new();
        scene.put("plain", "1");
        scene.put("/led", "2");
        let arn = "arn:aws:ssm:us-east-1:000000000000:parameter/";
        assert_eq!(scene.get(&format!("{arn}plain")).unwrap().name.as_deref(), Some("plain"));
        assert_eq!(scene.get(&format!("{arn}led")).unwrap().name.as_deref(), Some("/led"));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        let scene = Scene::new();
        for name in ["a b", "a/b", "ä", "arn:aws:ssm:us-east-1:000000000000:document/x", "arn:aws:s3:::x"] {
            check_fault(scene.get(name), "ValidationException");
        }
    }

    #[test]
    fn a_public_parameter_is_no_accounts_and_asked_by_its_own_arn() {
        let scene = Scene::new();
        let name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64";
        let shown = scene.get(name).unwrap();
        assert_eq!(
            (shown.value.as_deref(), shown.data_type.as_deref()),
            (Some(IMAGE), Some("aws:ec2:image"))
        );
        assert_eq!(shown.arn.as_deref(), Some(&*format!("arn:aws:ssm:us-east-1::parameter{name}")));
        let only = "arn:aws:ssm:*::parameter/aws/service/*";
        assert_eq!(scene.get_as("ami", only, name).unwrap().value.as_deref(), Some(IMAGE));
        let own = "arn:aws:ssm:*:000000000000:parameter/*";
        check_fault(scene.get_as("own", own, name), "AccessDeniedException");
        check_fault(scene.get("/aws/service/none"), "ParameterNotFound");
        check_fault(scene.get(&format!("{name}:2")), "ParameterVersionNotFound");
    }

    #[test]
    fn another_accounts_parameter_is_not_shared() {
        let scene = Scene::new();
        check_fault(scene.get("arn:aws:ssm:us-east-1:111111111111:parameter/x"), "AccessDeniedException");
    }

    #[test]
    fn a_secure_string_is_cipher_text_unless_it_is_decrypted() {
        let scene = Scene::new();
        scene.put_kind("SecureString", "/app/password", "hunter2");
        let hidden = scene.get("/app/password").unwrap().value.unwrap();
        assert!(!hidden.contains("hunter2") && hidden.len() > 20, "{hidden}");
        assert_eq!(scene.get_decrypted("/app/password").unwrap().value.as_deref(), Some("hunter2"));
        let stored = format!("{:?}", scene.stored("/app/password"));
        assert!(!stored.contains("hunter2"), "{stored}");
        assert!(!scene.world.records.all().concat().contains("hunter2"));
    }
}
