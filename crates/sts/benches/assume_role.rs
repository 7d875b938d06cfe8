//! What AssumeRole costs beyond its signature: the questions, the decision by trust and caller's policies, the sealed
//! token, the audit entry as it is handed to the log's thread. GetCallerIdentity stands beside it.
#![allow(missing_docs, clippy::unwrap_used, reason = "bench code")]

use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use criterion::{Criterion, criterion_group, criterion_main};
use rolecall_base::Tags;
use rolecall_door::{AuditLog, Door, Entry, Extensions, Operation, Origin, Visitor};
use rolecall_identity::records::{Entities, Entity, Holder, Role, Roles, fold};
use rolecall_sts::model::{AssumeRole, AssumeRoleRequest, GetCallerIdentity, GetCallerIdentityRequest};
use rolecall_testkit::{ACCOUNT, REGION, World};

/// The log's own work, text and file, is another thread's.
#[derive(Debug)]
struct Nowhere;

impl AuditLog for Nowhere {
    fn append(&self, entry: Entry) {
        drop(black_box(entry));
    }
}

/// A call that reads never waits.
fn call<Op: Operation>(door: &Door, visitor: &Visitor, input: Op::Input) -> Op::Output {
    let mut call = pin!(door.call::<Op>(visitor.clone(), REGION, Origin::default(), input));
    match call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome.unwrap(),
        Poll::Pending => unreachable!("it waits for nothing"),
    }
}

fn assume_role(c: &mut Criterion) {
    let world = World::new(1);
    let allowed =
        r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:*", "Resource": "*"}}"#;
    let ann = world.user("ann", allowed);
    let trust = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"AWS": "arn:aws:iam::000000000000:root"}}}"#;
    let role = Role {
        account: ACCOUNT,
        name: "reader".into(),
        path: "/".into(),
        id: world.env.unique_id("AROA"),
        created: world.env.now(),
        trust: trust.into(),
        description: None,
        max_session: 3_600,
        tags: Tags::default(),
        boundary: None,
        template: None,
    };
    world.write(|tx| {
        tx.put::<Roles>(&(ACCOUNT, fold(&role.name)), &role)?;
        let entity = Entity { account: ACCOUNT, holder: Holder::Role, name: fold(&role.name) };
        tx.put::<Entities>(&role.id, &entity)?;
        tx.touch(ACCOUNT);
        Ok(())
    });
    let identity = world.door.identity.clone();
    let door = Door::new(identity, Extensions::default(), Arc::new(Nowhere), REGION);
    let arn = role.arn();
    c.bench_function("GetCallerIdentity", |b| {
        b.iter(|| call::<GetCallerIdentity>(&door, &ann, GetCallerIdentityRequest {}));
    });
    c.bench_function("AssumeRole", |b| {
        b.iter(|| {
            let input = AssumeRoleRequest {
                role_arn: arn.clone(),
                role_session_name: "load".into(),
                ..Default::default()
            };
            call::<AssumeRole>(&door, &ann, input)
        });
    });
}

criterion_group!(benches, assume_role);
criterion_main!(benches);
