//! Which policy actions each S3 operation asks; S3's action names differ from its operation names for more than half.
//!
//! Sources: S3 User Guide, "Required permissions for Amazon S3 API operations" (using-with-s3-policy-actions.html),
//! and the "Permissions" section of each operation's page in the S3 API Reference. Every action named here is checked
//! against the Service Authorization Reference by a test.

/// The actions an S3 operation asks: the first always (or, for a named object version, the one with `Version` in its
/// name instead), the others when the request makes them necessary, such as `s3:PutObjectTagging` for a
/// `x-amz-tagging` header. Empty for an operation that this table lacks.
pub fn s3_action_of_operation(operation: &str) -> &'static [&'static str] {
    let found = OPERATIONS.binary_search_by(|(name, _)| name.cmp(&operation));
    found.ok().and_then(|at| OPERATIONS.get(at)).map_or(&[], |(_, actions)| actions)
}

/// Operation → actions, sorted by operation.
#[rustfmt::skip]
pub static OPERATIONS: &[(&str, &[&str])] = &[
    ("AbortMultipartUpload", &["s3:AbortMultipartUpload"]),
    ("CompleteMultipartUpload", &["s3:PutObject"]),
    // Source: the read; destination: the write. Tags, ACLs and locks of the copy ask for themselves.
    ("CopyObject", &["s3:PutObject", "s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectTagging", "s3:GetObjectVersionTagging", "s3:PutObjectTagging", "s3:PutObjectAcl", "s3:PutObjectRetention", "s3:PutObjectLegalHold"]),
    // ACL header, object lock, ownership header, tags in the body.
    ("CreateBucket", &["s3:CreateBucket", "s3:PutBucketAcl", "s3:PutBucketObjectLockConfiguration", "s3:PutBucketVersioning", "s3:PutBucketOwnershipControls", "s3:PutBucketPublicAccessBlock", "s3:TagResource"]),
    ("CreateBucketMetadataConfiguration", &["s3:CreateBucketMetadataTableConfiguration"]),
    ("CreateBucketMetadataTableConfiguration", &["s3:CreateBucketMetadataTableConfiguration"]),
    ("CreateMultipartUpload", &["s3:PutObject", "s3:PutObjectAcl", "s3:PutObjectTagging", "s3:PutObjectRetention", "s3:PutObjectLegalHold"]),
    ("DeleteBucket", &["s3:DeleteBucket"]),
    ("DeleteBucketAnalyticsConfiguration", &["s3:PutAnalyticsConfiguration"]),
    ("DeleteBucketCors", &["s3:PutBucketCORS"]),
    ("DeleteBucketEncryption", &["s3:PutEncryptionConfiguration"]),
    ("DeleteBucketIntelligentTieringConfiguration", &["s3:PutIntelligentTieringConfiguration"]),
    ("DeleteBucketInventoryConfiguration", &["s3:PutInventoryConfiguration"]),
    ("DeleteBucketLifecycle", &["s3:PutLifecycleConfiguration"]),
    ("DeleteBucketMetadataConfiguration", &["s3:DeleteBucketMetadataTableConfiguration"]),
    ("DeleteBucketMetadataTableConfiguration", &["s3:DeleteBucketMetadataTableConfiguration"]),
    ("DeleteBucketMetricsConfiguration", &["s3:PutMetricsConfiguration"]),
    ("DeleteBucketOwnershipControls", &["s3:PutBucketOwnershipControls"]),
    ("DeleteBucketPolicy", &["s3:DeleteBucketPolicy"]),
    ("DeleteBucketReplication", &["s3:PutReplicationConfiguration"]),
    ("DeleteBucketTagging", &["s3:PutBucketTagging"]),
    ("DeleteBucketWebsite", &["s3:DeleteBucketWebsite"]),
    ("DeleteObject", &["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention"]),
    ("DeleteObjectAnnotation", &["s3:DeleteObjectAnnotation", "s3:DeleteObjectVersionAnnotation"]),
    ("DeleteObjectTagging", &["s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging"]),
    // Asked for each object of the list.
    ("DeleteObjects", &["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention"]),
    ("DeletePublicAccessBlock", &["s3:PutBucketPublicAccessBlock"]),
    ("GetBucketAbac", &["s3:GetBucketAbac"]),
    ("GetBucketAccelerateConfiguration", &["s3:GetAccelerateConfiguration"]),
    ("GetBucketAcl", &["s3:GetBucketAcl"]),
    ("GetBucketAnalyticsConfiguration", &["s3:GetAnalyticsConfiguration"]),
    ("GetBucketCors", &["s3:GetBucketCORS"]),
    ("GetBucketEncryption", &["s3:GetEncryptionConfiguration"]),
    ("GetBucketIntelligentTieringConfiguration", &["s3:GetIntelligentTieringConfiguration"]),
    ("GetBucketInventoryConfiguration", &["s3:GetInventoryConfiguration"]),
    ("GetBucketLifecycle", &["s3:GetLifecycleConfiguration"]),
    ("GetBucketLifecycleConfiguration", &["s3:GetLifecycleConfiguration"]),
    ("GetBucketLocation", &["s3:GetBucketLocation"]),
    ("GetBucketLogging", &["s3:GetBucketLogging"]),
    ("GetBucketMetadataConfiguration", &["s3:GetBucketMetadataTableConfiguration"]),
    ("GetBucketMetadataTableConfiguration", &["s3:GetBucketMetadataTableConfiguration"]),
    ("GetBucketMetricsConfiguration", &["s3:GetMetricsConfiguration"]),
    ("GetBucketNotification", &["s3:GetBucketNotification"]),
    ("GetBucketNotificationConfiguration", &["s3:GetBucketNotification"]),
    ("GetBucketOwnershipControls", &["s3:GetBucketOwnershipControls"]),
    ("GetBucketPolicy", &["s3:GetBucketPolicy"]),
    ("GetBucketPolicyStatus", &["s3:GetBucketPolicyStatus"]),
    ("GetBucketReplication", &["s3:GetReplicationConfiguration"]),
    ("GetBucketRequestPayment", &["s3:GetBucketRequestPayment"]),
    ("GetBucketTagging", &["s3:GetBucketTagging"]),
    ("GetBucketVersioning", &["s3:GetBucketVersioning"]),
    ("GetBucketWebsite", &["s3:GetBucketWebsite"]),
    // s3:ListBucket decides between 404 and 403 for a missing key; s3:GetObjectTagging shows the tag count.
    ("GetObject", &["s3:GetObject", "s3:GetObjectVersion"]),
    ("GetObjectAcl", &["s3:GetObjectAcl", "s3:GetObjectVersionAcl"]),
    ("GetObjectAnnotation", &["s3:GetObjectAnnotation", "s3:GetObjectVersionAnnotation"]),
    // Both words are asked: reading the object, and reading its attributes.
    ("GetObjectAttributes", &["s3:GetObject", "s3:GetObjectAttributes", "s3:GetObjectVersion", "s3:GetObjectVersionAttributes"]),
    ("GetObjectLegalHold", &["s3:GetObjectLegalHold"]),
    ("GetObjectLockConfiguration", &["s3:GetBucketObjectLockConfiguration"]),
    ("GetObjectRetention", &["s3:GetObjectRetention"]),
    ("GetObjectTagging", &["s3:GetObjectTagging", "s3:GetObjectVersionTagging"]),
    ("GetObjectTorrent", &["s3:GetObjectTorrent"]),
    ("GetPublicAccessBlock", &["s3:GetBucketPublicAccessBlock"]),
    ("HeadBucket", &["s3:ListBucket"]),
    ("HeadObject", &["s3:GetObject", "s3:GetObjectVersion"]),
    ("ListBucketAnalyticsConfigurations", &["s3:GetAnalyticsConfiguration"]),
    ("ListBucketIntelligentTieringConfigurations", &["s3:GetIntelligentTieringConfiguration"]),
    ("ListBucketInventoryConfigurations", &["s3:GetInventoryConfiguration"]),
    ("ListBucketMetricsConfigurations", &["s3:GetMetricsConfiguration"]),
    ("ListBuckets", &["s3:ListAllMyBuckets"]),
    ("ListMultipartUploads", &["s3:ListBucketMultipartUploads"]),
    ("ListObjectAnnotations", &["s3:ListObjectAnnotations", "s3:ListObjectVersionAnnotations"]),
    ("ListObjectVersions", &["s3:ListBucketVersions"]),
    ("ListObjects", &["s3:ListBucket"]),
    ("ListObjectsV2", &["s3:ListBucket"]),
    ("ListParts", &["s3:ListMultipartUploadParts"]),
    ("PutBucketAbac", &["s3:PutBucketAbac"]),
    ("PutBucketAccelerateConfiguration", &["s3:PutAccelerateConfiguration"]),
    ("PutBucketAcl", &["s3:PutBucketAcl"]),
    ("PutBucketAnalyticsConfiguration", &["s3:PutAnalyticsConfiguration"]),
    ("PutBucketCors", &["s3:PutBucketCORS"]),
    ("PutBucketEncryption", &["s3:PutEncryptionConfiguration"]),
    ("PutBucketIntelligentTieringConfiguration", &["s3:PutIntelligentTieringConfiguration"]),
    ("PutBucketInventoryConfiguration", &["s3:PutInventoryConfiguration"]),
    ("PutBucketLifecycle", &["s3:PutLifecycleConfiguration"]),
    ("PutBucketLifecycleConfiguration", &["s3:PutLifecycleConfiguration"]),
    ("PutBucketLogging", &["s3:PutBucketLogging"]),
    ("PutBucketMetricsConfiguration", &["s3:PutMetricsConfiguration"]),
    ("PutBucketNotification", &["s3:PutBucketNotification"]),
    ("PutBucketNotificationConfiguration", &["s3:PutBucketNotification"]),
    ("PutBucketOwnershipControls", &["s3:PutBucketOwnershipControls"]),
    ("PutBucketPolicy", &["s3:PutBucketPolicy"]),
    // With iam:PassRole for the role in the configuration.
    ("PutBucketReplication", &["s3:PutReplicationConfiguration"]),
    ("PutBucketRequestPayment", &["s3:PutBucketRequestPayment"]),
    ("PutBucketTagging", &["s3:PutBucketTagging"]),
    ("PutBucketVersioning", &["s3:PutBucketVersioning"]),
    ("PutBucketWebsite", &["s3:PutBucketWebsite"]),
    // ACL, tagging and lock headers.
    ("PutObject", &["s3:PutObject", "s3:PutObjectAcl", "s3:PutObjectTagging", "s3:PutObjectRetention", "s3:PutObjectLegalHold"]),
    ("PutObjectAcl", &["s3:PutObjectAcl", "s3:PutObjectVersionAcl"]),
    ("PutObjectAnnotation", &["s3:PutObjectAnnotation", "s3:PutObjectVersionAnnotation"]),
    ("PutObjectLegalHold", &["s3:PutObjectLegalHold"]),
    ("PutObjectLockConfiguration", &["s3:PutBucketObjectLockConfiguration"]),
    ("PutObjectRetention", &["s3:PutObjectRetention", "s3:BypassGovernanceRetention"]),
    ("PutObjectTagging", &["s3:PutObjectTagging", "s3:PutObjectVersionTagging"]),
    ("PutPublicAccessBlock", &["s3:PutBucketPublicAccessBlock"]),
    ("RestoreObject", &["s3:RestoreObject"]),
    ("SelectObjectContent", &["s3:GetObject"]),
    ("UpdateBucketMetadataAnnotationTableConfiguration", &["s3:UpdateBucketMetadataAnnotationTableConfiguration"]),
    ("UpdateBucketMetadataInventoryTableConfiguration", &["s3:UpdateBucketMetadataInventoryTableConfiguration"]),
    ("UpdateBucketMetadataJournalTableConfiguration", &["s3:UpdateBucketMetadataJournalTableConfiguration"]),
    ("UpdateObjectEncryption", &["s3:UpdateObjectEncryption"]),
    ("UploadPart", &["s3:PutObject"]),
    // Source and destination, as for CopyObject.
    ("UploadPartCopy", &["s3:PutObject", "s3:GetObject", "s3:GetObjectVersion"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_sorted_and_their_actions_exist() {
        assert!(OPERATIONS.is_sorted_by(|a, b| a.0 < b.0));
        for (operation, actions) in OPERATIONS {
            assert!(!actions.is_empty(), "{operation}");
            for action in *actions {
                assert_eq!(crate::row(action).map(|row| row.name), Some(*action), "{operation}");
            }
        }
    }

    #[test]
    fn names_that_differ_are_translated() {
        assert_eq!(s3_action_of_operation("ListObjectsV2"), ["s3:ListBucket"]);
        assert_eq!(s3_action_of_operation("HeadBucket"), ["s3:ListBucket"]);
        assert!(s3_action_of_operation("NoSuchOperation").is_empty());
    }
}
