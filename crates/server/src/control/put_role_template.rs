//! PutRoleTemplate: what AWS's services do on their side so that AcquireRole can make roles for them: a version of a
//! template, which becomes its default one.

use rolecall_actions::rolecall;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_iam::{RoleTemplate, RoleTemplateVersion, TemplateBody, register_role_template};
use rolecall_wire::record::{Tell, Teller};
use serde::{Deserialize, Serialize};

use super::json::operation;
use super::put_policy_template::is_name;

#[derive(Debug)]
pub struct PutRoleTemplate;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Request {
    service: String,
    template_name: String,
    major_version: u16,
    minor_version: u16,
    #[serde(default)]
    description: Option<String>,
    #[serde(default = "yes")]
    enabled: bool,
    version: TemplateBody,
}

fn yes() -> bool {
    true
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Registered {
    template_arn: String,
}

impl Tell for Request {
    fn tell(&self, t: &mut Teller) {
        t.open();
        t.put("service", Some(&self.service));
        t.put("templateName", Some(&self.template_name));
        t.put("minorVersion", Some(&self.minor_version.to_string()));
        t.close();
    }
}

operation!(PutRoleTemplate, "POST" "/_rolecall/role-templates", Request => Registered);

impl Operation for PutRoleTemplate {
    type Access = Write;

    fn needs(_input: &Request, at: &At<'_>) -> Result<Needs, Fault> {
        super::only_first_account(at)?;
        Ok(Needs::action(rolecall::PutRoleTemplate).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<Registered, Fault> {
        let input = req.input;
        let is_service = is_name(&input.service) && input.service.ends_with(".amazonaws.com");
        if !is_service || !is_name(&input.template_name) {
            let text = "Service must be a service principal, and TemplateName a name.";
            return Err(Fault::new("ValidationException", 400, text));
        }
        let template = RoleTemplate {
            service: input.service.clone(),
            name: input.template_name.clone(),
            major: i32::from(input.major_version),
            description: input.description.clone(),
            default_minor: i32::from(input.minor_version),
            enabled: input.enabled,
        };
        let version = RoleTemplateVersion {
            id: req.env.unique_id("ARTV"),
            body: input.version.clone(),
            enabled: true,
            created: req.now.whole_seconds(),
            updated: req.now.whole_seconds(),
        };
        let minor = u64::from(input.minor_version);
        Ok(Registered { template_arn: register_role_template(req.tx()?, template, minor, &version)? })
    }
}
