//! GetObjectAcl: without ACLs (BucketOwnerEnforced), the bucket's owner has full control.

use rolecall_actions::s3;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::model::{GetObjectAcl, GetObjectAclOutput, GetObjectAclRequest};
use crate::ops::get_bucket_acl::owner_only;
use crate::{access, bucket, object};

impl Operation for GetObjectAcl {
    type Access = Read;

    fn needs(input: &GetObjectAclRequest, at: &At<'_>) -> Result<Needs, Fault> {
        access::on_object(
            s3::GetObjectAcl,
            at,
            &input.bucket,
            &input.key,
            input.expected_bucket_owner.as_deref(),
        )
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetObjectAclOutput, Fault> {
        let input = req.input;
        let db = req.db()?;
        access::found(req, object::head(db, &input.bucket, &input.key)?, &input.key)?;
        object::check_version(input.version_id.as_deref(), &input.key)?;
        let row = bucket::row(db, &input.bucket)?;
        let (owner, grants) = owner_only(bucket::owner_id(db, row.owner)?);
        Ok(GetObjectAclOutput { owner: Some(owner), grants: Some(grants), ..GetObjectAclOutput::default() })
    }
}
