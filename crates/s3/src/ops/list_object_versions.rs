//! ListObjectVersions: without versioning every object is its own null version.

use rolecall_actions::s3::{self, key};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::bucket;
use crate::listing::{self, After, Ask, Encoding, Entry, Page};
use crate::model::{
    ListObjectVersions, ListObjectVersionsOutput, ListObjectVersionsRequest, Object, ObjectVersion,
};
use crate::ops::list_objects_v2::{behind, shown};
use crate::records::Heads;

impl Operation for ListObjectVersions {
    type Access = Read;

    fn needs(input: &ListObjectVersionsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let bucket = bucket::open(at, &input.bucket, input.expected_bucket_owner.as_deref())?;
        Ok(Needs::action(s3::ListBucketVersions)
            .on(&bucket)
            .key(key::Prefix, input.prefix.as_deref())
            .key(key::Delimiter, input.delimiter.as_deref())
            .key(key::MaxKeys, input.max_keys.map(|max| max.to_string()))
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListObjectVersionsOutput, Fault> {
        let input = req.input;
        let encoding = Encoding::of(input.encoding_type.as_deref())?;
        let db = req.db()?;
        let limit = listing::limit(input.max_keys, "max-keys")?;
        let prefix = input.prefix.as_deref().unwrap_or_default();
        let delimiter = input.delimiter.as_deref().unwrap_or_default();
        let after = match input.key_marker.as_deref() {
            None | Some("") => After::Start,
            Some(marker) => behind(&input.bucket, marker, prefix, delimiter),
        };
        let page: Page<Heads> =
            listing::page(db, Ask { bucket: &input.bucket, prefix, delimiter, after, limit })?;
        let owner = bucket::owner_id(db, bucket::row(db, &input.bucket)?.owner)?;
        let truncated = page.truncated;
        let last = page.entries.last().filter(|_| truncated);
        let next_version = last.and_then(|entry| matches!(entry, Entry::Row(..)).then(|| "null".to_owned()));
        let next_key = last.map(|entry| match entry {
            Entry::Row((_, key), _) => encoding.show(key),
            Entry::Prefix(prefix) => encoding.show(prefix),
        });
        let (contents, common_prefixes) = shown(page, encoding, Some(&owner));
        Ok(ListObjectVersionsOutput {
            is_truncated: Some(truncated),
            key_marker: Some(encoding.show(input.key_marker.as_deref().unwrap_or_default())),
            version_id_marker: Some(input.version_id_marker.clone().unwrap_or_default()),
            next_key_marker: next_key,
            next_version_id_marker: next_version,
            versions: Some(contents.into_iter().map(version).collect()),
            name: Some(input.bucket.clone()),
            prefix: Some(encoding.show(prefix)),
            delimiter: input.delimiter.as_deref().map(|text| encoding.show(text)),
            max_keys: i32::try_from(limit).ok(),
            common_prefixes: Some(common_prefixes),
            encoding_type: input.encoding_type.clone(),
            ..ListObjectVersionsOutput::default()
        })
    }
}

fn version(object: Object) -> ObjectVersion {
    ObjectVersion {
        e_tag: object.e_tag,
        checksum_algorithm: object.checksum_algorithm,
        checksum_type: object.checksum_type,
        size: object.size,
        storage_class: object.storage_class,
        key: object.key,
        version_id: Some("null".into()),
        is_latest: Some(true),
        last_modified: object.last_modified,
        owner: object.owner,
        restore_status: None,
    }
}
