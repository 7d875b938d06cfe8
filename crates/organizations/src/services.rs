//! AWS's services by their principals, and who administers them for the organization.

use rolecall_base::Fault;
use rolecall_identity::records::Organization;

use crate::refusal::{constraint, invalid};

/// # Errors
/// InvalidInputException for what is no service principal.
pub(crate) fn check_name(principal: &str) -> Result<(), Fault> {
    let service = principal.strip_suffix(".amazonaws.com").unwrap_or_default();
    let letters = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
    if !service.is_empty() && service.bytes().all(letters) {
        return Ok(());
    }
    let text = "You specified an unrecognized service principal.";
    Err(invalid("UNRECOGNIZED_SERVICE_PRINCIPAL", text))
}

/// # Errors
/// ConstraintViolationException for an organization that is for billing only.
pub(crate) fn check_features(organization: &Organization) -> Result<(), Fault> {
    if organization.all_features {
        return Ok(());
    }
    let text = "You attempted to perform an operation that requires an organization to be configured to support all \
                features.";
    Err(constraint("ORGANIZATION_NOT_IN_ALL_FEATURES_MODE", text))
}
