//! Session policies: what a session may do at most.

use rolecall_base::{AccountId, Arn, Fault};
use rolecall_door::{Authorized, Operation};
use rolecall_identity::{Loader, Session};
use rolecall_policy::{Kind, Policy};

use crate::model::PolicyDescriptorType;

/// The longest inline session policy, and the inline and managed ones together, in characters.
const MOST_CHARACTERS: usize = 2_048;
/// The most managed session policies.
const MOST_ARNS: usize = 10;

/// The managed policies named in a request.
pub fn arns(descriptors: Option<&[PolicyDescriptorType]>) -> Vec<String> {
    descriptors.unwrap_or_default().iter().filter_map(|descriptor| descriptor.arn.clone()).collect()
}

/// Checks the session policies of a request. Managed ones must be AWS's or those of `account`, in which the session will
/// live: a session is remembered until its own account changes, so that another account's edits would not reach it.
///
/// # Errors
/// MalformedPolicyDocument, PackedPolicyTooLarge, ValidationError as STS answers them.
pub fn check<Op: Operation>(
    req: &Authorized<'_, Op>,
    account: AccountId,
    policy: Option<&str>,
    arns: &[String],
    tags: &[(String, String)],
) -> Result<Option<i32>, Fault> {
    if let Some(text) = policy {
        Policy::parse(text, Kind::Session)?;
        if text.chars().count() > MOST_CHARACTERS {
            return Err(too_large(text.chars().count().saturating_mul(100).div_ceil(MOST_CHARACTERS)));
        }
    }
    if arns.len() > MOST_ARNS {
        let text = "The number of managed session policies can not exceed 10.";
        return Err(Fault::validation(text));
    }
    let loader = Loader { db: req.db()?, documents: &req.identity.documents };
    for arn in arns {
        let parsed = Arn::parse(arn).ok();
        let own = parsed.is_some_and(|arn| arn.account == "aws" || arn.account_id() == Some(account));
        if !own || loader.managed_text(arn)?.is_none() {
            let text = format!("Policy {arn} does not exist or is not attachable.");
            return Err(Fault::new("MalformedPolicyDocument", 400, text));
        }
    }
    let percent = Session::packed_percent(policy, arns, tags);
    match percent {
        Some(percent) if percent > 100 => Err(too_large(percent)),
        Some(percent) => Ok(i32::try_from(percent).ok()),
        None => Ok(None),
    }
}

fn too_large(percent: usize) -> Fault {
    let text = format!("Packed policy consumes {percent}% of allotted space, please use smaller policy.");
    Fault::new("PackedPolicyTooLarge", 400, text)
}
