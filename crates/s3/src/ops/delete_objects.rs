//! DeleteObjects: up to 1,000 objects, each decided and answered for itself.

use rolecall_actions::s3;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{
    DeleteObjects, DeleteObjectsOutput, DeleteObjectsRequest, DeletedObject, Error, ObjectIdentifier,
};
use crate::object::Drops;
use crate::{bucket, conditions, fault, object};

/// The most objects of one call.
const MOST: usize = 1000;

impl Operation for DeleteObjects {
    type Access = Write;

    fn needs(input: &DeleteObjectsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let bucket = bucket::open(at, &input.bucket, input.expected_bucket_owner.as_deref())?;
        let objects = &input.delete.objects;
        if objects.is_empty() || objects.len() > MOST {
            return Err(fault::malformed_xml());
        }
        Ok(Needs::each(
            objects.iter().map(|one| Needs::action(s3::DeleteObject).on(&bucket.object(&one.key)).done()),
        ))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteObjectsOutput, Fault> {
        let input = req.input;
        let quiet = input.delete.quiet == Some(true);
        let (mut deleted, mut errors) = (Vec::new(), Vec::new());
        let mut drops = Drops::default();
        for (n, one) in input.delete.objects.iter().enumerate() {
            match delete(req, n, one, &mut drops) {
                Ok(()) if quiet => {}
                Ok(()) => deleted.push(DeletedObject {
                    key: Some(one.key.clone()),
                    version_id: one.version_id.clone(),
                    ..DeletedObject::default()
                }),
                Err(fault) if fault.status() >= 500 => return Err(fault),
                Err(fault) => errors.push(Error {
                    key: Some(one.key.clone()),
                    version_id: one.version_id.clone(),
                    code: Some(fault.code().to_owned()),
                    message: Some(fault.message().to_owned()),
                }),
            }
        }
        let env = req.env;
        drops.note(req.tx()?, env)?;
        let some = |empty: bool| !empty;
        Ok(DeleteObjectsOutput {
            deleted: some(deleted.is_empty()).then_some(deleted),
            errors: some(errors.is_empty()).then_some(errors),
            request_charged: None,
        })
    }
}

fn delete(
    req: &mut Authorized<'_, DeleteObjects>,
    n: usize,
    one: &ObjectIdentifier,
    drops: &mut Drops,
) -> Result<(), Fault> {
    req.allowed(n)?;
    object::check_version(one.version_id.as_deref(), &one.key)?;
    let bucket = &req.input.bucket;
    let tx = req.tx()?;
    let Some(old) = object::head(tx, bucket, &one.key)? else { return Ok(()) };
    conditions::check_write(one.e_tag.as_deref(), None, &one.key, Some(&old))?;
    let same_size = one.size.is_none_or(|size| u64::try_from(size) == Ok(old.size));
    let same_time = one.last_modified_time.is_none_or(|time| time.seconds() == old.modified.seconds());
    if !same_size || !same_time {
        return Err(fault::precondition_failed(if same_size { "LastModifiedTime" } else { "Size" }));
    }
    object::remove(tx, bucket, &one.key, &old, drops)
}
