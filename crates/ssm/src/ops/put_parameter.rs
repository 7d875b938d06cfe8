//! PutParameter: a new parameter, or a new version of one.

use rolecall_actions::{ec2, ssm};
use rolecall_base::{Fault, Tags};
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_store::Tx;

use crate::model::{PutParameter, PutParameterRequest, PutParameterResult, fault};
use crate::named::{self, Named, invalid};
use crate::records::{Counts, Parameter, Parameters, Version, Versions, owner};
use crate::{show, tags, values};

/// Parameters of an account in one region. AWS has 10,000 standard ones and 100,000 advanced ones.
const MOST: i64 = 10_000;
/// Versions of a parameter that are kept.
const VERSIONS: u64 = 100;

impl Operation for PutParameter {
    type Access = Write;

    fn needs(input: &PutParameterRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let named = named::by_name(at, &input.name)?;
        let tags = || tags::pairs(input.tags.as_deref());
        let overwrite = if input.overwrite == Some(true) { "true" } else { "false" };
        let put = Needs::action(ssm::PutParameter).on(&named).request_tags(tags());
        let put = put.key(ssm::key::Overwrite, Some(overwrite));
        let mut needs = put.key(ssm::key::Policies, input.policies.as_deref()).done();
        if tags().next().is_some() {
            needs = needs.and(Needs::action(ssm::AddTagsToResource).on(&named).request_tags(tags()).done());
        }
        if input.data_type.as_deref() == Some("aws:ec2:image") {
            needs = needs.and(Needs::action(ec2::DescribeImages).anywhere().done());
        }
        Ok(needs)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<PutParameterResult, Fault> {
        let input = req.input;
        let named = named::by_name(&req.at(), &input.name)?;
        check(input, &named)?;
        let version = version(req, &named)?;
        let result =
            PutParameterResult { version: show::number(version.number), tier: Some(version.tier.clone()) };
        let tx = req.tx()?;
        match named.parameter {
            Some(parameter) => supersede(tx, parameter, version)?,
            None => {
                let Named { account, region, name, .. } = named;
                grow(tx, account, &region)?;
                let tags = tags::set(Tags::default(), input.tags.as_deref().unwrap_or_default())?;
                let labels = Vec::new();
                let parameter = Parameter { account, region, name, newest: version, oldest: 1, labels, tags };
                tx.put::<Parameters>(&parameter.key(), &parameter)?;
            }
        }
        Ok(result)
    }
}

/// What the members say together, the value apart.
fn check(input: &PutParameterRequest, named: &Named) -> Result<(), Fault> {
    named::check_new(named)?;
    if input.value.is_empty() {
        return Err(invalid(
            "1 validation error detected: Value '' at 'value' failed to satisfy constraint: Member must have length \
             greater than or equal to 1.",
        ));
    }
    if input.overwrite == Some(true) && input.tags.as_ref().is_some_and(|tags| !tags.is_empty()) {
        return Err(invalid(
            "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please \
             remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or \
             RemoveTagsFromResource.",
        ));
    }
    if input.policies.as_deref().is_some_and(|policies| policies.trim() != "[]") {
        return Err(fault::invalid_policy_type("Policies are not supported by this server."));
    }
    if input.value.contains("{{") && input.value.contains("}}") {
        return Err(invalid(
            "Parameter value can't nest another parameter. Do not use \"{{}}\" in the value.",
        ));
    }
    if named.parameter.is_none() && input.type_.is_none() {
        return Err(invalid("A parameter type is required when you create a parameter."));
    }
    if named.parameter.is_some() && input.overwrite != Some(true) {
        return Err(fault::parameter_already_exists(
            "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
        ));
    }
    Ok(())
}

/// The version that the request makes. What it does not say stays as it was.
fn version(req: &Authorized<'_, PutParameter>, named: &Named) -> Result<Version, Fault> {
    let (input, old) = (req.input, named.parameter.as_ref().map(|parameter| &parameter.newest));
    let or = |given: &Option<String>, old: Option<&String>| given.clone().or_else(|| old.cloned());
    let kind = or(&input.type_, old.map(|old| &old.kind)).unwrap_or_default();
    check_key(&kind, input.key_id.as_deref())?;
    let data_type = or(&input.data_type, old.map(|old| &old.data_type)).filter(|name| !name.is_empty());
    let data_type = data_type.unwrap_or_else(|| "text".to_owned());
    let tier = values::tier(input.tier.as_deref(), old.map(|old| old.tier.as_str()), &input.value)?;
    let pattern = or(&input.allowed_pattern, old.and_then(|old| old.pattern.as_ref()));
    let pattern = pattern.filter(|pattern| !pattern.is_empty());
    if let Some(pattern) = &pattern {
        values::check_pattern(pattern, &input.value)?;
    }
    values::check_data_type(&req.at(), &kind, &data_type, &input.value)?;
    let number = old.map_or(1, |old| old.number.saturating_add(1));
    let arn = rolecall_door::Resource::arn(named);
    let owner = owner(&arn, &named.name, number);
    Ok(Version {
        number,
        value: values::store(req.env, &req.identity.vault, &kind, &owner, &input.value)?,
        kind,
        tier: tier.to_owned(),
        data_type,
        description: or(&input.description, old.and_then(|old| old.description.as_ref())),
        pattern,
        modified: req.now,
        user: req.caller.arn.clone(),
    })
}

/// There is no key management here, and so no key but the one that AWS gives every account.
fn check_key(kind: &str, key: Option<&str>) -> Result<(), Fault> {
    match key {
        None => Ok(()),
        Some(_) if kind != "SecureString" => {
            Err(invalid("KeyId is required for SecureString type parameter only."))
        }
        Some(values::KEY) => Ok(()),
        Some(key) => Err(fault::invalid_key_id(format!("Invalid keyId {key}"))),
    }
}

fn supersede(tx: &mut Tx, mut parameter: Parameter, version: Version) -> Result<(), Fault> {
    let (account, region, name) = parameter.key();
    let old = std::mem::replace(&mut parameter.newest, version);
    let kept = parameter.newest.number.saturating_sub(parameter.oldest);
    if kept >= VERSIONS {
        let oldest = parameter.oldest;
        if parameter.labels.iter().any(|label| label.version == oldest) {
            return Err(fault::parameter_max_version_limit_exceeded(format!(
                "You attempted to create a new version of {name} by calling the PutParameter API with the overwrite \
                 flag. Version {oldest}, the oldest version, can't be deleted because it has a label associated with \
                 it. Move the label to another version of the parameter, and try again."
            )));
        }
        tx.delete::<Versions>(&(account, region.clone(), name.clone(), oldest))?;
        parameter.oldest = oldest.saturating_add(1);
    }
    tx.put::<Versions>(&(account, region, name, old.number), &old)?;
    Ok(tx.put::<Parameters>(&parameter.key(), &parameter)?)
}

/// Counts one more.
fn grow(tx: &mut Tx, account: rolecall_base::AccountId, region: &str) -> Result<(), Fault> {
    let key = (account, region.to_owned());
    if tx.peek::<Counts>(&key)?.unwrap_or(0) >= MOST {
        let text = "You have exceeded the number of parameters for this Amazon Web Services account. Delete one or \
                    more parameters and try again.";
        return Err(fault::parameter_limit_exceeded(text));
    }
    tx.bound::<Counts>(&key, MOST - 1);
    Ok(tx.add::<Counts>(&key, 1)?)
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use super::*;
    use crate::model::{GetParameterHistory, GetParameterHistoryRequest, Tag};
    use crate::scene::{IMAGE, Scene};

    fn input(name: &str) -> PutParameterRequest {
        let type_ = Some("String".to_owned());
        PutParameterRequest { name: name.into(), value: "v".into(), type_, ..Default::default() }
    }

    fn overwriting(name: &str) -> PutParameterRequest {
        PutParameterRequest { overwrite: Some(true), type_: None, ..input(name) }
    }

    #[test]
    fn a_second_one_needs_the_wish_to_overwrite() {
        let scene = Scene::new();
        let made = scene.call::<PutParameter>(input("/a")).unwrap();
        assert_eq!((made.version, made.tier.as_deref()), (Some(1), Some("Standard")));
        let message = check_fault(scene.call::<PutParameter>(input("/a")), "ParameterAlreadyExists");
        assert!(message.starts_with("The parameter already exists."), "{message}");
        assert_eq!(scene.call::<PutParameter>(overwriting("/a")).unwrap().version, Some(2));
        check_fault(scene.call::<PutParameter>(overwriting("/new")), "ValidationException");
    }

    #[test]
    fn what_an_overwrite_does_not_say_stays() {
        let scene = Scene::new();
        let first = PutParameterRequest {
            description: Some("port".into()),
            allowed_pattern: Some("\\d+".into()),
            value: "1".into(),
            ..input("/port")
        };
        scene.call::<PutParameter>(first).unwrap();
        check_fault(scene.call::<PutParameter>(overwriting("/port")), "ParameterPatternMismatchException");
        let second = PutParameterRequest { value: "22".into(), ..overwriting("/port") };
        scene.call::<PutParameter>(second).unwrap();
        let newest = scene.stored("/port").newest;
        assert_eq!((newest.description.as_deref(), newest.pattern.as_deref()), (Some("port"), Some("\\d+")));
        assert_eq!(newest.kind, "String");
    }

    #[test]
    fn names_have_rules() {
        let scene = Scene::new();
        let refused = |name: &str, code: &str| check_fault(scene.call::<PutParameter>(input(name)), code);
        let message = refused("awsome", "ValidationException");
        assert_eq!(message, "Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive).");
        refused("/SSM/x", "ValidationException");
        let message = refused("/aws/service/x", "AccessDeniedException");
        assert_eq!(message, "No access to reserved parameter name: /aws/service/x.");
        refused("a b", "ValidationException");
        refused("a/b", "ValidationException");
        refused("/a/", "ValidationException");
        refused(&"/a".repeat(16), "HierarchyLevelLimitExceededException");
        refused(&"a".repeat(1000), "ValidationException");
        scene.call::<PutParameter>(input(&"/a".repeat(15))).unwrap();
        scene.call::<PutParameter>(input("  trimmed ")).unwrap();
        assert_eq!(scene.stored("trimmed").newest.number, 1);
    }

    #[test]
    fn a_hundred_versions_are_kept_and_a_labeled_one_is_not_dropped() {
        let scene = Scene::new();
        scene.put("/a", "1");
        for n in 2..=100 {
            scene.overwrite("/a", &n.to_string());
        }
        scene.overwrite("/a", "101");
        check_fault(scene.get("/a:1"), "ParameterVersionNotFound");
        assert_eq!(scene.get("/a:2").unwrap().value.as_deref(), Some("2"));
        scene.label("/a", 2, "keep");
        let outcome = scene.call::<PutParameter>(overwriting("/a"));
        let message = check_fault(outcome, "ParameterMaxVersionLimitExceeded");
        assert!(message.contains("Version 2, the oldest version, can't be deleted"), "{message}");
        let history = GetParameterHistoryRequest { name: "/a".into(), ..Default::default() };
        let page = scene.call::<GetParameterHistory>(history).unwrap();
        assert_eq!(page.parameters.unwrap().len(), 50);
    }

    #[test]
    fn there_is_no_key_but_aws_own() {
        let scene = Scene::new();
        let secure = |key: &str| PutParameterRequest {
            type_: Some("SecureString".into()),
            key_id: Some(key.into()),
            ..input("/secret")
        };
        let message = check_fault(scene.call::<PutParameter>(secure("alias/mine")), "InvalidKeyId");
        assert_eq!(message, "Invalid keyId alias/mine");
        scene.call::<PutParameter>(secure("alias/aws/ssm")).unwrap();
        let plain = PutParameterRequest { key_id: Some("alias/aws/ssm".into()), ..input("/plain") };
        check_fault(scene.call::<PutParameter>(plain), "ValidationException");
    }

    #[test]
    fn a_data_type_holds_the_value_to_it() {
        let scene = Scene::new();
        let typed = |data_type: &str, value: &str| {
            let input = PutParameterRequest {
                data_type: Some(data_type.into()),
                value: value.into(),
                overwrite: Some(true),
                ..input("/typed")
            };
            scene.call::<PutParameter>(input)
        };
        typed("aws:ec2:image", IMAGE).unwrap();
        check_fault(typed("aws:ec2:image", "ami-0000"), "ValidationException");
        typed("integer", "12").unwrap();
        check_fault(typed("integer", "x"), "ValidationException");
        let message = check_fault(typed("Text", "x"), "ValidationException");
        let text = "The following data type is not supported: Text (Data type names are all lowercase.)";
        assert_eq!(message, text);
    }

    #[test]
    fn tags_come_with_a_new_one_only_and_are_asked_about() {
        let scene = Scene::new();
        let tags = Some(vec![Tag { key: "team".into(), value: "x".into() }]);
        let tagged = PutParameterRequest { tags, ..input("/tagged") };
        let writer = scene.user("writer", "ssm:PutParameter", "*");
        check_fault(scene.world.call::<PutParameter>(&writer, tagged.clone()), "AccessDeniedException");
        scene.call::<PutParameter>(tagged.clone()).unwrap();
        assert_eq!(scene.stored("/tagged").tags.get("team"), Some("x"));
        let again = PutParameterRequest { overwrite: Some(true), ..tagged };
        check_fault(scene.call::<PutParameter>(again), "ValidationException");
    }

    #[test]
    fn overwriting_can_be_denied() {
        let scene = Scene::new();
        scene.put("/a", "1");
        let condition = r#""Condition":{"StringEquals":{"ssm:Overwrite":"false"}}"#;
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"ssm:PutParameter","Resource":"*",{condition}}}}}"#
        );
        let writer = scene.world.user("once", &text);
        check_fault(scene.world.call::<PutParameter>(&writer, overwriting("/a")), "AccessDeniedException");
        scene.world.call::<PutParameter>(&writer, input("/b")).unwrap();
    }
}
