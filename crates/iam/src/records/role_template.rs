//! Role templates: what roles are made of that AcquireRole makes.

use rolecall_base::Time;
use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

/// A parameter of a template: `@{name}` in its patterns and documents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct TemplateParameter {
    pub name: String,
    /// `String`, `StringList`, `Number`, `NumberList`, `Arn` or `ArnList`.
    #[serde(rename = "Type")]
    pub kind: String,
    #[serde(default)]
    pub description: Option<String>,
    #[serde(default)]
    pub is_required: bool,
    #[serde(default)]
    pub default_value: Option<String>,
    #[serde(default)]
    pub immutable: bool,
}

/// A minor version of a template: what is given when it is registered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct TemplateBody {
    pub role_name_pattern: String,
    #[serde(default)]
    pub role_path_pattern: Option<String>,
    #[serde(default)]
    pub role_description_pattern: Option<String>,
    pub assume_role_policy_document_template: String,
    /// Name and document.
    #[serde(default)]
    pub inline_policy_templates: Vec<(String, String)>,
    #[serde(default)]
    pub managed_policy_arns: Vec<String>,
    #[serde(default)]
    pub permission_boundary_arn: Option<String>,
    #[serde(default)]
    pub parameters_definition: Vec<TemplateParameter>,
    /// Key and value.
    #[serde(default)]
    pub role_tags_template: Vec<(String, String)>,
    #[serde(default)]
    pub max_session_duration: Option<i32>,
}

/// A minor version with what is known of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleTemplateVersion {
    pub id: String,
    pub body: TemplateBody,
    pub enabled: bool,
    pub created: Time,
    pub updated: Time,
}

impl Record for RoleTemplateVersion {
    const VERSION: u8 = 1;
}

/// (ARN, minor version).
#[derive(Debug)]
pub struct RoleTemplateVersions;

impl Table for RoleTemplateVersions {
    const ID: u16 = 37;
    const NAME: &'static str = "role_template_versions";
    type Key = (String, u64);
    type Row = RoleTemplateVersion;
}

/// A template: a service's, with a major version in its ARN.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleTemplate {
    /// Such as `ec2.amazonaws.com`.
    pub service: String,
    pub name: String,
    pub major: i32,
    pub description: Option<String>,
    pub default_minor: i32,
    pub enabled: bool,
}

impl RoleTemplate {
    pub fn arn(&self) -> String {
        format!("arn:aws:iam::aws:role-template/{}/{}:{}", self.service, self.name, self.major)
    }
}

impl Record for RoleTemplate {
    const VERSION: u8 = 1;
}

/// By ARN.
#[derive(Debug)]
pub struct RoleTemplates;

impl Table for RoleTemplates {
    const ID: u16 = 48;
    const NAME: &'static str = "role_templates";
    type Key = String;
    type Row = RoleTemplate;
}
