//! DeletePublicAccessBlock: a bucket's policy alone says who reaches it.

use rolecall_actions::s3;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{
    DeletePublicAccessBlock, DeletePublicAccessBlockRequest, DeletePublicAccessBlockResponse,
};
use crate::records::Buckets;
use crate::{access, bucket};

impl Operation for DeletePublicAccessBlock {
    type Access = Write;

    fn needs(input: &DeletePublicAccessBlockRequest, at: &At<'_>) -> Result<Needs, Fault> {
        access::on_bucket(
            s3::PutBucketPublicAccessBlock,
            at,
            &input.bucket,
            input.expected_bucket_owner.as_deref(),
        )
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeletePublicAccessBlockResponse, Fault> {
        let mut row = bucket::row(req.db()?, &req.input.bucket)?;
        row.public_access_block = None;
        req.tx()?.put::<Buckets>(&row.name.as_str(), &row)?;
        Ok(DeletePublicAccessBlockResponse::default())
    }
}
