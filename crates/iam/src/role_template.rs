//! Role templates: how a version of one and the values of a request become a role.

use std::collections::BTreeMap;

use rolecall_actions::iam::kind;
use rolecall_base::{AccountId, Arn, Fault};
use rolecall_door::{At, ByArn};
use rolecall_policy::{Kind, Policy};
use rolecall_store::{Reader, Tx};

use crate::model::{self, ReplacementValueEntry, fault};
use crate::records::{
    RoleTemplate, RoleTemplateVersion, RoleTemplateVersions, RoleTemplates, TemplateBody, TemplateParameter,
};
use crate::template::{self, Filling, Fillings};

/// The types that parameters may have.
const TYPES: [&str; 6] = ["String", "StringList", "Number", "NumberList", "Arn", "ArnList"];

/// A template as a resource. All of them are AWS's own, so that every account may be asked about them.
pub(crate) fn target(at: &At<'_>, arn: &str) -> ByArn<kind::RoleTemplate> {
    ByArn::new(arn, at.account())
}

/// A version of a template: the default one where none is named.
///
/// # Errors
/// InvalidInput for what is no template's ARN; NoSuchEntity.
pub(crate) fn find(
    db: &Reader,
    arn: &str,
    minor: Option<i32>,
) -> Result<(RoleTemplate, i32, RoleTemplateVersion), Fault> {
    let parsed = Arn::parse(arn).ok().filter(|arn| arn.service == "iam" && arn.account == "aws");
    if parsed.is_none_or(|arn| arn.kind_and_rest().0 != "role-template") {
        return Err(fault::invalid_input("TemplateArn must be the ARN of a role template."));
    }
    let missing =
        || fault::no_such_entity(format!("Role template {arn} does not exist or has no such version."));
    let template = db.get::<RoleTemplates>(&arn.to_owned())?.ok_or_else(missing)?;
    let minor = minor.unwrap_or(template.default_minor);
    let key = (arn.to_owned(), u64::try_from(minor).map_err(|_| missing())?);
    let version = db.get::<RoleTemplateVersions>(&key)?.ok_or_else(missing)?;
    Ok((template, minor, version))
}

/// A role that is to be made.
#[derive(Debug)]
pub(crate) struct Rendered {
    pub name: String,
    pub path: String,
    pub description: Option<String>,
    pub trust: String,
    pub inline: Vec<(String, String)>,
    pub managed: Vec<String>,
    pub boundary: Option<String>,
    pub tags: Vec<model::Tag>,
    pub max_session: Option<i32>,
}

/// # Errors
/// InvalidInput for values that are missing, unknown, or of another type than the template says, and for names that
/// become no names.
pub(crate) fn render(
    body: &TemplateBody,
    values: Option<&BTreeMap<String, ReplacementValueEntry>>,
) -> Result<Rendered, Fault> {
    let fillings = fillings(body, values)?;
    let text = |pattern: &str| template::text(pattern, &fillings);
    let name = text(&body.role_name_pattern)?;
    let path = body.role_path_pattern.as_deref().map(text).transpose()?.unwrap_or_else(|| "/".to_owned());
    check_name(&name, &path)?;
    let tag = |(key, value): &(String, String)| Ok(model::Tag { key: text(key)?, value: text(value)? });
    let document = |(name, document): &(String, String)| {
        Ok::<_, Fault>((name.clone(), template::document(document, &fillings)?))
    };
    Ok(Rendered {
        name,
        path,
        description: body.role_description_pattern.as_deref().map(text).transpose()?,
        trust: template::document(&body.assume_role_policy_document_template, &fillings)?,
        inline: body.inline_policy_templates.iter().map(document).collect::<Result<_, _>>()?,
        managed: body.managed_policy_arns.clone(),
        boundary: body.permission_boundary_arn.clone(),
        tags: body.role_tags_template.iter().map(tag).collect::<Result<_, Fault>>()?,
        max_session: body.max_session_duration,
    })
}

fn fillings(
    body: &TemplateBody,
    values: Option<&BTreeMap<String, ReplacementValueEntry>>,
) -> Result<Fillings, Fault> {
    let none = BTreeMap::new();
    let values = values.unwrap_or(&none);
    if let Some(name) =
        values.keys().find(|name| body.parameters_definition.iter().all(|known| known.name != **name))
    {
        return Err(fault::invalid_input(format!("{name} is not a parameter of the role template.")));
    }
    let mut fillings = Fillings::new();
    for parameter in &body.parameters_definition {
        let given = values.get(&parameter.name).map(|entry| entry.values.clone());
        let value = given.or_else(|| parameter.default_value.clone().map(|value| vec![value]));
        match value {
            Some(values) => {
                fillings.insert(parameter.name.clone(), filling(parameter, values)?);
            }
            None if parameter.is_required => {
                let text = format!("The role template needs a value for {}.", parameter.name);
                return Err(fault::invalid_input(text));
            }
            // What is not required and not given is empty.
            None => {
                let empty =
                    if is_list(parameter) { Filling::List(Vec::new()) } else { Filling::Text(String::new()) };
                fillings.insert(parameter.name.clone(), empty);
            }
        }
    }
    Ok(fillings)
}

fn is_list(parameter: &TemplateParameter) -> bool {
    parameter.kind.ends_with("List")
}

fn filling(parameter: &TemplateParameter, values: Vec<String>) -> Result<Filling, Fault> {
    let good = |value: &String| match parameter.kind.trim_end_matches("List") {
        "Number" => value.parse::<f64>().is_ok_and(f64::is_finite),
        "Arn" => Arn::parse(value).is_ok(),
        _ => true,
    };
    let wrong = || {
        fault::invalid_input(format!(
            "The value of {} is not of the type {}.",
            parameter.name, parameter.kind
        ))
    };
    if !values.iter().all(good) {
        return Err(wrong());
    }
    match (is_list(parameter), values.as_slice()) {
        (true, _) => Ok(Filling::List(values)),
        (false, [one]) => Ok(Filling::Text(one.clone())),
        _ => Err(wrong()),
    }
}

fn check_name(name: &str, path: &str) -> Result<(), Fault> {
    let letter = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    let is_name = !name.is_empty() && name.len() <= 64 && name.chars().all(letter);
    let plain = |c: char| ('\u{21}'..='\u{7e}').contains(&c);
    let is_path =
        path.len() <= 512 && path.starts_with('/') && path.ends_with('/') && path.chars().all(plain);
    if is_name && is_path {
        return Ok(());
    }
    Err(fault::invalid_input("The role template gives no valid name and path with these values."))
}

/// Registers a version of a service's template, and makes it the default: what AWS's services do on their side.
///
/// # Errors
/// InvalidInput for what could never become a role.
pub fn register(
    tx: &mut Tx,
    template: RoleTemplate,
    minor: u64,
    version: &RoleTemplateVersion,
) -> Result<String, Fault> {
    let body = &version.body;
    let invalid = |text: String| Err(fault::invalid_input(text));
    if let Some(bad) = body.parameters_definition.iter().find(|known| !TYPES.contains(&known.kind.as_str())) {
        return invalid(format!("{} has no type of a parameter: {}", bad.name, bad.kind));
    }
    let inline = body.inline_policy_templates.iter().map(|(_, text)| text);
    let texts =
        [&body.assume_role_policy_document_template, &body.role_name_pattern].into_iter().chain(inline);
    let known = |name: &str| body.parameters_definition.iter().any(|parameter| parameter.name == name);
    for text in texts {
        if let Some(name) = template::parameters(text).into_iter().find(|name| !known(name)) {
            return invalid(format!("{name} is not defined"));
        }
    }
    let arn = template.arn();
    tx.put::<RoleTemplates>(&arn, &template)?;
    tx.put::<RoleTemplateVersions>(&(arn.clone(), minor), version)?;
    Ok(arn)
}

/// Checks the inline policies that a template became.
///
/// # Errors
/// MalformedPolicyDocument.
pub(crate) fn check_documents(rendered: &Rendered) -> Result<(), Fault> {
    for (_, document) in &rendered.inline {
        Policy::parse(document, Kind::Identity)?;
    }
    Ok(())
}

/// Where a role of the caller's account will be.
pub(crate) fn role_arn(account: AccountId, rendered: &Rendered) -> String {
    format!("arn:aws:iam::{account}:role{}{}", rendered.path, rendered.name)
}
