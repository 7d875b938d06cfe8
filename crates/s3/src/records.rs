//! What the store keeps about buckets, objects and uploads: tables 90 to 99.
//!
//! Names of buckets are global, so bucket and object keys begin with the bucket's name and not with an account. None
//! of these rows is part of what callers are remembered by, so none touches an account's revision.

use std::collections::BTreeMap;

use bytes::Bytes;
use rolecall_base::{AccountId, Tags, Time};
use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

use crate::checksum::Checksum;

/// Which public access a bucket refuses, whatever its policy says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicAccessBlock {
    pub block_public_acls: bool,
    pub ignore_public_acls: bool,
    pub block_public_policy: bool,
    pub restrict_public_buckets: bool,
}

impl PublicAccessBlock {
    /// Everything blocked: what buckets are made with since April 2023.
    pub const ALL: PublicAccessBlock = PublicAccessBlock {
        block_public_acls: true,
        ignore_public_acls: true,
        block_public_policy: true,
        restrict_public_buckets: true,
    };
}

/// A bucket's policy as the bucket's row shows it; the text is in [`PolicyTexts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyMark {
    /// SHA-256 of the text: compiled policies are kept by it.
    pub digest: [u8; 32],
    pub public: bool,
}

/// One bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    pub name: String,
    pub owner: AccountId,
    pub region: String,
    pub created: Time,
    pub policy: Option<PolicyMark>,
    pub public_access_block: Option<PublicAccessBlock>,
    #[serde(default)]
    pub tags: Tags,
}

impl Record for Bucket {
    const VERSION: u8 = 1;
}

/// Name → bucket.
#[derive(Debug)]
pub struct Buckets;

impl Table for Buckets {
    const ID: u16 = 90;
    const NAME: &'static str = "buckets";
    type Key = String;
    type Row = Bucket;
}

/// What ListBuckets shows of a bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnedBucket {
    pub region: String,
    pub created: Time,
}

impl Record for OwnedBucket {
    const VERSION: u8 = 1;
}

/// (Owner, name): the buckets of an account.
#[derive(Debug)]
pub struct BucketsOfAccount;

impl Table for BucketsOfAccount {
    const ID: u16 = 91;
    const NAME: &'static str = "buckets_of_account";
    type Key = (AccountId, String);
    type Row = OwnedBucket;
}

/// A document, as it was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyText {
    pub text: String,
}

impl Record for PolicyText {
    const VERSION: u8 = 1;
}

/// Bucket → the text of its policy.
#[derive(Debug)]
pub struct PolicyTexts;

impl Table for PolicyTexts {
    const ID: u16 = 92;
    const NAME: &'static str = "bucket_policies";
    type Key = String;
    type Row = PolicyText;
}

/// The headers that are stored with an object and given back with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Headers {
    pub content_type: Option<String>,
    pub cache_control: Option<String>,
    pub content_disposition: Option<String>,
    pub content_encoding: Option<String>,
    pub content_language: Option<String>,
    pub expires: Option<String>,
    pub website_redirect_location: Option<String>,
    /// `x-amz-meta-…`, without the prefix, in lower case.
    pub metadata: BTreeMap<String, String>,
}

/// Where an object's bytes are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    /// In the object's own row.
    Inline,
    /// In one blob, named by its id.
    Blob(String),
    /// In the blobs of [`Manifests`] rows of this id, which is the upload's.
    Parts { manifest: String, count: u32 },
}

/// An object without its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Bytes.
    pub size: u64,
    /// Without the quotes: MD5 of the bytes in hexadecimal digits, or md5-N of an upload of N parts.
    pub etag: String,
    pub modified: Time,
    pub place: Place,
    pub checksum: Checksum,
    pub headers: Headers,
    pub tags: Tags,
}

/// Bytes in a row, kept as bytes and not as a list of numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inline(pub Bytes);

impl Serialize for Inline {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Inline {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Inline, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Inline;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Inline, E> {
                Ok(Inline(Bytes::copy_from_slice(bytes)))
            }

            fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Inline, E> {
                Ok(Inline(bytes.into()))
            }
        }
        from.deserialize_bytes(Visitor)
    }
}

/// An object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    pub head: Head,
    /// Empty unless the place is [`Place::Inline`].
    pub bytes: Inline,
}

impl Record for Object {
    const VERSION: u8 = 1;
}

/// (Bucket, key) → object.
#[derive(Debug)]
pub struct Objects;

impl Table for Objects {
    const ID: u16 = 93;
    const NAME: &'static str = "objects";
    type Key = (String, String);
    type Row = Object;
}

/// A row of [`Objects`] read without its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadOnly {
    pub head: Head,
}

impl Record for HeadOnly {
    const VERSION: u8 = Object::VERSION;
}

/// The same rows as [`Objects`], to read only: listings and HEAD leave the bytes where they are.
#[derive(Debug)]
pub struct Heads;

impl Table for Heads {
    const ID: u16 = Objects::ID;
    const NAME: &'static str = Objects::NAME;
    type Key = (String, String);
    type Row = HeadOnly;
}

/// A multipart upload that is under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    pub initiated: Time,
    /// ARN of who began it.
    pub initiator: String,
    pub headers: Headers,
    pub tags: Tags,
    /// The checksum that the client announced; without one, CRC64NVME of the whole is kept.
    pub checksum: Option<crate::checksum::Announced>,
}

impl Record for Upload {
    const VERSION: u8 = 1;
}

/// (Bucket, key, upload id).
#[derive(Debug)]
pub struct Uploads;

impl Table for Uploads {
    const ID: u16 = 94;
    const NAME: &'static str = "uploads";
    type Key = (String, String, String);
    type Row = Upload;
}

/// A part that was uploaded. Its bytes are in a blob, however few they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Empty for a part without bytes.
    pub blob: String,
    pub size: u64,
    /// MD5.
    pub md5: [u8; 16],
    pub modified: Time,
    pub checksum: Checksum,
}

impl Record for Part {
    const VERSION: u8 = 1;
}

/// (Upload id, part number).
#[derive(Debug)]
pub struct Parts;

impl Table for Parts {
    const ID: u16 = 95;
    const NAME: &'static str = "parts";
    type Key = (String, u32);
    type Row = Part;
}

/// One part of a completed upload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "PackedPart", from = "PackedPart")]
pub struct ManifestPart {
    pub number: u32,
    /// Bytes.
    pub size: u64,
    pub blob: String,
    /// Not in base64; empty when the client did not announce one.
    pub checksum: Bytes,
}

/// Without names: 10,000 parts must fit in one commit of 1 MiB.
type PackedPart = (u32, u64, String, Inline);

impl From<PackedPart> for ManifestPart {
    fn from((number, size, blob, checksum): PackedPart) -> ManifestPart {
        ManifestPart { number, size, blob, checksum: checksum.0 }
    }
}

impl From<ManifestPart> for PackedPart {
    fn from(part: ManifestPart) -> PackedPart {
        (part.number, part.size, part.blob, Inline(part.checksum))
    }
}

/// The most parts of one row of [`Manifests`]: 64 KiB is the store's limit, and a part takes 105 bytes at most.
pub const MANIFEST_CHUNK: usize = 500;

/// Some of the parts, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub parts: Vec<ManifestPart>,
}

impl Record for Manifest {
    const VERSION: u8 = 1;
}

/// (Upload id, position of the row, from 0). Never changed once written.
#[derive(Debug)]
pub struct Manifests;

impl Table for Manifests {
    const ID: u16 = 96;
    const NAME: &'static str = "manifests";
    type Key = (String, u32);
    type Row = Manifest;
}

/// How many rows refer to a blob or manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shares {
    pub count: u32,
}

impl Record for Shares {
    const VERSION: u8 = 1;
}

/// Blob id or manifest id → how many rows refer to it. A blob without a row here was never committed, or is gone.
#[derive(Debug)]
pub struct Shared;

impl Table for Shared {
    const ID: u16 = 97;
    const NAME: &'static str = "blob_shares";
    type Key = String;
    type Row = Shares;
}

/// What a row that is gone referred to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Dropped {
    /// One reference to a blob.
    Blob(String),
    /// One reference to a manifest.
    Manifest(String),
    /// Every [`Parts`] row of an upload that is no more.
    Upload(String),
}

/// References that one commit gave up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DroppedSet {
    pub all: Vec<Dropped>,
}

impl Record for DroppedSet {
    const VERSION: u8 = 1;
}

/// (Milliseconds since the epoch, a fresh id): references to let go of, in the order they were given up. Written in
/// the commit that removed the rows; worked off by [`crate::sweep`].
#[derive(Debug)]
pub struct ToDrop;

impl Table for ToDrop {
    const ID: u16 = 98;
    const NAME: &'static str = "blobs_to_drop";
    type Key = (u64, String);
    type Row = DroppedSet;
}
