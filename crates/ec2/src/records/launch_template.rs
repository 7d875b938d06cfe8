//! Launch templates, their versions, and which calls already made one.

use rolecall_base::{AccountId, Time};
use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

use super::{Named, RegionalKey};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchTemplate {
    /// `lt-…`
    pub id: String,
    pub name: String,
    pub created: Time,
    /// ARN of who made it.
    pub created_by: String,
    pub default: u32,
    /// The highest number that is there.
    pub latest: u32,
    /// The highest number that was ever given.
    pub given: u32,
}

/// One version; it never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchTemplateVersion {
    pub number: u32,
    #[serde(default)]
    pub description: Option<String>,
    pub created: Time,
    pub created_by: String,
    /// `RequestLaunchTemplateData` as JSON, with the members that were given.
    pub data: String,
    /// The client token of the call that made it.
    #[serde(default)]
    pub token: Option<String>,
}

/// What a client token stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateToken {
    /// SHA-256 of the request's parameters, in hexadecimal.
    pub digest: String,
    pub template: String,
    pub version: u32,
}

impl Record for LaunchTemplate {
    const VERSION: u8 = 1;
}

impl Record for LaunchTemplateVersion {
    const VERSION: u8 = 1;
}

impl Record for TemplateToken {
    const VERSION: u8 = 1;
}

/// (account, region, id).
#[derive(Debug)]
pub struct LaunchTemplates;

impl Table for LaunchTemplates {
    const ID: u16 = 80;
    const NAME: &'static str = "launch_templates";
    type Key = RegionalKey;
    type Row = LaunchTemplate;
}

/// (account, region, name) → id.
#[derive(Debug)]
pub struct LaunchTemplateNames;

impl Table for LaunchTemplateNames {
    const ID: u16 = 81;
    const NAME: &'static str = "launch_template_names";
    type Key = RegionalKey;
    type Row = Named;
}

/// (account, region, template id, number).
#[derive(Debug)]
pub struct LaunchTemplateVersions;

impl Table for LaunchTemplateVersions {
    const ID: u16 = 82;
    const NAME: &'static str = "launch_template_versions";
    type Key = (AccountId, String, String, u32);
    type Row = LaunchTemplateVersion;
}

/// (account, region, token). Goes with its version.
#[derive(Debug)]
pub struct TemplateTokens;

impl Table for TemplateTokens {
    const ID: u16 = 83;
    const NAME: &'static str = "launch_template_tokens";
    type Key = RegionalKey;
    type Row = TemplateToken;
}
