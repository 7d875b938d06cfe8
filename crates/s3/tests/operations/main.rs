//! S3's operations through the door, on the memory store and memory blobs.
#![expect(clippy::unwrap_used, reason = "a test's helpers may fail loudly")]

mod access;
mod buckets;
mod copies;
mod listing;
mod multipart;
mod objects;
mod sweeping;

use rolecall_base::Fault;
use rolecall_door::Visitor;
use rolecall_s3::model::*;
use rolecall_testkit::{ACCOUNT, World};
use rolecall_wire::Body;

/// A world with the bucket `photos`, and the root user of its owner.
fn world() -> (World, Visitor) {
    let world = World::new(7);
    let root = world.root(ACCOUNT);
    world.call::<CreateBucket>(&root, bucket("photos")).unwrap();
    (world, root)
}

fn bucket(name: &str) -> CreateBucketRequest {
    CreateBucketRequest { bucket: name.into(), ..CreateBucketRequest::default() }
}

fn to_put(key: &str) -> PutObjectRequest {
    PutObjectRequest { bucket: "photos".into(), key: key.into(), ..PutObjectRequest::default() }
}

fn to_get(key: &str) -> GetObjectRequest {
    GetObjectRequest { bucket: "photos".into(), key: key.into(), ..GetObjectRequest::default() }
}

fn to_head(key: &str) -> HeadObjectRequest {
    HeadObjectRequest { bucket: "photos".into(), key: key.into(), ..HeadObjectRequest::default() }
}

fn to_delete(key: &str) -> DeleteObjectRequest {
    DeleteObjectRequest { bucket: "photos".into(), key: key.into(), ..DeleteObjectRequest::default() }
}

fn put(world: &World, who: &Visitor, key: &str, body: &[u8]) -> Result<PutObjectOutput, Fault> {
    world.upload::<PutObject>(who, to_put(key), body)
}

/// The bytes of an answer.
fn bytes(world: &World, body: Body) -> Vec<u8> {
    match body {
        Body::Bytes(bytes) => bytes.to_vec(),
        Body::Stream { mut stream, .. } => world.run(async {
            let mut all = Vec::new();
            while let Some(piece) = std::future::poll_fn(|cx| stream.as_mut().poll_next(cx)).await {
                all.extend_from_slice(&piece.unwrap());
            }
            all
        }),
    }
}

fn get(world: &World, who: &Visitor, key: &str) -> Result<Vec<u8>, Fault> {
    world.call::<GetObject>(who, to_get(key)).map(|output| bytes(world, output.body))
}

/// Bytes that differ from place to place.
fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|n| u8::try_from((n * 31 + n / 251) % 256).unwrap()).collect()
}
