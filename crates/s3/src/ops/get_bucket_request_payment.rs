//! GetBucketRequestPayment: nobody pays, and so the owner does.

use rolecall_actions::s3;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::access;
use crate::model::{GetBucketRequestPayment, GetBucketRequestPaymentOutput, GetBucketRequestPaymentRequest};

impl Operation for GetBucketRequestPayment {
    type Access = Read;

    fn needs(input: &GetBucketRequestPaymentRequest, at: &At<'_>) -> Result<Needs, Fault> {
        access::on_bucket(
            s3::GetBucketRequestPayment,
            at,
            &input.bucket,
            input.expected_bucket_owner.as_deref(),
        )
    }

    fn run(_req: &mut Authorized<'_, Self>) -> Result<GetBucketRequestPaymentOutput, Fault> {
        Ok(GetBucketRequestPaymentOutput { payer: Some("BucketOwner".into()) })
    }
}
