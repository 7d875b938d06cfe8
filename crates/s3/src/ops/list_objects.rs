//! ListObjects: a page of keys, continued by the last key.

use rolecall_actions::s3::{self, key};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::bucket;
use crate::listing::{self, After, Ask, Encoding, Entry, Page};
use crate::model::{ListObjects, ListObjectsOutput, ListObjectsRequest};
use crate::ops::list_objects_v2::{behind, shown};
use crate::records::Heads;

impl Operation for ListObjects {
    type Access = Read;

    fn needs(input: &ListObjectsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let bucket = bucket::open(at, &input.bucket, input.expected_bucket_owner.as_deref())?;
        Ok(Needs::action(s3::ListBucket)
            .on(&bucket)
            .key(key::Prefix, input.prefix.as_deref())
            .key(key::Delimiter, input.delimiter.as_deref())
            .key(key::MaxKeys, input.max_keys.map(|max| max.to_string()))
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListObjectsOutput, Fault> {
        let input = req.input;
        let encoding = Encoding::of(input.encoding_type.as_deref())?;
        let db = req.db()?;
        let limit = listing::limit(input.max_keys, "max-keys")?;
        let prefix = input.prefix.as_deref().unwrap_or_default();
        let delimiter = input.delimiter.as_deref().unwrap_or_default();
        let after = match input.marker.as_deref() {
            None | Some("") => After::Start,
            Some(marker) => behind(&input.bucket, marker, prefix, delimiter),
        };
        let page: Page<Heads> =
            listing::page(db, Ask { bucket: &input.bucket, prefix, delimiter, after, limit })?;
        let owner = bucket::owner_id(db, bucket::row(db, &input.bucket)?.owner)?;
        let truncated = page.truncated;
        // Without a delimiter, clients go on from the last key.
        let next =
            page.entries.last().filter(|_| truncated && !delimiter.is_empty()).map(|entry| match entry {
                Entry::Row((_, key), _) => encoding.show(key),
                Entry::Prefix(prefix) => encoding.show(prefix),
            });
        let (contents, common_prefixes) = shown(page, encoding, Some(&owner));
        Ok(ListObjectsOutput {
            is_truncated: Some(truncated),
            marker: Some(encoding.show(input.marker.as_deref().unwrap_or_default())),
            next_marker: next,
            contents: Some(contents),
            name: Some(input.bucket.clone()),
            prefix: Some(encoding.show(prefix)),
            delimiter: input
                .delimiter
                .as_deref()
                .filter(|text| !text.is_empty())
                .map(|text| encoding.show(text)),
            max_keys: i32::try_from(limit).ok(),
            common_prefixes: Some(common_prefixes),
            encoding_type: input.encoding_type.clone(),
            request_charged: None,
        })
    }
}
