//! ListTagsForResource: the tags of a parameter.

use rolecall_actions::ssm;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::model::{ListTagsForResource, ListTagsForResourceRequest, ListTagsForResourceResult};
use crate::tags::{tagged, there, to_wire};

impl Operation for ListTagsForResource {
    type Access = Read;

    fn needs(input: &ListTagsForResourceRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(match tagged(at, &input.resource_type, &input.resource_id)? {
            Some(named) => Needs::action(ssm::ListTagsForResource).on(&named).done(),
            None => Needs::action(ssm::ListTagsForResource).anywhere().done(),
        })
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListTagsForResourceResult, Fault> {
        let parameter = there(&req.at(), &req.input.resource_type, &req.input.resource_id)?;
        Ok(ListTagsForResourceResult { tag_list: Some(to_wire(&parameter.tags)) })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use super::*;
    use crate::model::{AddTagsToResource, AddTagsToResourceRequest, Tag};
    use crate::model::{RemoveTagsFromResource, RemoveTagsFromResourceRequest};
    use crate::scene::Scene;

    fn list(scene: &Scene, kind: &str, id: &str) -> Result<Vec<Tag>, Fault> {
        let input = ListTagsForResourceRequest { resource_type: kind.into(), resource_id: id.into() };
        scene.call::<ListTagsForResource>(input).map(|answer| answer.tag_list.unwrap())
    }

    #[test]
    fn tags_are_set_listed_and_removed() {
        let scene = Scene::new();
        scene.put("/a", "1");
        scene.tag("/a", "team", "x");
        scene.tag("/a", "team", "y");
        scene.tag("/a", "env", "dev");
        let input = RemoveTagsFromResourceRequest {
            resource_type: "Parameter".into(),
            resource_id: "/a".into(),
            tag_keys: vec!["env".into(), "none".into()],
        };
        scene.call::<RemoveTagsFromResource>(input).unwrap();
        let team = Tag { key: "team".into(), value: "y".into() };
        assert_eq!(list(&scene, "Parameter", "/a").unwrap(), [team]);
    }

    #[test]
    fn only_parameters_have_tags_here() {
        let scene = Scene::new();
        let message = check_fault(list(&scene, "Parameter", "/none"), "InvalidResourceId");
        assert_eq!(
            message,
            "The resource ID \"/none\" is not valid. Verify that the ID is correct and try again."
        );
        check_fault(list(&scene, "Document", "x"), "InvalidResourceId");
    }

    #[test]
    fn fifty_tags_are_enough() {
        let scene = Scene::new();
        scene.put("/a", "1");
        let tags: Vec<Tag> = (0..51).map(|n| Tag { key: format!("k{n}"), value: String::new() }).collect();
        let ask = |tags: Vec<Tag>| {
            scene.call::<AddTagsToResource>(AddTagsToResourceRequest {
                resource_type: "Parameter".into(),
                resource_id: "/a".into(),
                tags,
            })
        };
        check_fault(ask(tags.clone()), "TooManyTagsError");
        ask(tags.into_iter().take(50).collect()).unwrap();
        let own = Tag { key: "AWS:x".into(), value: String::new() };
        check_fault(ask(vec![own]), "ValidationException");
    }

    #[test]
    fn a_tag_of_the_parameter_decides() {
        let scene = Scene::new();
        scene.put("/a", "1");
        let text = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ssm:*","Resource":"*",
            "Condition":{"StringEquals":{"ssm:resourceTag/team":"x"}}}}"#;
        let member = scene.world.user("member", text);
        let ask = || {
            let input =
                ListTagsForResourceRequest { resource_type: "Parameter".into(), resource_id: "/a".into() };
            scene.world.call::<ListTagsForResource>(&member, input)
        };
        check_fault(ask(), "AccessDeniedException");
        scene.tag("/a", "team", "x");
        ask().unwrap();
    }
}
