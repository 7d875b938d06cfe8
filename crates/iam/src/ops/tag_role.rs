//! TagRole: sets tags of a role.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::Role;

use crate::entity::{self, Target};
use crate::holder::Holds;
use crate::model::{TagRole, TagRoleRequest, TagRoleResponse};
use crate::tags;

impl Operation for TagRole {
    type Access = Write;

    fn needs(input: &TagRoleRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let role = Target::<Role>::find(at, &input.role_name)?;
        Ok(Needs::action(iam::TagRole)
            .on(&role)
            .key(iam::key::RoleTemplateARN, role.template())
            .request_tags(tags::pairs(Some(&input.tags)))
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<TagRoleResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let mut role: Role = entity::get(tx, account, &input.role_name)?;
        role.modifiable()?;
        tags::add(&mut role.tags, &input.tags, "TagsPerRole")?;
        entity::put(tx, &role)?;
        Ok(TagRoleResponse {})
    }
}

#[cfg(test)]
mod tests {
    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn tags_show_with_the_role_and_can_be_taken_away() {
        let scene = Scene::new();
        scene.role("r");
        let tag = |key: &str, value: &str| Tag { key: key.into(), value: value.into() };
        let input = TagRoleRequest { role_name: "r".into(), tags: vec![tag("b", "2"), tag("a", "1")] };
        scene.call::<TagRole>(input).unwrap();
        let tags = || {
            let input = ListRoleTagsRequest { role_name: "r".into(), ..Default::default() };
            scene.call::<ListRoleTags>(input).unwrap().tags
        };
        assert_eq!(tags(), [tag("a", "1"), tag("b", "2")]);
        let input = UntagRoleRequest { role_name: "r".into(), tag_keys: vec!["A".into()] };
        scene.call::<UntagRole>(input).unwrap();
        assert_eq!(tags(), [tag("b", "2")]);
    }
}
