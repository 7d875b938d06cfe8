//! Filters of parameters: DescribeParameters' and GetParametersByPath's.

use rolecall_base::Fault;

use crate::model::{ParameterStringFilter, ParametersFilter, fault};
use crate::named::invalid;
use crate::records::Parameter;
use crate::show::key_id;

/// What DescribeParameters and GetParametersByPath filter by.
const DESCRIBE: [&str; 6] = ["Path", "Name", "Type", "KeyId", "Tier", "DataType"];
const BY_PATH: [&str; 3] = ["Type", "KeyId", "Label"];

/// What a path that is none is told.
const PATH_FORM: &str = "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward slash \
     \"/\". It can't be prefixed with \"aws\" or \"ssm\" (case-insensitive). It must use only letters, numbers, or \
     the following symbols: . (period), - (hyphen), _ (underscore). Special characters are not allowed. All \
     sub-paths, if specified, must use the forward slash symbol \"/\". Valid example: /get/parameters2-/by1./path0_.";

/// The filters of one request, each of which a parameter must pass.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filters(Vec<Filter>);

#[derive(Clone, Debug)]
struct Filter {
    key: String,
    option: String,
    values: Vec<String>,
}

impl Filters {
    /// # Errors
    /// InvalidFilterKey, InvalidFilterOption, InvalidFilterValue, ValidationException.
    pub fn new(asked: Option<&[ParameterStringFilter]>, by_path: bool) -> Result<Filters, Fault> {
        let mut filters: Vec<Filter> = Vec::new();
        for asked in asked.unwrap_or_default() {
            let filter = Filter {
                key: asked.key.clone(),
                option: asked.option.clone().unwrap_or_else(|| default_option(&asked.key).to_owned()),
                values: asked.values.clone().unwrap_or_default(),
            };
            filter.check(by_path)?;
            if filters.iter().any(|known| known.key == filter.key) {
                return Err(fault::invalid_filter_key(format!(
                    "The following filter is duplicated in the request: {}. A request can contain only one \
                     occurrence of a specific filter.",
                    filter.key
                )));
            }
            filters.push(filter);
        }
        Ok(Filters(filters))
    }

    /// The older form, which compares beginnings of names.
    pub fn older(asked: &[ParametersFilter]) -> Filters {
        let one = |asked: &ParametersFilter| Filter {
            key: asked.key.clone(),
            option: if asked.key == "Name" { "BeginsWith" } else { "Equals" }.to_owned(),
            values: asked.values.clone(),
        };
        Filters(asked.iter().map(one).collect())
    }

    pub fn pass(&self, parameter: &Parameter) -> bool {
        self.0.iter().all(|filter| filter.passes(parameter))
    }

    /// Whether AWS's own parameters, plain strings without labels, pass GetParametersByPath's filters.
    pub fn pass_public(&self) -> bool {
        self.0.iter().all(|filter| {
            filter.key == "Type"
                && filter.values.iter().any(|value| match filter.option.as_str() {
                    "BeginsWith" => "String".starts_with(value.as_str()),
                    _ => value == "String",
                })
        })
    }

    /// The version that a filter by label means, where there is one.
    pub fn labeled(&self, parameter: &Parameter) -> Option<u64> {
        let filter = self.0.iter().find(|filter| filter.key == "Label")?;
        let found = parameter.labels.iter().find(|label| filter.values.contains(&label.name));
        found.map(|label| label.version)
    }
}

fn default_option(key: &str) -> &'static str {
    if key == "Path" { "OneLevel" } else { "Equals" }
}

impl Filter {
    fn check(&self, by_path: bool) -> Result<(), Fault> {
        let known: &[&str] = if by_path { &BY_PATH } else { &DESCRIBE };
        let is_tag = self.key.starts_with("tag:") && !by_path;
        if !is_tag && !known.contains(&self.key.as_str()) {
            return Err(fault::invalid_filter_key(format!(
                "The following filter key is not valid: {}. Valid filter keys include: [{}].",
                self.key,
                known.join(", ")
            )));
        }
        if self.values.is_empty() && !is_tag {
            return Err(fault::invalid_filter_value(format!(
                "The following filter values are missing : null for filter key {}.",
                self.key
            )));
        }
        self.check_option()?;
        self.check_values()
    }

    fn check_option(&self) -> Result<(), Fault> {
        let options: &[&str] = match self.key.as_str() {
            "Path" => &["Recursive", "OneLevel"],
            "Name" => &["BeginsWith", "Equals", "Contains"],
            "Label" => &["Equals"],
            _ => &["BeginsWith", "Equals"],
        };
        if options.contains(&self.option.as_str()) {
            return Ok(());
        }
        // AWS never names the third one.
        let shown: Vec<&str> = options.iter().copied().filter(|option| *option != "Contains").collect();
        Err(fault::invalid_filter_option(format!(
            "The following filter option is not valid: {}. Valid options include: [{}].",
            self.option,
            shown.join(", ")
        )))
    }

    fn check_values(&self) -> Result<(), Fault> {
        let allowed: &[&str] = match self.key.as_str() {
            "Tier" => &["Standard", "Advanced", "Intelligent-Tiering"],
            "Type" => &["String", "StringList", "SecureString"],
            "Path" => return self.values.iter().try_for_each(|path| check_filter_path(path)),
            _ => return Ok(()),
        };
        match self.values.iter().find(|value| !allowed.contains(&value.as_str())) {
            None => Ok(()),
            Some(value) => Err(fault::invalid_filter_option(format!(
                "The following filter value is not valid: {value}. Valid values include: [{}].",
                allowed.join(", ")
            ))),
        }
    }

    fn passes(&self, parameter: &Parameter) -> bool {
        let newest = &parameter.newest;
        let compared = match self.key.as_str() {
            "Path" => return self.values.iter().any(|path| self.is_below(path, &parameter.name)),
            "Label" => {
                return parameter.labels.iter().any(|label| self.values.contains(&label.name));
            }
            "Name" => Some(parameter.name.as_str()),
            "Type" => Some(newest.kind.as_str()),
            "KeyId" => key_id(newest),
            "Tier" => Some(newest.tier.as_str()),
            "DataType" => Some(newest.data_type.as_str()),
            key => key.strip_prefix("tag:").and_then(|tag| parameter.tags.get(tag)),
        };
        let Some(compared) = compared else { return false };
        // A tag without values: whether it is there at all.
        if self.values.is_empty() {
            return true;
        }
        self.values.iter().any(|value| match self.option.as_str() {
            "BeginsWith" if self.key == "Name" => begins(compared, value),
            "BeginsWith" => compared.starts_with(value.as_str()),
            "Contains" => compared.contains(value.as_str()),
            _ => compared == value || (self.key == "Name" && compared.strip_prefix('/') == Some(value)),
        })
    }

    fn is_below(&self, path: &str, name: &str) -> bool {
        below(path, name, self.option == "Recursive")
    }
}

/// Whether a name begins so, with its slash or without.
fn begins(name: &str, value: &str) -> bool {
    name.starts_with(value) || name.strip_prefix('/').is_some_and(|bare| bare.starts_with(value))
}

/// Whether a parameter is below a path, at any depth or directly.
pub(crate) fn below(path: &str, name: &str, recursive: bool) -> bool {
    let path = path.trim_end_matches('/');
    // Names without a slash stand at the root.
    let rest = if path.is_empty() {
        Some(name.strip_prefix('/').unwrap_or(name))
    } else {
        name.strip_prefix(path).and_then(|rest| rest.strip_prefix('/'))
    };
    rest.is_some_and(|rest| recursive || !rest.contains('/'))
}

fn check_filter_path(path: &str) -> Result<(), Fault> {
    let lower = path.to_ascii_lowercase();
    if lower.starts_with("/aws") || lower.starts_with("/ssm") {
        return Err(invalid(
            "Filters for common parameters can't be prefixed with \"aws\" or \"ssm\" (case-insensitive). When using \
             global parameters, please specify within a global namespace.",
        ));
    }
    check_path(path)
}

/// Holds a path to its form.
///
/// # Errors
/// ValidationException.
pub(crate) fn check_path(path: &str) -> Result<(), Fault> {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'/');
    if !path.starts_with('/') || path.contains("//") || !path.bytes().all(fits) {
        return Err(invalid(PATH_FORM));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_what_is_below_it_and_not_its_namesakes() {
        assert!(below("/a", "/a/b", false) && below("/a/", "/a/b", false));
        assert!(!below("/a", "/a/b/c", false) && below("/a", "/a/b/c", true));
        assert!(!below("/a", "/ab/c", true) && !below("/a", "/a", true));
        assert!(below("/", "plain", false) && below("/", "/a/b", true) && !below("/", "/a/b", false));
    }
}
