//! Sessions of a role for somebody for whom an identity provider vouches: what AssumeRoleWithWebIdentity and
//! AssumeRoleWithSAML have in common once the proof is verified.

use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Operation};
use rolecall_identity::records::Role;
use rolecall_identity::{Federation, Session, SessionKind};

use crate::grant::{self, Grant};
use crate::model::{AssumedRoleUser, PolicyDescriptorType, Tag};
use crate::session_tags::SessionTags;
use crate::{session_policy, session_tags};

/// What a request asks beside its proof.
#[derive(Debug)]
pub struct Asked<'a> {
    pub name: &'a str,
    pub policy: Option<&'a str>,
    pub policy_arns: Option<&'a [PolicyDescriptorType]>,
    pub seconds: Option<i32>,
    pub minimum_size: Option<i32>,
}

/// A session that was made.
#[derive(Debug)]
pub struct Made {
    pub grant: Grant,
    pub user: AssumedRoleUser,
    pub packed: Option<i32>,
}

/// What the provider says of the caller.
///
/// # Errors
/// AccessDenied for a caller without any provider, whom no operation of this kind is for.
pub fn of<'a>(at: &At<'a>, action: &str) -> Result<&'a Federation, Fault> {
    let found = at.caller.federation.as_deref();
    found.ok_or_else(|| Fault::new("AccessDenied", 403, format!("Not authorized to perform {action}")))
}

/// The account of the role that a request names; who is to be told when it is refused.
pub fn account(role_arn: &str) -> Option<rolecall_base::AccountId> {
    let arn = rolecall_base::Arn::parse(role_arn).ok()?;
    let is_role = arn.service == "iam" && arn.kind_and_rest().0 == "role";
    arn.account_id().filter(|_| is_role)
}

/// Makes the session of an authorized call.
///
/// # Errors
/// As AssumeRole's: ValidationError, InvalidParameterValue, MalformedPolicyDocument, PackedPolicyTooLarge.
pub fn session<Op: Operation>(
    req: &Authorized<'_, Op>,
    role: &Role,
    federation: &Federation,
    asked: &Asked<'_>,
) -> Result<Made, Fault> {
    let seconds = asked.seconds.unwrap_or(grant::ROLE_DEFAULT);
    if seconds > role.max_session {
        return Err(Fault::validation(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    let tag = |(key, value): &(String, String)| Tag { key: key.clone(), value: value.clone() };
    let tags: Vec<Tag> = federation.tags.iter().map(tag).collect();
    let SessionTags { all, transitive } = session_tags::gather(req.caller, &tags, &federation.transitive)?;
    let arns = session_policy::arns(asked.policy_arns);
    let packed = session_policy::check(req, role.account, asked.policy, &arns, &all)?;
    let session = Session {
        kind: SessionKind::Role,
        account: role.account,
        principal_id: role.id.clone(),
        name: asked.name.to_owned(),
        issued: req.now.whole_seconds(),
        expires: grant::ends(req.now, seconds),
        source_identity: federation.source_identity.clone(),
        tags: all,
        transitive,
        policy: asked.policy.map(str::to_owned),
        policy_arns: arns,
        provider: Some(federation.provider.clone()),
        assumer: Some(req.caller.user_id.clone()),
        context: federation.context.clone(),
        ..Session::default()
    };
    let user = AssumedRoleUser {
        assumed_role_id: format!("{}:{}", role.id, session.name),
        arn: format!("arn:aws:sts::{}:assumed-role/{}/{}", role.account, role.name, session.name),
    };
    Ok(Made { grant: grant::credentials(req, &session, asked.minimum_size)?, user, packed })
}
