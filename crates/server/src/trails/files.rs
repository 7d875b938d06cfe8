//! A trail's log files: which events they have, and how they come into the bucket.

use std::collections::{BTreeMap, HashSet};
use std::io::Write;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use rolecall_base::{AccountId, Fault, Time};
use rolecall_cloudtrail::{Event, LogFile, Trail};
use rolecall_door::{Origin, Payload, Source, Visitor};
use rolecall_identity::Caller;
use rolecall_s3::model::{PutObject, PutObjectRequest};
use sha2::{Digest as _, Sha256};

use crate::start::World;

const SERVICE: &str = "cloudtrail.amazonaws.com";
/// Where events of global services are recorded.
const GLOBAL: &str = "us-east-1";

/// Events that stand in one file: those of one account and region.
#[derive(Debug, Default)]
pub struct Lines<'p> {
    lines: Vec<&'p str>,
    oldest: Time,
    newest: Time,
}

/// The events that a trail wants, by account and region.
pub type Wanted<'p> = BTreeMap<(String, String), Lines<'p>>;

/// Picks what a trail wants. `members` are the accounts of an organization trail.
pub fn wanted<'p>(
    trail: &Trail,
    members: Option<&HashSet<String>>,
    events: &'p [(Event, String)],
) -> Wanted<'p> {
    let selectors = trail.selectors.clone().unwrap_or_default();
    let own = trail.account.to_string();
    let mut files = Wanted::new();
    for (event, line) in events {
        let (account, region) = (event.account(), event.region());
        let here = match is_global(event) {
            true => trail.global && (trail.multi_region || trail.region == region || region == GLOBAL),
            false => trail.multi_region || trail.region == region,
        };
        let ours = members.map_or_else(|| account == own, |members| members.contains(account));
        if !here || !ours || !trail.logged_at(event.time()) || !selectors.want(event) || !is_region(region) {
            continue;
        }
        let file = files.entry((account.to_owned(), region.to_owned())).or_default();
        if file.lines.is_empty() || event.time() < file.oldest {
            file.oldest = event.time();
        }
        file.newest = file.newest.max(event.time());
        file.lines.push(line.as_str());
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

/// A file that was written, with the account and region of its events.
pub type Written = (String, String, LogFile);

/// Writes a file for each account and region.
///
/// # Errors
/// S3's.
pub async fn put_all(world: &World, trail: &Trail, wanted: &Wanted<'_>) -> Result<Vec<Written>, Fault> {
    let mut written = Vec::new();
    for ((account, region), lines) in wanted {
        let text = format!("{{\"Records\":[{}]}}", lines.lines.join(","));
        let key = key(world, trail, account, region);
        let object = PutObjectRequest { content_encoding: Some("gzip".into()), ..object(trail, key.clone()) };
        put(world, trail, object, text.as_bytes()).await?;
        let file = LogFile {
            bucket: trail.bucket.clone(),
            key,
            hash: hex(&Sha256::digest(text.as_bytes())),
            oldest: lines.oldest,
            newest: lines.newest,
        };
        written.push((account.clone(), region.clone(), file));
    }
    Ok(written)
}

fn key(world: &World, trail: &Trail, account: &str, region: &str) -> String {
    let now = world.env.now();
    let unique = world.env.uuid().replace('-', "");
    format!(
        "{}/{region}/{}/{account}_CloudTrail_{region}_{}Z_{}.json.gz",
        root(trail, account, "CloudTrail"),
        day(now),
        now.iso_basic().get(..13).unwrap_or_default(),
        unique.get(..16).unwrap_or_default(),
    )
}

/// `2026/11/30`, as keys have it.
pub fn day(time: Time) -> String {
    let text = time.iso_basic();
    let part = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default();
    format!("{}/{}/{}", part(0..4), part(4..6), part(6..8))
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Packs a text and writes it.
///
/// # Errors
/// S3's.
pub async fn put(world: &World, trail: &Trail, object: PutObjectRequest, text: &[u8]) -> Result<(), Fault> {
    let packed = pack(text).map_err(Fault::internal)?;
    let length = u64::try_from(packed.len()).ok();
    let mut body = Payload::plain(Box::pin(Once(Some(Bytes::from(packed)))), length);
    let (visitor, origin) = (visitor(trail.account), origin(trail));
    world.door.upload::<PutObject>(visitor, &trail.region, origin, object, &mut body).await.map(|_| ())
}

fn pack(text: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(text)?;
    packed.finish()
}

/// Where files about an account stand; `kind` is `CloudTrail` or `CloudTrail-Digest`.
pub fn root(trail: &Trail, account: &str, kind: &str) -> String {
    let prefix = trail.prefix.as_ref().map(|prefix| format!("{}/", prefix.trim_end_matches('/')));
    let organization = trail.organization.as_ref().map(|id| format!("{id}/"));
    format!("{}AWSLogs/{}{account}/{kind}", prefix.unwrap_or_default(), organization.unwrap_or_default())
}

pub fn object(trail: &Trail, key: String) -> PutObjectRequest {
    PutObjectRequest {
        bucket: trail.bucket.clone(),
        key,
        acl: Some("bucket-owner-full-control".into()),
        content_type: Some("application/json".into()),
        ..PutObjectRequest::default()
    }
}

pub fn visitor(account: AccountId) -> Visitor {
    Visitor::vouched(Caller::service(SERVICE, account))
}

pub fn origin(trail: &Trail) -> Origin {
    let source = Source { arn: Some(trail.arn()), account: trail.account };
    Origin { source: Some(source), ..Origin::of_service() }
}

/// A body in one piece.
struct Once(Option<Bytes>);

impl futures_core::Stream for Once {
    type Item = std::io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.take().map(Ok))
    }
}
