//! GetBucketPolicy: a bucket's policy as it was put, with the principals that still exist.

use rolecall_actions::s3;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::model::{GetBucketPolicy, GetBucketPolicyOutput, GetBucketPolicyRequest};
use crate::records::PolicyTexts;
use crate::{access, bucket, policy};

impl Operation for GetBucketPolicy {
    type Access = Read;

    fn needs(input: &GetBucketPolicyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        access::on_policy(s3::GetBucketPolicy, at, &input.bucket, input.expected_bucket_owner.as_deref())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetBucketPolicyOutput, Fault> {
        let db = req.db()?;
        let row = bucket::row(db, &req.input.bucket)?;
        access::check_own(req, &row, "GET")?;
        let text = db.get::<PolicyTexts>(&row.name.as_str())?.ok_or_else(|| none(&row.name))?.text;
        Ok(GetBucketPolicyOutput { policy: Some(policy::shown(db, &text)?) })
    }
}

pub(crate) fn none(name: &str) -> Fault {
    Fault::new("NoSuchBucketPolicy", 404, "The bucket policy does not exist").with("BucketName", name)
}
