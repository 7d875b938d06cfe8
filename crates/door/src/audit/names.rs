//! What CloudTrail calls operations, and what kind of event each of them is.

/// The name in records, where it is not the operation's own.
pub fn event_name<'a>(service: &str, operation: &'a str) -> &'a str {
    if service != "s3" {
        return operation;
    }
    match operation {
        "DeletePublicAccessBlock" => "DeleteBucketPublicAccessBlock",
        "GetBucketAccelerateConfiguration" => "GetAccelerateConfiguration",
        "GetBucketLifecycleConfiguration" => "GetBucketLifecycle",
        "GetBucketNotificationConfiguration" => "GetBucketNotification",
        "GetObjectLockConfiguration" => "GetBucketObjectLockConfiguration",
        "GetPublicAccessBlock" => "GetBucketPublicAccessBlock",
        "ListObjectsV2" => "ListObjects",
        "PutBucketAccelerateConfiguration" => "PutAccelerateConfiguration",
        "PutBucketLifecycleConfiguration" => "PutBucketLifecycle",
        "PutBucketNotificationConfiguration" => "PutBucketNotification",
        "PutObjectLockConfiguration" => "PutBucketObjectLockConfiguration",
        "PutPublicAccessBlock" => "PutBucketPublicAccessBlock",
        own => own,
    }
}

/// Whether an operation works on the data in a resource, and not on the resource: S3's on objects.
pub fn is_data_event(service: &str, operation: &str) -> bool {
    service == "s3"
        && matches!(
            operation,
            "AbortMultipartUpload"
                | "CompleteMultipartUpload"
                | "CopyObject"
                | "CreateMultipartUpload"
                | "DeleteObject"
                | "DeleteObjectTagging"
                | "DeleteObjects"
                | "GetObject"
                | "GetObjectAcl"
                | "GetObjectAttributes"
                | "GetObjectLegalHold"
                | "GetObjectRetention"
                | "GetObjectTagging"
                | "GetObjectTorrent"
                | "HeadBucket"
                | "HeadObject"
                | "ListMultipartUploads"
                | "ListObjectVersions"
                | "ListObjects"
                | "ListObjectsV2"
                | "ListParts"
                | "PutObject"
                | "PutObjectAcl"
                | "PutObjectLegalHold"
                | "PutObjectRetention"
                | "PutObjectTagging"
                | "RestoreObject"
                | "SelectObjectContent"
                | "UploadPart"
                | "UploadPartCopy"
        )
}

/// Whether an operation hands out credentials: its answer is told although it changes nothing.
pub(crate) fn gives_credentials(service: &str, operation: &str) -> bool {
    service == "sts"
        && (operation.starts_with("Assume")
            || matches!(
                operation,
                "GetDelegatedAccessToken" | "GetFederationToken" | "GetSessionToken" | "GetWebIdentityToken"
            ))
}

/// `readOnly` where it is not whether the operation writes.
pub(crate) fn read_only(service: &str, operation: &str) -> Option<bool> {
    match (service, operation) {
        ("sts", _) => Some(true),
        // Opens a terminal, and empties the server.
        ("rolecall", "Exec" | "Reset") => Some(false),
        _ => None,
    }
}
