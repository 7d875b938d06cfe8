//! The loop that brings trails' events to their buckets, as the service principal `cloudtrail.amazonaws.com`: the
//! bucket's policy decides each file.
//!
//! A trail has a place in the log. What comes after it is read, what the trail wants is written as one file a region,
//! and then the place is moved: after a crash in between the same events come again, in another file.

mod digests;
mod files;

use std::collections::HashSet;
use std::sync::{Arc, Weak};
use std::time::Duration;

use rolecall_base::Fault;
use rolecall_cloudtrail::{Deliveries, Delivery, Event, EventHistory, Position, Trail, Trails, Writable};
use rolecall_door::Door;
use rolecall_identity::records::MembersOfOrganization;
use rolecall_s3::model::{GetBucketAcl, GetBucketAclRequest, PutObject};
use rolecall_store::{Reader, Scan};
use tokio::sync::watch;

use crate::audit_log::{self, Log};
use crate::control::Server;
use crate::listen::stopping;
use crate::start::World;

/// Deliveries of log files to one digest: AWS has five minutes and an hour.
const FILES_PER_DIGEST: u32 = 12;

/// Delivers until the server stops.
pub async fn run(world: Arc<World>, every: Duration, mut stop: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            () = stopping(&mut stop) => return,
        }
        if let Err(fault) = deliver_all(&world, every.saturating_mul(FILES_PER_DIGEST)).await {
            log::error!("trails could not be delivered: {fault:?}");
        }
    }
}

async fn deliver_all(world: &Arc<World>, digest_every: Duration) -> Result<(), Fault> {
    let store = &world.door.identity.store;
    let mut runners = runners(&store.read()?)?;
    if runners.is_empty() {
        return Ok(());
    }
    let log = Log { segments: world.segments.clone(), store: store.clone() };
    log.settle();
    // No further than this: the log grows meanwhile, also by what is delivered.
    let end = audit_log::end(world.segments.shelf()).map_err(Fault::internal)?;
    while let Some(from) = Runner::furthest_behind(&runners, &end) {
        let (segments, place) = (world.segments.clone(), from.clone());
        let read = tokio::task::spawn_blocking(move || audit_log::next(segments.shelf(), &place)).await;
        let Some(piece) = read.map_err(Fault::internal)?.map_err(Fault::internal)? else { break };
        let read = |line: String| Event::read(&line).map(|event| (event, line));
        let events: Vec<(Event, String)> = piece.lines.into_iter().filter_map(read).collect();
        for runner in runners.iter_mut().filter(|runner| runner.position() == from) {
            if let Err(fault) = runner.take(world, &events, &piece.next).await {
                runner.failed = true;
                log::warn!("{} could not be delivered: {fault:?}", runner.trail.arn());
            }
        }
    }
    for runner in &mut runners {
        if let Err(fault) = digests::write(world, runner, digest_every).await {
            log::warn!("a digest of {} could not be delivered: {fault:?}", runner.trail.arn());
        }
    }
    Ok(())
}

/// The trails that log or have logged, with their places.
fn runners(db: &Reader) -> Result<Vec<Runner>, Fault> {
    let mut all = Vec::new();
    for (_, trail) in db.run::<Trails>(&Scan::new(&()))? {
        let Some(first) = trail.spans.first() else { continue };
        let begun = first.start.iso_basic().get(..11).unwrap_or_default().to_owned();
        let delivery = db.get::<Deliveries>(&Runner::key_of(&trail))?;
        let delivery = delivery.unwrap_or_else(|| Delivery { segment: begun, ..Delivery::default() });
        let members = members(db, &trail)?;
        all.push(Runner { trail, delivery, members, failed: false });
    }
    Ok(all)
}

/// The accounts whose events an organization trail gets; none once its owner may not have them any more.
fn members(db: &Reader, trail: &Trail) -> Result<Option<HashSet<String>>, Fault> {
    let Some(organization) = &trail.organization else { return Ok(None) };
    if !rolecall_cloudtrail::reaches_members(db, trail)? {
        return Ok(Some(HashSet::new()));
    }
    let rows = db.scan::<MembersOfOrganization>(&(organization.as_str(),), None, usize::MAX)?;
    Ok(Some(rows.into_iter().map(|((_, account), _)| account.to_string()).collect()))
}

/// A trail on its way through the log.
struct Runner {
    trail: Trail,
    delivery: Delivery,
    members: Option<HashSet<String>>,
    /// Not tried again before the next round.
    failed: bool,
}

impl Runner {
    fn key_of(trail: &Trail) -> (rolecall_base::AccountId, String, String) {
        (trail.account, trail.region.clone(), trail.name.clone())
    }

    fn position(&self) -> Position {
        Position { segment: self.delivery.segment.clone(), offset: self.delivery.offset }
    }

    /// Where the log must be read next: trails that are at one place are served by one reading.
    fn furthest_behind(runners: &[Runner], end: &Position) -> Option<Position> {
        let open = runners.iter().filter(|runner| !runner.failed);
        open.map(Runner::position).filter(|position| position < end).min()
    }

    /// Delivers what the trail wants of a piece, and moves its place.
    async fn take(
        &mut self,
        world: &World,
        events: &[(Event, String)],
        next: &Position,
    ) -> Result<(), Fault> {
        let wanted = files::wanted(&self.trail, self.members.as_ref(), events);
        if !wanted.is_empty() {
            self.delivery.attempted = Some(world.env.now());
        }
        let outcome = files::put_all(world, &self.trail, &wanted).await;
        let written = match &outcome {
            Ok(written) => {
                (self.delivery.segment, self.delivery.offset) = (next.segment.clone(), next.offset);
                if !wanted.is_empty() {
                    (self.delivery.delivered, self.delivery.error) = (self.delivery.attempted, None);
                }
                written.as_slice()
            }
            Err(fault) => {
                self.delivery.error = Some(fault.code().to_owned());
                &[]
            }
        };
        let store = &world.door.identity.store;
        let mut tx = store.begin()?;
        let key = Runner::key_of(&self.trail);
        // The trail may have been deleted while its file was written.
        if tx.exists::<Trails>(&key)? {
            tx.put::<Deliveries>(&key, &self.delivery)?;
            if self.trail.digests {
                digests::note(&mut tx, &self.trail, written, world.env.now())?;
            }
            store.commit(tx).await.map_err(Fault::internal)?;
        }
        outcome.map(|_| ())
    }
}

/// Asks buckets whether they let a trail in.
#[derive(Debug)]
pub struct TrailBuckets(pub Arc<Server>);

impl Writable for TrailBuckets {
    fn ask(&self, trail: &Trail) -> Result<(), Fault> {
        let door: Option<Arc<Door>> = self.0.door.get().and_then(Weak::upgrade);
        let door = door.ok_or_else(|| Fault::internal("the server has no door"))?;
        let (visitor, origin) = (files::visitor(trail.account), files::origin(trail));
        let acl = GetBucketAclRequest { bucket: trail.bucket.clone(), ..Default::default() };
        door.would_allow::<GetBucketAcl>(&visitor, &trail.region, &origin, &acl)?;
        let file = files::object(
            trail,
            format!("{}/", files::root(trail, &trail.account.to_string(), "CloudTrail")),
        );
        door.would_allow::<PutObject>(&visitor, &trail.region, &origin, &file)
    }
}
