//! ListObjectsV2: a page of keys, continued by a token.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rolecall_actions::s3::{self, key};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::listing::{self, After, Ask, Encoding, Entry, Page};
use crate::model::{CommonPrefix, ListObjectsV2, ListObjectsV2Output, ListObjectsV2Request, Object, Owner};
use crate::records::{Head, Heads};
use crate::{bucket, fault};

impl Operation for ListObjectsV2 {
    type Access = Read;

    fn needs(input: &ListObjectsV2Request, at: &At<'_>) -> Result<Needs, Fault> {
        let bucket = bucket::open(at, &input.bucket, input.expected_bucket_owner.as_deref())?;
        Ok(Needs::action(s3::ListBucket)
            .on(&bucket)
            .key(key::Prefix, input.prefix.as_deref())
            .key(key::Delimiter, input.delimiter.as_deref())
            .key(key::MaxKeys, input.max_keys.map(|max| max.to_string()))
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListObjectsV2Output, Fault> {
        let input = req.input;
        let encoding = Encoding::of(input.encoding_type.as_deref())?;
        let db = req.db()?;
        let limit = listing::limit(input.max_keys, "max-keys")?;
        let prefix = input.prefix.as_deref().unwrap_or_default();
        let delimiter = input.delimiter.as_deref().unwrap_or_default();
        let after = match (&input.continuation_token, &input.start_after) {
            (Some(token), _) => opened(token, &input.bucket)?,
            (None, Some(key)) => behind(&input.bucket, key, prefix, delimiter),
            (None, None) => After::Start,
        };
        let page: Page<Heads> =
            listing::page(db, Ask { bucket: &input.bucket, prefix, delimiter, after, limit })?;
        let owner = match input.fetch_owner {
            Some(true) => Some(bucket::owner_id(db, bucket::row(db, &input.bucket)?.owner)?),
            _ => None,
        };
        let next = page.truncated.then(|| page.entries.last().map(token)).flatten();
        let count = i32::try_from(page.entries.len()).unwrap_or(i32::MAX);
        let (contents, common_prefixes) = shown(page, encoding, owner.as_deref());
        let encoded = |text: &Option<String>| text.as_deref().map(|text| encoding.show(text));
        Ok(ListObjectsV2Output {
            is_truncated: Some(next.is_some()),
            contents: Some(contents),
            name: Some(input.bucket.clone()),
            prefix: Some(encoding.show(prefix)),
            delimiter: encoded(&input.delimiter).filter(|text| !text.is_empty()),
            max_keys: i32::try_from(limit).ok(),
            common_prefixes: Some(common_prefixes),
            encoding_type: input.encoding_type.clone(),
            key_count: Some(count),
            continuation_token: input.continuation_token.clone(),
            next_continuation_token: next,
            start_after: encoded(&input.start_after),
            request_charged: None,
        })
    }
}

/// Behind a key. A common prefix that was the last of a page is not listed again.
pub(crate) fn behind(bucket: &str, key: &str, prefix: &str, delimiter: &str) -> After<(String, String)> {
    if listing::common_prefix(key, prefix, delimiter) == Some(key) && key.starts_with(prefix) {
        return After::Prefix(key.to_owned());
    }
    After::Key((bucket.to_owned(), key.to_owned()))
}

/// The lines of a page.
pub(crate) fn shown(
    page: Page<Heads>,
    encoding: Encoding,
    owner: Option<&str>,
) -> (Vec<Object>, Vec<CommonPrefix>) {
    let (mut contents, mut prefixes) = (Vec::new(), Vec::new());
    for entry in page.entries {
        match entry {
            Entry::Prefix(prefix) => prefixes.push(CommonPrefix { prefix: Some(encoding.show(&prefix)) }),
            Entry::Row((_, key), row) => contents.push(line(&key, &row.head, encoding, owner)),
        }
    }
    (contents, prefixes)
}

fn line(key: &str, head: &Head, encoding: Encoding, owner: Option<&str>) -> Object {
    Object {
        key: Some(encoding.show(key)),
        last_modified: Some(head.modified.whole_seconds()),
        e_tag: Some(format!("\"{}\"", head.etag)),
        checksum_algorithm: Some(vec![head.checksum.algorithm.name().into()]),
        checksum_type: Some(head.checksum.kind.name().into()),
        size: i64::try_from(head.size).ok(),
        storage_class: Some("STANDARD".into()),
        owner: owner.map(|id| Owner { id: Some(id.to_owned()), display_name: None }),
        restore_status: None,
    }
}

/// Where the next page begins. Clients must not read it, and nothing secret is in it: whoever has it may list.
fn token(entry: &Entry<Heads>) -> String {
    let text = match entry {
        Entry::Row((_, key), _) => format!("k{key}"),
        Entry::Prefix(prefix) => format!("p{prefix}"),
    };
    URL_SAFE_NO_PAD.encode(text)
}

fn opened(token: &str, bucket: &str) -> Result<After<(String, String)>, Fault> {
    let text = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let text = text.unwrap_or_default();
    match (text.strip_prefix('k'), text.strip_prefix('p')) {
        (Some(key), _) => Ok(After::Key((bucket.to_owned(), key.to_owned()))),
        (_, Some(prefix)) => Ok(After::Prefix(prefix.to_owned())),
        _ => {
            let text = "The continuation token provided is incorrect";
            Err(fault::invalid_argument("continuation-token", token, text))
        }
    }
}
