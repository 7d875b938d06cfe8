//! ListMultipartUploads: the uploads of a bucket that are under way, by key and then by id.

use rolecall_actions::s3;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::listing::{self, After, Ask, Encoding, Entry, Page};
use crate::model::{
    CommonPrefix, Initiator, ListMultipartUploads, ListMultipartUploadsOutput, ListMultipartUploadsRequest,
    MultipartUpload, Owner,
};
use crate::records::{Upload, Uploads};
use crate::{access, bucket};

impl Operation for ListMultipartUploads {
    type Access = Read;

    fn needs(input: &ListMultipartUploadsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let owner = input.expected_bucket_owner.as_deref();
        access::on_bucket(s3::ListBucketMultipartUploads, at, &input.bucket, owner)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListMultipartUploadsOutput, Fault> {
        let input = req.input;
        let encoding = Encoding::of(input.encoding_type.as_deref())?;
        let db = req.db()?;
        let limit = listing::limit(input.max_uploads, "max-uploads")?;
        let prefix = input.prefix.as_deref().unwrap_or_default();
        let delimiter = input.delimiter.as_deref().unwrap_or_default();
        let after = after(input, prefix, delimiter);
        let page: Page<Uploads> =
            listing::page(db, Ask { bucket: &input.bucket, prefix, delimiter, after, limit })?;
        let owner = bucket::owner_id(db, bucket::row(db, &input.bucket)?.owner)?;
        let truncated = page.truncated;
        let (next_key, next_id) = match page.entries.last() {
            Some(Entry::Row((_, key, id), _)) => (encoding.show(key), id.clone()),
            Some(Entry::Prefix(prefix)) => (encoding.show(prefix), String::new()),
            None => (String::new(), String::new()),
        };
        let (mut uploads, mut prefixes) = (Vec::new(), Vec::new());
        for entry in page.entries {
            match entry {
                Entry::Prefix(prefix) => prefixes.push(CommonPrefix { prefix: Some(encoding.show(&prefix)) }),
                Entry::Row((_, key, id), row) => uploads.push(line(encoding.show(&key), id, row, &owner)),
            }
        }
        let encoded = |text: &Option<String>| encoding.show(text.as_deref().unwrap_or_default());
        Ok(ListMultipartUploadsOutput {
            bucket: Some(input.bucket.clone()),
            key_marker: Some(encoded(&input.key_marker)),
            upload_id_marker: Some(input.upload_id_marker.clone().unwrap_or_default()),
            next_key_marker: Some(next_key),
            next_upload_id_marker: Some(next_id),
            prefix: input.prefix.as_deref().map(|text| encoding.show(text)),
            delimiter: input.delimiter.as_deref().map(|text| encoding.show(text)),
            max_uploads: i32::try_from(limit).ok(),
            is_truncated: Some(truncated),
            uploads: Some(uploads),
            common_prefixes: Some(prefixes),
            encoding_type: input.encoding_type.clone(),
            request_charged: None,
        })
    }
}

/// Behind the markers. An upload marker counts only together with a key marker.
fn after(
    input: &ListMultipartUploadsRequest,
    prefix: &str,
    delimiter: &str,
) -> After<(String, String, String)> {
    let Some(key) = input.key_marker.clone().filter(|key| !key.is_empty()) else { return After::Start };
    if key.starts_with(prefix) && listing::common_prefix(&key, prefix, delimiter) == Some(key.as_str()) {
        return After::Prefix(key);
    }
    // Ids are hexadecimal digits: a tilde is behind all of them.
    let id = input.upload_id_marker.clone().filter(|id| !id.is_empty()).unwrap_or_else(|| "~".into());
    After::Key((input.bucket.clone(), key, id))
}

fn line(key: String, id: String, row: Upload, owner: &str) -> MultipartUpload {
    MultipartUpload {
        upload_id: Some(id),
        key: Some(key),
        initiated: Some(row.initiated),
        storage_class: Some("STANDARD".into()),
        owner: Some(Owner { id: Some(owner.to_owned()), display_name: None }),
        initiator: Some(Initiator { id: Some(row.initiator), display_name: None }),
        checksum_algorithm: row.checksum.map(|announced| announced.algorithm.name().into()),
        checksum_type: row.checksum.map(|announced| announced.kind.name().into()),
        version_id: None,
    }
}
