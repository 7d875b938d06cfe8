//! What Organizations says when it refuses: faults with a reason beside their text, and those that many operations share.

use rolecall_base::Fault;

use crate::model::fault;

/// ConstraintViolationException with its reason.
pub(crate) fn constraint(reason: &'static str, text: impl Into<String>) -> Fault {
    fault::constraint_violation(text).with("Reason", reason)
}

/// InvalidInputException with its reason.
pub(crate) fn invalid(reason: &'static str, text: impl Into<String>) -> Fault {
    fault::invalid_input(text).with("Reason", reason)
}

pub(crate) fn not_in_use() -> Fault {
    fault::aws_organizations_not_in_use("Your account is not a member of an organization.")
}

pub(crate) fn barred() -> Fault {
    fault::access_denied("You don't have permissions to access this resource.")
}

pub(crate) fn no_account() -> Fault {
    fault::account_not_found("You specified an account that doesn't exist.")
}

pub(crate) fn no_unit() -> Fault {
    fault::organizational_unit_not_found("You specified an organizational unit that doesn't exist.")
}

pub(crate) fn no_parent() -> Fault {
    fault::parent_not_found("You specified parent that doesn't exist.")
}

pub(crate) fn no_target() -> Fault {
    fault::target_not_found("You specified a target that doesn't exist.")
}

pub(crate) fn no_policy() -> Fault {
    fault::policy_not_found("You specified a policy that doesn't exist.")
}

pub(crate) fn no_root() -> Fault {
    fault::root_not_found("You specified a root that doesn't exist.")
}

pub(crate) fn master_cannot_leave() -> Fault {
    fault::master_cannot_leave_organization(
        "You can't remove a management account from an organization. If you want the management account to become a \
         member account in another organization, you must first delete the current organization of the management \
         account.",
    )
}
