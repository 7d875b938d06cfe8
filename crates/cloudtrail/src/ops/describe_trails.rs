//! DescribeTrails: trails by name, or all of this region.

use rolecall_actions::cloudtrail;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::model::{DescribeTrails, DescribeTrailsRequest, DescribeTrailsResponse};
use crate::{organization, show, target};

impl Operation for DescribeTrails {
    type Access = Read;

    fn needs(_input: &DescribeTrailsRequest, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(cloudtrail::DescribeTrails).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeTrailsResponse, Fault> {
        let shadows = req.input.include_shadow_trails.unwrap_or(true);
        let names = req.input.trail_name_list.as_deref().unwrap_or_default();
        let mut trails = Vec::new();
        if names.is_empty() {
            trails = target::all(req.db()?, req.account())?;
            if shadows {
                // The trail of an organization is a shadow in its members, in its home region too.
                trails.extend(organization::of_others(req.db()?, req.account())?);
            }
            trails.retain(|trail| trail.region == req.region || (shadows && trail.multi_region));
        }
        for name in names {
            // Those that are not there are left out.
            trails.extend(target::seen(&req.at(), name)?.trail);
        }
        Ok(DescribeTrailsResponse { trail_list: Some(trails.iter().map(show::trail).collect()) })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_door::Origin;
    use rolecall_testkit::ACCOUNT;

    use super::*;
    use crate::model::{UpdateTrail, UpdateTrailRequest};
    use crate::scene::Scene;

    #[test]
    fn a_trail_of_all_regions_is_seen_from_each_as_a_shadow() {
        let scene = Scene::new();
        scene.trail("all").unwrap();
        scene.trail("one").unwrap();
        let input = UpdateTrailRequest {
            name: "all".into(),
            is_multi_region_trail: Some(true),
            ..Default::default()
        };
        scene.call::<UpdateTrail>(input).unwrap();
        let names = |region: &str, shadows| {
            let input = DescribeTrailsRequest { include_shadow_trails: shadows, ..Default::default() };
            let root = scene.world.root(ACCOUNT);
            let call = scene.world.door.call::<DescribeTrails>(root, region, Origin::default(), input);
            let list = scene.world.run(call).unwrap().trail_list.unwrap();
            list.into_iter().map(|trail| trail.name.unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(names("us-east-1", None), ["all", "one"]);
        assert_eq!(names("eu-west-1", None), ["all"]);
        assert!(names("eu-west-1", Some(false)).is_empty());
    }
}
