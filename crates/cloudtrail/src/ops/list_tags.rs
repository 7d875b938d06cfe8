//! ListTags: the tags of trails.

use rolecall_actions::cloudtrail;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::model::{ListTags, ListTagsRequest, ListTagsResponse, ResourceTag, Tag, fault};
use crate::{show, target};

/// Trails that one call may ask about.
const MOST: usize = 20;

impl Operation for ListTags {
    type Access = Read;

    fn needs(input: &ListTagsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let ids = &input.resource_id_list;
        if ids.is_empty() || ids.len() > MOST {
            let text = format!("ResourceIdList must have 1 to {MOST} members.");
            return Err(fault::invalid_parameter(text));
        }
        let mut all = Vec::new();
        for id in ids {
            show::check_taggable(id)?;
            all.push(Needs::action(cloudtrail::ListTags).on(&target::of(at, id)?).done());
        }
        Ok(Needs::all(all))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListTagsResponse, Fault> {
        if req.input.next_token.is_some() {
            return Err(fault::invalid_token("The token is invalid."));
        }
        let mut list = Vec::new();
        for id in &req.input.resource_id_list {
            let trail = show::there(target::of(&req.at(), id)?)?;
            let tags = trail.tags.iter();
            let tags = tags.map(|tag| Tag { key: tag.key.clone(), value: Some(tag.value.clone()) });
            list.push(ResourceTag { resource_id: Some(id.clone()), tags_list: Some(tags.collect()) });
        }
        Ok(ListTagsResponse { resource_tag_list: Some(list), next_token: None })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use super::*;
    use crate::model::{AddTags, AddTagsRequest, RemoveTags, RemoveTagsRequest};
    use crate::scene::Scene;

    fn tag(key: &str, value: Option<&str>) -> Tag {
        Tag { key: key.into(), value: value.map(str::to_owned) }
    }

    #[test]
    fn tags_are_set_listed_and_removed() {
        let scene = Scene::new();
        let arn = scene.trail("trail").unwrap().trail_arn.unwrap();
        let tags_list = vec![tag("team", Some("x")), tag("env", None)];
        scene.call::<AddTags>(AddTagsRequest { resource_id: arn.clone(), tags_list }).unwrap();
        let tags_list = vec![tag("env", None)];
        scene.call::<RemoveTags>(RemoveTagsRequest { resource_id: arn.clone(), tags_list }).unwrap();
        let input = ListTagsRequest { resource_id_list: vec![arn], next_token: None };
        let list = scene.call::<ListTags>(input).unwrap().resource_tag_list.unwrap().remove(0);
        assert_eq!(list.tags_list, Some(vec![tag("team", Some("x"))]));
    }

    #[test]
    fn only_trails_by_their_arn_have_tags() {
        let scene = Scene::new();
        let list = |id: &str| {
            let input = ListTagsRequest { resource_id_list: vec![id.into()], next_token: None };
            scene.call::<ListTags>(input)
        };
        check_fault(list("trail"), "CloudTrailARNInvalidException");
        check_fault(
            list("arn:aws:cloudtrail:us-east-1:000000000000:eventdatastore/x"),
            "ResourceTypeNotSupportedException",
        );
        check_fault(
            list("arn:aws:cloudtrail:us-east-1:000000000000:trail/none"),
            "ResourceNotFoundException",
        );
    }
}
