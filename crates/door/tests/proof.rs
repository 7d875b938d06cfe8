//! Operations whose caller brings its own proof instead of a signature.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail loudly")]

use bytes::Bytes;
use http::HeaderMap;
use rolecall_actions::sts;
use rolecall_base::{AccountId, Fault, Tags};
use rolecall_door::{
    At, Authorized, Front, Needs, Operation, Origin, Pending, Proving, Read, Request, RequestBody, Row,
    TrustingRole, proving_row,
};
use rolecall_identity::records::Role;
use rolecall_identity::{Caller, Federation, Who};
use rolecall_testkit::{ACCOUNT, REGION, World, check_fault};
use rolecall_wire::record::{Tell, Teller};
use rolecall_wire::{
    Body, Input, Message, Meta, Output, Protocol, Response, Route, Service, Shape, Violations,
};

const PROVIDER: &str = "arn:aws:iam::000000000000:oidc-provider/id.example.com";

#[derive(Debug, Default)]
struct Word(String);

impl Input for Word {
    fn decode(m: &Message<'_>, _: &mut Violations) -> Result<Self, Fault> {
        let body = String::from_utf8_lossy(m.body);
        Ok(Word(body.split("Word=").nth(1).unwrap_or_default().to_owned()))
    }

    fn validate(&self, _: &mut Violations) {}
}

impl Tell for Word {
    fn tell(&self, t: &mut Teller) {
        t.open();
        t.close();
    }
}

#[derive(Debug)]
struct Welcome(String);

impl Tell for Welcome {
    fn tell(&self, t: &mut Teller) {
        t.open();
        t.put("word", Some(&self.0));
        t.close();
    }
}

impl Output for Welcome {
    fn encode(self, _: &Meta, _: &str, response: &mut Response) {
        response.body = Body::Bytes(Bytes::from(self.0));
    }
}

#[derive(Debug)]
struct Knock;

impl Shape for Knock {
    type Input = Word;
    type Output = Welcome;
    const META: &'static Meta = &Meta {
        service: "sts",
        name: "Knock",
        protocol: Protocol::Query,
        xmlns: "",
        result_wrapper: None,
        route: Route::named("Knock"),
        status: 200,
        streaming_input: false,
        streaming_output: false,
    };
}

/// A role that trusts whom the provider calls `ann`.
fn role(at: &At<'_>) -> Result<TrustingRole, Fault> {
    let trust = format!(
        r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Principal": {{"Federated": "{PROVIDER}"}},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {{"StringEquals": {{"id.example.com:sub": "ann"}}}}}}}}"#
    );
    let role = Role {
        account: ACCOUNT,
        name: "guest".into(),
        path: "/".into(),
        id: "AROAEXAMPLEEXAMPLE123".into(),
        created: at.now,
        trust: trust.clone(),
        description: None,
        max_session: 3_600,
        tags: Tags::default(),
        boundary: None,
        template: None,
    };
    Ok(TrustingRole { role: role.into(), trust: at.identity.documents.trust(&trust)? })
}

impl Operation for Knock {
    type Access = Read;

    fn needs(_: &Word, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(sts::AssumeRoleWithWebIdentity).on(&role(at)?).trust_decides().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<Welcome, Fault> {
        Ok(Welcome(format!("welcome {}", req.caller.user_name.as_deref().unwrap_or_default())))
    }
}

impl Proving for Knock {
    fn account(_: &Word) -> Option<AccountId> {
        Some("222222222222".parse().unwrap())
    }

    fn prove<'a>(input: &'a Word, _: &'a At<'a>) -> Pending<'a, Result<Caller, Fault>> {
        Box::pin(async {
            tokio::task::yield_now().await;
            match input.0.as_str() {
                "" => Err(Fault::new("InvalidIdentityToken", 400, "No word.")),
                "root" => Ok(Caller::root(ACCOUNT)),
                name => Ok(caller(name)),
            }
        })
    }
}

fn caller(name: &str) -> Caller {
    let context = vec![
        ("id.example.com:sub".to_owned(), vec![name.to_owned()]),
        ("aws:principalaccount".to_owned(), vec![ACCOUNT.to_string()]),
    ];
    let federation =
        Federation { provider: PROVIDER.into(), subject: name.into(), context, ..Federation::default() };
    Caller::federated(Who::WebIdentity, ACCOUNT, format!("{PROVIDER}:{name}"), federation)
}

static SERVICE: Service =
    Service { name: "sts", protocol: Protocol::Query, version: "2011-06-15", xmlns: "", target_prefix: "" };
static OPERATIONS: &[Row] = &[proving_row::<Knock>()];

fn knock(world: &World, word: &str) -> Result<Welcome, Fault> {
    world.run(world.door.call_proving::<Knock>(REGION, Origin::default(), Word(word.to_owned())))
}

/// Over the bytes' side, with any headers.
fn send(world: &World, body: String, headers: HeaderMap) -> (u16, String) {
    let front = Front::new(&SERVICE, OPERATIONS, &[]);
    let request = Request {
        id: world.env.uuid(),
        received: world.env.now(),
        method: http::Method::POST,
        sent_path: "/".into(),
        path: "/".into(),
        query: String::new(),
        headers,
        body: RequestBody::Whole(Bytes::from(body)),
        unpacked: None,
        origin: Origin::default(),
    };
    let response = world.run(world.door.answer(&front, request));
    let Body::Bytes(bytes) = response.body else { panic!("a stream") };
    (response.status, String::from_utf8(bytes.to_vec()).unwrap())
}

#[test]
fn the_proof_says_who_calls_and_the_trust_policy_decides() {
    let world = World::new(1);
    assert_eq!(knock(&world, "ann").unwrap().0, "welcome ann");
    let refused = check_fault(knock(&world, "bob"), "AccessDenied");
    assert_eq!(refused, "Not authorized to perform sts:AssumeRoleWithWebIdentity");
    let [allowed, denied] = world.records.all().try_into().unwrap();
    assert!(allowed.contains(r#""type":"WebIdentityUser""#) && allowed.contains(r#""userName":"ann""#));
    assert!(allowed.contains(&format!(r#""identityProvider":"{PROVIDER}""#)), "{allowed}");
    assert!(denied.contains(r#""errorCode":"AccessDenied""#), "{denied}");
}

#[test]
fn a_bad_proof_is_recorded_as_nobodys_in_the_account_it_was_about() {
    let world = World::new(1);
    check_fault(knock(&world, ""), "InvalidIdentityToken");
    assert!(world.records.all().is_empty(), "there is no such account");
    world.account("222222222222".parse().unwrap());
    check_fault(knock(&world, ""), "InvalidIdentityToken");
    let [record] = world.records.all().try_into().unwrap();
    assert!(record.contains(r#""accountId":"anonymous""#), "{record}");
    assert!(record.contains(r#""recipientAccountId":"222222222222""#), "{record}");
}

#[test]
fn no_proof_makes_anybody_of_this_server() {
    let world = World::new(1);
    check_fault(knock(&world, "root"), "InternalFailure");
}

#[test]
fn without_its_proof_the_operation_is_closed_to_all() {
    let world = World::new(1);
    check_fault(world.call::<Knock>(&world.root(ACCOUNT), Word("ann".into())), "AccessDenied");
}

#[test]
fn a_request_needs_no_signature_and_a_bad_one_is_not_looked_at() {
    let world = World::new(1);
    let body = || "Action=Knock&Version=2011-06-15&Word=ann".to_owned();
    assert_eq!(send(&world, body(), HeaderMap::new()), (200, "welcome ann".to_owned()));
    let mut headers = HeaderMap::new();
    headers.insert("authorization", "AWS4-HMAC-SHA256 Credential=AKIA/x/y/sts/aws4_request".parse().unwrap());
    assert_eq!(send(&world, body(), headers).0, 200);
}

#[test]
fn an_unsigned_request_is_short() {
    let world = World::new(1);
    let (status, _) = send(&world, format!("Action=Knock&Word={}", "a".repeat(600_000)), HeaderMap::new());
    assert_eq!(status, 413);
}
