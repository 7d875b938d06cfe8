//! The loop that brings trails' events to their buckets, as the service principal `cloudtrail.amazonaws.com`: the
//! bucket's policy decides each file.
//!
//! A trail has a place in the log. What comes after it is read, what the trail wants is written as one file a region,
//! and then the place is moved: after a crash in between the same events come again, in another file.

use std::collections::BTreeMap;
use std::io::Write;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use rolecall_base::{AccountId, Fault};
use rolecall_cloudtrail::{Deliveries, Delivery, Event, EventHistory, Position, Trail, Trails, Writable};
use rolecall_door::{Door, Origin, Payload, Source, Visitor};
use rolecall_identity::Caller;
use rolecall_s3::model::{GetBucketAcl, GetBucketAclRequest, PutObject, PutObjectRequest};
use rolecall_store::Scan;
use tokio::sync::watch;

use crate::audit_log::{self, Log, Piece};
use crate::control::Server;
use crate::listen::stopping;
use crate::start::World;

const SERVICE: &str = "cloudtrail.amazonaws.com";
/// Where events of global services are recorded.
const GLOBAL: &str = "us-east-1";

/// Delivers until the server stops.
pub async fn run(world: Arc<World>, every: Duration, mut stop: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            () = stopping(&mut stop) => return,
        }
        if let Err(fault) = deliver_all(&world).await {
            log::error!("trails could not be delivered: {fault:?}");
        }
    }
}

async fn deliver_all(world: &Arc<World>) -> Result<(), Fault> {
    let trails = world.door.identity.store.read()?.run::<Trails>(&Scan::new(&()))?;
    let trails: Vec<Trail> = trails.into_iter().map(|(_, trail)| trail).collect();
    if trails.iter().all(|trail| trail.spans.is_empty()) {
        return Ok(());
    }
    let log = Log { segments: world.segments.clone(), store: world.door.identity.store.clone() };
    log.settle();
    // No further than this: the log grows meanwhile, also by what is delivered.
    let end = audit_log::end(world.segments.shelf()).map_err(Fault::internal)?;
    for trail in trails {
        if let Err(fault) = deliver(world, &trail, &end).await {
            log::warn!("{} could not be delivered: {fault:?}", trail.arn());
        }
    }
    Ok(())
}

/// Brings one trail to what was the end of the log, or a little beyond.
async fn deliver(world: &Arc<World>, trail: &Trail, end: &Position) -> Result<(), Fault> {
    let Some(first) = trail.spans.first() else { return Ok(()) };
    let key = (trail.account, trail.region.clone(), trail.name.clone());
    let store = &world.door.identity.store;
    let mut delivery = store.read()?.get::<Deliveries>(&key)?.unwrap_or_else(|| Delivery {
        segment: first.start.iso_basic().get(..11).unwrap_or_default().to_owned(),
        ..Delivery::default()
    });
    loop {
        let from = Position { segment: delivery.segment.clone(), offset: delivery.offset };
        if from >= *end {
            return Ok(());
        }
        let segments = world.segments.clone();
        let read = tokio::task::spawn_blocking(move || audit_log::next(segments.shelf(), &from)).await;
        let Some(piece) = read.map_err(Fault::internal)?.map_err(Fault::internal)? else { return Ok(()) };
        let files = wanted(trail, &piece);
        let outcome = put_all(world, trail, &files).await;
        if !files.is_empty() {
            delivery.attempted = Some(world.env.now());
        }
        match &outcome {
            Ok(()) => {
                (delivery.segment, delivery.offset) = (piece.next.segment.clone(), piece.next.offset);
                if !files.is_empty() {
                    (delivery.delivered, delivery.error) = (delivery.attempted, None);
                }
            }
            Err(fault) => delivery.error = Some(fault.code().to_owned()),
        }
        let mut tx = store.begin()?;
        // The trail may have been deleted while its file was written.
        if tx.exists::<Trails>(&key)? {
            tx.put::<Deliveries>(&key, &delivery)?;
            store.commit(tx).await.map_err(Fault::internal)?;
        }
        outcome?;
    }
}

/// The lines that a trail wants, by region.
fn wanted<'p>(trail: &Trail, piece: &'p Piece) -> BTreeMap<String, Vec<&'p str>> {
    let selectors = trail.selectors.clone().unwrap_or_default();
    let account = trail.account.to_string();
    let mut files = BTreeMap::new();
    for line in &piece.lines {
        let Some(event) = Event::read(line) else { continue };
        let global = is_global(&event);
        let here = match global {
            true => {
                trail.global
                    && (trail.multi_region || trail.region == event.region() || event.region() == GLOBAL)
            }
            false => trail.multi_region || trail.region == event.region(),
        };
        if here
            && event.account() == account
            && trail.logged_at(event.time())
            && selectors.want(&event)
            && is_region(event.region())
        {
            files.entry(event.region().to_owned()).or_insert_with(Vec::new).push(line.as_str());
        }
    }
    files
}

/// Services that are the same in all regions.
fn is_global(event: &Event) -> bool {
    matches!(event.source(), "iam.amazonaws.com" | "sts.amazonaws.com" | "organizations.amazonaws.com")
        && event.region() == GLOBAL
}

/// A region becomes part of a key; it is a caller's word.
fn is_region(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

async fn put_all(world: &World, trail: &Trail, files: &BTreeMap<String, Vec<&str>>) -> Result<(), Fault> {
    for (region, lines) in files {
        let packed = pack(lines).map_err(Fault::internal)?;
        put(world, trail, region, packed).await?;
    }
    Ok(())
}

fn pack(lines: &[&str]) -> std::io::Result<Vec<u8>> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(b"{\"Records\":[")?;
    packed.write_all(lines.join(",").as_bytes())?;
    packed.write_all(b"]}")?;
    packed.finish()
}

async fn put(world: &World, trail: &Trail, region: &str, packed: Vec<u8>) -> Result<(), Fault> {
    let now = world.env.now().iso_basic();
    let part = |range: std::ops::Range<usize>| now.get(range).unwrap_or_default();
    let unique = world.env.uuid().replace('-', "");
    let key = format!(
        "{}/{region}/{}/{}/{}/{}_CloudTrail_{region}_{}Z_{}.json.gz",
        root(trail),
        part(0..4),
        part(4..6),
        part(6..8),
        trail.account,
        part(0..13),
        unique.get(..16).unwrap_or_default(),
    );
    let length = u64::try_from(packed.len()).ok();
    let mut body = Payload::plain(Box::pin(Once(Some(Bytes::from(packed)))), length);
    let input = PutObjectRequest { content_encoding: Some("gzip".into()), ..file(trail, key) };
    let origin = origin(trail);
    let visitor = visitor(trail.account);
    world.door.upload::<PutObject>(visitor, &trail.region, origin, input, &mut body).await.map(|_| ())
}

/// Where a trail's files stand.
fn root(trail: &Trail) -> String {
    let prefix = trail.prefix.as_ref().map(|prefix| format!("{}/", prefix.trim_end_matches('/')));
    format!("{}AWSLogs/{}/CloudTrail", prefix.unwrap_or_default(), trail.account)
}

fn file(trail: &Trail, key: String) -> PutObjectRequest {
    PutObjectRequest {
        bucket: trail.bucket.clone(),
        key,
        acl: Some("bucket-owner-full-control".into()),
        content_type: Some("application/json".into()),
        ..PutObjectRequest::default()
    }
}

fn visitor(account: AccountId) -> Visitor {
    Visitor::vouched(Caller::service(SERVICE, account))
}

fn origin(trail: &Trail) -> Origin {
    let source = Source { arn: Some(trail.arn()), account: trail.account };
    Origin { secure: true, source: Some(source), ..Origin::default() }
}

/// A body in one piece.
struct Once(Option<Bytes>);

impl futures_core::Stream for Once {
    type Item = std::io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.take().map(Ok))
    }
}

/// Asks buckets whether they let a trail in.
#[derive(Debug)]
pub struct TrailBuckets(pub Arc<Server>);

impl Writable for TrailBuckets {
    fn ask(&self, trail: &Trail) -> Result<(), Fault> {
        let door: Option<Arc<Door>> = self.0.door.get().and_then(Weak::upgrade);
        let door = door.ok_or_else(|| Fault::internal("the server has no door"))?;
        let (visitor, origin) = (visitor(trail.account), origin(trail));
        let acl = GetBucketAclRequest { bucket: trail.bucket.clone(), ..Default::default() };
        door.would_allow::<GetBucketAcl>(&visitor, &trail.region, &origin, &acl)?;
        let file = file(trail, format!("{}/", root(trail)));
        door.would_allow::<PutObject>(&visitor, &trail.region, &origin, &file)
    }
}
