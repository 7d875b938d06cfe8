//! What holds for every operation, shown with operations made for it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail loudly")]

use rolecall_actions::{ec2, iam};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, ByArn, Needs, Operation, Outbox, Read, Resource, Visitor, Write};
use rolecall_identity::records::{Attachment, Attachments, InlinePolicies, Users};
use rolecall_store::Scan;
use rolecall_testkit::{ACCOUNT, World, check_fault};
use rolecall_wire::record::{Tell, Teller};
use rolecall_wire::{Input, Message, Meta, Output, Protocol, Response, Route, Shape, Violations};

#[derive(Debug, Default)]
struct Given {
    name: String,
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
        t.put("name", Some(&self.name));
        t.close();
    }
}

#[derive(Debug, Default, PartialEq)]
struct Gotten(Vec<Option<String>>);

impl Output for Gotten {
    fn encode(self, _: &Meta, _: &str, _: &mut Response) {}
}

impl Tell for Gotten {
    fn tell(&self, t: &mut Teller) {
        t.open();
        t.close();
    }
}

const fn meta(service: &'static str, name: &'static str, protocol: Protocol) -> Meta {
    Meta {
        service,
        name,
        protocol,
        xmlns: "",
        result_wrapper: None,
        route: Route::named(name),
        status: 200,
        streaming_input: false,
        streaming_output: false,
    }
}

macro_rules! operation {
    ($name:ident, $access:ty, $meta:expr, $needs:expr, $run:expr) => {
        #[derive(Debug)]
        struct $name;

        impl Shape for $name {
            type Input = Given;
            type Output = Gotten;
            const META: &'static Meta = &$meta;
        }

        impl Operation for $name {
            type Access = $access;

            fn needs(input: &Given, at: &At<'_>) -> Result<Needs, Fault> {
                let needs: fn(&Given, &At<'_>) -> Result<Needs, Fault> = $needs;
                needs(input, at)
            }

            fn run(req: &mut Authorized<'_, Self>) -> Result<Gotten, Fault> {
                let run: fn(&mut Authorized<'_, Self>) -> Result<Gotten, Fault> = $run;
                run(req)
            }
        }
    };
}

fn role(name: &str) -> ByArn<iam::kind::Role> {
    ByArn::new(format!("arn:aws:iam::{ACCOUNT}:role/{name}"), ACCOUNT)
}

operation!(
    Rename,
    Write,
    meta("iam", "Rename", Protocol::Query),
    |_, at| Ok(Needs::action(iam::UpdateUser)
        .on(&ByArn::<iam::kind::User>::new(&at.caller.arn, at.account()))
        .done()),
    |req| {
        let key = (ACCOUNT, req.caller.user_name.clone().unwrap_or_default());
        let mut user = req.db()?.get::<Users>(&key)?.ok_or_else(|| Fault::internal("gone"))?;
        user.path = format!("/{}/", req.input.name);
        req.tx()?.put::<Users>(&key, &user)?;
        Ok(Gotten::default())
    }
);

operation!(Careless, Read, meta("iam", "Careless", Protocol::Query), |_, _| Ok(Needs::default()), |_| Ok(
    Gotten::default()
));

operation!(
    Panics,
    Read,
    meta("iam", "Panics", Protocol::Query),
    |_, _| Ok(Needs::nothing("a test")),
    |_| panic!("on purpose")
);

operation!(
    Sorts,
    Read,
    meta("iam", "Sorts", Protocol::Query),
    |_, _| Ok(Needs::each(["a", "b"].map(|name| Needs::action(iam::GetRole).on(&role(name)).done()))),
    |req| Ok(Gotten((0..2).map(|n| req.allowed(n).err().map(|fault| fault.code().to_owned())).collect()))
);

operation!(
    Passes,
    Read,
    meta("ec2", "Passes", Protocol::Ec2),
    |input, at| {
        let instance = ByArn::<ec2::kind::Instance>::new(
            format!("arn:aws:ec2:{}:{ACCOUNT}:instance/*", at.region),
            ACCOUNT,
        );
        let pass = Needs::action(iam::PassRole).on(&role(&input.name));
        let pass = pass.key(iam::key::PassedToService, Some("ec2.amazonaws.com"));
        Ok(Needs::action(ec2::AssociateIamInstanceProfile).on(&instance).done().and(pass.done()))
    },
    |req| {
        let asked = role(&req.input.name).arn();
        req.passed_role(&asked)?;
        Ok(Gotten(vec![
            req.passed_role("arn:aws:iam::000000000000:role/never-asked").err().map(|f| f.code().to_owned()),
        ]))
    }
);

fn given(name: &str) -> Given {
    Given { name: name.to_owned() }
}

fn allow(actions: &str, resource: &str) -> String {
    format!(
        r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Action": [{actions}], "Resource": "{resource}"}}}}"#
    )
}

fn path_of(world: &World, name: &str) -> String {
    world.store.read().unwrap().get::<Users>(&(ACCOUNT, name.to_owned())).unwrap().unwrap().path
}

fn outbox(world: &World) -> Vec<String> {
    let rows = world.store.read().unwrap().run::<Outbox>(&Scan::new(&())).unwrap();
    rows.into_iter().map(|(_, row)| row.record).collect()
}

#[test]
fn a_denied_change_changes_nothing_and_is_recorded() {
    let world = World::new(1);
    let ann = world.user("ann", "");
    let message = check_fault(world.call::<Rename>(&ann, given("x")), "AccessDenied");
    assert_eq!(
        message,
        "User: arn:aws:iam::000000000000:user/ann is not authorized to perform: iam:UpdateUser on resource: \
         arn:aws:iam::000000000000:user/ann because no identity-based policy allows the iam:UpdateUser action"
    );
    assert_eq!(path_of(&world, "ann"), "/");
    assert!(outbox(&world).is_empty());
    let [record] = world.records.all().try_into().unwrap();
    assert!(
        record.contains(r#""errorCode":"AccessDenied""#) && record.contains(r#""userName":"ann""#),
        "{record}"
    );
}

#[test]
fn an_allowed_change_is_committed_with_its_record() {
    let world = World::new(1);
    let ann = world.user("ann", &allow(r#""iam:UpdateUser""#, "*"));
    world.call::<Rename>(&ann, given("x")).unwrap();
    assert_eq!(path_of(&world, "ann"), "/x/");
    let [record] = outbox(&world).try_into().unwrap();
    assert!(record.contains(r#""eventName":"Rename""#), "{record}");
    assert!(record.contains(r#""requestParameters":{"name":"x"},"responseElements":null"#), "{record}");
}

#[test]
fn whoever_has_a_managed_policy_that_is_gone_is_denied_by_its_name() {
    let world = World::new(1);
    let key = world.user_key(ACCOUNT, "ann", &allow(r#""iam:UpdateUser""#, "*"));
    let arn = "arn:aws:iam::aws:policy/RetiredAccess";
    world.write(|tx| {
        let key = (ACCOUNT, "user".to_owned(), "ann".to_owned(), arn.to_owned());
        Ok(tx.put::<Attachments>(&key, &Attachment { attached: world.env.now() })?)
    });
    let ann = world.signed_in(&key.id, None).unwrap();
    let message = check_fault(world.call::<Rename>(&ann, given("x")), "AccessDenied");
    assert!(message.contains("explicit deny") && message.contains(arn), "{message}");
    assert_eq!(path_of(&world, "ann"), "/");
}

#[test]
fn an_operation_that_asks_nothing_and_does_not_say_why_is_refused() {
    let world = World::new(1);
    check_fault(world.call::<Careless>(&world.root(ACCOUNT), given("")), "InternalFailure");
}

#[test]
fn a_panic_is_one_calls_failure() {
    let world = World::new(1);
    check_fault(world.call::<Panics>(&world.root(ACCOUNT), given("")), "InternalFailure");
    assert!(world.call::<Sorts>(&world.root(ACCOUNT), given("")).is_ok());
}

#[test]
fn separate_items_are_allowed_and_denied_separately() {
    let world = World::new(1);
    let ann = world.user("ann", &allow(r#""iam:GetRole""#, "arn:aws:iam::000000000000:role/b"));
    let sorted = world.call::<Sorts>(&ann, given("")).unwrap();
    assert_eq!(sorted, Gotten(vec![Some("AccessDenied".to_owned()), None]));
}

#[test]
fn a_role_is_passed_only_where_that_was_asked_and_allowed() {
    let world = World::new(1);
    let both = r#""iam:PassRole", "ec2:AssociateIamInstanceProfile""#;
    let ann = world.user("ann", &allow(both, "*"));
    let never = world.call::<Passes>(&ann, given("r")).unwrap();
    assert_eq!(never, Gotten(vec![Some("InternalFailure".to_owned())]));
    let bob = world.user("bob", &allow(r#""ec2:AssociateIamInstanceProfile""#, "*"));
    let message = check_fault(world.call::<Passes>(&bob, given("r")), "UnauthorizedOperation");
    let encoded = message.split("Encoded authorization failure message: ").nth(1).unwrap();
    let vault = &world.door.identity.vault;
    let opened = rolecall_door::decode_authorization_message(vault, ACCOUNT, encoded).unwrap();
    assert!(opened.contains(r#""action":"iam:PassRole""#), "{opened}");
    let elsewhere = "222222222222".parse().unwrap();
    let refused = rolecall_door::decode_authorization_message(vault, elsewhere, encoded);
    check_fault(refused, "InvalidAuthorizationMessageException");
}

#[test]
fn the_very_next_call_after_an_edit_is_decided_by_the_edit() {
    let world = World::new(1);
    let key = world.user_key(ACCOUNT, "ann", &allow(r#""iam:GetRole""#, "*"));
    let ann = |world: &World| -> Visitor { world.signed_in(&key.id, None).unwrap() };
    let allowed = |world: &World| world.call::<Sorts>(&ann(world), given("")).unwrap().0[0].is_none();
    assert!(allowed(&world));
    world.write(|tx| {
        tx.delete::<InlinePolicies>(&(ACCOUNT, "user".to_owned(), "ann".to_owned(), "own".to_owned()))?;
        tx.touch(ACCOUNT);
        Ok(())
    });
    assert!(!allowed(&world));
}

#[test]
fn a_right_that_is_gone_when_the_change_is_committed_does_not_carry_it() {
    let world = World::new(1);
    // Signed in while allowed; the policy is deleted before the change is asked for.
    let ann = world.user("ann", &allow(r#""iam:UpdateUser""#, "*"));
    world.write(|tx| {
        tx.delete::<InlinePolicies>(&(ACCOUNT, "user".to_owned(), "ann".to_owned(), "own".to_owned()))?;
        tx.touch(ACCOUNT);
        Ok(())
    });
    check_fault(world.call::<Rename>(&ann, given("x")), "AccessDenied");
    assert_eq!(path_of(&world, "ann"), "/");
}

#[test]
fn every_decision_can_be_explained_by_its_request_id() {
    let world = World::new(1);
    let ann = world.user("ann", "");
    check_fault(world.call::<Rename>(&ann, given("x")), "AccessDenied");
    let record = world.records.all().remove(0);
    let id = record.split(r#""requestID":""#).nth(1).unwrap().split('"').next().unwrap().to_owned();
    let decided = world.door.decisions.find(&id).unwrap();
    assert_eq!(decided.asks[0].action, "iam:UpdateUser");
    assert_eq!(world.door.explain(&decided).len(), 1);
}
