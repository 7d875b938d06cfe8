//! GetBucketReplication: no bucket is replicated yet, which S3 says by a fault.

use rolecall_actions::s3;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::access;
use crate::model::{GetBucketReplication, GetBucketReplicationOutput, GetBucketReplicationRequest};

impl Operation for GetBucketReplication {
    type Access = Read;

    fn needs(input: &GetBucketReplicationRequest, at: &At<'_>) -> Result<Needs, Fault> {
        access::on_bucket(
            s3::GetReplicationConfiguration,
            at,
            &input.bucket,
            input.expected_bucket_owner.as_deref(),
        )
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetBucketReplicationOutput, Fault> {
        let text = "The replication configuration was not found";
        Err(Fault::new("ReplicationConfigurationNotFoundError", 404, text)
            .with("BucketName", &req.input.bucket))
    }
}
