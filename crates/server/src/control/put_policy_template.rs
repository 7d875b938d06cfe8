//! PutPolicyTemplate: what AWS does when it takes on a product provider for temporary delegation: a policy with
//! parameters, which that account's delegation requests may fill in.

use rolecall_actions::rolecall;
use rolecall_base::{AccountId, Fault};
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::{PolicyTemplate, PolicyTemplates};
use rolecall_wire::record::{Tell, Teller};
use serde::{Deserialize, Serialize};

use super::json::operation;

#[derive(Debug)]
pub struct PutPolicyTemplate;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Request {
    partner: String,
    partner_name: String,
    template_name: String,
    document: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Registered {
    policy_template_arn: String,
}

impl Tell for Request {
    fn tell(&self, t: &mut Teller) {
        t.open();
        t.put("partner", Some(&self.partner));
        t.put("templateName", Some(&self.template_name));
        t.put("document", Some(&self.document));
        t.close();
    }
}

operation!(PutPolicyTemplate, "POST" "/_rolecall/policy-templates", Request => Registered);

impl Operation for PutPolicyTemplate {
    type Access = Write;

    fn needs(_input: &Request, at: &At<'_>) -> Result<Needs, Fault> {
        super::only_first_account(at)?;
        Ok(Needs::action(rolecall::PutPolicyTemplate).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<Registered, Fault> {
        let input = req.input;
        let invalid = |text: String| Fault::new("ValidationException", 400, text);
        let partner: AccountId =
            input.partner.parse().map_err(|error| invalid(format!("`{}`: {error}.", input.partner)))?;
        if !is_name(&input.template_name) || !(1..=30).contains(&input.partner_name.chars().count()) {
            return Err(invalid(
                "TemplateName or PartnerName is too long, empty, or has wrong letters.".into(),
            ));
        }
        if input.document.len() > LONGEST {
            return Err(invalid(format!("Document is longer than {LONGEST} bytes.")));
        }
        let template = PolicyTemplate {
            partner,
            partner_name: input.partner_name.clone(),
            document: input.document.clone(),
        };
        let arn = format!("arn:aws:iam::{partner}:policy-template/{}", input.template_name);
        req.tx()?.put::<PolicyTemplates>(&arn, &template)?;
        Ok(Registered { policy_template_arn: arn })
    }
}

/// Bytes of a template: more than a policy that is made of it may have.
const LONGEST: usize = 16_384;

pub(super) fn is_name(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphanumeric() || "_+=,.-".contains(c);
    (1..=128).contains(&name.len()) && name.chars().all(letter)
}
