//! AssumeRole: temporary credentials of a role, for whom the role trusts.

use rolecall_actions::aws::key as aws;
use rolecall_actions::sts::{self, key};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Resource, Write};
use rolecall_identity::{Caller, Session, SessionKind, Who};

use crate::assumed::{self, Target};
use crate::model::{AssumeRole, AssumeRoleRequest, AssumeRoleResponse, AssumedRoleUser};
use crate::session_tags::SessionTags;
use crate::{grant, second_factor, session_policy, session_tags};

impl Operation for AssumeRole {
    type Access = Write;

    const WRITES_FOR: Option<fn(&AssumeRoleRequest) -> bool> =
        Some(|input| second_factor::is_there(input.serial_number.as_deref(), input.token_code.as_deref()));

    fn needs(input: &AssumeRoleRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let target = assumed::find(at, &input.role_arn)?;
        // The trust policy may ask for the code, so it is checked before; `run` uses it up.
        let shown = second_factor::check(at, input.serial_number.as_deref(), input.token_code.as_deref())?;
        let questions = match &target {
            Target::Role(role) => questions(input, at, &**role, shown.is_some()),
            Target::Nothing(role) => questions(input, at, role, shown.is_some()),
        };
        at.keep(target);
        Ok(questions)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<AssumeRoleResponse, Fault> {
        let input = req.input;
        if req.caller.who == Who::Root {
            return Err(Fault::new("AccessDenied", 403, "Roles may not be assumed by root accounts."));
        }
        if input.provided_contexts.is_some() {
            // Trusted contexts come from identity centers, which this server does not have.
            return Err(Fault::not_implemented("AssumeRole with ProvidedContexts"));
        }
        // The session does not tell of the code: AWS's do not either. Who wants to show it again and again asks
        // GetSessionToken.
        second_factor::spend(req, input.serial_number.as_deref(), input.token_code.as_deref())?;
        let target = match req.take_kept() {
            Some(target) => target,
            // Nothing is kept for calls that write.
            None => assumed::find(&req.at(), &input.role_arn)?,
        };
        let Target::Role(target) = target else {
            return Err(Fault::internal("a role that is gone was allowed"));
        };
        let role = &target.role;
        let seconds = duration(req.caller, input.duration_seconds, role.max_session)?;
        let transitive = input.transitive_tag_keys.as_deref().unwrap_or_default();
        let tags = session_tags::gather(req.caller, input.tags.as_deref().unwrap_or_default(), transitive)?;
        let source_identity = source_identity(req.caller, input.source_identity.as_deref())?;
        let arns = session_policy::arns(input.policy_arns.as_deref());
        let packed = session_policy::check(req, role.account, input.policy.as_deref(), &arns, &tags.all)?;
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
        let grant = grant::credentials(req, &session, input.minimum_session_token_size)?;
        Ok(AssumeRoleResponse {
            credentials: Some(grant.credentials),
            session_token_size: grant.size,
            session_token_utilization: grant.utilization,
            assumed_role_user: Some(AssumedRoleUser {
                assumed_role_id: format!("{}:{}", role.id, session.name),
                arn: format!("arn:aws:sts::{}:assumed-role/{}/{}", role.account, role.name, session.name),
            }),
            packed_policy_size: packed,
            source_identity,
        })
    }
}

/// AssumeRole itself, and what the session is to carry: tags, a source identity.
fn questions<R>(input: &AssumeRoleRequest, at: &At<'_>, role: &R, shown: bool) -> Needs
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
    let (present, age) = (shown.then_some("true"), shown.then_some("0"));
    assume = assume.key(aws::MultiFactorAuthPresent, present).key(aws::MultiFactorAuthAge, age);
    if !transitive.is_empty() {
        assume = assume.list(key::TransitiveTagKeys, transitive.clone());
    }
    let mut needs = assume.done();
    if !tags.is_empty() {
        let mut tag = Needs::action(sts::TagSession).on(role).request_tags(pairs()).trust_decides();
        tag = tag.key(aws::MultiFactorAuthPresent, present).key(aws::MultiFactorAuthAge, age);
        if !transitive.is_empty() {
            tag = tag.list(key::TransitiveTagKeys, transitive);
        }
        needs = needs.and(tag.done());
    }
    if let Some(source) = source {
        let set = Needs::action(sts::SetSourceIdentity).on(role).key(key::SourceIdentity, Some(source));
        let set = set.key(aws::MultiFactorAuthPresent, present).key(aws::MultiFactorAuthAge, age);
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
    let seconds = asked.unwrap_or(grant::ROLE_DEFAULT);
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rolecall_base::{AccountId, Tags};
    use rolecall_door::Visitor;
    use rolecall_identity::Unknown;
    use rolecall_identity::records::{
        Entities, Entity, Holder, InlinePolicies, InlinePolicy, ManagedPolicies, ManagedPolicy,
        PolicyVersion, PolicyVersions, Role, Roles, fold,
    };
    use rolecall_testkit::{ACCOUNT, World, check_fault, mfa_code};

    use super::*;
    use crate::model::{
        Credentials, GetCallerIdentity, GetCallerIdentityRequest, GetSessionToken, GetSessionTokenRequest,
        PolicyDescriptorType, Tag,
    };

    const ANYTHING: &str =
        r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;

    fn trust(principal: &str, actions: &str) -> String {
        format!(
            r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Principal": {{"AWS": "{principal}"}},
                "Action": {actions}}}}}"#
        )
    }

    fn role(world: &World, name: &str, trust: &str) -> String {
        let id = world.env.unique_id("AROA");
        let role = Role {
            account: ACCOUNT,
            name: name.into(),
            path: "/".into(),
            id: id.clone(),
            created: world.env.now(),
            trust: trust.into(),
            description: None,
            max_session: 7_200,
            tags: Tags::default(),
            boundary: None,
            template: None,
        };
        world.write(|tx| {
            tx.put::<Roles>(&(ACCOUNT, fold(name)), &role)?;
            let entity = Entity { account: ACCOUNT, holder: Holder::Role, name: fold(name) };
            tx.put::<Entities>(&id, &entity)?;
            let key = (ACCOUNT, "role".to_owned(), fold(name), "own".to_owned());
            tx.put::<InlinePolicies>(&key, &InlinePolicy { name: "own".into(), document: ANYTHING.into() })?;
            tx.touch(ACCOUNT);
            Ok(())
        });
        role.arn()
    }

    fn request(arn: &str) -> AssumeRoleRequest {
        AssumeRoleRequest { role_arn: arn.into(), role_session_name: "s1".into(), ..Default::default() }
    }

    fn assume(world: &World, by: &Visitor, input: AssumeRoleRequest) -> Result<Credentials, Fault> {
        world.call::<AssumeRole>(by, input).map(|answer| answer.credentials.unwrap())
    }

    fn signed_in(world: &World, given: &Credentials) -> Visitor {
        world.signed_in(&given.access_key_id, Some(&given.session_token)).unwrap()
    }

    #[test]
    fn a_named_user_needs_no_policy_of_its_own() {
        let world = World::new(1);
        let ann = world.user("ann", "");
        let arn = role(&world, "reader", &trust(&ann.caller.principal_id, r#""sts:AssumeRole""#));
        let session = signed_in(&world, &assume(&world, &ann, request(&arn)).unwrap());
        let me = world.call::<GetCallerIdentity>(&session, GetCallerIdentityRequest {}).unwrap();
        assert_eq!(me.arn.as_deref(), Some("arn:aws:sts::000000000000:assumed-role/reader/s1"));
    }

    #[test]
    fn trust_in_the_account_leaves_it_to_the_callers_policies() {
        let world = World::new(1);
        let arn = role(&world, "reader", &trust("arn:aws:iam::000000000000:root", r#""sts:AssumeRole""#));
        let without = world.user("ann", "");
        check_fault(assume(&world, &without, request(&arn)), "AccessDenied");
        assert!(assume(&world, &world.user("bob", ANYTHING), request(&arn)).is_ok());
    }

    #[test]
    fn a_role_that_does_not_trust_and_a_role_that_is_not_are_refused_alike() {
        let world = World::new(1);
        let admin = world.user("ann", ANYTHING);
        let arn = role(&world, "other", &trust("arn:aws:iam::999999999999:root", r#""sts:AssumeRole""#));
        let untrusting = check_fault(assume(&world, &admin, request(&arn)), "AccessDenied");
        let missing = "arn:aws:iam::000000000000:role/missing";
        let absent = check_fault(assume(&world, &admin, request(missing)), "AccessDenied");
        assert_eq!(untrusting.replace("other", "missing"), absent);
    }

    #[test]
    fn tags_need_their_own_permission_and_transitive_ones_travel() {
        let world = World::new(1);
        let ann = world.user("ann", "");
        let plain = role(&world, "plain", &trust(&ann.caller.principal_id, r#""sts:AssumeRole""#));
        let tags = Some(vec![Tag { key: "team".into(), value: "x".into() }]);
        let tagged = |arn: &str| AssumeRoleRequest {
            tags: tags.clone(),
            transitive_tag_keys: Some(vec!["team".into()]),
            ..request(arn)
        };
        check_fault(assume(&world, &ann, tagged(&plain)), "AccessDenied");
        let both = r#"["sts:AssumeRole", "sts:TagSession"]"#;
        let first = role(&world, "first", &trust(&ann.caller.principal_id, both));
        let second = role(&world, "second", &trust("arn:aws:iam::000000000000:root", both));
        let session = signed_in(&world, &assume(&world, &ann, tagged(&first)).unwrap());
        let chained = signed_in(&world, &assume(&world, &session, request(&second)).unwrap());
        assert_eq!(chained.caller.tags, [("team".to_owned(), "x".to_owned())]);
        check_fault(assume(&world, &session, tagged(&second)), "InvalidParameterValue");
    }

    #[test]
    fn a_chained_session_lives_an_hour_at_most_and_any_no_longer_than_its_role_says() {
        let world = World::new(1);
        let ann = world.user("ann", "");
        let arn = role(&world, "r", &trust(&ann.caller.principal_id, r#""sts:AssumeRole""#));
        let again = role(&world, "again", &trust("arn:aws:iam::000000000000:root", r#""sts:AssumeRole""#));
        let lasting =
            |arn: &str, seconds| AssumeRoleRequest { duration_seconds: Some(seconds), ..request(arn) };
        check_fault(assume(&world, &ann, lasting(&arn, 7_201)), "ValidationError");
        let session = signed_in(&world, &assume(&world, &ann, lasting(&arn, 7_200)).unwrap());
        check_fault(assume(&world, &session, lasting(&again, 3_601)), "ValidationError");
        assert!(assume(&world, &session, lasting(&again, 3_600)).is_ok());
    }

    #[test]
    fn a_session_policy_narrows_the_role() {
        let world = World::new(1);
        let ann = world.user("ann", "");
        let arn = role(&world, "r", &trust(&ann.caller.principal_id, r#""sts:AssumeRole""#));
        let second = role(&world, "second", &trust("arn:aws:iam::000000000000:root", r#""sts:AssumeRole""#));
        let policy = r#"{"Version": "2012-10-17", "Statement":
            {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}"#;
        let narrowed = AssumeRoleRequest { policy: Some(policy.into()), ..request(&arn) };
        let session = signed_in(&world, &assume(&world, &ann, narrowed).unwrap());
        let text = check_fault(assume(&world, &session, request(&second)), "AccessDenied");
        assert!(text.ends_with("because no session policy allows the sts:AssumeRole action"), "{text}");
        let broken = AssumeRoleRequest { policy: Some("{".into()), ..request(&arn) };
        check_fault(assume(&world, &ann, broken), "MalformedPolicyDocument");
    }

    #[test]
    fn a_managed_session_policy_is_of_the_roles_account() {
        let world = World::new(1);
        let other: AccountId = "222222222222".parse().unwrap();
        world.account(other);
        for account in [ACCOUNT, other] {
            managed_policy(&world, account, "limit");
        }
        let eve = world.user_key(other, "eve", ANYTHING);
        let eve = world.signed_in(&eve.id, None).unwrap();
        let arn = role(&world, "r", &trust("arn:aws:iam::222222222222:root", r#""sts:AssumeRole""#));
        let limited = |account: AccountId| {
            let policy = PolicyDescriptorType { arn: Some(format!("arn:aws:iam::{account}:policy/limit")) };
            let input = AssumeRoleRequest { policy_arns: Some(vec![policy]), ..request(&arn) };
            assume(&world, &eve, input)
        };
        limited(ACCOUNT).unwrap();
        check_fault(limited(other), "MalformedPolicyDocument");
    }

    fn managed_policy(world: &World, account: AccountId, name: &str) {
        let now = world.env.now();
        let policy = ManagedPolicy {
            account,
            name: name.into(),
            path: "/".into(),
            id: world.env.unique_id("ANPA"),
            description: None,
            created: now,
            updated: now,
            default_version: 1,
            last_version: 1,
            tags: Tags::default(),
        };
        world.write(|tx| {
            tx.put::<ManagedPolicies>(&(account, name.to_owned()), &policy)?;
            let version = PolicyVersion { document: ANYTHING.into(), created: now };
            tx.put::<PolicyVersions>(&(account, name.to_owned(), 1_u32), &version)?;
            tx.touch(account);
            Ok(())
        });
    }

    #[test]
    fn a_token_is_padded_to_the_size_that_was_asked_for() {
        let world = World::new(1);
        let ann = world.user("ann", "");
        let arn = role(&world, "r", &trust(&ann.caller.principal_id, r#""sts:AssumeRole""#));
        let input = AssumeRoleRequest { minimum_session_token_size: Some(1_000), ..request(&arn) };
        let answer = world.call::<AssumeRole>(&ann, input).unwrap();
        let token = answer.credentials.unwrap().session_token;
        assert!(token.len() >= 1_000);
        assert_eq!(answer.session_token_size, i32::try_from(token.len()).ok());
    }

    #[test]
    fn a_deleted_and_recreated_role_does_not_revive_its_sessions() {
        let world = World::new(1);
        let ann = world.user("ann", "");
        let trusting = trust(&ann.caller.principal_id, r#""sts:AssumeRole""#);
        let arn = role(&world, "r", &trusting);
        let given = assume(&world, &ann, request(&arn)).unwrap();
        let old = signed_in(&world, &given).caller.principal_id.clone();
        world.write(|tx| {
            tx.delete::<Entities>(&old)?;
            tx.delete::<Roles>(&(ACCOUNT, "r".to_owned()))?;
            tx.touch(ACCOUNT);
            Ok(())
        });
        role(&world, "r", &trusting);
        let again = world.signed_in(&given.access_key_id, Some(&given.session_token));
        assert!(matches!(again, Err(Unknown::Invalid)), "{again:?}");
        world.env.advance(Duration::from_secs(7_200));
        let over = world.signed_in(&given.access_key_id, Some(&given.session_token));
        assert!(matches!(over, Err(Unknown::Expired)), "{over:?}");
    }

    #[test]
    fn the_record_tells_the_session_and_none_of_its_secrets() {
        let world = World::new(1);
        let ann = world.user("ann", ANYTHING);
        let arn = role(&world, "r", &trust(&ann.caller.arn, r#""sts:AssumeRole""#));
        let given = assume(&world, &ann, request(&arn)).unwrap();
        let [record] = world.records.all().try_into().unwrap();
        assert!(record.contains(&given.access_key_id) && record.contains("assumed-role/r/s1"), "{record}");
        assert!(record.contains(r#""sessionToken":"HIDDEN_DUE_TO_SECURITY_REASONS""#), "{record}");
        assert!(!record.contains(&given.secret_access_key) && !record.contains(&given.session_token));
    }

    #[test]
    fn a_role_of_another_account_is_told_of_in_both() {
        let world = World::new(1);
        let other: AccountId = "222222222222".parse().unwrap();
        world.account(other);
        let key = world.user_key(other, "bob", ANYTHING);
        let bob = world.signed_in(&key.id, None).unwrap();
        let arn = role(&world, "r", &trust(&bob.caller.arn, r#""sts:AssumeRole""#));
        assume(&world, &bob, request(&arn)).unwrap();
        let [own, copy] = world.records.all().try_into().unwrap();
        let shared =
            |record: &str| record.split(r#""sharedEventID":""#).nth(1).map(|rest| rest[..36].to_owned());
        assert!(shared(&own).is_some() && shared(&own) == shared(&copy));
        assert!(own.contains(r#""recipientAccountId":"222222222222""#), "{own}");
        assert!(copy.contains(r#""recipientAccountId":"000000000000""#), "{copy}");
        assert!(copy.contains(r#""userIdentity":{"type":"AWSAccount","principalId":"AIDA"#), "{copy}");
    }

    #[test]
    fn a_trust_policy_may_ask_for_a_code_which_is_good_once() {
        let world = World::new(1);
        let ann = world.user("ann", "");
        let (serial, seed) = world.mfa_device(&ann, "ann");
        let condition = r#""sts:AssumeRole", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"},
            "NumericLessThan": {"aws:MultiFactorAuthAge": "60"}}"#;
        let arn = role(&world, "r", &trust(&ann.caller.principal_id, condition));
        let with = |step| AssumeRoleRequest {
            serial_number: Some(serial.clone()),
            token_code: Some(mfa_code(&seed, world.env.now(), step)),
            ..request(&arn)
        };
        check_fault(assume(&world, &ann, request(&arn)), "AccessDenied");
        let session = signed_in(&world, &assume(&world, &ann, with(0)).unwrap());
        let text = check_fault(assume(&world, &ann, with(0)), "AccessDenied");
        assert_eq!(text, "MultiFactorAuthentication failed with invalid MFA one time pass code. ");
        // AWS: the credentials of AssumeRole do not tell of the second factor.
        assert_eq!(session.caller.session.as_ref().unwrap().mfa, None);
        check_fault(assume(&world, &session, with(1)), "AccessDenied");
        // A session of GetSessionToken shows its code wherever it goes, for as long as the policy likes.
        let input = GetSessionTokenRequest {
            serial_number: Some(serial.clone()),
            token_code: Some(mfa_code(&seed, world.env.now(), 1)),
            ..Default::default()
        };
        let given = world.call::<GetSessionToken>(&ann, input).unwrap().credentials.unwrap();
        let session = signed_in(&world, &given);
        assert!(assume(&world, &session, request(&arn)).is_ok());
        world.env.advance(Duration::from_secs(60));
        check_fault(assume(&world, &session, request(&arn)), "AccessDenied");
    }

    #[test]
    fn a_code_is_shown_for_tags_and_a_source_identity_too() {
        let world = World::new(1);
        let ann = world.user(
            "ann",
            r#"{"Version": "2012-10-17", "Statement":
            {"Effect": "Allow", "Action": "sts:SetSourceIdentity", "Resource": "*"}}"#,
        );
        let (serial, seed) = world.mfa_device(&ann, "ann");
        let condition = r#"["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
            "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}"#;
        let arn = role(&world, "r", &trust(&ann.caller.principal_id, condition));
        let input = AssumeRoleRequest {
            serial_number: Some(serial),
            token_code: Some(mfa_code(&seed, world.env.now(), 0)),
            tags: Some(vec![Tag { key: "team".into(), value: "x".into() }]),
            source_identity: Some("ann".into()),
            ..request(&arn)
        };
        assume(&world, &ann, input).unwrap();
    }

    #[test]
    fn a_code_for_a_role_that_does_not_trust_is_not_used_up() {
        let world = World::new(1);
        let ann = world.user("ann", "");
        let (serial, seed) = world.mfa_device(&ann, "ann");
        let input = |arn: &str| AssumeRoleRequest {
            serial_number: Some(serial.clone()),
            token_code: Some(mfa_code(&seed, world.env.now(), 0)),
            ..request(arn)
        };
        let other = role(&world, "other", &trust("arn:aws:iam::999999999999:root", r#""sts:AssumeRole""#));
        let text = check_fault(assume(&world, &ann, input(&other)), "AccessDenied");
        assert!(text.contains("is not authorized to perform: sts:AssumeRole"), "{text}");
        let arn = role(&world, "r", &trust(&ann.caller.principal_id, r#""sts:AssumeRole""#));
        assume(&world, &ann, input(&arn)).unwrap();
    }

    #[test]
    fn without_a_code_nothing_is_written() {
        let world = World::new(1);
        let ann = world.user("ann", "");
        let arn = role(&world, "r", &trust(&ann.caller.principal_id, r#""sts:AssumeRole""#));
        let written = || world.store.read().unwrap().scan::<rolecall_door::Outbox>(&(), None, 10).unwrap();
        assume(&world, &ann, request(&arn)).unwrap();
        assert_eq!(written().len(), 0);
        let (serial, seed) = world.mfa_device(&ann, "ann");
        let input = AssumeRoleRequest {
            serial_number: Some(serial),
            token_code: Some(mfa_code(&seed, world.env.now(), 0)),
            ..request(&arn)
        };
        assume(&world, &ann, input).unwrap();
        assert_eq!(written().len(), 1);
        // Both are calls that read, as far as an auditor is concerned.
        let records = world.records.all().into_iter().chain(written().into_iter().map(|(_, row)| row.record));
        assert_eq!(records.filter(|record| record.contains(r#""readOnly":true"#)).count(), 2);
    }
}
