//! Digest files: signed lists of a trail's log files with their hashes, each with the hash and the signature of the one
//! before, so that a file that was changed or taken away shows (`aws cloudtrail validate-logs`).

use std::collections::BTreeMap;
use std::time::Duration;

use rolecall_base::{AccountId, Fault, Time};
use rolecall_cloudtrail::{Deliveries, Digest, DigestKey, DigestKeys, Digests, LastDigest, Trail, Trails};
use rolecall_s3::model::PutObjectRequest;
use rolecall_store::Tx;
use rolecall_sts::rsa_key;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::Runner;
use super::files::{self, Written, hex};
use crate::start::World;

const ALGORITHM: &str = "SHA256withRSA";
/// Files after which a digest does not wait for its time.
const MOST: usize = 500;

type Key = (AccountId, String, String, AccountId, String);

fn key_of(trail: &Trail, account: AccountId, region: &str) -> Key {
    (trail.account, trail.region.clone(), trail.name.clone(), account, region.to_owned())
}

/// Notes log files for the next digest.
///
/// # Errors
/// When the store can't be read.
pub fn note(tx: &mut Tx, trail: &Trail, written: &[Written], now: Time) -> Result<(), Fault> {
    for (account, region, file) in written {
        let Ok(account) = account.parse::<AccountId>() else { continue };
        let key = key_of(trail, account, region);
        let begun = now.whole_seconds();
        let mut digest = tx.get::<Digests>(&key)?.unwrap_or_else(|| Digest { begun, ..Digest::default() });
        digest.files.push(file.clone());
        tx.put::<Digests>(&key, &digest)?;
    }
    Ok(())
}

/// Writes the digests of a trail whose time has come. A trail that no longer logs, or has no digests any more, gets its last
/// ones, and its chain ends.
///
/// # Errors
/// S3's, which the trail's status shows.
pub async fn write(world: &World, runner: &mut Runner, every: Duration) -> Result<(), Fault> {
    let store = &world.door.identity.store;
    let now = world.env.now().whole_seconds();
    let goes_on = runner.trail.digests && runner.trail.is_logging();
    let trail = runner.trail.clone();
    let of_trail = (trail.account, trail.region.as_str(), trail.name.as_str());
    let mut rows = store.read()?.scan::<Digests>(&of_trail, None, usize::MAX)?;
    let home = key_of(&trail, trail.account, &trail.region);
    if goes_on && rows.iter().all(|(key, _)| *key != home) {
        rows.push((home.clone(), Digest { begun: now, ..Digest::default() }));
        let begun = Digest { begun: now, ..Digest::default() };
        commit(world, &trail, &home, Some(&begun), None).await?;
    }
    for (key, digest) in rows {
        let due = now.since(digest.begun) >= every.max(Duration::from_secs(1)) || digest.files.len() >= MOST;
        if goes_on && !due {
            continue;
        }
        if !goes_on && digest.files.is_empty() {
            commit(world, &trail, &key, None, None).await?;
            continue;
        }
        let (_, _, _, account, region) = &key;
        match put(world, &trail, *account, region, &digest, now).await {
            Ok(last) => {
                runner.delivery.digested = Some(now);
                runner.delivery.digest_error = None;
                let next = Digest { begun: now, files: Vec::new(), last: Some(last) };
                commit(world, &trail, &key, goes_on.then_some(&next), Some(runner)).await?;
            }
            Err(fault) => {
                runner.delivery.digest_error = Some(fault.code().to_owned());
                commit(world, &trail, &key, Some(&digest), Some(runner)).await?;
                return Err(fault);
            }
        }
    }
    Ok(())
}

async fn commit(
    world: &World,
    trail: &Trail,
    key: &Key,
    digest: Option<&Digest>,
    runner: Option<&Runner>,
) -> Result<(), Fault> {
    let store = &world.door.identity.store;
    let mut tx = store.begin()?;
    let of_trail = Runner::key_of(trail);
    match digest {
        // The trail may have been deleted meanwhile.
        Some(digest) if tx.exists::<Trails>(&of_trail)? => tx.put::<Digests>(key, digest)?,
        _ => tx.delete::<Digests>(key)?,
    }
    if let Some(runner) = runner
        && tx.exists::<Trails>(&of_trail)?
    {
        tx.put::<Deliveries>(&of_trail, &runner.delivery)?;
    }
    store.commit(tx).await.map(|_| ()).map_err(Fault::internal)
}

/// Writes a digest, and tells what the next one says of it.
async fn put(
    world: &World,
    trail: &Trail,
    account: AccountId,
    region: &str,
    digest: &Digest,
    now: Time,
) -> Result<LastDigest, Fault> {
    let key = signing_key(world, region).await?;
    let name = format!(
        "{}/{region}/{}/{account}_CloudTrail-Digest_{region}_{}_{}_{}.json.gz",
        files::root(trail, &account.to_string(), "CloudTrail-Digest"),
        files::day(now),
        trail.name,
        trail.region,
        now.iso_basic(),
    );
    let text = text(trail, account, &name, &key.fingerprint, digest, now).to_string();
    let hash = hex(&Sha256::digest(text.as_bytes()));
    let before = digest.last.as_ref().map_or("null", |last| last.signature.as_str());
    let signed = format!("{}\n{}/{name}\n{hash}\n{before}", now.iso_seconds(), trail.bucket);
    let private = world.door.identity.vault.unseal(&key.fingerprint, &key.sealed);
    let private = private.map_err(|_| Fault::internal("a digest key does not open with this root key"))?;
    let signature = hex(&rsa_key::sign(&private, signed.as_bytes())?);
    let facts = [("signature", signature.as_str()), ("signature-algorithm", ALGORITHM)];
    let metadata: BTreeMap<String, String> =
        facts.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let object = PutObjectRequest {
        content_encoding: Some("gzip".into()),
        metadata: Some(metadata),
        ..files::object(trail, name.clone())
    };
    files::put(world, trail, object, text.as_bytes()).await?;
    Ok(LastDigest { bucket: trail.bucket.clone(), key: name, hash, signature })
}

fn text(
    trail: &Trail,
    account: AccountId,
    name: &str,
    fingerprint: &str,
    digest: &Digest,
    now: Time,
) -> Value {
    let last = digest.last.as_ref();
    let times = |time: Option<Time>| time.map(Time::iso_seconds);
    let files = digest.files.iter().map(|file| {
        json!({
            "s3Bucket": file.bucket,
            "s3Object": file.key,
            "hashValue": file.hash,
            "hashAlgorithm": "SHA-256",
            "newestEventTime": file.newest.iso_seconds(),
            "oldestEventTime": file.oldest.iso_seconds(),
        })
    });
    json!({
        "awsAccountId": account.to_string(),
        "digestStartTime": digest.begun.iso_seconds(),
        "digestEndTime": now.iso_seconds(),
        "digestS3Bucket": trail.bucket,
        "digestS3Object": name,
        "digestPublicKeyFingerprint": fingerprint,
        "digestSignatureAlgorithm": ALGORITHM,
        "newestEventTime": times(digest.files.iter().map(|file| file.newest).max()),
        "oldestEventTime": times(digest.files.iter().map(|file| file.oldest).min()),
        "previousDigestS3Bucket": last.map(|last| &last.bucket),
        "previousDigestS3Object": last.map(|last| &last.key),
        "previousDigestHashValue": last.map(|last| &last.hash),
        "previousDigestHashAlgorithm": last.map(|_| "SHA-256"),
        "previousDigestSignature": last.map(|last| &last.signature),
        "logFiles": files.collect::<Vec<_>>(),
    })
}

/// The key of a region, made when it is first needed.
async fn signing_key(world: &World, region: &str) -> Result<DigestKey, Fault> {
    let store = &world.door.identity.store;
    if let Some(key) = store.read()?.get::<DigestKeys>(&region)? {
        return Ok(key);
    }
    let env = world.env.clone();
    let made = tokio::task::spawn_blocking(move || rsa_key::make(&env)).await;
    let made = made.map_err(Fault::internal)??;
    let fingerprint = hex(Sha256::digest(&made.public).get(..16).unwrap_or_default());
    let sealed = world.door.identity.vault.seal(&world.env, &fingerprint, &made.private);
    let sealed = sealed.map_err(|_| Fault::internal("a digest key could not be sealed"))?;
    let created = world.env.now().whole_seconds();
    let key = DigestKey { fingerprint, public: made.public, sealed, created };
    let mut tx = store.begin()?;
    tx.put::<DigestKeys>(&region.to_owned(), &key)?;
    store.commit(tx).await.map_err(Fault::internal)?;
    Ok(key)
}
