//! Central root access: who may take tasks of a member's root user by AssumeRoot, which tasks there are, and whom such a
//! session stands for, as long as it does.

use std::sync::Arc;

use rolecall_base::{AccountId, Fault, Time};
use rolecall_policy::{Kind, Named, PolicyId, PolicySet};
use rolecall_store::Reader;

use crate::caller::{Caller, Policies};
use crate::load::Loader;
use crate::records::{
    DelegatedAdministrators, Member, Members, Organization, OrganizationFeatures, Organizations,
    ServiceAccess,
};
use crate::session::Session;

/// IAM in Organizations.
const SERVICE: &str = "iam.amazonaws.com";

/// AWS's managed policies that a session of a member's root user may have.
const TASKS: [&str; 5] = [
    "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials",
    "arn:aws:iam::aws:policy/root-task/IAMCreateRootUserPassword",
    "arn:aws:iam::aws:policy/root-task/IAMDeleteRootUserCredentials",
    "arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy",
    "arn:aws:iam::aws:policy/root-task/SQSUnlockQueuePolicy",
];

/// The task policies only deny, all that is not of their task. What they leave is root's by itself; a session policy has
/// to say so.
const REST_IS_ROOTS: &str =
    r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;

/// Whether this is the ARN of a task policy.
pub fn is_root_task(arn: &str) -> bool {
    TASKS.contains(&arn)
}

/// Since when principals of `from` may take tasks of the root user of `member`: it is a member of an organization that
/// has root sessions switched on, and they are of its management account or of a delegated administrator for IAM.
/// `None`: they may not.
///
/// # Errors
/// When the store can't be read.
pub fn root_sessions(db: &Reader, from: AccountId, member: AccountId) -> Result<Option<Time>, Fault> {
    let Some(place) = db.get::<Members>(&member)? else { return Ok(None) };
    let Some(organization) = db.get::<Organizations>(&place.organization)? else { return Ok(None) };
    let features = OrganizationFeatures::of(db, &organization.id)?;
    let trusted = db.exists::<ServiceAccess>(&(organization.id.clone(), SERVICE.to_owned()))?;
    let open = features.root_sessions && trusted && organization.all_features;
    if !open || organization.management == member || !administers(db, &organization, from)? {
        return Ok(None);
    }
    Ok(Some(since(&place, features)))
}

fn administers(db: &Reader, organization: &Organization, account: AccountId) -> Result<bool, Fault> {
    if organization.management == account {
        return Ok(true);
    }
    let delegated = (organization.id.clone(), account, SERVICE.to_owned());
    let place = db.get::<Members>(&account)?;
    Ok(place.is_some_and(|place| place.organization == organization.id)
        && db.exists::<DelegatedAdministrators>(&delegated)?)
}

/// The later of joining and switching on, by whole seconds as sessions count.
fn since(place: &Member, features: OrganizationFeatures) -> Time {
    place.joined.max(features.root_sessions_since).whole_seconds()
}

/// The root user that a session of AssumeRoot stands for; `None` once who called may not take root's tasks any more, or
/// not since without a break.
pub(crate) fn caller(loader: &Loader<'_>, session: Arc<Session>) -> Result<Option<Caller>, Fault> {
    let [task] = session.policy_arns.as_slice() else { return Ok(None) };
    let Ok(from) = session.name.parse::<AccountId>() else { return Ok(None) };
    let allowed = root_sessions(loader.db, from, session.account)?;
    if !is_root_task(task) || allowed.is_none_or(|since| since > session.issued) {
        return Ok(None);
    }
    let Some(text) = loader.managed_text(task)? else { return Ok(None) };
    let compile = |text: &str| loader.documents.compile(text, Kind::Session);
    let limits = vec![
        Named::new(compile(&text)?, PolicyId::managed(task)),
        Named::new(compile(REST_IS_ROOTS)?, PolicyId::attached("root user")),
    ];
    let policies = Policies { session: Some(Arc::new(PolicySet::new(limits))), ..Policies::default() };
    let root = Caller::root(session.account);
    Ok(Some(Caller { policies: Arc::new(policies), session: Some(session), ..root }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws_policies;

    #[test]
    fn the_tasks_are_all_of_awss_root_tasks_and_each_denies_the_rest() {
        let path = |policy: &&aws_policies::AwsPolicy| policy.path == "/root-task/";
        let known: Vec<String> = aws_policies::all().iter().filter(path).map(|p| p.arn()).collect();
        assert_eq!(known, TASKS);
        for task in TASKS {
            let text = aws_policies::find(task).unwrap().document();
            // Nothing in them allows, so that what we add can't be more than they mean to leave.
            assert!(text.contains("\"Deny\",\"NotAction\"") && !text.contains("Allow"), "{text}");
        }
    }
}
