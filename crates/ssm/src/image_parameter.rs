//! Parameters that stand for machine images in EC2's requests, written `resolve:ssm:NAME` there. Images are another
//! service's, so the server hands these two functions over.

use rolecall_actions::ssm::{self, kind};
use rolecall_base::Fault;
use rolecall_door::{At, ByArn, Needs};

use crate::named::{self, Named};
use crate::public::Public;
use crate::records::{Stored, arn};

/// Who looks the parameter up for the caller.
const SERVICE: &str = "ec2.amazonaws.com";

/// What a parameter says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub value: String,
    pub data_type: String,
}

/// What somebody must be allowed for whom EC2 looks a parameter up. What can be no name is asked about as any.
///
/// # Errors
/// When the store can't be read.
pub fn image_needs(at: &At<'_>, asked: &str) -> Result<Needs, Fault> {
    match named::any(at, asked) {
        Ok(named) => Ok(Needs::action(ssm::GetParameters).on(&named).via(SERVICE).done()),
        Err(fault) if fault.status() < 500 => {
            let any = ByArn::<kind::Parameter>::new(arn(at.account(), at.region, "*"), at.account());
            Ok(Needs::action(ssm::GetParameters).on(&any).via(SERVICE).done())
        }
        Err(fault) => Err(fault),
    }
}

/// What a parameter says, by its name or ARN, with a version or a label after a colon; `None` where there is no such.
///
/// # Errors
/// When the store can't be read.
pub fn image_said(at: &At<'_>, asked: &str) -> Result<Option<Said>, Fault> {
    match named::any(at, asked).and_then(|named| said(at, &named)) {
        Ok(said) => Ok(Some(said)),
        Err(fault) if fault.status() < 500 => Ok(None),
        Err(fault) => Err(fault),
    }
}

fn said(at: &At<'_>, named: &Named) -> Result<Said, Fault> {
    if named.is_public() {
        let public = at.extensions.get::<Public>()?;
        let fact = public.find(&named.name).ok_or_else(named::not_found)?;
        let shown = crate::show::selected_fact(named, fact)?;
        let (value, data_type) = (shown.value.unwrap_or_default(), shown.data_type.unwrap_or_default());
        return Ok(Said { value, data_type });
    }
    let version = named.version(at.db()?)?;
    let value = match version.value {
        Stored::Plain(value) => value,
        // Never opened: a secure string is of no data type that names an image.
        Stored::Sealed(_) => String::new(),
    };
    Ok(Said { value, data_type: version.data_type })
}
