//! A launch with its template laid below.

use std::borrow::Cow;

use rolecall_base::Fault;
use rolecall_door::{At, Needs};

use super::{Named, data, number, version};
use crate::image_parameters;
use crate::model::RunInstancesRequest;
use crate::place::Place;
use crate::records::LaunchTemplate;

/// The parameters of a launch, wherever they come from.
#[derive(Clone, Debug)]
pub struct Merged<'a> {
    /// What the caller gave.
    pub given: &'a RunInstancesRequest,
    /// That, over what the template says.
    pub input: Cow<'a, RunInstancesRequest>,
    /// The template and the version's number.
    pub template: Option<(LaunchTemplate, u32)>,
}

impl<'a> Merged<'a> {
    fn plain(given: &'a RunInstancesRequest) -> Merged<'a> {
        Merged { given, input: Cow::Borrowed(given), template: None }
    }

    /// The whole launch, but that a parameter may stand where the image's id is to be.
    fn laid(at: &At<'_>, given: &'a RunInstancesRequest) -> Result<Merged<'a>, Fault> {
        let (db, place) = (at.db()?, Place::of(at));
        let Some(spec) = &given.launch_template else { return Ok(Merged::plain(given)) };
        let named = Named::of(spec.launch_template_id.as_deref(), spec.launch_template_name.as_deref())?;
        let template = named.get(db, place)?;
        let wished = spec.version.as_deref().unwrap_or_default();
        let version = version(db, place, &template, wished)?;
        let input = data::launch(data::parse(&version.data)?, given)?;
        let number = number(&template, wished)?;
        Ok(Merged { given, input: Cow::Owned(input), template: Some((template, number)) })
    }

    /// The whole launch.
    ///
    /// # Errors
    /// When the template or its version is not there, or the image's parameter.
    pub fn make(at: &At<'_>, given: &'a RunInstancesRequest) -> Result<Merged<'a>, Fault> {
        let mut merged = Merged::laid(at, given)?;
        if let Some(parameter) = image_parameters::name(merged.input.image_id.as_deref()) {
            let id = image_parameters::resolve(at, parameter)?;
            merged.input.to_mut().image_id = Some(id);
        }
        Ok(merged)
    }

    /// The same for questions, with those about the parameter that names the image. What is not there adds nothing, since
    /// the caller must not learn that yet.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn sketch(at: &At<'_>, given: &'a RunInstancesRequest) -> Result<(Merged<'a>, Needs), Fault> {
        let mut merged = match Merged::laid(at, given) {
            Err(fault) if fault.status() < 500 => Merged::plain(given),
            outcome => outcome?,
        };
        let needs = image_parameters::needs(at, merged.input.image_id.as_deref())?;
        if let Some(parameter) = image_parameters::name(merged.input.image_id.as_deref()) {
            let id = match image_parameters::resolve(at, parameter) {
                Err(fault) if fault.status() < 500 => None,
                outcome => Some(outcome?),
            };
            merged.input.to_mut().image_id = id;
        }
        Ok((merged, needs))
    }
}
