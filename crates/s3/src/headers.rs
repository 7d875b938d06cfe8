//! What a write says about its object beside the bytes: stored headers, and the features it asks for.

use std::collections::BTreeMap;

use rolecall_base::Fault;

use crate::fault;
use crate::records::Headers;

/// The most bytes of all names and values of user metadata.
const MAX_METADATA: usize = 2 * 1024;

/// The features that a write asks for by headers.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    pub acl: Option<&'a str>,
    pub grants: bool,
    pub encryption: Option<&'a str>,
    pub storage_class: Option<&'a str>,
    pub customer_key: bool,
    pub kms: bool,
    pub object_lock: bool,
}

impl Asked<'_> {
    /// Refuses what is not there: ignoring it would pretend.
    ///
    /// # Errors
    /// AccessControlListNotSupported (as for every bucket without ACLs), InvalidStorageClass,
    /// InvalidEncryptionAlgorithmError, InvalidRequest for locks on a bucket without, NotImplemented.
    pub fn check(&self) -> Result<(), Fault> {
        let own = matches!(self.acl, None | Some("private" | "bucket-owner-full-control"));
        if self.grants || !own {
            return Err(Fault::new("AccessControlListNotSupported", 400, "The bucket does not allow ACLs"));
        }
        match self.encryption {
            None | Some("AES256") => {}
            Some(kms) if kms.starts_with("aws:") => {
                return Err(fault::header_not_implemented("x-amz-server-side-encryption"));
            }
            Some(other) => {
                let text = "The Encryption request you specified is not valid. Supported value: AES256.";
                return Err(Fault::new("InvalidEncryptionAlgorithmError", 400, text)
                    .with("ArgumentName", "x-amz-server-side-encryption")
                    .with("ArgumentValue", other));
            }
        }
        if self.customer_key {
            return Err(fault::header_not_implemented("x-amz-server-side-encryption-customer-algorithm"));
        }
        if self.kms {
            return Err(fault::header_not_implemented("x-amz-server-side-encryption-aws-kms-key-id"));
        }
        if self.object_lock {
            return Err(fault::invalid_request("Bucket is missing Object Lock Configuration"));
        }
        check_storage_class(self.storage_class)
    }
}

fn check_storage_class(class: Option<&str>) -> Result<(), Fault> {
    match class {
        None | Some("STANDARD") => Ok(()),
        Some(
            "STANDARD_IA"
            | "ONEZONE_IA"
            | "INTELLIGENT_TIERING"
            | "GLACIER"
            | "DEEP_ARCHIVE"
            | "GLACIER_IR"
            | "REDUCED_REDUNDANCY"
            | "OUTPOSTS"
            | "EXPRESS_ONEZONE"
            | "SNOW",
        ) => Err(fault::header_not_implemented("x-amz-storage-class")),
        Some(other) => {
            Err(Fault::new("InvalidStorageClass", 400, "The storage class you specified is not valid")
                .with("StorageClassRequested", other))
        }
    }
}

/// The features that an input asks for.
macro_rules! asked {
    ($input:expr) => {
        $crate::headers::Asked {
            acl: $input.acl.as_deref(),
            grants: $input.grant_full_control.is_some()
                || $input.grant_read.is_some()
                || $input.grant_read_acp.is_some()
                || $input.grant_write_acp.is_some(),
            encryption: $input.server_side_encryption.as_deref(),
            storage_class: $input.storage_class.as_deref(),
            customer_key: $input.sse_customer_algorithm.is_some()
                || $input.sse_customer_key.is_some()
                || $input.sse_customer_key_md5.is_some(),
            kms: $input.ssekms_key_id.is_some() || $input.ssekms_encryption_context.is_some(),
            object_lock: $input.object_lock_mode.is_some()
                || $input.object_lock_retain_until_date.is_some()
                || $input.object_lock_legal_hold_status.is_some()
                || $input.object_lock_event_hold.is_some()
                || $input.object_lock_event_hold_duration_days.is_some()
                || $input.object_lock_event_hold_duration_years.is_some(),
        }
    };
}

/// The headers of an input that are stored.
macro_rules! stored {
    ($input:expr) => {
        $crate::headers::checked($crate::records::Headers {
            content_type: $input.content_type.clone(),
            cache_control: $input.cache_control.clone(),
            content_disposition: $input.content_disposition.clone(),
            content_encoding: $crate::headers::encoding($input.content_encoding.as_deref()),
            content_language: $input.content_language.clone(),
            expires: $input.expires.clone(),
            website_redirect_location: $input.website_redirect_location.clone(),
            metadata: $input.metadata.clone().unwrap_or_default(),
        })
    };
}

pub(crate) use {asked, stored};

/// # Errors
/// MetadataTooLarge; InvalidRedirectLocation.
pub fn checked(headers: Headers) -> Result<Headers, Fault> {
    let size = metadata_size(&headers.metadata);
    if size > MAX_METADATA {
        let text = "Your metadata headers exceed the maximum allowed metadata size";
        return Err(Fault::new("MetadataTooLarge", 400, text)
            .with("Size", size.to_string())
            .with("MaxSizeAllowed", MAX_METADATA.to_string()));
    }
    if let Some(location) = &headers.website_redirect_location
        && !["/", "http://", "https://"].iter().any(|start| location.starts_with(start))
    {
        let text = "The website redirect location must have a prefix of 'http://' or 'https://' or '/'.";
        return Err(Fault::new("InvalidRedirectLocation", 400, text));
    }
    Ok(headers)
}

fn metadata_size(metadata: &BTreeMap<String, String>) -> usize {
    metadata.iter().map(|(key, value)| key.len().saturating_add(value.len())).sum()
}

/// `aws-chunked` is of the transfer and not of the object.
pub fn encoding(header: Option<&str>) -> Option<String> {
    let kept: Vec<&str> = header?.split(',').map(str::trim).filter(|one| *one != "aws-chunked").collect();
    let kept = kept.join(",");
    (!kept.is_empty()).then_some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_of_the_transfer_is_not_stored() {
        assert_eq!(encoding(Some("aws-chunked")), None);
        assert_eq!(encoding(Some("gzip, aws-chunked")).as_deref(), Some("gzip"));
        assert_eq!(encoding(None), None);
    }

    #[test]
    fn metadata_has_a_limit() {
        let metadata = BTreeMap::from([("k".to_owned(), "v".repeat(2048))]);
        let fault = checked(Headers { metadata, ..Headers::default() }).unwrap_err();
        assert_eq!((fault.code(), fault.status()), ("MetadataTooLarge", 400));
    }
}
