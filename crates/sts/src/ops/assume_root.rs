//! AssumeRoot: the root user of a member account for one task, up to a quarter of an hour.

use rolecall_actions::sts::{self, key, kind};
use rolecall_base::{AccountId, Arn, Fault};
use rolecall_door::{At, Authorized, ByArn, Needs, Operation, Read};
use rolecall_identity::{Session, SessionKind, Who, is_root_task, root_sessions};
use rolecall_policy::{Kind, Named, PolicyId, PolicySet, ResourceKind};

use crate::grant;
use crate::model::{AssumeRoot, AssumeRootRequest, AssumeRootResponse};

/// Seconds that a session lives unless asked otherwise, and at most.
const LONGEST: i32 = 900;

impl Operation for AssumeRoot {
    type Access = Read;

    fn needs(input: &AssumeRootRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let member = target(&input.target_principal)?;
        let task = task(input)?;
        let root = ByArn::<kind::RootUser>::new(member.root_arn(), member);
        let question = Needs::action(sts::AssumeRoot).on(&root).key(key::TaskPolicyArn, Some(task));
        // What the organization grants stands for a policy of the root user, which has none: to another account's
        // principals a resource must grant, and they need the permission besides.
        let from = at.account();
        let granted = match root_sessions(at.db()?, from, member)? {
            Some(_) => Some(grant_of(at, from)?),
            None => None,
        };
        Ok(question.granted_by(granted.map(Into::into)).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<AssumeRootResponse, Fault> {
        let (input, caller) = (req.input, req.caller);
        let (member, from) = (target(&input.target_principal)?, req.account());
        // Within one account, and to root, policies alone would have been enough.
        let barred = matches!(caller.who, Who::Root | Who::Service);
        if barred || root_sessions(req.db()?, from, member)?.is_none() {
            let text = format!(
                "User: {} is not authorized to perform: sts:AssumeRoot on resource: {}",
                caller.arn,
                member.root_arn()
            );
            return Err(Fault::new("AccessDenied", 403, text));
        }
        let source_identity = caller.session.as_deref().and_then(|session| session.source_identity.clone());
        let session = Session {
            kind: SessionKind::Root,
            account: member,
            principal_id: member.to_string(),
            name: from.to_string(),
            issued: req.now.whole_seconds(),
            expires: grant::ends(req.now, input.duration_seconds.unwrap_or(LONGEST)),
            source_identity: source_identity.clone(),
            policy_arns: vec![task(input)?.to_owned()],
            assumer: Some(caller.principal_id.clone()),
            ..Session::default()
        };
        let grant = grant::credentials(req, &session, input.minimum_session_token_size)?;
        Ok(AssumeRootResponse {
            credentials: Some(grant.credentials),
            session_token_size: grant.size,
            session_token_utilization: grant.utilization,
            source_identity,
        })
    }
}

/// The account of a number, or of its root user's ARN.
fn target(principal: &str) -> Result<AccountId, Fault> {
    let of_arn = || {
        let account = Arn::parse(principal).ok()?.account_id()?;
        (account.root_arn() == principal).then_some(account)
    };
    let account = principal.parse().ok().or_else(of_arn);
    account.ok_or_else(|| Fault::validation(format!("{principal} is invalid")))
}

/// # Errors
/// ValidationError for what is none of AWS's task policies.
fn task(input: &AssumeRootRequest) -> Result<&str, Fault> {
    let arn = input.task_policy_arn.arn.as_deref().unwrap_or_default();
    match is_root_task(arn) {
        true => Ok(arn),
        false => Err(Fault::validation(format!("{arn} is not a policy that AssumeRoot takes."))),
    }
}

fn grant_of(at: &At<'_>, account: AccountId) -> Result<PolicySet, Fault> {
    let text = format!(
        r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Principal": {{"AWS": "{}"}},
            "Action": "sts:AssumeRoot", "Resource": "*"}}}}"#,
        account.root_arn()
    );
    let policy = at.identity.documents.compile(&text, Kind::Resource(ResourceKind::Other))?;
    Ok(PolicySet::new(vec![Named::new(policy, PolicyId::attached("central root access"))]))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rolecall_base::{AccountId, Fault};
    use rolecall_door::Visitor;
    use rolecall_identity::Unknown;
    use rolecall_identity::records::{DelegatedAdministrators, Members, ServiceAccess, Since};
    use rolecall_testkit::{ACCOUNT, ORGANIZATION, World, check_fault};

    use crate::model::*;

    const ALLOWED: &str = r#"{"Version": "2012-10-17", "Statement":
        {"Effect": "Allow", "Action": "sts:AssumeRoot", "Resource": "arn:aws:iam::*:root"}}"#;
    const AUDIT: &str = "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials";

    fn member() -> AccountId {
        "222222222222".parse().unwrap()
    }

    fn world() -> (World, Visitor) {
        let world = World::new(1);
        world.organization(member());
        let ann = world.user("ann", ALLOWED);
        (world, ann)
    }

    fn request(target: &str) -> AssumeRootRequest {
        AssumeRootRequest {
            target_principal: target.into(),
            task_policy_arn: PolicyDescriptorType { arn: Some(AUDIT.into()) },
            ..Default::default()
        }
    }

    fn assume(world: &World, by: &Visitor, target: &str) -> Result<Credentials, Fault> {
        world.call::<AssumeRoot>(by, request(target)).map(|answer| answer.credentials.unwrap())
    }

    fn signed_in(world: &World, given: &Credentials) -> Result<Visitor, Unknown> {
        world.signed_in(&given.access_key_id, Some(&given.session_token))
    }

    fn refused(world: &World, by: &Visitor, target: &str) {
        let text = check_fault(assume(world, by, target), "AccessDenied");
        let (who, root) = (&by.caller.arn, format!("arn:aws:iam::{target}:root"));
        let wanted = format!("User: {who} is not authorized to perform: sts:AssumeRoot on resource: {root}");
        assert_eq!(text, wanted);
    }

    #[test]
    fn the_session_is_the_members_root_for_a_quarter_of_an_hour() {
        let (world, ann) = world();
        let given = assume(&world, &ann, "222222222222").unwrap();
        assert_eq!(given.expiration, world.env.now().whole_seconds() + Duration::from_secs(900));
        let session = signed_in(&world, &given).unwrap();
        let me = world.call::<GetCallerIdentity>(&session, GetCallerIdentityRequest {}).unwrap();
        assert_eq!(me.arn.as_deref(), Some("arn:aws:iam::222222222222:root"));
        assert_eq!(me.user_id.as_deref(), Some("222222222222"));
        assume(&world, &ann, "arn:aws:iam::222222222222:root").unwrap();
        world.env.advance(Duration::from_secs(900));
        assert!(matches!(signed_in(&world, &given), Err(Unknown::Expired)));
    }

    #[test]
    fn who_may_not_is_told_no_more_than_that() {
        let (world, ann) = world();
        world.account("333333333333".parse().unwrap());
        // Not a member, not there at all, and the management account.
        for target in ["333333333333", "999999999999", "000000000000"] {
            refused(&world, &ann, target);
        }
        refused(&world, &world.root(ACCOUNT), "222222222222");
        refused(&world, &world.user("bob", ""), "222222222222");
        let key = world.user_key(member(), "eve", ALLOWED);
        let eve = world.signed_in(&key.id, None).unwrap();
        refused(&world, &eve, "222222222222");
        world.root_sessions(None);
        refused(&world, &ann, "222222222222");
        world.root_sessions(Some(world.env.now()));
        assume(&world, &ann, "222222222222").unwrap();
        let trusted = (ORGANIZATION.to_owned(), "iam.amazonaws.com".to_owned());
        world.write(|tx| Ok(tx.delete::<ServiceAccess>(&trusted)?));
        refused(&world, &ann, "222222222222");
    }

    #[test]
    fn a_policy_may_name_the_tasks() {
        let (world, _) = world();
        let only = ALLOWED.replace(
            "root\"}",
            "root\", \"Condition\": {\"StringEquals\": {\"sts:TaskPolicyArn\": \"arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy\"}}}",
        );
        let bob = world.user("bob", &only);
        refused(&world, &bob, "222222222222");
        let policy = AUDIT.replace("IAMAuditRootUserCredentials", "S3UnlockBucketPolicy");
        let policy = PolicyDescriptorType { arn: Some(policy) };
        let input = AssumeRootRequest { task_policy_arn: policy, ..request("222222222222") };
        world.call::<AssumeRoot>(&bob, input).unwrap();
    }

    #[test]
    fn a_delegated_administrator_of_iam_may_and_its_sessions_end_with_that() {
        let (world, _) = world();
        let delegated: AccountId = "333333333333".parse().unwrap();
        world.account(delegated);
        world.join(delegated);
        let key = world.user_key(delegated, "dan", ALLOWED);
        let dan = world.signed_in(&key.id, None).unwrap();
        refused(&world, &dan, "222222222222");
        let row = (ORGANIZATION.to_owned(), delegated, "iam.amazonaws.com".to_owned());
        let since = Since { time: world.env.now() };
        world.write(|tx| Ok(tx.put::<DelegatedAdministrators>(&row, &since)?));
        let given = assume(&world, &dan, "222222222222").unwrap();
        signed_in(&world, &given).unwrap();
        world.write(|tx| Ok(tx.delete::<DelegatedAdministrators>(&row)?));
        assert!(matches!(signed_in(&world, &given), Err(Unknown::Invalid)));
    }

    #[test]
    fn a_session_ends_with_the_switch_or_the_membership_and_does_not_come_back() {
        let (world, ann) = world();
        let given = assume(&world, &ann, "222222222222").unwrap();
        let open = signed_in(&world, &given).unwrap();
        world.root_sessions(None);
        assert!(matches!(signed_in(&world, &given), Err(Unknown::Invalid)));
        assert_eq!(open.caller.arn, "arn:aws:iam::222222222222:root");
        world.env.advance(Duration::from_secs(1));
        world.root_sessions(Some(world.env.now()));
        assert!(matches!(signed_in(&world, &given), Err(Unknown::Invalid)));
        let given = assume(&world, &ann, "222222222222").unwrap();
        signed_in(&world, &given).unwrap();
        world.write(|tx| Ok(tx.delete::<Members>(&member())?));
        assert!(matches!(signed_in(&world, &given), Err(Unknown::Invalid)));
        world.env.advance(Duration::from_secs(1));
        world.join(member());
        assert!(matches!(signed_in(&world, &given), Err(Unknown::Invalid)));
    }

    #[test]
    fn only_awss_task_policies_and_roots_of_accounts_are_taken() {
        let (world, ann) = world();
        for target in ["arn:aws:iam::222222222222:user/x", "arn:aws:iam::222222222222:root/", "22222222222x"]
        {
            check_fault(assume(&world, &ann, target), "ValidationError");
        }
        for arn in [Some("arn:aws:iam::aws:policy/AdministratorAccess".to_owned()), None] {
            let policy = PolicyDescriptorType { arn };
            let input = AssumeRootRequest { task_policy_arn: policy, ..request("222222222222") };
            check_fault(world.call::<AssumeRoot>(&ann, input), "ValidationError");
        }
    }

    #[test]
    fn the_session_gets_no_other_credentials() {
        let (world, ann) = world();
        let session = signed_in(&world, &assume(&world, &ann, "222222222222").unwrap()).unwrap();
        let again = world.call::<GetSessionToken>(&session, Default::default());
        check_fault(again, "AccessDenied");
        check_fault(assume(&world, &session, "222222222222"), "AccessDenied");
    }

    #[test]
    fn the_records_are_told_in_both_accounts() {
        let (world, ann) = world();
        let given = assume(&world, &ann, "222222222222").unwrap();
        let [own, copy] = world.records.all().try_into().unwrap();
        assert!(own.contains(r#""targetPrincipal":"222222222222""#) && own.contains(&given.access_key_id));
        assert!(own.contains(AUDIT) && !own.contains(&given.session_token), "{own}");
        assert!(copy.contains(r#""recipientAccountId":"222222222222""#), "{copy}");
        let session = signed_in(&world, &given).unwrap();
        world.call::<GetCallerIdentity>(&session, GetCallerIdentityRequest {}).unwrap();
        let used = world.records.all().pop().unwrap();
        assert!(used.contains(r#""type":"Root""#) && used.contains(r#""assumedRoot":"true""#), "{used}");
    }
}
