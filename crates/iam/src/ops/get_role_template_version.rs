//! GetRoleTemplateVersion: what roles are made of that AcquireRole makes.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::model::{
    self, GetRoleTemplateVersion, GetRoleTemplateVersionRequest, GetRoleTemplateVersionResponse,
};
use crate::records::{RoleTemplate, RoleTemplateVersion};
use crate::role_template;

impl Operation for GetRoleTemplateVersion {
    type Access = Read;

    fn needs(input: &GetRoleTemplateVersionRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let target = role_template::target(at, &input.template_arn);
        Ok(Needs::action(iam::GetRoleTemplateVersion).on(&target).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetRoleTemplateVersionResponse, Fault> {
        let (template, minor, version) =
            role_template::find(req.db()?, &req.input.template_arn, req.input.minor_version)?;
        Ok(GetRoleTemplateVersionResponse { role_template_version: shown(&template, minor, version) })
    }
}

fn shown(template: &RoleTemplate, minor: i32, version: RoleTemplateVersion) -> model::RoleTemplateVersion {
    let body = version.body;
    let inline = body.inline_policy_templates.into_iter();
    let tags = body.role_tags_template.into_iter();
    let parameters = body.parameters_definition.into_iter().map(|known| model::ParameterDefinition {
        name: known.name,
        type_: known.kind,
        sub_type: None,
        description: known.description,
        is_required: Some(known.is_required),
        default_value: known.default_value,
        immutable: Some(known.immutable),
    });
    model::RoleTemplateVersion {
        template_arn: Some(template.arn()),
        template_name: Some(template.name.clone()),
        template_version_id: Some(version.id),
        description: template.description.clone(),
        major_version: Some(template.major),
        default_minor_version: Some(template.default_minor),
        managed_by_type: Some("Service".into()),
        managed_by_value: Some(template.service.clone()),
        enabled: Some(template.enabled),
        minor_version: Some(minor),
        role_name_pattern: Some(body.role_name_pattern),
        role_path_pattern: body.role_path_pattern,
        role_description_pattern: body.role_description_pattern,
        assume_role_policy_document_template: Some(body.assume_role_policy_document_template),
        inline_policy_templates: Some(
            inline
                .map(|(policy_name, policy_document)| model::InlinePolicy { policy_name, policy_document })
                .collect(),
        ),
        managed_policy_arns: Some(body.managed_policy_arns),
        permission_boundary_arn: body.permission_boundary_arn,
        parameters_definition: Some(parameters.collect()),
        role_tags_template: Some(tags.map(|(key, value)| model::TagTemplate { key, value }).collect()),
        max_session_duration: body.max_session_duration,
        version_enabled: Some(version.enabled),
        create_timestamp: Some(version.created),
        update_timestamp: Some(version.updated),
    }
}
