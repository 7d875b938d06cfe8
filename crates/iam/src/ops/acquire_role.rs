//! AcquireRole: a role made of a service's template and the values for its parameters.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::{FromTemplate, Role};

use crate::entity::{self, Target};
use crate::holder::{self, Holds};
use crate::model::{AcquireRole, AcquireRoleRequest, AcquireRoleResponse, fault};
use crate::quota::Quotas;
use crate::role_template::{self, Rendered};
use crate::{attachment, boundary, inline, tags, trust, wire};

impl Operation for AcquireRole {
    type Access = Write;

    fn needs(input: &AcquireRoleRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let template = input.template_arn.as_str();
        let found = role_template::find(at.db()?, template, input.template_minor_version);
        let rendered = found.and_then(|(_, _, version)| {
            role_template::render(&version.body, input.replacement_values.as_ref())
        });
        // What is wrong with the request is told by `run`, to those who may make roles of this template.
        let Ok(rendered) = rendered else {
            let role = Target::<Role>::new(at.account(), None, "*");
            return Ok(Needs::action(iam::CreateRole)
                .on(&role)
                .key(iam::key::RoleTemplateARN, Some(template))
                .done());
        };
        Ok(questions(at, template, &rendered))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<AcquireRoleResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let (template, minor, version) =
            role_template::find(req.db()?, &input.template_arn, input.template_minor_version)?;
        if !template.enabled || !version.enabled {
            let text = format!("The role template {} is disabled.", input.template_arn);
            return Err(fault::role_template_disabled(text));
        }
        let rendered = role_template::render(&version.body, input.replacement_values.as_ref())?;
        role_template::check_documents(&rendered)?;
        let role = Role {
            account,
            name: rendered.name.clone(),
            path: rendered.path.clone(),
            id: req.env.unique_id("AROA"),
            created: req.now.whole_seconds(),
            trust: String::new(),
            description: rendered.description.clone(),
            max_session: rendered.max_session.unwrap_or(MAX_SESSION),
            tags: tags::first(Some(&rendered.tags), "TagsPerRole")?,
            boundary: rendered.boundary.clone(),
            template: Some(FromTemplate { arn: input.template_arn.clone(), minor }),
        };
        role.modifiable()?;
        let role = make(req, role, &rendered)?;
        let shown = wire::role_created(req.db()?, &role)?;
        Ok(AcquireRoleResponse { role: shown })
    }
}

/// Seconds that a session may last where the template does not say.
const MAX_SESSION: i32 = 3600;

fn make(req: &mut Authorized<'_, AcquireRole>, mut role: Role, rendered: &Rendered) -> Result<Role, Fault> {
    let (quotas, now) = (Quotas::of(req.extensions), req.now);
    let tx = req.tx()?;
    if entity::find::<Role>(tx, role.account, &role.name)?.is_some() {
        let text = format!("Role with name {} already exists.", role.name);
        return Err(fault::name_conflict(text));
    }
    role.trust = trust::stored(tx, &rendered.trust, &quotas)?;
    boundary::check(tx, role.account, role.boundary.as_deref())?;
    holder::create(tx, &role, &quotas)?;
    boundary::index(tx, &role)?;
    for (name, document) in &rendered.inline {
        inline::put(tx, &role, name, document)?;
    }
    for arn in &rendered.managed {
        attachment::attach(tx, &role, arn, now, &quotas)?;
    }
    Ok(role)
}

/// All that making the role by hand would ask, with the template's ARN as a condition key.
fn questions(at: &At<'_>, template: &str, rendered: &Rendered) -> Needs {
    let role = Target::<Role>::by_arn(role_template::role_arn(at.account(), rendered), at.account());
    let from = || Some(template);
    let bounded = || rendered.boundary.as_deref();
    let mut needs = Needs::action(iam::CreateRole)
        .on(&role)
        .key(iam::key::PermissionsBoundary, bounded())
        .key(iam::key::RoleTemplateARN, from())
        .request_tags(tags::pairs(Some(&rendered.tags)))
        .done();
    if !rendered.inline.is_empty() {
        needs = needs.and(
            Needs::action(iam::PutRolePolicy)
                .on(&role)
                .key(iam::key::PermissionsBoundary, bounded())
                .key(iam::key::RoleTemplateARN, from())
                .done(),
        );
    }
    for arn in &rendered.managed {
        needs = needs.and(
            Needs::action(iam::AttachRolePolicy)
                .on(&role)
                .key(iam::key::PolicyARN, Some(arn.as_str()))
                .key(iam::key::PermissionsBoundary, bounded())
                .key(iam::key::RoleTemplateARN, from())
                .done(),
        );
    }
    needs
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use rolecall_base::Fault;
    use rolecall_door::Visitor;
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::records::{RoleTemplate, RoleTemplateVersion, TemplateBody};
    use crate::scene::Scene;

    const ARN: &str = "arn:aws:iam::aws:role-template/ec2.amazonaws.com/Reader:1";

    fn body() -> TemplateBody {
        serde_json::from_str(r#"{
            "RoleNamePattern": "reader-@{name}",
            "RolePathPattern": "/made/",
            "AssumeRolePolicyDocumentTemplate": "{\"Version\": \"2012-10-17\", \"Statement\": {\"Effect\": \"Allow\", \"Principal\": {\"Service\": \"ec2.amazonaws.com\"}, \"Action\": \"sts:AssumeRole\"}}",
            "InlinePolicyTemplates": [["read", "{\"Version\": \"2012-10-17\", \"Statement\": {\"Effect\": \"Allow\", \"Action\": \"s3:GetObject\", \"Resource\": \"@{objects}\"}}"]],
            "ManagedPolicyArns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
            "ParametersDefinition": [
                {"Name": "name", "Type": "String", "IsRequired": true},
                {"Name": "objects", "Type": "ArnList", "DefaultValue": "arn:aws:s3:::pics/*"}],
            "RoleTagsTemplate": [["made-for", "@{name}"]]
        }"#).unwrap()
    }

    fn scene(enabled: bool) -> Scene {
        let scene = Scene::new();
        let now = scene.world.env.now();
        scene.world.write(|tx| {
            let template = RoleTemplate {
                service: "ec2.amazonaws.com".into(),
                name: "Reader".into(),
                major: 1,
                description: None,
                default_minor: 2,
                enabled,
            };
            let version = RoleTemplateVersion {
                id: "v".repeat(16),
                body: body(),
                enabled: true,
                created: now,
                updated: now,
            };
            crate::role_template::register(tx, template, 2, &version)
        });
        scene
    }

    fn acquire(scene: &Scene, visitor: &Visitor, values: &[(&str, &[&str])]) -> Result<Role, Fault> {
        let entry = |values: &[&str]| ReplacementValueEntry {
            values: values.iter().map(|value| (*value).to_owned()).collect(),
        };
        let values: BTreeMap<String, ReplacementValueEntry> =
            values.iter().map(|(name, values)| ((*name).to_owned(), entry(values))).collect();
        let input = AcquireRoleRequest {
            template_arn: ARN.into(),
            replacement_values: Some(values),
            ..Default::default()
        };
        scene.world.call::<AcquireRole>(visitor, input).map(|response| response.role)
    }

    #[test]
    fn a_role_is_made_of_the_template_and_tells_so() {
        let scene = scene(true);
        let objects: &[&str] = &["arn:aws:s3:::a/*", "arn:aws:s3:::b/*"];
        let role = acquire(&scene, &scene.root, &[("name", &["x"]), ("objects", objects)]).unwrap();
        assert_eq!(role.arn, "arn:aws:iam::000000000000:role/made/reader-x");
        let got = scene.call::<GetRole>(GetRoleRequest { role_name: "reader-x".into() }).unwrap().role;
        let source = got.source_role_template.unwrap();
        assert_eq!((source.template_arn.as_str(), source.template_minor_version), (ARN, 2));
        assert_eq!(got.tags.unwrap().first().map(|tag| tag.value.clone()).as_deref(), Some("x"));
        let input = GetRolePolicyRequest { role_name: "reader-x".into(), policy_name: "read".into() };
        let document = scene.call::<GetRolePolicy>(input).unwrap().policy_document;
        assert!(document.contains("%22arn%3Aaws%3As3%3A%3A%3Ab%2F%2A%22%5D"), "{document}");
        check_fault(acquire(&scene, &scene.root, &[("name", &["X"])]), "NameConflict");
    }

    #[test]
    fn values_must_be_what_the_template_takes() {
        let scene = scene(true);
        let wrong: [&[(&str, &[&str])]; 5] = [
            &[],
            &[("name", &["x"]), ("other", &["y"])],
            &[("name", &["a", "b"])],
            &[("name", &["x"]), ("objects", &["no arn"])],
            &[("name", &["a b"])],
        ];
        for values in wrong {
            check_fault(acquire(&scene, &scene.root, values), "InvalidInput");
        }
        check_fault(acquire(&self::scene(false), &scene.root, &[("name", &["x"])]), "RoleTemplateDisabled");
    }

    #[test]
    fn the_template_is_a_condition_of_every_question() {
        let scene = scene(true);
        let allow = |actions: &str| {
            format!(
                r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Action": [{actions}], "Resource": "*",
                "Condition": {{"ArnEquals": {{"iam:RoleTemplateARN": "{ARN}"}}}}}}}}"#
            )
        };
        let half = scene.world.user("half", &allow(r#""iam:CreateRole""#));
        let message = check_fault(acquire(&scene, &half, &[("name", &["x"])]), "AccessDenied");
        assert!(message.contains("iam:PutRolePolicy"), "{message}");
        let actions = r#""iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy""#;
        let whole = scene.world.user("whole", &allow(actions));
        acquire(&scene, &whole, &[("name", &["x"])]).unwrap();
    }

    #[test]
    fn the_version_is_shown_as_it_was_registered() {
        let scene = scene(true);
        let get = |minor| {
            let input = GetRoleTemplateVersionRequest { template_arn: ARN.into(), minor_version: minor };
            scene.call::<GetRoleTemplateVersion>(input)
        };
        let got = get(None).unwrap().role_template_version;
        assert_eq!(
            (got.minor_version, got.managed_by_value.as_deref()),
            (Some(2), Some("ec2.amazonaws.com"))
        );
        assert_eq!(got.parameters_definition.unwrap().len(), 2);
        check_fault(get(Some(3)), "NoSuchEntity");
    }
}
