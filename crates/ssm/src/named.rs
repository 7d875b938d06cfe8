//! The parameter that a request names: by its name or its ARN, with a version or a label after a colon.

use rolecall_actions::ssm::kind;
use rolecall_base::{AccountId, Arn, Fault, Tags};
use rolecall_door::{At, Resource};
use rolecall_store::Reader;

use crate::model::fault;
use crate::public::SPACE;
use crate::records::{Parameter, Parameters, Version, Versions, arn};

/// Levels that a name may have.
const LEVELS: usize = 15;
/// Characters of a name and of the ARN before it.
const LONGEST: usize = 1011;

/// What a name leads to.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub account: AccountId,
    pub region: String,
    pub name: String,
    /// What came after the colon.
    pub selector: Option<String>,
    pub parameter: Option<Parameter>,
}

impl Resource for Named {
    type Kind = kind::Parameter;

    fn arn(&self) -> String {
        if self.is_public() {
            return format!("arn:aws:ssm:{}::parameter{}", self.region, self.name);
        }
        arn(self.account, &self.region, &self.name)
    }

    fn account(&self) -> AccountId {
        self.account
    }

    fn tags(&self) -> Tags {
        self.parameter.as_ref().map(|parameter| parameter.tags.clone()).unwrap_or_default()
    }
}

impl Named {
    /// Whether it is one of AWS's, which are no account's.
    pub fn is_public(&self) -> bool {
        self.name.strip_prefix(SPACE).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// The parameter.
    ///
    /// # Errors
    /// ParameterNotFound, without a message as in AWS.
    pub fn there(&self) -> Result<&Parameter, Fault> {
        self.parameter.as_ref().ok_or_else(not_found)
    }

    /// The version that the selector means: the newest without one.
    ///
    /// # Errors
    /// ParameterNotFound, ParameterVersionNotFound.
    pub fn version(&self, db: &Reader) -> Result<Version, Fault> {
        let parameter = self.there()?;
        let Some(selector) = self.selector.as_deref() else { return Ok(parameter.newest.clone()) };
        if let Ok(number) = selector.parse() {
            let found = version(db, parameter, number)?;
            return found.ok_or_else(|| no_version(number, &self.name));
        }
        let label = parameter.labels.iter().find(|label| label.name == selector);
        let found = label.map(|label| version(db, parameter, label.version)).transpose()?.flatten();
        found.ok_or_else(|| {
            let name = &self.name;
            fault::parameter_version_not_found(format!(
                "Systems Manager could not find label {selector} of {name}. Verify the label and try again."
            ))
        })
    }
}

/// One version of a parameter, if it is kept.
pub(crate) fn version(db: &Reader, parameter: &Parameter, number: u64) -> Result<Option<Version>, Fault> {
    if number == parameter.newest.number {
        return Ok(Some(parameter.newest.clone()));
    }
    let (account, region, name) = parameter.key();
    Ok(db.get::<Versions>(&(account, region, name, number))?)
}

pub(crate) fn not_found() -> Fault {
    fault::parameter_not_found("")
}

pub(crate) fn no_version(number: impl std::fmt::Display, name: &str) -> Fault {
    fault::parameter_version_not_found(format!(
        "Systems Manager could not find version {number} of {name}. Verify the version and try again."
    ))
}

/// Finds what a request names where an ARN and a selector may be given.
///
/// # Errors
/// ValidationException for what can be no name.
pub(crate) fn any(at: &At<'_>, asked: &str) -> Result<Named, Fault> {
    let asked = asked.trim();
    let Some(parsed) = Arn::parse(asked).ok() else {
        let (name, selector) = split(asked);
        return find(at, at.account(), at.region, name, selector);
    };
    let ("parameter", rest) = parsed.kind_and_rest() else { return Err(unusable_arn(asked)) };
    if parsed.service != "ssm" || parsed.region.is_empty() || rest.is_empty() {
        return Err(unusable_arn(asked));
    }
    let (rest, selector) = split(rest);
    if parsed.account.is_empty() {
        return find(at, at.account(), parsed.region, &format!("/{rest}"), selector);
    }
    let owner = parsed.account_id().ok_or_else(|| unusable_arn(asked))?;
    // The ARN does not tell whether the name has a slash in front: of several levels it has.
    let with_slash = format!("/{rest}");
    let plain =
        find(at, owner, parsed.region, if rest.contains('/') { &with_slash } else { rest }, selector)?;
    if plain.parameter.is_some() || rest.contains('/') {
        return Ok(plain);
    }
    let other = find(at, owner, parsed.region, &with_slash, selector)?;
    Ok(if other.parameter.is_some() { other } else { plain })
}

/// Finds what a request names by the name alone.
///
/// # Errors
/// ValidationException for what can be no name.
pub(crate) fn by_name(at: &At<'_>, asked: &str) -> Result<Named, Fault> {
    find(at, at.account(), at.region, asked.trim(), None)
}

fn split(text: &str) -> (&str, Option<&str>) {
    text.split_once(':').map_or((text, None), |(name, selector)| (name, Some(selector)))
}

fn unusable_arn(asked: &str) -> Fault {
    invalid(format!("The parameter ARN {asked} is not valid."))
}

fn find(
    at: &At<'_>,
    account: AccountId,
    region: &str,
    name: &str,
    selector: Option<&str>,
) -> Result<Named, Fault> {
    check(name)?;
    let mut named = Named {
        account,
        region: region.to_owned(),
        name: name.to_owned(),
        selector: selector.map(str::to_owned),
        parameter: None,
    };
    // Another account's parameter is one that was never shared, and another region's is asked for there: neither is here.
    if account == at.account() && region == at.region && !named.is_public() {
        named.parameter = at.db()?.get::<Parameters>(&(account, region, name))?;
    }
    Ok(named)
}

/// Holds a name to the letters that names have.
fn check(name: &str) -> Result<(), Fault> {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'/');
    if name.is_empty() || !name.bytes().all(fits) {
        return Err(invalid(FORM));
    }
    if name.contains('/') && !name.starts_with('/') {
        return Err(invalid("Parameter name must be a fully qualified name."));
    }
    Ok(())
}

const FORM: &str = "Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a path, it can \
                    consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, \
                    numbers and the following 3 symbols .-_";

/// Holds the name of a new parameter to its rules.
///
/// # Errors
/// ValidationException, AccessDeniedException for AWS's own names, HierarchyLevelLimitExceededException.
pub(crate) fn check_new(named: &Named) -> Result<(), Fault> {
    let name = named.name.as_str();
    let lower = name.to_ascii_lowercase();
    let bare = lower.trim_start_matches('/');
    let is_path = name.matches('/').count() > 1;
    if bare.starts_with("aws") && lower.starts_with('/') && is_path {
        return Err(fault::access_denied(format!("No access to reserved parameter name: {name}.")));
    }
    if bare.starts_with("aws") || bare.starts_with("ssm") {
        let short = "Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive).";
        return Err(invalid(if is_path { FORM } else { short }));
    }
    if name.ends_with('/') || name.contains("//") {
        return Err(invalid(FORM));
    }
    if name.matches('/').count() > LEVELS {
        let text = format!("A hierarchy can have a maximum of {LEVELS} levels.");
        return Err(fault::hierarchy_level_limit_exceeded(text));
    }
    if Resource::arn(named).len() > LONGEST {
        let text = format!("Parameter name: its ARN must have at most {LONGEST} characters.");
        return Err(invalid(text));
    }
    Ok(())
}

pub(crate) fn invalid(text: impl Into<String>) -> Fault {
    Fault::new("ValidationException", 400, text)
}
