//! Account properties: settings under names such as `RoleManager/Enabled`.

use std::collections::BTreeSet;

use rolecall_base::Fault;

use crate::model::fault;
use crate::records::AccountSettings;

/// The one property that AWS documents.
pub(crate) const ROLE_MANAGER: &str = "RoleManager/Enabled";

/// The namespaces of some properties, sorted.
pub(crate) fn namespaces<'a>(keys: impl Iterator<Item = &'a str>) -> Vec<String> {
    let all: BTreeSet<_> = keys.map(|key| key.split('/').next().unwrap_or_default().to_owned()).collect();
    all.into_iter().collect()
}

/// Every property of the account.
pub(crate) fn all(settings: &AccountSettings) -> [(String, String); 1] {
    [(ROLE_MANAGER.to_owned(), settings.role_manager.to_string())]
}

/// Sets properties, which are all of one namespace.
///
/// # Errors
/// InvalidInput for no property at all, several namespaces, an unknown property, or a value that is not of its type.
pub(crate) fn set<'a>(
    settings: &mut AccountSettings,
    properties: impl Iterator<Item = (&'a str, &'a str)> + Clone,
) -> Result<(), Fault> {
    let names = properties.clone().map(|(key, _)| key);
    if namespaces(names.clone()).len() > 1 {
        return Err(fault::invalid_input("All properties of a request must belong to the same namespace."));
    }
    if names.count() == 0 {
        return Err(fault::invalid_input("At least one property must be specified."));
    }
    for (key, value) in properties {
        let place = match key {
            ROLE_MANAGER => &mut settings.role_manager,
            other if other.matches('/').count() != 1 || other.ends_with('/') => {
                return Err(fault::invalid_input(format!(
                    "Property {other} is not in the format Namespace/PropertyName."
                )));
            }
            other => return Err(fault::invalid_input(format!("Property {other} is not supported."))),
        };
        *place = value.parse().map_err(|_| {
            fault::invalid_input(format!("Value {value} of property {key} must be true or false."))
        })?;
    }
    Ok(())
}
