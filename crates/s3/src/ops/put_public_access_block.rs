//! PutPublicAccessBlock: which public access a bucket refuses whatever its policy says.

use rolecall_actions::s3;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{PutPublicAccessBlock, PutPublicAccessBlockRequest, PutPublicAccessBlockResponse};
use crate::records::{Buckets, PublicAccessBlock};
use crate::{access, bucket};

impl Operation for PutPublicAccessBlock {
    type Access = Write;

    fn needs(input: &PutPublicAccessBlockRequest, at: &At<'_>) -> Result<Needs, Fault> {
        access::on_bucket(
            s3::PutBucketPublicAccessBlock,
            at,
            &input.bucket,
            input.expected_bucket_owner.as_deref(),
        )
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<PutPublicAccessBlockResponse, Fault> {
        let asked = &req.input.public_access_block_configuration;
        let mut row = bucket::row(req.db()?, &req.input.bucket)?;
        row.public_access_block = Some(PublicAccessBlock {
            block_public_acls: asked.block_public_acls.unwrap_or(false),
            ignore_public_acls: asked.ignore_public_acls.unwrap_or(false),
            block_public_policy: asked.block_public_policy.unwrap_or(false),
            restrict_public_buckets: asked.restrict_public_buckets.unwrap_or(false),
        });
        req.tx()?.put::<Buckets>(&row.name.as_str(), &row)?;
        Ok(PutPublicAccessBlockResponse::default())
    }
}
