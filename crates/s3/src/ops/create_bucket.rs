//! CreateBucket: a new bucket in a region, of a name that no account has yet.

use rolecall_actions::s3::{self, key, kind};
use rolecall_base::{Fault, Tags};
use rolecall_door::{At, Authorized, ByArn, Needs, Operation, Write};

use crate::model::{CreateBucket, CreateBucketOutput, CreateBucketRequest};
use crate::records::{Bucket, Buckets, BucketsOfAccount, OwnedBucket, PublicAccessBlock};
use crate::{bucket, fault, tagging};

impl Operation for CreateBucket {
    type Access = Write;

    fn needs(input: &CreateBucketRequest, at: &At<'_>) -> Result<Needs, Fault> {
        if !bucket::is_name(&input.bucket) {
            return Err(fault::invalid_bucket_name(&input.bucket));
        }
        let tags = tags(input)?;
        let new = ByArn::<kind::Bucket>::new(bucket::arn(&input.bucket), at.account());
        let question = Needs::action(s3::CreateBucket)
            .on(&new)
            .key(key::Locationconstraint, constraint(input))
            .key(key::XAmzAcl, input.acl.as_deref())
            .key(key::XAmzObjectOwnership, input.object_ownership.as_deref());
        if tags.is_empty() {
            return Ok(question.done());
        }
        let pairs = || tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str()));
        let tagging = Needs::action(s3::TagResource).on(&new).request_tags(pairs()).done();
        Ok(question.request_tags(pairs()).done().and(tagging))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CreateBucketOutput, Fault> {
        let input = req.input;
        check_features(input)?;
        let region = region(constraint(input), req.region)?;
        let (owner, created) = (req.account(), req.now);
        if let Some(there) = req.db()?.get::<Buckets>(&input.bucket.as_str())? {
            return again(there, owner, &region);
        }
        let row = Bucket {
            name: input.bucket.clone(),
            owner,
            region: region.clone(),
            created,
            policy: None,
            public_access_block: Some(PublicAccessBlock::ALL),
            tags: tags(input)?,
        };
        let tx = req.tx()?;
        tx.put::<Buckets>(&row.name.as_str(), &row)?;
        tx.put::<BucketsOfAccount>(&(owner, row.name.as_str()), &OwnedBucket { region, created })?;
        Ok(output(&row.name))
    }
}

fn output(name: &str) -> CreateBucketOutput {
    CreateBucketOutput { location: Some(format!("/{name}")), bucket_arn: Some(bucket::arn(name)) }
}

/// A name that is taken. In us-east-1 alone, making one's own bucket again succeeds and changes nothing.
fn again(there: Bucket, caller: rolecall_base::AccountId, region: &str) -> Result<CreateBucketOutput, Fault> {
    if there.owner != caller {
        let text = "The requested bucket name is not available. The bucket namespace is shared by all users of the \
                    system. Please select a different name and try again.";
        return Err(Fault::new("BucketAlreadyExists", 409, text).with("BucketName", there.name));
    }
    if there.region == "us-east-1" && region == "us-east-1" {
        return Ok(output(&there.name));
    }
    let text = "Your previous request to create the named bucket succeeded and you already own it.";
    Err(Fault::new("BucketAlreadyOwnedByYou", 409, text).with("BucketName", there.name))
}

fn tags(input: &CreateBucketRequest) -> Result<Tags, Fault> {
    let tags = input.create_bucket_configuration.as_ref().and_then(|asked| asked.tags.as_deref());
    tagging::of_list(tags.unwrap_or_default(), tagging::OF_BUCKET)
}

fn constraint(input: &CreateBucketRequest) -> Option<&str> {
    input.create_bucket_configuration.as_ref().and_then(|asked| asked.location_constraint.as_deref())
}

/// Where a bucket comes to be: the constraint must be the endpoint's region, but us-east-1's makes buckets anywhere.
fn region(constraint: Option<&str>, endpoint: &str) -> Result<String, Fault> {
    let incompatible = |what: &str| {
        let text = format!(
            "The {what} location constraint is incompatible for the region specific endpoint this \
                            request was sent to."
        );
        Fault::new("IllegalLocationConstraintException", 400, text)
    };
    let global = endpoint == "us-east-1";
    let Some(constraint) = constraint.filter(|constraint| !constraint.is_empty()) else {
        return if global { Ok(endpoint.to_owned()) } else { Err(incompatible("unspecified")) };
    };
    let region = if constraint == "EU" { "eu-west-1" } else { constraint };
    if !global && region != endpoint {
        return Err(incompatible(constraint));
    }
    if !is_region(region) {
        let text = "The specified location-constraint is not valid";
        return Err(Fault::new("InvalidLocationConstraint", 400, text).with("LocationConstraint", constraint));
    }
    Ok(region.to_owned())
}

/// `eu-west-1`, `us-gov-east-1`; us-east-1 is never named.
fn is_region(name: &str) -> bool {
    let mut parts = name.split('-').rev();
    let number = parts.next().is_some_and(|part| part.len() == 1 && part.bytes().all(|b| b.is_ascii_digit()));
    let words: Vec<&str> = parts.collect();
    number
        && matches!(words.len(), 2 | 3)
        && words.iter().all(|word| word.len() >= 2 && word.bytes().all(|b| b.is_ascii_lowercase()))
        && name != "us-east-1"
}

fn check_features(input: &CreateBucketRequest) -> Result<(), Fault> {
    if input.bucket_namespace.as_deref().is_some_and(|namespace| namespace != "global") {
        return Err(fault::header_not_implemented("x-amz-bucket-namespace"));
    }
    if input.object_lock_enabled_for_bucket == Some(true) {
        return Err(fault::header_not_implemented("x-amz-bucket-object-lock-enabled"));
    }
    let grants = [
        &input.grant_full_control,
        &input.grant_read,
        &input.grant_read_acp,
        &input.grant_write,
        &input.grant_write_acp,
    ];
    if grants.iter().any(|grant| grant.is_some()) || !matches!(input.acl.as_deref(), None | Some("private")) {
        let text = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting";
        return Err(Fault::new("InvalidBucketAclWithObjectOwnership", 400, text));
    }
    match input.object_ownership.as_deref() {
        None | Some("BucketOwnerEnforced") => {}
        Some("ObjectWriter" | "BucketOwnerPreferred") => {
            return Err(fault::header_not_implemented("x-amz-object-ownership"));
        }
        Some(other) => {
            let text = format!("Invalid x-amz-object-ownership header: {other}");
            return Err(fault::invalid_argument("x-amz-object-ownership", other, text));
        }
    }
    let asked = input.create_bucket_configuration.as_ref();
    if asked.is_some_and(|asked| asked.location.is_some() || asked.bucket.is_some()) {
        return Err(fault::header_not_implemented("CreateBucketConfiguration"));
    }
    Ok(())
}
