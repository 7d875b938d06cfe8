//! UntagResource: takes tags off a root, unit, account or policy.

use rolecall_actions::organizations;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{UntagResource, UntagResourceRequest, UntagResourceResponse};
use crate::standing::{Reach, Scope, Standing};
use crate::tagged;

impl Operation for UntagResource {
    type Access = Write;

    fn needs(input: &UntagResourceRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Policies)?;
        let question = scope.about(organizations::UntagResource, &input.resource_id)?;
        Ok(scope.ask(question.tag_keys(input.tag_keys.clone())))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<UntagResourceResponse, Fault> {
        let organization = Standing::require(req, Reach::Policies)?.organization;
        let input = req.input;
        let tx = req.tx()?;
        let mut own = tagged::tags(tx, &organization, &input.resource_id)?;
        for key in &input.tag_keys {
            own.remove(key);
        }
        tagged::put(tx, &organization, &input.resource_id, own)?;
        Ok(UntagResourceResponse {})
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn a_member_untags_nothing() {
        let scene = Scene::new();
        let dev = scene.account("dev");
        let input = UntagResourceRequest { resource_id: scene.top.clone(), tag_keys: vec!["a".into()] };
        check_fault(scene.call_as::<UntagResource>(dev, input), "AccessDeniedException");
    }
}
