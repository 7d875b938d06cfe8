//! GetPublicAccessBlock: which public access a bucket refuses.

use rolecall_actions::s3;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::model::{
    GetPublicAccessBlock, GetPublicAccessBlockOutput, GetPublicAccessBlockRequest,
    PublicAccessBlockConfiguration,
};
use crate::{access, bucket};

impl Operation for GetPublicAccessBlock {
    type Access = Read;

    fn needs(input: &GetPublicAccessBlockRequest, at: &At<'_>) -> Result<Needs, Fault> {
        access::on_bucket(
            s3::GetBucketPublicAccessBlock,
            at,
            &input.bucket,
            input.expected_bucket_owner.as_deref(),
        )
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetPublicAccessBlockOutput, Fault> {
        let row = bucket::row(req.db()?, &req.input.bucket)?;
        let Some(block) = row.public_access_block else {
            let text = "The public access block configuration was not found";
            return Err(
                Fault::new("NoSuchPublicAccessBlockConfiguration", 404, text).with("BucketName", row.name)
            );
        };
        let configuration = PublicAccessBlockConfiguration {
            block_public_acls: Some(block.block_public_acls),
            ignore_public_acls: Some(block.ignore_public_acls),
            block_public_policy: Some(block.block_public_policy),
            restrict_public_buckets: Some(block.restrict_public_buckets),
        };
        Ok(GetPublicAccessBlockOutput { public_access_block_configuration: Some(configuration) })
    }
}
