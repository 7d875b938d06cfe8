//! The role that a call wants to assume.

use std::sync::Arc;

use rolecall_actions::iam::kind;
use rolecall_base::{Arn, Fault};
use rolecall_door::{At, ByArn, TrustingRole};
use rolecall_identity::records::{Role, Roles, fold};

/// What an ARN of AssumeRole leads to.
pub enum Target {
    Role(Box<TrustingRole>),
    /// There is no such role; asking about it is refused like asking about one that does not trust the caller.
    Nothing(ByArn<kind::Role>),
}

/// Finds the role of an ARN, and compiles its trust policy.
///
/// # Errors
/// ValidationError when the text is no role's ARN.
pub fn find(at: &At<'_>, arn: &str) -> Result<Target, Fault> {
    let invalid = || Fault::validation(format!("{arn} is invalid"));
    let parsed = Arn::parse(arn).map_err(|_| invalid())?;
    let account = parsed.account_id().ok_or_else(invalid)?;
    let (word, name) = parsed.kind_and_rest();
    if parsed.service != "iam" || word != "role" || name.is_empty() || !parsed.region.is_empty() {
        return Err(invalid());
    }
    let role = at.db()?.get_shared::<Roles>(&(account, fold(parsed.name())))?;
    match role.filter(|role| role.is_named(&parsed)) {
        None => Ok(Target::Nothing(ByArn::new(arn, account))),
        Some(role) => trusting(at, role).map(|role| Target::Role(Box::new(role))),
    }
}

fn trusting(at: &At<'_>, role: Arc<Role>) -> Result<TrustingRole, Fault> {
    let trust = at.identity.documents.trust(&role.trust)?;
    Ok(TrustingRole { role, trust })
}
