//! S3's faults, in its own words.
//!
//! Sources: recorded answers of the real service, and the "Error responses" page of the S3 API Reference.

use rolecall_base::Fault;

pub fn no_such_bucket(name: &str) -> Fault {
    Fault::new("NoSuchBucket", 404, "The specified bucket does not exist").with("BucketName", name)
}

pub fn invalid_bucket_name(name: &str) -> Fault {
    Fault::new("InvalidBucketName", 400, "The specified bucket is not valid.").with("BucketName", name)
}

pub fn no_such_key(key: &str) -> Fault {
    Fault::new("NoSuchKey", 404, "The specified key does not exist.").with("Key", key)
}

pub fn no_such_version(key: &str, version: &str) -> Fault {
    Fault::new("NoSuchVersion", 404, "The specified version does not exist.")
        .with("Key", key)
        .with("VersionId", version)
}

pub fn no_such_upload(id: &str) -> Fault {
    let text = "The specified upload does not exist. The upload ID may be invalid, or the upload may have been \
                aborted or completed.";
    Fault::new("NoSuchUpload", 404, text).with("UploadId", id)
}

pub fn access_denied() -> Fault {
    Fault::new("AccessDenied", 403, "Access Denied")
}

/// For a configuration that only an identity of the owner's account may read or change.
pub fn method_not_allowed(method: &'static str, resource: &'static str) -> Fault {
    Fault::new("MethodNotAllowed", 405, "The specified method is not allowed against this resource.")
        .with("Method", method)
        .with("ResourceType", resource)
}

pub fn precondition_failed(condition: &'static str) -> Fault {
    Fault::new("PreconditionFailed", 412, "At least one of the pre-conditions you specified did not hold")
        .with("Condition", condition)
}

pub fn not_modified() -> Fault {
    Fault::new("304", 304, "Not Modified")
}

pub fn invalid_argument(name: &'static str, value: &str, text: impl Into<String>) -> Fault {
    Fault::new("InvalidArgument", 400, text).with("ArgumentName", name).with("ArgumentValue", value)
}

pub fn invalid_request(text: impl Into<String>) -> Fault {
    Fault::new("InvalidRequest", 400, text)
}

pub fn malformed_xml() -> Fault {
    let text = "The XML you provided was not well-formed or did not validate against our published schema";
    Fault::new("MalformedXML", 400, text)
}

/// For a header whose effect Rolecall does not have. Refused, since ignoring it would pretend.
pub fn header_not_implemented(header: &'static str) -> Fault {
    Fault::new("NotImplemented", 501, "A header you provided implies functionality that is not implemented")
        .with("Header", header)
}

pub fn invalid_range(requested: &str, size: u64) -> Fault {
    Fault::new("InvalidRange", 416, "The requested range is not satisfiable")
        .with("RangeRequested", requested)
        .with("ActualObjectSize", size.to_string())
}

pub fn bad_digest(what: &str) -> Fault {
    Fault::new("BadDigest", 400, format!("The {what} you specified did not match the calculated checksum."))
}

pub fn invalid_tag(text: &'static str) -> Fault {
    Fault::new("InvalidTag", 400, text)
}

pub fn aborted() -> Fault {
    let text = "A conflicting conditional operation is currently in progress against this resource. Please try again.";
    Fault::new("OperationAborted", 409, text)
}
