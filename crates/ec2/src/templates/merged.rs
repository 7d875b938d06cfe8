//! A launch with its template laid below.

use std::borrow::Cow;

use rolecall_base::Fault;
use rolecall_store::Reader;

use super::{Named, data, number, version};
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

    /// The whole launch.
    ///
    /// # Errors
    /// When the template or its version is not there.
    pub fn make(db: &Reader, place: Place<'_>, given: &'a RunInstancesRequest) -> Result<Merged<'a>, Fault> {
        let Some(spec) = &given.launch_template else { return Ok(Merged::plain(given)) };
        let named = Named::of(spec.launch_template_id.as_deref(), spec.launch_template_name.as_deref())?;
        let template = named.get(db, place)?;
        let wished = spec.version.as_deref().unwrap_or_default();
        let version = version(db, place, &template, wished)?;
        let input = data::launch(data::parse(&version.data)?, given)?;
        let number = number(&template, wished)?;
        Ok(Merged { given, input: Cow::Owned(input), template: Some((template, number)) })
    }

    /// The same for questions: a template that is not there adds nothing, since the caller must not learn that yet.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn sketch(
        db: &Reader,
        place: Place<'_>,
        given: &'a RunInstancesRequest,
    ) -> Result<Merged<'a>, Fault> {
        match Merged::make(db, place, given) {
            Err(fault) if fault.status() < 500 => Ok(Merged::plain(given)),
            outcome => outcome,
        }
    }
}
