//! PutBucketPolicy: the document that says who may do what with a bucket and its objects.

use rolecall_actions::s3;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{PutBucketPolicy, PutBucketPolicyRequest, PutBucketPolicyResponse};
use crate::records::{Buckets, PolicyMark, PolicyText, PolicyTexts};
use crate::{access, bucket, policy, public};

impl Operation for PutBucketPolicy {
    type Access = Write;

    fn needs(input: &PutBucketPolicyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        access::on_policy(s3::PutBucketPolicy, at, &input.bucket, input.expected_bucket_owner.as_deref())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<PutBucketPolicyResponse, Fault> {
        let mut row = bucket::row(req.db()?, &req.input.bucket)?;
        access::check_own(req, &row, "PUT")?;
        let text = policy::accept(req.db()?, &row.name, &req.input.policy)?;
        let public = public::is_public(&text);
        if public && row.public_access_block.is_some_and(|block| block.block_public_policy) {
            return Err(blocked(&req.caller.arn, &row.name));
        }
        row.policy = Some(PolicyMark { digest: policy::digest(&text), public });
        let tx = req.tx()?;
        tx.put::<PolicyTexts>(&row.name.as_str(), &PolicyText { text })?;
        tx.put::<Buckets>(&row.name.as_str(), &row)?;
        Ok(PutBucketPolicyResponse::default())
    }
}

fn blocked(caller: &str, name: &str) -> Fault {
    let text = format!(
        "User: {caller} is not authorized to perform: s3:PutBucketPolicy on resource: \"{}\" because public policies \
         are prevented by the BlockPublicPolicy setting in S3 Block Public Access.",
        bucket::arn(name)
    );
    Fault::new("AccessDenied", 403, text)
}
