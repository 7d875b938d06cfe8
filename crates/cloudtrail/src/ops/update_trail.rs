//! UpdateTrail: changes what a trail was made with.

use rolecall_actions::cloudtrail;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{UpdateTrail, UpdateTrailRequest, UpdateTrailResponse};
use crate::records::Trails;
use crate::{Bucket, organization, show, target};

impl Operation for UpdateTrail {
    type Access = Write;

    fn needs(input: &UpdateTrailRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(cloudtrail::UpdateTrail).on(&target::of(at, &input.name)?).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<UpdateTrailResponse, Fault> {
        let (input, account, region) = (req.input, req.account(), req.region);
        show::refuse!(input)?;
        let bucket = req.extensions.get::<Bucket>()?;
        let tx = req.tx()?;
        let mut trail = target::find(tx, account, region, &input.name)?.at_home(region)?;
        if let Some(name) = &input.s3_bucket_name {
            trail.bucket.clone_from(name);
        }
        if let Some(prefix) = &input.s3_key_prefix {
            trail.prefix = Some(prefix.clone()).filter(|prefix| !prefix.is_empty());
        }
        trail.global = input.include_global_service_events.unwrap_or(trail.global);
        trail.multi_region = input.is_multi_region_trail.unwrap_or(trail.multi_region);
        trail.digests = input.enable_log_file_validation.unwrap_or(trail.digests);
        if let Some(wanted) = input.is_organization_trail {
            trail.organization = organization::asked(tx, account, wanted)?;
        }
        show::check(&trail)?;
        if input.s3_bucket_name.is_some() || input.s3_key_prefix.is_some() || trail.organization.is_some() {
            bucket.check(&trail)?;
        }
        tx.put::<Trails>(&(account, trail.region.clone(), trail.name.clone()), &trail)?;
        Ok(show::facts!(UpdateTrailResponse, trail))
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use super::*;
    use crate::scene::Scene;

    #[test]
    fn only_what_is_given_changes() {
        let scene = Scene::new();
        scene.trail("trail").unwrap();
        let input = UpdateTrailRequest {
            name: "trail".into(),
            s3_key_prefix: Some("logs".into()),
            is_multi_region_trail: Some(true),
            ..Default::default()
        };
        let trail = scene.call::<UpdateTrail>(input).unwrap();
        assert_eq!(trail.s3_key_prefix.as_deref(), Some("logs"));
        assert_eq!(scene.stored("trail").bucket, crate::scene::BUCKET);
        let alone = UpdateTrailRequest {
            name: "trail".into(),
            include_global_service_events: Some(false),
            ..Default::default()
        };
        let message = check_fault(scene.call::<UpdateTrail>(alone), "InvalidParameterCombinationException");
        assert_eq!(message, "Multi-Region trail must include global service events.");
    }

    #[test]
    fn a_trail_that_is_not_there_is_not_found() {
        let input = UpdateTrailRequest { name: "trail".into(), ..Default::default() };
        let message = check_fault(Scene::new().call::<UpdateTrail>(input), "TrailNotFoundException");
        let arn = "arn:aws:cloudtrail:us-east-1:000000000000:trail/trail";
        assert_eq!(message, format!("Unknown trail: {arn} for the user: 000000000000"));
    }
}
