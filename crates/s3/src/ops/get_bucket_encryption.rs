//! GetBucketEncryption: S3's default for every bucket, SSE-S3. It cannot be set otherwise yet.

use rolecall_actions::s3;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::access;
use crate::model::{
    GetBucketEncryption, GetBucketEncryptionOutput, GetBucketEncryptionRequest,
    ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration, ServerSideEncryptionRule,
};

impl Operation for GetBucketEncryption {
    type Access = Read;

    fn needs(input: &GetBucketEncryptionRequest, at: &At<'_>) -> Result<Needs, Fault> {
        access::on_bucket(
            s3::GetEncryptionConfiguration,
            at,
            &input.bucket,
            input.expected_bucket_owner.as_deref(),
        )
    }

    fn run(_req: &mut Authorized<'_, Self>) -> Result<GetBucketEncryptionOutput, Fault> {
        let default =
            ServerSideEncryptionByDefault { sse_algorithm: "AES256".into(), kms_master_key_id: None };
        let rule = ServerSideEncryptionRule {
            apply_server_side_encryption_by_default: Some(default),
            bucket_key_enabled: Some(false),
            ..ServerSideEncryptionRule::default()
        };
        let configuration = ServerSideEncryptionConfiguration { rules: vec![rule] };
        Ok(GetBucketEncryptionOutput { server_side_encryption_configuration: Some(configuration) })
    }
}
