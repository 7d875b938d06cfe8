//! Launch templates: finding one and its versions, making versions, and laying one below a launch.

pub mod data;
mod merged;
mod write;

pub use merged::Merged;
pub use write::{Making, add, delete, delete_version, new_version, repeated};

use rolecall_actions::ec2::{key, kind};
use rolecall_actions::{Action, On, Takes};
use rolecall_base::{Fault, Tags};
use rolecall_door::{At, Needs, Question};
use rolecall_store::Reader;

use crate::faults;
use crate::image_parameters;
use crate::model;
use crate::place::Place;
use crate::records::{
    LaunchTemplate, LaunchTemplateNames, LaunchTemplateVersion, LaunchTemplateVersions, LaunchTemplates,
};
use crate::tags;

/// Versions that one template may have at a time. AWS has 10,000; one transaction deletes them all here.
pub const VERSIONS: usize = 2500;
/// Templates of an account in a region.
pub const TEMPLATES: usize = 5000;

/// How a request names a template.
#[derive(Clone, Copy, Debug)]
pub enum Named<'a> {
    Id(&'a str),
    Name(&'a str),
}

impl<'a> Named<'a> {
    /// What a request names, if it names one.
    ///
    /// # Errors
    /// InvalidParameterCombination for an id and a name together.
    pub fn any(id: Option<&'a str>, name: Option<&'a str>) -> Result<Option<Named<'a>>, Fault> {
        match (id.filter(|id| !id.is_empty()), name.filter(|name| !name.is_empty())) {
            (Some(_), Some(_)) => Err(faults::combination(
                "You must specify either the launch template name or the launch template ID, but not both.",
            )),
            (Some(id), None) => Ok(Some(Named::Id(id))),
            (None, Some(name)) => Ok(Some(Named::Name(name))),
            (None, None) => Ok(None),
        }
    }

    /// What a request must name.
    ///
    /// # Errors
    /// MissingParameter when it names none.
    pub fn of(id: Option<&'a str>, name: Option<&'a str>) -> Result<Named<'a>, Fault> {
        Named::any(id, name)?.ok_or_else(|| faults::missing("LaunchTemplateId or LaunchTemplateName"))
    }

    /// The template, if there is one.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn seek(self, db: &Reader, place: Place<'_>) -> Result<Option<LaunchTemplate>, Fault> {
        let id = match self {
            Named::Id(id) => id.to_owned(),
            Named::Name(name) => match db.get::<LaunchTemplateNames>(&place.key(name))? {
                Some(row) => row.name,
                None => return Ok(None),
            },
        };
        Ok(db.get::<LaunchTemplates>(&place.key(&id))?)
    }

    /// The template.
    ///
    /// # Errors
    /// The NotFound of an id or of a name, or InvalidLaunchTemplateId.Malformed.
    pub fn get(self, db: &Reader, place: Place<'_>) -> Result<LaunchTemplate, Fault> {
        if let Named::Id(id) = self {
            check_id(id)?;
        }
        self.seek(db, place)?.ok_or_else(|| self.missing())
    }

    /// That it is not there.
    pub fn missing(self) -> Fault {
        match self {
            Named::Id(id) => no_template(id),
            Named::Name(name) => {
                let text =
                    format!("The specified launch template, with template name {name}, does not exist.");
                faults::other("InvalidLaunchTemplateName.NotFoundException", text)
            }
        }
    }
}

pub fn no_template(id: &str) -> Fault {
    let text = format!("The specified launch template, with template ID {id}, does not exist.");
    faults::other("InvalidLaunchTemplateId.NotFound", text)
}

/// Checks the form of an id.
///
/// # Errors
/// InvalidLaunchTemplateId.Malformed.
pub fn check_id(id: &str) -> Result<(), Fault> {
    let digits = id.strip_prefix("lt-").unwrap_or_default();
    if matches!(digits.len(), 8 | 17) && digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(());
    }
    Err(faults::malformed("InvalidLaunchTemplateId.Malformed", id, "lt"))
}

/// Checks a new template's name.
///
/// # Errors
/// InvalidLaunchTemplateName.MalformedException.
pub fn check_name(name: &str) -> Result<(), Fault> {
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-()./_".contains(&b));
    if plain && (3..=128).contains(&name.len()) {
        return Ok(());
    }
    let text = "A launch template name must be between 3 and 128 characters, and may contain letters, numbers, and the following characters: - ( ) . / _.";
    Err(faults::other("InvalidLaunchTemplateName.MalformedException", text))
}

/// The number that a version's name stands for; it need not be there.
///
/// # Errors
/// InvalidLaunchTemplateId.VersionNotFound for what is no number and no alias.
pub fn number(template: &LaunchTemplate, version: &str) -> Result<u32, Fault> {
    match version {
        "$Default" | "" => Ok(template.default),
        "$Latest" => Ok(template.latest),
        digits => digits.parse().map_err(|_| no_version(&template.id, version)),
    }
}

pub fn no_version(id: &str, version: &str) -> Fault {
    let text = format!("Could not find launch template version {version} of launch template {id}.");
    faults::other("InvalidLaunchTemplateId.VersionNotFound", text)
}

/// A template's version by number or alias.
///
/// # Errors
/// InvalidLaunchTemplateId.VersionNotFound.
pub fn version(
    db: &Reader,
    place: Place<'_>,
    template: &LaunchTemplate,
    version: &str,
) -> Result<LaunchTemplateVersion, Fault> {
    let number = number(template, version)?;
    let key = (place.account, place.region, template.id.as_str(), number);
    db.get::<LaunchTemplateVersions>(&key)?.ok_or_else(|| no_version(&template.id, version))
}

/// All versions of a template, oldest first.
///
/// # Errors
/// When the store can't be read.
pub fn versions(db: &Reader, place: Place<'_>, id: &str) -> Result<Vec<LaunchTemplateVersion>, Fault> {
    let rows = db.scan::<LaunchTemplateVersions>(&(place.account, place.region, id), None, usize::MAX)?;
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

/// An action on the template that a request names. One that does not exist is asked about by its id, or as any.
///
/// # Errors
/// When the store can't be read.
pub fn on_template<A>(
    action: A,
    at: &At<'_>,
    id: Option<&str>,
    name: Option<&str>,
) -> Result<Question<A>, Fault>
where
    A: Action + On<kind::LaunchTemplate> + Takes<key::Region>,
{
    let place = Place::of(at);
    let found = match Named::any(id, name) {
        Ok(Some(named)) => named.seek(at.db()?, place)?.map(|own| own.id),
        _ => None,
    };
    let id = found.as_deref().or(id).filter(|id| !id.is_empty()).unwrap_or("*");
    let resource = place.resource::<kind::LaunchTemplate>(id).tagged(tags::of(at.db()?, place, id)?);
    Ok(Needs::action(action).on(&resource).key(key::Region, Some(at.region)))
}

/// A template as answers show it.
pub fn to_wire(own: &LaunchTemplate, tags: &Tags) -> model::LaunchTemplate {
    model::LaunchTemplate {
        launch_template_id: Some(own.id.clone()),
        launch_template_name: Some(own.name.clone()),
        create_time: Some(own.created),
        created_by: Some(own.created_by.clone()),
        default_version_number: Some(own.default.into()),
        latest_version_number: Some(own.latest.into()),
        tags: tags::to_wire_if_any(tags),
        operator: Some(model::OperatorResponse { managed: Some(false), ..Default::default() }),
    }
}

/// A version as answers show it.
///
/// # Errors
/// InternalFailure for a record that can't be read.
pub fn version_to_wire(
    template: &LaunchTemplate,
    own: &LaunchTemplateVersion,
) -> Result<model::LaunchTemplateVersion, Fault> {
    Ok(model::LaunchTemplateVersion {
        launch_template_id: Some(template.id.clone()),
        launch_template_name: Some(template.name.clone()),
        version_number: Some(own.number.into()),
        version_description: own.description.clone(),
        create_time: Some(own.created),
        created_by: Some(own.created_by.clone()),
        default_version: Some(own.number == template.default),
        launch_template_data: Some(data::to_wire(data::parse(&own.data)?)?),
        operator: Some(model::OperatorResponse { managed: Some(false), ..Default::default() }),
    })
}

/// The id of the image in place of the parameter that names it, in a version that is to be shown so.
///
/// # Errors
/// SsmInvalidParameter.
pub fn resolve_alias(at: &At<'_>, shown: &mut model::LaunchTemplateVersion) -> Result<(), Fault> {
    let Some(data) = &mut shown.launch_template_data else { return Ok(()) };
    if let Some(parameter) = image_parameters::name(data.image_id.as_deref()) {
        data.image_id = Some(image_parameters::resolve(at, parameter)?);
    }
    Ok(())
}

/// A parameter that new data names an image by must be one, as AWS finds out when the template is made.
///
/// # Errors
/// SsmInvalidParameter.
pub fn check_alias(at: &At<'_>, data: &model::RequestLaunchTemplateData) -> Result<(), Fault> {
    match image_parameters::name(data.image_id.as_deref()) {
        Some(parameter) => image_parameters::resolve(at, parameter).map(|_| ()),
        None => Ok(()),
    }
}
