//! GetBucketAcl: without ACLs (BucketOwnerEnforced), the owner has full control and nobody else is named.

use rolecall_actions::s3;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::model::{GetBucketAcl, GetBucketAclOutput, GetBucketAclRequest, Grant, Grantee, Owner};
use crate::{access, bucket};

impl Operation for GetBucketAcl {
    type Access = Read;

    fn needs(input: &GetBucketAclRequest, at: &At<'_>) -> Result<Needs, Fault> {
        access::on_bucket(s3::GetBucketAcl, at, &input.bucket, input.expected_bucket_owner.as_deref())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetBucketAclOutput, Fault> {
        let db = req.db()?;
        let row = bucket::row(db, &req.input.bucket)?;
        let (owner, grants) = owner_only(bucket::owner_id(db, row.owner)?);
        Ok(GetBucketAclOutput { owner: Some(owner), grants: Some(grants) })
    }
}

/// The access control list of everything in a bucket without ACLs.
pub(crate) fn owner_only(id: String) -> (Owner, Vec<Grant>) {
    let grantee = Grantee { id: Some(id.clone()), type_: "CanonicalUser".into(), ..Grantee::default() };
    let grant = Grant { grantee: Some(grantee), permission: Some("FULL_CONTROL".into()) };
    (Owner { id: Some(id), display_name: None }, vec![grant])
}
