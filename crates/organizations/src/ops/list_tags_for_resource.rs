//! ListTagsForResource: the tags of a root, unit, account or policy.

use rolecall_actions::organizations;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::model::{ListTagsForResource, ListTagsForResourceRequest, ListTagsForResourceResponse, Tag};
use crate::page::Window;
use crate::standing::{Reach, Scope, Standing};
use crate::tagged;

impl Operation for ListTagsForResource {
    type Access = Read;

    fn needs(input: &ListTagsForResourceRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Read)?;
        Ok(scope.ask(scope.about(organizations::ListTagsForResource, &input.resource_id)?))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListTagsForResourceResponse, Fault> {
        let organization = Standing::require(req, Reach::Read)?.organization;
        let input = req.input;
        let tags = tagged::tags(req.db()?, &organization, &input.resource_id)?;
        let mut tags: Vec<_> = tags.iter().map(|tag| (tag.key.clone(), tag.clone())).collect();
        tags.sort_by(|(a, _), (b, _)| a.cmp(b));
        let window = Window::new(input.next_token.as_deref(), None)?;
        let (tags, next_token) = window.cut(tags, |tag| Ok(Tag { key: tag.key, value: tag.value }))?;
        Ok(ListTagsForResourceResponse { tags: Some(tags), next_token })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn what_is_not_there_has_no_tags() {
        let input = ListTagsForResourceRequest { resource_id: "rp-00000000".into(), next_token: None };
        check_fault(Scene::new().call::<ListTagsForResource>(input), "TargetNotFoundException");
    }
}
