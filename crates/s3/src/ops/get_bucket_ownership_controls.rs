//! GetBucketOwnershipControls: every bucket is BucketOwnerEnforced, S3's default; there are no ACLs.

use rolecall_actions::s3;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::access;
use crate::model::{
    GetBucketOwnershipControls, GetBucketOwnershipControlsOutput, GetBucketOwnershipControlsRequest,
    OwnershipControls, OwnershipControlsRule,
};

impl Operation for GetBucketOwnershipControls {
    type Access = Read;

    fn needs(input: &GetBucketOwnershipControlsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        access::on_bucket(
            s3::GetBucketOwnershipControls,
            at,
            &input.bucket,
            input.expected_bucket_owner.as_deref(),
        )
    }

    fn run(_req: &mut Authorized<'_, Self>) -> Result<GetBucketOwnershipControlsOutput, Fault> {
        let rules = vec![OwnershipControlsRule { object_ownership: "BucketOwnerEnforced".into() }];
        Ok(GetBucketOwnershipControlsOutput { ownership_controls: Some(OwnershipControls { rules }) })
    }
}
