//! Images that are named by a parameter of Systems Manager, `resolve:ssm:NAME`, which is looked up at each launch.

use std::fmt;
use std::sync::Arc;

use rolecall_base::Fault;
use rolecall_door::{At, Needs};

use crate::faults;

/// What such a name begins with.
const SCHEME: &str = "resolve:ssm:";
/// The data type of a parameter that names an image.
const IMAGE: &str = "aws:ec2:image";

/// Parameters are another service's: the server hands them over. An extension of the door.
#[derive(Clone, Debug)]
pub struct Parameters(pub Arc<dyn ImageNames>);

/// Who has parameters.
pub trait ImageNames: Send + Sync + fmt::Debug {
    /// What the caller must be allowed before it learns what a parameter says.
    ///
    /// # Errors
    /// When the store can't be read.
    fn needs(&self, at: &At<'_>, name: &str) -> Result<Needs, Fault>;

    /// What it says; `None` where there is no such parameter.
    ///
    /// # Errors
    /// When the store can't be read.
    fn find(&self, at: &At<'_>, name: &str) -> Result<Option<ImageName>, Fault>;
}

/// What a parameter says of an image.
#[derive(Clone, Debug)]
pub struct ImageName {
    pub id: String,
    pub data_type: String,
}

/// The parameter that stands where an image's id might.
pub fn name(image: Option<&str>) -> Option<&str> {
    image?.strip_prefix(SCHEME)
}

/// What the caller must be allowed for an image to be looked up that a parameter names: nothing for others.
///
/// # Errors
/// When the store can't be read.
pub fn needs(at: &At<'_>, image: Option<&str>) -> Result<Needs, Fault> {
    match (name(image), at.extensions.get::<Parameters>()) {
        (Some(name), Ok(parameters)) => parameters.0.needs(at, name),
        _ => Ok(Needs::all([])),
    }
}

/// The id of the image that a parameter names.
///
/// # Errors
/// SsmInvalidParameter for a parameter that is not there, or is not of images.
pub fn resolve(at: &At<'_>, parameter: &str) -> Result<String, Fault> {
    let Ok(parameters) = at.extensions.get::<Parameters>() else {
        return Err(faults::unsupported("An image that a parameter names"));
    };
    let Some(found) = parameters.0.find(at, parameter)? else {
        let text = format!("The following aliases are invalid: {parameter}");
        return Err(faults::other("SsmInvalidParameter", text));
    };
    if found.data_type == IMAGE {
        return Ok(found.id);
    }
    let text = format!("Unsupported data type. The following parameter data types are supported: {IMAGE}");
    Err(faults::other("SsmInvalidParameter", text))
}

#[cfg(test)]
pub mod stand_in {
    //! Parameters of a test: one that names the default image, one that is plain text.

    use rolecall_actions::ssm::{GetParameters, kind};
    use rolecall_door::{ByArn, Extensions};
    use rolecall_testkit::World;

    use super::*;

    #[derive(Debug)]
    struct Two;

    impl ImageNames for Two {
        fn needs(&self, at: &At<'_>, name: &str) -> Result<Needs, Fault> {
            let arn = format!("arn:aws:ssm:{}:{}:parameter{name}", at.region, at.account());
            let resource = ByArn::<kind::Parameter>::new(arn, at.account());
            Ok(Needs::action(GetParameters).on(&resource).done())
        }

        fn find(&self, _: &At<'_>, name: &str) -> Result<Option<ImageName>, Fault> {
            let said = |data_type: &str| {
                Some(ImageName { id: crate::images::DEFAULT.into(), data_type: data_type.into() })
            };
            Ok(match name {
                "/golden" | "/golden:1" => said(IMAGE),
                "/text" => said("text"),
                _ => None,
            })
        }
    }

    /// A world in which parameters name images.
    pub fn world() -> World {
        let mut extensions = Extensions::default();
        extensions.insert(Arc::new(Parameters(Arc::new(Two))));
        World::with(1, extensions)
    }
}
