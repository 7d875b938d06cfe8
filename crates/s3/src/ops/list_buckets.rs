//! ListBuckets: the buckets of the caller's account.

use rolecall_actions::s3;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::bucket;
use crate::model::{Bucket, ListBuckets, ListBucketsOutput, ListBucketsRequest, Owner};
use crate::records::BucketsOfAccount;

impl Operation for ListBuckets {
    type Access = Read;

    fn needs(_input: &ListBucketsRequest, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(s3::ListAllMyBuckets).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListBucketsOutput, Fault> {
        let account = req.account();
        let input = req.input;
        let db = req.db()?;
        // The token is the last name of the page before, which nothing else is derived from.
        let after = input.continuation_token.clone().map(|name| (account, name));
        let prefix = input.prefix.as_deref().unwrap_or_default();
        let limit = input.max_buckets.and_then(|max| usize::try_from(max).ok()).unwrap_or(usize::MAX);
        let rows = db.scan::<BucketsOfAccount>(
            &rolecall_store::Starts((account,), prefix),
            after.as_ref(),
            usize::MAX,
        )?;
        let region = input.bucket_region.as_deref();
        let mut rows =
            rows.into_iter().filter(|(_, row)| region.is_none_or(|region| region == row.region)).peekable();
        let mut buckets = Vec::new();
        while buckets.len() < limit
            && let Some(((_, name), row)) = rows.next()
        {
            buckets.push(Bucket {
                bucket_arn: Some(bucket::arn(&name)),
                name: Some(name),
                creation_date: Some(row.created.whole_seconds()),
                bucket_region: Some(row.region),
            });
        }
        let last = buckets.last().and_then(|bucket| bucket.name.clone());
        Ok(ListBucketsOutput {
            continuation_token: last.filter(|_| rows.peek().is_some()),
            buckets: Some(buckets),
            owner: Some(Owner { id: Some(bucket::owner_id(db, account)?), display_name: None }),
            prefix: input.prefix.clone(),
        })
    }
}
