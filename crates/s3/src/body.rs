//! Whole bodies (XML and JSON documents) against what their headers say of them; streamed ones are held to theirs while
//! they are taken in.

use http::HeaderMap;
use md5::{Digest as _, Md5};
use rolecall_base::Fault;

use crate::checksum::{self, Algorithm, Claim};
use crate::fault;
use crate::upload::{check_md5, expected_md5};

/// Compares `Content-MD5` and the `x-amz-checksum-` headers with the body that came.
///
/// # Errors
/// BadDigest when they differ, InvalidDigest and InvalidRequest for texts that are none, and InvalidRequest for a
/// DeleteObjects without any of them.
pub fn check(operation: &str, headers: &HeaderMap, body: &[u8]) -> Result<(), Fault> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let mut said = false;
    if let Some(md5) = text("content-md5") {
        check_md5(Some(expected_md5(md5)?), Md5::digest(body).into())?;
        said = true;
    }
    // There they are of the object, not of the list of its parts.
    if operation == "CompleteMultipartUpload" {
        return Ok(());
    }
    for algorithm in Algorithm::ALL {
        if let Some(value) = text(algorithm.header()) {
            Claim::new(algorithm, value)?.check(&checksum::of(algorithm, body))?;
            said = true;
        }
    }
    if operation == "DeleteObjects" && !said {
        return Err(fault::invalid_request(
            "Missing required header for this request: Content-MD5 OR x-amz-checksum-*",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(operation: &str, headers: &[(&'static str, &str)]) -> String {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        let outcome = check(operation, &headers.collect(), b"hello");
        outcome.map_or_else(|fault| fault.code().to_owned(), |()| "fine".to_owned())
    }

    #[test]
    fn a_body_is_held_to_its_md5_and_its_checksums() {
        assert_eq!(outcome("PutBucketPolicy", &[]), "fine");
        assert_eq!(outcome("PutBucketPolicy", &[("content-md5", "XUFAKrxLKna5cZ2REBfFkg==")]), "fine");
        assert_eq!(outcome("PutBucketPolicy", &[("content-md5", "XUFAKrxLKna5cZ2REBfFkQ==")]), "BadDigest");
        assert_eq!(outcome("PutBucketPolicy", &[("content-md5", "hello")]), "InvalidDigest");
        assert_eq!(outcome("PutBucketTagging", &[("x-amz-checksum-crc32", "NhCmhg==")]), "fine");
        assert_eq!(outcome("PutBucketTagging", &[("x-amz-checksum-crc32", "NhCmhQ==")]), "BadDigest");
    }

    #[test]
    fn deleting_many_objects_needs_one_of_them() {
        assert_eq!(outcome("DeleteObjects", &[]), "InvalidRequest");
        assert_eq!(outcome("DeleteObjects", &[("content-md5", "XUFAKrxLKna5cZ2REBfFkg==")]), "fine");
    }

    #[test]
    fn the_checksums_of_a_completed_upload_are_the_objects() {
        assert_eq!(outcome("CompleteMultipartUpload", &[("x-amz-checksum-crc32", "AAAAAA==")]), "fine");
    }
}
