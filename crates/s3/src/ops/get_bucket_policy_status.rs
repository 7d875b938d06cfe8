//! GetBucketPolicyStatus: whether a bucket's policy lets in everyone.

use rolecall_actions::s3;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::model::{
    GetBucketPolicyStatus, GetBucketPolicyStatusOutput, GetBucketPolicyStatusRequest, PolicyStatus,
};
use crate::ops::get_bucket_policy::none;
use crate::{access, bucket};

impl Operation for GetBucketPolicyStatus {
    type Access = Read;

    fn needs(input: &GetBucketPolicyStatusRequest, at: &At<'_>) -> Result<Needs, Fault> {
        access::on_bucket(
            s3::GetBucketPolicyStatus,
            at,
            &input.bucket,
            input.expected_bucket_owner.as_deref(),
        )
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetBucketPolicyStatusOutput, Fault> {
        let row = bucket::row(req.db()?, &req.input.bucket)?;
        let mark = row.policy.ok_or_else(|| none(&row.name))?;
        let status = PolicyStatus { is_public: Some(mark.public) };
        Ok(GetBucketPolicyStatusOutput { policy_status: Some(status) })
    }
}
