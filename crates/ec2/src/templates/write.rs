//! Making and deleting templates and their versions.

use std::fmt::Debug;

use rolecall_base::{Fault, Time};
use rolecall_store::{Reader, Tx};
use sha2::{Digest, Sha256};

use super::data::Data;
use super::{VERSIONS, versions};
use crate::faults;
use crate::place::Place;
use crate::records::{
    LaunchTemplate, LaunchTemplateNames, LaunchTemplateVersion, LaunchTemplateVersions, LaunchTemplates,
    Named, TemplateToken, TemplateTokens,
};
use crate::tags;

/// Characters of a client token.
const TOKEN: usize = 128;

/// What tells one request from another. Debug forms hide the user data, so the data goes in by itself.
fn digest(input: &impl Debug, data: &Data) -> Result<String, Fault> {
    let mut hash = Sha256::new();
    hash.update(format!("{input:?}"));
    hash.update(serde_json::to_vec(data).map_err(Fault::internal)?);
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// What an earlier call with the same client token made: the template's id and the version's number.
///
/// # Errors
/// InvalidParameterValue for a token that can't be, IdempotentParameterMismatch when that call had other parameters.
pub fn repeated(
    db: &Reader,
    place: Place<'_>,
    token: Option<&str>,
    input: &impl Debug,
    data: &Data,
) -> Result<Option<(String, u32)>, Fault> {
    let Some(token) = token.filter(|token| !token.is_empty()) else { return Ok(None) };
    if token.len() > TOKEN || !token.is_ascii() {
        let why = format!("A client token has at most {TOKEN} ASCII characters.");
        return Err(faults::invalid_value(token, "clientToken", &why));
    }
    let Some(row) = db.get::<TemplateTokens>(&place.key(token))? else { return Ok(None) };
    if row.digest != digest(input, data)? {
        return Err(faults::token_mismatch());
    }
    Ok(Some((row.template, row.version)))
}

/// Who makes a version, when, and by what call.
#[derive(Clone, Copy, Debug)]
pub struct Making<'a, I> {
    pub input: &'a I,
    pub token: Option<&'a str>,
    pub description: Option<&'a str>,
    pub by: &'a str,
    pub now: Time,
}

/// Writes a new version of a template, which is the latest then.
///
/// # Errors
/// VersionLimitExceeded, or when it can't be written.
pub fn new_version(
    tx: &mut Tx,
    place: Place<'_>,
    template: &mut LaunchTemplate,
    data: &Data,
    given: &Data,
    making: Making<'_, impl Debug>,
) -> Result<LaunchTemplateVersion, Fault> {
    let here = (place.account, place.region, template.id.as_str());
    if tx.count::<LaunchTemplateVersions>(&here)? >= VERSIONS {
        let text = format!("The launch template {} has {VERSIONS} versions, which is the most.", template.id);
        return Err(faults::other("VersionLimitExceeded", text));
    }
    template.given += 1;
    template.latest = template.given;
    let token = making.token.filter(|token| !token.is_empty());
    let row = LaunchTemplateVersion {
        number: template.given,
        description: making.description.map(str::to_owned),
        created: making.now.whole_seconds(),
        created_by: making.by.to_owned(),
        data: serde_json::to_string(data).map_err(Fault::internal)?,
        token: token.map(str::to_owned),
    };
    let key = (place.account, place.region, template.id.as_str(), row.number);
    tx.put::<LaunchTemplateVersions>(&key, &row)?;
    tx.put::<LaunchTemplates>(&place.key(&template.id), template)?;
    if let Some(token) = token {
        let digest = digest(making.input, given)?;
        let known = TemplateToken { digest, template: template.id.clone(), version: row.number };
        tx.put::<TemplateTokens>(&place.key(token), &known)?;
    }
    Ok(row)
}

/// Writes the name of a new template; its first version writes the rest.
///
/// # Errors
/// When it can't be written.
pub fn add(tx: &mut Tx, place: Place<'_>, template: &LaunchTemplate) -> Result<(), Fault> {
    tx.put::<LaunchTemplateNames>(&place.key(&template.name), &Named { name: template.id.clone() })?;
    Ok(())
}

/// Removes a version.
///
/// # Errors
/// When it can't be written.
pub fn delete_version(
    tx: &mut Tx,
    place: Place<'_>,
    id: &str,
    version: &LaunchTemplateVersion,
) -> Result<(), Fault> {
    if let Some(token) = &version.token {
        tx.delete::<TemplateTokens>(&place.key(token))?;
    }
    tx.delete::<LaunchTemplateVersions>(&(place.account, place.region, id, version.number))?;
    Ok(())
}

/// Removes a template with all its versions and tags.
///
/// # Errors
/// When the store can't be read.
pub fn delete(tx: &mut Tx, place: Place<'_>, template: &LaunchTemplate) -> Result<(), Fault> {
    for version in versions(tx, place, &template.id)? {
        delete_version(tx, place, &template.id, &version)?;
    }
    tx.delete::<LaunchTemplateNames>(&place.key(&template.name))?;
    tx.delete::<LaunchTemplates>(&place.key(&template.id))?;
    tags::put(tx, place, &template.id, Default::default())
}
