//! AssumeRole: temporary credentials of a role, for whom the role trusts.

use rolecall_actions::sts::{self, key};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read, Resource};
use rolecall_identity::{Caller, Session, SessionKind, Who};

use crate::assumed::{self, Target};
use crate::model::{AssumeRole, AssumeRoleRequest, AssumeRoleResponse, AssumedRoleUser};
use crate::session_tags::SessionTags;
use crate::{grant, session_policy, session_tags};

impl Operation for AssumeRole {
    type Access = Read;

    fn needs(input: &AssumeRoleRequest, at: &At<'_>) -> Result<Needs, Fault> {
        match assumed::find(at, &input.role_arn)? {
            Target::Role(role) => Ok(questions(input, at, &*role)),
            Target::Nothing(role) => Ok(questions(input, at, &role)),
        }
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<AssumeRoleResponse, Fault> {
        let input = req.input;
        if req.caller.who == Who::Root {
            return Err(Fault::new("AccessDenied", 403, "Roles may not be assumed by root accounts."));
        }
        grant::second_factor(input.serial_number.as_deref(), input.token_code.as_deref())?;
        let Target::Role(target) = assumed::find(&req.at(), &input.role_arn)? else {
            return Err(Fault::internal("a role that is gone was allowed"));
        };
        let role = &target.role;
        let seconds = duration(req.caller, input.duration_seconds, role.max_session)?;
        let transitive = input.transitive_tag_keys.as_deref().unwrap_or_default();
        let tags = session_tags::gather(req.caller, input.tags.as_deref().unwrap_or_default(), transitive)?;
        let source_identity = source_identity(req.caller, input.source_identity.as_deref())?;
        let arns = session_policy::arns(input.policy_arns.as_deref());
        let packed = session_policy::check(req, input.policy.as_deref(), &arns, &tags.all)?;
        let SessionTags { all: tags, transitive } = tags;
        let session = Session {
            kind: SessionKind::Role,
            account: role.account,
            principal_id: role.id.clone(),
            name: input.role_session_name.clone(),
            issued: req.now.whole_seconds(),
            expires: grant::ends(req.now, seconds),
            source_identity: source_identity.clone(),
            tags,
            transitive,
            policy: input.policy.clone(),
            policy_arns: arns,
            assumer: Some(req.caller.principal_id.clone()),
            ..Session::default()
        };
        Ok(AssumeRoleResponse {
            credentials: Some(grant::credentials(req, &session)?),
            assumed_role_user: Some(AssumedRoleUser {
                assumed_role_id: format!("{}:{}", role.id, session.name),
                arn: format!("arn:aws:sts::{}:assumed-role/{}/{}", role.account, role.name, session.name),
            }),
            packed_policy_size: packed,
            source_identity,
            ..Default::default()
        })
    }
}

/// AssumeRole itself, and what the session is to carry: tags, a source identity.
fn questions<R>(input: &AssumeRoleRequest, at: &At<'_>, role: &R) -> Needs
where
    R: Resource<Kind = rolecall_actions::iam::kind::Role>,
{
    let tags: Vec<(String, String)> = input
        .tags
        .iter()
        .flatten()
        .map(|tag| (tag.key.clone(), tag.value.clone()))
        .chain(session_tags::inherited(at.caller))
        .collect();
    let pairs = || tags.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    let transitive = input.transitive_tag_keys.clone().unwrap_or_default();
    let source = input.source_identity.clone().or_else(|| inherited_source(at.caller));
    let mut assume = Needs::action(sts::AssumeRole)
        .on(role)
        .key(key::RoleSessionName, Some(input.role_session_name.as_str()))
        .key(key::ExternalId, input.external_id.as_deref())
        .key(key::SourceIdentity, source.as_deref())
        .request_tags(pairs())
        .trust_decides();
    if !transitive.is_empty() {
        assume = assume.list(key::TransitiveTagKeys, transitive.clone());
    }
    let mut needs = assume.done();
    if !tags.is_empty() {
        let mut tag = Needs::action(sts::TagSession).on(role).request_tags(pairs()).trust_decides();
        if !transitive.is_empty() {
            tag = tag.list(key::TransitiveTagKeys, transitive);
        }
        needs = needs.and(tag.done());
    }
    if let Some(source) = source {
        let set = Needs::action(sts::SetSourceIdentity).on(role).key(key::SourceIdentity, Some(source));
        needs = needs.and(set.trust_decides().done());
    }
    needs
}

fn inherited_source(caller: &Caller) -> Option<String> {
    caller.session.as_deref().and_then(|session| session.source_identity.clone())
}

/// The source identity of the new session: once set it stays along a chain.
fn source_identity(caller: &Caller, asked: Option<&str>) -> Result<Option<String>, Fault> {
    match (inherited_source(caller), asked) {
        (Some(own), Some(other)) if own != other => Err(Fault::new(
            "AccessDenied",
            403,
            "The source identity of the calling session can't be changed.",
        )),
        (own, asked) => Ok(own.or_else(|| asked.map(str::to_owned))),
    }
}

/// The life of the session in seconds.
fn duration(caller: &Caller, asked: Option<i32>, longest: i32) -> Result<i32, Fault> {
    // Credentials that EC2 delivered to an instance are not a link of a chain by themselves.
    let chained = caller.who == Who::RoleSession
        && caller.session.as_deref().is_some_and(|session| session.delivery.is_none());
    let seconds = asked.unwrap_or(3_600);
    if chained && seconds > grant::CHAINED {
        return Err(Fault::validation(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
        ));
    }
    if seconds > longest {
        return Err(Fault::validation(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    Ok(seconds)
}
