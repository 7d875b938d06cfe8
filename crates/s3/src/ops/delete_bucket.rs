//! DeleteBucket: an empty bucket and its configuration.

use rolecall_actions::s3;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{DeleteBucket, DeleteBucketRequest, DeleteBucketResponse};
use crate::object::Drops;
use crate::records::{Buckets, BucketsOfAccount, Heads, PolicyTexts, Uploads};
use crate::{access, bucket};

/// Uploads under way that go with a bucket; with more of them it counts as not empty.
const UPLOADS: usize = 100;

impl Operation for DeleteBucket {
    type Access = Write;

    fn needs(input: &DeleteBucketRequest, at: &At<'_>) -> Result<Needs, Fault> {
        access::on_bucket(s3::DeleteBucket, at, &input.bucket, input.expected_bucket_owner.as_deref())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteBucketResponse, Fault> {
        let name = req.input.bucket.as_str();
        let env = req.env;
        let tx = req.tx()?;
        let row = bucket::row(tx, name)?;
        let uploads = tx.scan::<Uploads>(&(name,), None, UPLOADS + 1)?;
        if tx.any::<Heads>(&(name,))? || uploads.len() > UPLOADS {
            let text = "The bucket you tried to delete is not empty";
            return Err(Fault::new("BucketNotEmpty", 409, text).with("BucketName", name));
        }
        let mut drops = Drops::default();
        for (key, _) in uploads {
            drops.upload(&key.2);
            tx.delete::<Uploads>(&key)?;
        }
        drops.note(tx, env)?;
        tx.delete::<Buckets>(&name)?;
        tx.delete::<BucketsOfAccount>(&(row.owner, name))?;
        tx.delete::<PolicyTexts>(&name)?;
        Ok(DeleteBucketResponse::default())
    }
}
