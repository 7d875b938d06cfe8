//! Whole requests through the door, signed by a user that may do nothing: refused, never with a fault of ours, and nothing
//! changes.

use std::cell::RefCell;

use bytes::Bytes;
use rolecall_door::{Front, Origin, Request as Received, RequestBody};
use rolecall_identity::NewKey;
use rolecall_sigv4::{Family, Signer, body_hash};
use rolecall_testkit::{ACCOUNT, World};
use rolecall_wire::Protocol;

use crate::request::Request;

struct Stage {
    world: World,
    key: NewKey,
    fronts: Vec<Front>,
    calls: u32,
}

impl Stage {
    fn new() -> Stage {
        let world = World::new(1);
        let key = world.user_key(ACCOUNT, "nobody", "");
        let fronts = vec![
            Front::new(&rolecall_iam::model::SERVICE, rolecall_iam::ops::OPERATIONS, &[]),
            Front::new(&rolecall_sts::model::SERVICE, rolecall_sts::ops::OPERATIONS, &[]),
            Front::new(&rolecall_ec2::model::SERVICE, rolecall_ec2::ops::OPERATIONS, &[]),
            Front::new(&rolecall_s3::model::SERVICE, rolecall_s3::ops::OPERATIONS, &[])
                .with_body_check(rolecall_s3::check_body),
        ];
        Stage { world, key, fronts, calls: 0 }
    }
}

thread_local! {
    static STAGE: RefCell<Stage> = RefCell::new(Stage::new());
}

pub(crate) fn run(data: &[u8]) {
    let Some(request) = Request::read(data) else { return };
    STAGE.with_borrow_mut(|stage| {
        // Audit records and remembered decisions add up.
        stage.calls += 1;
        if stage.calls > 20_000 {
            *stage = Stage::new();
        }
        call(stage, request);
    });
}

fn call(stage: &Stage, request: Request<'_>) {
    let Some(front) = stage.fronts.iter().find(|front| front.service().name == request.which) else { return };
    let Some(received) = signed(stage, front, request) else { return };
    let world = &stage.world;
    let before = world.store.revision_of(ACCOUNT);
    let shown = format!("{} {}?{}", received.method, received.path, received.query);
    let answer = world.run(world.door.answer(front, received));
    assert!(answer.status < 500, "{} from {shown}", answer.status);
    assert_eq!(
        world.store.revision_of(ACCOUNT),
        before,
        "a caller without rights changed something: {shown}"
    );
}

fn signed(stage: &Stage, front: &Front, request: Request<'_>) -> Option<Received> {
    let service = front.service();
    let family = match service.protocol {
        Protocol::Query => Family::Query,
        Protocol::Ec2 => Family::Ec2,
        Protocol::Json(_) => Family::Json,
        Protocol::RestJson => Family::RestJson,
        Protocol::RestXml => Family::S3,
    };
    let signer = Signer {
        access_key_id: &stage.key.id,
        secret: &stage.key.secret,
        token: None,
        region: "us-east-1",
        service: service.name,
        family,
    };
    let now = stage.world.env.now();
    let mut headers = request.headers;
    headers.insert("host", http::HeaderValue::from_static("localhost"));
    let hash = body_hash(request.body).to_string();
    signer.sign(request.method, request.path, request.query, &mut headers, &hash, now).ok()?;
    Some(Received {
        id: "fuzz".to_owned(),
        received: now,
        method: http::Method::from_bytes(request.method.as_bytes()).ok()?,
        sent_path: request.path.to_owned(),
        path: request.path.to_owned(),
        query: request.query.to_owned(),
        headers,
        body: RequestBody::Whole(Bytes::copy_from_slice(request.body)),
        unpacked: None,
        origin: Origin::default(),
    })
}
