//! How organizations and VPC endpoints take part in decisions, shown with operations made for it.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail loudly")]

use std::sync::Arc;

use rolecall_actions::{iam, s3, sts};
use rolecall_base::{AccountId, Fault};
use rolecall_door::{
    At, Authorized, ByArn, Endpoint, FindWay, Needs, Operation, Origin, Read, Source, Visitor, Way, Write,
};
use rolecall_identity::records::{
    Mark, Member, Members, MembersOfOrganization, OnTarget, Organization, OrganizationPolicies,
    OrganizationPolicy, Organizations, PoliciesOnTarget, RESOURCE_CONTROL, Role, SERVICE_CONTROL, Unit,
    Units, Users,
};
use rolecall_identity::{Caller, Federation, Session, SessionKind, Who, bind_anew, seal};
use rolecall_policy::{Kind, Layer, Named, Policy, PolicyId, PolicySet, ResourceKind};
use rolecall_store::{Pre, Store};
use rolecall_testkit::{ACCOUNT, REGION, World, check_fault};
use rolecall_wire::record::{Tell, Teller};
use rolecall_wire::{Input, Message, Meta, Output, Protocol, Response, Route, Shape, Violations};

/// Whose bucket is asked about, and what its policy says.
#[derive(Debug, Default, Clone)]
struct Given {
    owner: AccountId,
    policy: Option<&'static str>,
}

impl Input for Given {
    fn decode(_: &Message<'_>, _: &mut Violations) -> Result<Self, Fault> {
        Ok(Given::default())
    }

    fn validate(&self, _: &mut Violations) {}
}

impl Tell for Given {
    fn tell(&self, t: &mut Teller) {
        t.open();
        t.close();
    }
}

#[derive(Debug, Default)]
struct Done;

impl Tell for Done {
    fn tell(&self, t: &mut Teller) {
        t.open();
        t.close();
    }
}

impl Output for Done {
    fn encode(self, _: &Meta, _: &str, _: &mut Response) {}
}

macro_rules! shape {
    ($name:ident, $service:literal, $protocol:expr) => {
        #[derive(Debug)]
        struct $name;

        impl Shape for $name {
            type Input = Given;
            type Output = Done;
            const META: &'static Meta = &Meta {
                service: $service,
                name: stringify!($name),
                protocol: $protocol,
                xmlns: "",
                result_wrapper: None,
                route: Route::named(stringify!($name)),
                status: 200,
                streaming_input: false,
                streaming_output: false,
            };
        }
    };
}

shape!(GetObject, "s3", Protocol::Query);
shape!(Rename, "iam", Protocol::Query);

impl Operation for GetObject {
    type Access = Read;

    fn needs(input: &Given, _: &At<'_>) -> Result<Needs, Fault> {
        let object = ByArn::<s3::kind::Object>::new("arn:aws:s3:::photos/cat", input.owner);
        let question = Needs::action(s3::GetObject).on(&object);
        let policy = input.policy.map(|text| set(text, Kind::Resource(ResourceKind::Other)));
        Ok(question.in_account(input.owner, policy).done())
    }

    fn run(_: &mut Authorized<'_, Self>) -> Result<Done, Fault> {
        Ok(Done)
    }
}

shape!(Import, "ec2", Protocol::Query);

/// Reads an object for its caller.
impl Operation for Import {
    type Access = Read;

    fn needs(input: &Given, _: &At<'_>) -> Result<Needs, Fault> {
        let object = ByArn::<s3::kind::Object>::new("arn:aws:s3:::photos/cat", input.owner);
        let policy = input.policy.map(|text| set(text, Kind::Resource(ResourceKind::Other)));
        let question = Needs::action(s3::GetObject).on(&object).in_account(input.owner, policy);
        Ok(question.via("ec2.amazonaws.com").done())
    }

    fn run(_: &mut Authorized<'_, Self>) -> Result<Done, Fault> {
        Ok(Done)
    }
}

impl Operation for Rename {
    type Access = Write;

    fn needs(_: &Given, at: &At<'_>) -> Result<Needs, Fault> {
        let user = ByArn::<iam::kind::User>::new(&at.caller.arn, at.account());
        Ok(Needs::action(iam::UpdateUser).on(&user).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<Done, Fault> {
        let key = (req.account(), req.caller.user_name.clone().unwrap_or_default());
        let mut user = req.db()?.get::<Users>(&key)?.ok_or_else(|| Fault::internal("gone"))?;
        user.path = "/renamed/".into();
        req.tx()?.put::<Users>(&key, &user)?;
        Ok(Done)
    }
}

fn set(text: &str, kind: Kind) -> Arc<PolicySet> {
    let policy = Arc::new(Policy::load(text, kind).unwrap());
    Arc::new(PolicySet::new(vec![Named::new(policy, PolicyId::attached("test"))]))
}

fn statement(effect: &str, rest: &str) -> String {
    format!(r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "{effect}", {rest}}}}}"#)
}

const ALL: &str = r#""Action": "*", "Resource": "*""#;
const PUBLIC: &str = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::photos/*"}}"#;
const EVERYTHING: &str =
    r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;

/// A world with an organization: [`ACCOUNT`] manages it, `member` is in its unit `ou-r-apps`, `outside` is not in it.
struct Scene {
    world: World,
    member: AccountId,
    outside: AccountId,
}

impl Scene {
    fn new() -> Scene {
        let world = World::new(1);
        let [member, outside] = ["111111111111", "222222222222"].map(|id| id.parse().unwrap());
        world.account(member);
        world.account(outside);
        world.write(|tx| {
            let organization = Organization {
                id: "o-1".into(),
                management: ACCOUNT,
                all_features: true,
                root: "r-r".into(),
                created: world.env.now(),
                enabled: vec![SERVICE_CONTROL.into(), RESOURCE_CONTROL.into()],
                root_tags: Default::default(),
            };
            tx.put::<Organizations>(&organization.id, &organization)?;
            let unit = Unit {
                id: "ou-r-apps".into(),
                name: "apps".into(),
                parent: "r-r".into(),
                tags: Default::default(),
            };
            tx.put::<Units>(&("o-1".to_owned(), unit.id.clone()), &unit)?;
            for (account, parent) in [(ACCOUNT, "r-r"), (member, "ou-r-apps")] {
                let row = Member {
                    account,
                    organization: "o-1".into(),
                    parent: parent.into(),
                    joined: world.env.now(),
                    invited: false,
                    closed: None,
                    tags: Default::default(),
                };
                tx.put::<Members>(&account, &row)?;
                tx.put::<MembersOfOrganization>(&("o-1".to_owned(), account), &Mark {})?;
            }
            bind_anew(tx, "o-1")
        });
        Scene { world, member, outside }
    }

    /// Attaches a policy beside full access.
    fn attach(&self, kind: &str, target: &str, content: &str) {
        self.put(
            kind,
            target,
            &[if kind == SERVICE_CONTROL { "p-FullAWSAccess" } else { "p-RCPFullAWSAccess" }],
            content,
        );
    }

    fn put(&self, kind: &str, target: &str, beside: &[&str], content: &str) {
        self.world.write(|tx| {
            let policy = OrganizationPolicy {
                id: "p-test".into(),
                kind: kind.into(),
                name: "test".into(),
                description: String::new(),
                content: content.into(),
                updated: self.world.env.now(),
                tags: Default::default(),
            };
            tx.put::<OrganizationPolicies>(&("o-1".to_owned(), policy.id.clone()), &policy)?;
            let policies = beside.iter().map(|id| (*id).to_owned()).chain([policy.id]).collect();
            let key = ("o-1".to_owned(), kind.to_owned(), target.to_owned());
            tx.put::<PoliciesOnTarget>(&key, &OnTarget { policies })?;
            bind_anew(tx, "o-1")
        });
    }

    fn user(&self, account: AccountId) -> Visitor {
        let key = self.world.user_key(account, "ann", EVERYTHING);
        self.world.signed_in(&key.id, None).unwrap()
    }

    fn get(&self, visitor: &Visitor, owner: AccountId) -> Result<Done, Fault> {
        self.world.call::<GetObject>(visitor, Given { owner, policy: None })
    }

    fn get_public(&self, visitor: &Visitor, owner: AccountId) -> Result<Done, Fault> {
        self.world.call::<GetObject>(visitor, Given { owner, policy: Some(PUBLIC) })
    }

    fn get_from(&self, visitor: &Visitor, origin: Origin) -> Result<Done, Fault> {
        let input = Given { owner: visitor.caller.account, policy: None };
        self.world.run(self.world.door.call::<GetObject>(visitor.clone(), REGION, origin, input))
    }
}

fn deny_get() -> String {
    statement("Deny", r#""Action": "s3:GetObject", "Resource": "*""#)
}

fn deny_get_as_rcp(condition: &str) -> String {
    let rest = r#""Principal": "*", "Action": "s3:GetObject", "Resource": "*", "Condition": "#;
    statement("Deny", &format!("{rest}{condition}"))
}

#[test]
fn a_service_control_policy_denies_whoever_calls_from_below_it() {
    for target in ["r-r", "ou-r-apps", "111111111111"] {
        let scene = Scene::new();
        let (ann, root) = (scene.user(scene.member), scene.world.root(scene.member));
        scene.get(&ann, scene.member).unwrap();
        scene.attach(SERVICE_CONTROL, target, &deny_get());
        let ann = scene.world.signed_in(ann.caller.access_key_id.as_deref().unwrap(), None).unwrap();
        for visitor in [&ann, &root] {
            let message = check_fault(scene.get(visitor, scene.member), "AccessDenied");
            let arn = "arn:aws:organizations::000000000000:policy/o-1/service_control_policy/p-test";
            let end = format!("with an explicit deny in a service control policy: {arn}");
            assert!(message.ends_with(&end), "{message}");
        }
        // Neither the management account nor strangers are bound, not even by what hangs on the root.
        scene.get(&scene.user(ACCOUNT), ACCOUNT).unwrap();
        scene.get(&scene.user(scene.outside), scene.outside).unwrap();
    }
}

#[test]
fn each_level_must_allow() {
    let scene = Scene::new();
    let ann = scene.user(scene.member);
    scene.put(
        SERVICE_CONTROL,
        "ou-r-apps",
        &[],
        &statement("Allow", r#""Action": "iam:*", "Resource": "*""#),
    );
    let ann = scene.world.signed_in(ann.caller.access_key_id.as_deref().unwrap(), None).unwrap();
    let message = check_fault(scene.get(&ann, scene.member), "AccessDenied");
    assert!(
        message.ends_with("because no service control policy allows the s3:GetObject action"),
        "{message}"
    );
    scene.world.call::<Rename>(&ann, Given::default()).unwrap();
}

#[test]
fn what_was_allowed_before_an_edit_is_not_committed_after_it() {
    let scene = Scene::new();
    // Signed in before the policy comes; the commit finds its premise gone and decides again.
    let ann = scene.user(scene.member);
    scene.attach(SERVICE_CONTROL, "r-r", &statement("Deny", r#""Action": "iam:*", "Resource": "*""#));
    check_fault(scene.world.call::<Rename>(&ann, Given::default()), "AccessDenied");
    let key = (scene.member, "ann".to_owned());
    assert_eq!(scene.world.store.read().unwrap().get::<Users>(&key).unwrap().unwrap().path, "/");
}

#[test]
fn joining_an_organization_binds_what_was_decided_without_one() {
    let scene = Scene::new();
    scene.attach(SERVICE_CONTROL, "r-r", &statement("Deny", r#""Action": "iam:*", "Resource": "*""#));
    let ann = scene.user(scene.outside);
    scene.world.write(|tx| {
        let row = tx.get::<Members>(&scene.member)?.unwrap();
        tx.put::<Members>(&scene.outside, &Member { account: scene.outside, ..row })?;
        tx.touch(scene.outside);
        Ok(())
    });
    check_fault(scene.world.call::<Rename>(&ann, Given::default()), "AccessDenied");
}

#[test]
fn sessions_of_users_and_of_root_are_bound() {
    let scene = Scene::new();
    scene.attach(SERVICE_CONTROL, "r-r", &deny_get());
    let (identity, now) = (&scene.world.door.identity, scene.world.env.now());
    let ann = scene.user(scene.member);
    for kind in [SessionKind::User, SessionKind::Federated] {
        for principal_id in [ann.caller.principal_id.clone(), scene.member.to_string()] {
            let session = Session {
                kind,
                account: scene.member,
                principal_id,
                name: "s".into(),
                issued: now,
                expires: now + std::time::Duration::from_secs(900),
                policy: Some(EVERYTHING.into()),
                ..Session::default()
            };
            let given = seal(&scene.world.env, &identity.vault, &session).unwrap();
            let visitor = scene.world.signed_in(&given.access_key_id, Some(&given.session_token)).unwrap();
            let message = check_fault(scene.get(&visitor, scene.member), "AccessDenied");
            assert!(message.contains("service control policy"), "{message}");
        }
    }
}

#[test]
fn service_linked_roles_are_not_bound() {
    let scene = Scene::new();
    scene.attach(SERVICE_CONTROL, "r-r", &deny_get());
    let mut caller = Caller::root(scene.member);
    caller.service_linked = true;
    scene.get(&Visitor::vouched(caller), scene.member).unwrap();
}

#[test]
fn a_resource_control_policy_denies_whoever_comes_to_a_members_resource() {
    let scene = Scene::new();
    let outsider = r#"{"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}"#;
    let (stranger, nobody) = (scene.user(scene.outside), Visitor::vouched(Caller::anonymous()));
    for visitor in [&stranger, &nobody] {
        scene.get_public(visitor, scene.member).unwrap();
    }
    scene.attach(RESOURCE_CONTROL, "ou-r-apps", &deny_get_as_rcp(outsider));
    for visitor in [&stranger, &nobody] {
        check_fault(scene.get_public(visitor, scene.member), "AccessDenied");
        // The management account's own resources are not guarded, nor are a stranger's.
        scene.get_public(visitor, ACCOUNT).unwrap();
        scene.get_public(visitor, scene.outside).unwrap();
    }
    scene.get(&scene.world.root(scene.member), scene.member).unwrap();
    scene.get_public(&scene.user(ACCOUNT), scene.member).unwrap();
    let service = Visitor::vouched(Caller::service("logging.s3.amazonaws.com", scene.member));
    scene.get_public(&service, scene.member).unwrap();
}

#[test]
fn resource_control_policies_do_not_guard_every_service() {
    let scene = Scene::new();
    let rest = r#""Principal": "*", "Action": "iam:UpdateUser", "Resource": "*""#;
    scene.attach(RESOURCE_CONTROL, "r-r", &statement("Deny", rest));
    scene.world.call::<Rename>(&scene.user(scene.member), Given::default()).unwrap();
}

#[test]
fn nothing_in_a_closed_account_is_open_to_anybody() {
    let scene = Scene::new();
    let stranger = scene.user(scene.outside);
    scene.get_public(&stranger, scene.member).unwrap();
    let ann = scene.user(scene.member);
    scene.world.write(|tx| {
        let row = tx.get::<Members>(&scene.member)?.unwrap();
        tx.put::<Members>(&scene.member, &Member { closed: Some(scene.world.env.now()), ..row })?;
        tx.touch(scene.member);
        Ok(())
    });
    check_fault(scene.get_public(&stranger, scene.member), "AccessDenied");
    // Whoever was already let in does not get as far as a commit.
    check_fault(scene.world.call::<Rename>(&ann, Given::default()), "InvalidClientTokenId");
    assert!(scene.world.signed_in(ann.caller.access_key_id.as_deref().unwrap(), None).is_err());
}

/// Whether a policy with this condition allows the call.
fn holds(scene: &Scene, origin: &Origin, visitor: &Visitor, owner: AccountId, condition: &str) -> bool {
    let rest = r#""Principal": "*", "Action": "s3:GetObject", "Resource": "*", "Condition": "#;
    let policy: &'static str = Box::leak(statement("Deny", &format!("{rest}{condition}")).into_boxed_str());
    let two = format!(
        r#"{{"Version": "2012-10-17", "Statement": [{}, {{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}}]}}"#,
        policy.split_once(r#""Statement": "#).unwrap().1.strip_suffix('}').unwrap()
    );
    let input = Given { owner, policy: Some(Box::leak(two.into_boxed_str())) };
    let call = scene.world.door.call::<GetObject>(visitor.clone(), REGION, origin.clone(), input);
    scene.world.run(call).is_err()
}

#[test]
fn the_keys_of_organizations_say_where_caller_and_resource_stand() {
    let scene = Scene::new();
    let (ann, stranger) = (scene.user(scene.member), scene.user(scene.outside));
    let is = |visitor: &Visitor, owner, condition: &str| {
        holds(&scene, &Origin::default(), visitor, owner, condition)
    };
    let path = "o-1/r-r/ou-r-apps/";
    assert!(is(&ann, scene.outside, r#"{"StringEquals": {"aws:PrincipalOrgID": "o-1"}}"#));
    assert!(is(
        &ann,
        scene.outside,
        &format!(r#"{{"ForAnyValue:StringEquals": {{"aws:PrincipalOrgPaths": "{path}"}}}}"#)
    ));
    assert!(is(
        &ann,
        scene.outside,
        r#"{"Null": {"aws:ResourceOrgID": "true", "aws:ResourceOrgPaths": "true"}}"#
    ));
    assert!(is(
        &stranger,
        scene.member,
        r#"{"Null": {"aws:PrincipalOrgID": "true", "aws:PrincipalOrgPaths": "true"}}"#
    ));
    assert!(is(&stranger, scene.member, r#"{"StringEquals": {"aws:ResourceOrgID": "o-1"}}"#));
    assert!(is(
        &stranger,
        scene.member,
        &format!(r#"{{"ForAnyValue:StringLike": {{"aws:ResourceOrgPaths": "{path}*"}}}}"#)
    ));
    assert!(is(&ann, scene.member, r#"{"StringEquals": {"aws:ResourceOrgID": "${aws:PrincipalOrgID}"}}"#));
}

#[test]
fn who_comes_by_a_providers_word_is_in_no_organization() {
    let scene = Scene::new();
    let federation = Federation { provider: "arn:aws:iam::1:oidc-provider/x".into(), ..Default::default() };
    for who in [Who::WebIdentity, Who::Saml] {
        let caller = Caller::federated(who, scene.member, "x:ann".into(), federation.clone());
        let caller = Visitor::vouched(caller);
        let is = |condition: &str| holds(&scene, &Origin::default(), &caller, scene.member, condition);
        assert!(is(r#"{"Null": {"aws:PrincipalOrgID": "true", "aws:PrincipalOrgPaths": "true"}}"#));
        assert!(is(r#"{"StringEquals": {"aws:ResourceOrgID": "o-1"}}"#));
        scene.get_public(&caller, scene.member).unwrap();
    }
    let perimeter = r#"{"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}"#;
    scene.attach(RESOURCE_CONTROL, "r-r", &deny_get_as_rcp(perimeter));
    let caller = Caller::federated(Who::WebIdentity, scene.member, "x:ann".into(), federation);
    check_fault(scene.get_public(&Visitor::vouched(caller), scene.member), "AccessDenied");
}

#[test]
fn a_service_tells_for_whom_it_calls() {
    let scene = Scene::new();
    let arn = format!("arn:aws:s3:::log-source-{}", scene.member);
    let source = Source { arn: Some(arn.clone()), account: scene.member };
    let origin = Origin { source: Some(source), ..Origin::default() };
    let service = Visitor::vouched(Caller::service("logging.s3.amazonaws.com", scene.outside));
    let is = |condition: &str| holds(&scene, &origin, &service, scene.outside, condition);
    assert!(is(&format!(r#"{{"ArnEquals": {{"aws:SourceArn": "{arn}"}}}}"#)));
    assert!(is(r#"{"StringEquals": {"aws:SourceAccount": "111111111111", "aws:SourceOrgID": "o-1"}}"#));
    assert!(is(
        r#"{"ForAllValues:StringEquals": {"aws:SourceOrgPaths": "o-1/r-r/ou-r-apps/"}, "Null": {"aws:SourceOrgPaths": "false"}}"#
    ));
    assert!(is(
        r#"{"ForAnyValue:StringEquals": {"aws:PrincipalServiceNamesList": "logging.s3.amazonaws.com"}}"#
    ));
    assert!(is(r#"{"Null": {"aws:PrincipalOrgID": "true", "aws:PrincipalAccount": "true"}}"#));
}

fn endpoint(scene: &Scene, policy: &str) -> Origin {
    let endpoint = Endpoint {
        id: "vpce-1".into(),
        vpc: "vpc-1".into(),
        region: REGION.into(),
        account: scene.member,
        policy: set(policy, Kind::Endpoint),
    };
    let ip = Some("10.0.0.7".parse().unwrap());
    Origin { endpoint: Some(Arc::new(endpoint)), source_ip: ip, ..Origin::default() }
}

#[test]
fn the_policy_of_a_vpc_endpoint_must_allow_what_passes() {
    let scene = Scene::new();
    let ann = scene.user(scene.outside);
    scene.get_from(&ann, endpoint(&scene, &statement("Allow", ALL))).unwrap();
    let other = statement("Allow", r#""Principal": "*", "Action": "s3:PutObject", "Resource": "*""#);
    let message = check_fault(scene.get_from(&ann, endpoint(&scene, &other)), "AccessDenied");
    assert!(message.ends_with("because no VPC endpoint policy allows the s3:GetObject action"), "{message}");
    let denied = scene.get_from(&scene.world.root(scene.outside), endpoint(&scene, &statement("Deny", ALL)));
    let message = check_fault(denied, "AccessDenied");
    assert!(message.contains("with an explicit deny in a VPC endpoint policy"), "{message}");
}

/// A way that leads through another endpoint now than when the request came.
#[derive(Debug)]
struct Moved(Option<Arc<Endpoint>>);

impl FindWay for Moved {
    fn find(&self, origin: &mut Origin) -> Result<Arc<[Pre]>, Fault> {
        origin.endpoint.clone_from(&self.0);
        Ok(Arc::default())
    }
}

#[test]
fn a_change_is_decided_by_the_endpoint_that_it_comes_through_when_it_is_committed() {
    let scene = Scene::new();
    let ann = scene.user(scene.outside);
    let renamed = |now: &str| {
        let then = endpoint(&scene, &statement("Allow", ALL));
        let finder = Arc::new(Moved(endpoint(&scene, now).endpoint));
        // Something that was so when the way was found, and is no longer.
        let premises = [Pre::Absent(Store::key::<Members>(&scene.member))].into();
        let origin = Origin { way: Some(Way { premises, finder }), ..then };
        let call = scene.world.door.call::<Rename>(ann.clone(), REGION, origin, Given::default());
        scene.world.run(call)
    };
    renamed(&statement("Allow", ALL)).unwrap();
    let message = check_fault(renamed(&statement("Deny", ALL)), "AccessDenied");
    assert!(message.contains("with an explicit deny in a VPC endpoint policy"), "{message}");
}

#[test]
fn a_request_through_an_endpoint_has_its_keys_and_no_source_address() {
    let scene = Scene::new();
    let (ann, through) = (scene.user(scene.outside), endpoint(&scene, &statement("Allow", ALL)));
    let is = |condition: &str| holds(&scene, &through, &ann, scene.outside, condition);
    assert!(is(
        r#"{"StringEquals": {"aws:SourceVpce": "vpce-1", "aws:SourceVpc": "vpc-1", "aws:VpceAccount": "111111111111", "aws:VpceOrgID": "o-1"}}"#
    ));
    assert!(is(r#"{"IpAddress": {"aws:VpcSourceIp": "10.0.0.0/8"}, "Null": {"aws:SourceIp": "true"}}"#));
    assert!(is(r#"{"ForAnyValue:StringEquals": {"aws:VpceOrgPaths": "o-1/r-r/ou-r-apps/"}}"#));
    assert!(is(r#"{"ArnEquals": {"aws:SourceVpcArn": "arn:aws:ec2:us-east-1:111111111111:vpc/vpc-1"}}"#));
    let plain = Origin { endpoint: None, ..through.clone() };
    let without = r#"{"IpAddress": {"aws:SourceIp": "10.0.0.7"}, "Null": {"aws:SourceVpce": "true", "aws:VpcSourceIp": "true"}}"#;
    assert!(holds(&scene, &plain, &ann, scene.outside, without));
    // Whoever makes a VPC chooses its addresses: they are no proof of anything.
    let private = Origin { private: true, ..plain };
    let none = r#"{"Null": {"aws:SourceIp": "true", "aws:VpcSourceIp": "true"}}"#;
    assert!(holds(&scene, &private, &ann, scene.outside, none));
}

#[test]
fn what_a_service_does_for_its_caller_tells_so_and_comes_from_the_service() {
    const VIA: &str = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*",
        "Action": "s3:GetObject", "Resource": "*", "Condition": {
            "ForAllValues:StringEquals": {"aws:CalledVia": "ec2.amazonaws.com"},
            "StringEquals": {"aws:CalledViaFirst": "ec2.amazonaws.com", "aws:CalledViaLast": "ec2.amazonaws.com"},
            "Bool": {"aws:ViaAWSService": "true", "aws:SecureTransport": "true"},
            "Null": {"aws:SourceIp": "true", "aws:VpcSourceIp": "true", "aws:SourceVpce": "true"}}}}"#;
    let scene = Scene::new();
    let key =
        scene.world.user_key(scene.outside, "bob", &statement("Deny", r#""Action": "x:*", "Resource": "*""#));
    let bob = scene.world.signed_in(&key.id, None).unwrap();
    // The endpoint lets nothing but the call itself through: what the service does does not pass there.
    let only = r#""Principal": "*", "Action": "ec2:*", "Resource": "*""#;
    let through = endpoint(&scene, &statement("Allow", only));
    let input = || Given { owner: scene.outside, policy: Some(VIA) };
    let call = |origin: Origin| scene.world.door.call::<Import>(bob.clone(), REGION, origin, input());
    scene.world.run(call(through.clone())).unwrap();
    let ip = Some("192.0.2.7".parse().unwrap());
    scene.world.run(call(Origin { source_ip: ip, ..Origin::default() })).unwrap();
    // The same asked by the caller itself is asked by nobody for it.
    let direct = Origin { source_ip: ip, secure: true, ..Origin::default() };
    let outcome = scene.world.run(scene.world.door.call::<GetObject>(bob.clone(), REGION, direct, input()));
    check_fault(outcome, "AccessDenied");
    // A service that called this one is first in the chain.
    let chained = Origin { called_via: vec!["cloudformation.amazonaws.com".into()], ..Origin::of_service() };
    check_fault(scene.world.run(call(chained)), "AccessDenied");
    let id = scene.world.records.all().pop().unwrap();
    let id = id.split(r#""requestID":""#).nth(1).unwrap().split('"').next().unwrap().to_owned();
    let decided = scene.world.door.decisions.find(&id).unwrap();
    let services = &decided.asks[0].via.as_ref().unwrap().called_via;
    assert_eq!(services, &["cloudformation.amazonaws.com", "ec2.amazonaws.com"]);
}

#[test]
fn an_explanation_shows_the_levels() {
    let scene = Scene::new();
    scene.attach(SERVICE_CONTROL, "r-r", &deny_get());
    check_fault(scene.get(&scene.user(scene.member), scene.member), "AccessDenied");
    let record = scene.world.records.all().pop().unwrap();
    let id = record.split(r#""requestID":""#).nth(1).unwrap().split('"').next().unwrap().to_owned();
    let traces = scene.world.door.explain(&scene.world.door.decisions.find(&id).unwrap());
    let of = |layer| {
        let levels = traces[0].layers.iter().filter(move |trace| trace.layer == layer);
        levels.map(|trace| trace.level).collect::<Vec<_>>()
    };
    assert_eq!(of(Layer::ServiceControl), [Some(0), Some(1), Some(2)]);
    assert_eq!(of(Layer::ResourceControl), [Some(0), Some(1), Some(2)]);
}

#[test]
fn assuming_a_role_asks_both_accounts() {
    let scene = Scene::new();
    let _ = (sts::AssumeRole, std::any::type_name::<Role>());
    let rest = r#""Principal": "*", "Action": "sts:AssumeRole", "Resource": "*""#;
    scene.attach(RESOURCE_CONTROL, "111111111111", &statement("Deny", rest));
    let role = Role {
        account: scene.member,
        name: "app".into(),
        path: "/".into(),
        id: "AROAEXAMPLE".into(),
        created: scene.world.env.now(),
        trust: statement(
            "Allow",
            r#""Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole""#,
        ),
        description: None,
        max_session: 3600,
        tags: Default::default(),
        boundary: None,
        template: None,
    };
    let asked = rolecall_door::ServiceSession {
        service: "ec2.amazonaws.com",
        role: &role,
        region: REGION,
        name: "i-1",
        life: std::time::Duration::from_secs(900),
        delivery: None,
    };
    let message = check_fault(scene.world.door.assume_for_service(&asked).map(|_| ()), "AccessDenied");
    assert!(message.contains("explicit deny in a resource control policy"), "{message}");
}
