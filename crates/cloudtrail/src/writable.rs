//! Whether a trail may write to its bucket. The server answers: the bucket is another service's.

use std::fmt;
use std::sync::Arc;

use rolecall_base::Fault;

use crate::Trail;
use crate::model::fault;

/// What the bucket says. An extension of the door.
#[derive(Clone, Debug)]
pub struct Bucket(pub Arc<dyn Writable>);

/// Somebody who can ask a bucket.
pub trait Writable: Send + Sync + fmt::Debug {
    /// Asks what the delivery of this trail will ask.
    ///
    /// # Errors
    /// S3's: NoSuchBucket, AccessDenied.
    fn ask(&self, trail: &Trail) -> Result<(), Fault>;
}

impl Bucket {
    /// Holds a trail's bucket to what the delivery needs.
    ///
    /// # Errors
    /// S3BucketDoesNotExistException, InsufficientS3BucketPolicyException.
    pub(crate) fn check(&self, trail: &Trail) -> Result<(), Fault> {
        let bucket = &trail.bucket;
        self.0.ask(trail).map_err(|refused| match refused.code() {
            "NoSuchBucket" => fault::s3_bucket_does_not_exist(format!("S3 bucket {bucket} does not exist!")),
            "AccessDenied" => fault::insufficient_s3_bucket_policy(format!(
                "Incorrect S3 bucket policy is detected for bucket: {bucket}"
            )),
            _ => refused,
        })
    }
}
