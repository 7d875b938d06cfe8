//! DeleteBucketPolicy: takes a bucket's policy away, if it has one.

use rolecall_actions::s3;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{DeleteBucketPolicy, DeleteBucketPolicyRequest, DeleteBucketPolicyResponse};
use crate::records::{Buckets, PolicyTexts};
use crate::{access, bucket};

impl Operation for DeleteBucketPolicy {
    type Access = Write;

    fn needs(input: &DeleteBucketPolicyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        access::on_policy(s3::DeleteBucketPolicy, at, &input.bucket, input.expected_bucket_owner.as_deref())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteBucketPolicyResponse, Fault> {
        let mut row = bucket::row(req.db()?, &req.input.bucket)?;
        access::check_own(req, &row, "DELETE")?;
        if row.policy.take().is_some() {
            let tx = req.tx()?;
            tx.put::<Buckets>(&row.name.as_str(), &row)?;
            tx.delete::<PolicyTexts>(&row.name.as_str())?;
        }
        Ok(DeleteBucketPolicyResponse::default())
    }
}
