//! TagResource: sets tags on a root, unit, account or policy.

use rolecall_actions::organizations;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{TagResource, TagResourceRequest, TagResourceResponse};
use crate::standing::{Reach, Scope, Standing};
use crate::{tagged, tags};

impl Operation for TagResource {
    type Access = Write;

    fn needs(input: &TagResourceRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Policies)?;
        let question = scope.about(organizations::TagResource, &input.resource_id)?;
        Ok(scope.ask(question.request_tags(tags::pairs(Some(&input.tags)))))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<TagResourceResponse, Fault> {
        let organization = Standing::require(req, Reach::Policies)?.organization;
        let input = req.input;
        let tx = req.tx()?;
        let mut own = tagged::tags(tx, &organization, &input.resource_id)?;
        tags::add(&mut own, Some(&input.tags))?;
        tagged::put(tx, &organization, &input.resource_id, own)?;
        Ok(TagResourceResponse {})
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    fn tag(scene: &Scene, id: &str, key: &str) -> Result<TagResourceResponse, rolecall_base::Fault> {
        let tags = vec![Tag { key: key.into(), value: "x".into() }];
        scene.call::<TagResource>(TagResourceRequest { resource_id: id.into(), tags })
    }

    #[test]
    fn everything_of_an_organization_can_be_tagged() {
        let scene = Scene::new();
        let (dev, apps) = (scene.account("dev").to_string(), scene.unit(&scene.top, "apps"));
        let policy = scene.denying("s3:*");
        for id in [&scene.top, &dev, &apps, &policy] {
            tag(&scene, id, "team").unwrap();
            let input = ListTagsForResourceRequest { resource_id: id.clone(), next_token: None };
            let tags = scene.call::<ListTagsForResource>(input).unwrap().tags.unwrap();
            assert_eq!(tags[0].key, "team");
            let input = UntagResourceRequest { resource_id: id.clone(), tag_keys: vec!["team".into()] };
            scene.call::<UntagResource>(input).unwrap();
            let input = ListTagsForResourceRequest { resource_id: id.clone(), next_token: None };
            assert_eq!(scene.call::<ListTagsForResource>(input).unwrap().tags.unwrap().len(), 0);
        }
    }

    #[test]
    fn what_is_not_there_and_awss_own_are_not_tagged() {
        let scene = Scene::new();
        check_fault(tag(&scene, "555555555555", "team"), "TargetNotFoundException");
        check_fault(tag(&scene, "p-FullAWSAccess", "team"), "InvalidInputException");
        check_fault(tag(&scene, &scene.top, "aws:team"), "InvalidInputException");
    }
}
