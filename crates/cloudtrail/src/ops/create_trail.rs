//! CreateTrail: a trail that is not logging yet.

use rolecall_actions::cloudtrail;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{CreateTrail, CreateTrailRequest, CreateTrailResponse, fault};
use crate::records::{Trail, Trails};
use crate::{Bucket, organization, show, tags, target};

impl Operation for CreateTrail {
    type Access = Write;

    fn needs(input: &CreateTrailRequest, at: &At<'_>) -> Result<Needs, Fault> {
        target::check_name(&input.name)?;
        let target = target::new(at, &input.name);
        let tags = || tags::pairs(input.tags_list.as_deref());
        let create = Needs::action(cloudtrail::CreateTrail).on(&target).request_tags(tags()).done();
        if input.tags_list.as_ref().is_none_or(Vec::is_empty) {
            return Ok(create);
        }
        Ok(create.and(Needs::action(cloudtrail::AddTags).on(&target).request_tags(tags()).done()))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CreateTrailResponse, Fault> {
        let (input, account, region) = (req.input, req.account(), req.region.to_owned());
        show::refuse!(input)?;
        let trail = Trail {
            account,
            region: region.clone(),
            name: input.name.clone(),
            bucket: input.s3_bucket_name.clone(),
            prefix: input.s3_key_prefix.clone().filter(|prefix| !prefix.is_empty()),
            global: input.include_global_service_events.unwrap_or(true),
            multi_region: input.is_multi_region_trail.unwrap_or(false),
            tags: tags::set(Default::default(), input.tags_list.as_deref().unwrap_or_default())?,
            selectors: None,
            spans: Vec::new(),
            digests: input.enable_log_file_validation.unwrap_or(false),
            organization: organization::asked(req.db()?, account, input.is_organization_trail == Some(true))?,
        };
        show::check(&trail)?;
        let bucket = req.extensions.get::<Bucket>()?;
        let tx = req.tx()?;
        let trails = target::all(tx, account)?;
        let taken =
            |known: &Trail| known.name == trail.name && (known.region == region || known.multi_region);
        if trails.iter().any(taken) {
            let text = format!("Trail {} already exists for customer: {account}", trail.name);
            return Err(fault::trail_already_exists(text));
        }
        if trails.iter().filter(|known| known.region == region).count() >= target::MOST {
            let text = format!("User: {account} already has {} trails in {region}.", target::MOST);
            return Err(fault::maximum_number_of_trails_exceeded(text));
        }
        if trails.len() >= target::MOST_IN_ALL {
            let text = format!("User: {account} already has {} trails.", target::MOST_IN_ALL);
            return Err(fault::maximum_number_of_trails_exceeded(text));
        }
        bucket.check(&trail)?;
        tx.put::<Trails>(&(account, region, trail.name.clone()), &trail)?;
        Ok(show::facts!(CreateTrailResponse, trail))
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use super::*;
    use crate::scene::{BUCKET, Scene};

    #[test]
    fn a_trail_answers_with_its_arn_and_does_not_log_yet() {
        let scene = Scene::new();
        let trail = scene.trail("trail").unwrap();
        let arn = "arn:aws:cloudtrail:us-east-1:000000000000:trail/trail";
        assert_eq!(trail.trail_arn.as_deref(), Some(arn));
        assert_eq!(trail.log_file_validation_enabled, Some(false));
        assert!(!scene.stored("trail").is_logging());
    }

    #[test]
    fn names_are_unique_and_there_are_five_at_most() {
        let scene = Scene::new();
        scene.trail("one").unwrap();
        let message = check_fault(scene.trail("one"), "TrailAlreadyExistsException");
        assert_eq!(message, "Trail one already exists for customer: 000000000000");
        for name in ["two", "three", "four", "five"] {
            scene.trail(name).unwrap();
        }
        let message = check_fault(scene.trail("six"), "MaximumNumberOfTrailsExceededException");
        assert_eq!(message, "User: 000000000000 already has 5 trails in us-east-1.");
    }

    #[test]
    fn made_up_regions_give_no_endless_number_of_trails() {
        let scene = Scene::new();
        let mut made = 0;
        let refused = loop {
            let region = format!("r-{}", made / target::MOST);
            match scene.trail_in(&region, &format!("t-{made}")) {
                Ok(_) => made += 1,
                Err(fault) => break fault,
            }
            assert!(made <= target::MOST_IN_ALL);
        };
        assert_eq!(made, target::MOST_IN_ALL);
        assert_eq!(refused.code(), "MaximumNumberOfTrailsExceededException");
    }

    #[test]
    fn a_bucket_that_is_not_there_or_lets_nobody_write_is_refused() {
        let scene = Scene::new();
        let with = |bucket: &str| CreateTrailRequest {
            name: "trail".into(),
            s3_bucket_name: bucket.into(),
            ..Default::default()
        };
        let outcome = scene.call::<CreateTrail>(with("absent"));
        let message = check_fault(outcome, "S3BucketDoesNotExistException");
        assert_eq!(message, "S3 bucket absent does not exist!");
        let outcome = scene.call::<CreateTrail>(with("closed"));
        let message = check_fault(outcome, "InsufficientS3BucketPolicyException");
        assert_eq!(message, "Incorrect S3 bucket policy is detected for bucket: closed");
        check_fault(scene.call::<CreateTrail>(with("A_b")), "InvalidS3BucketNameException");
    }

    #[test]
    fn what_this_server_does_not_have_is_refused_by_name() {
        let input = CreateTrailRequest {
            name: "trail".into(),
            s3_bucket_name: BUCKET.into(),
            kms_key_id: Some("alias/key".into()),
            ..Default::default()
        };
        let outcome = Scene::new().call::<CreateTrail>(input);
        let message = check_fault(outcome, "UnsupportedOperationException");
        assert_eq!(message, "KmsKeyId is not supported by this server.");
    }

    #[test]
    fn names_follow_the_published_rules() {
        let scene = Scene::new();
        for name in ["ab", "-abc", "abc-", "a--b", "a b", "192.168.5.4", &"a".repeat(129)] {
            check_fault(scene.trail(name), "InvalidTrailNameException");
        }
        scene.trail("my-trail_1.x").unwrap();
    }
}
