//! CreateOrganizationalUnit: a new unit below the root or another unit.

use rolecall_actions::organizations::{self, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::{Mark, Unit, Units, UnitsOfParent};

use crate::model::{
    CreateOrganizationalUnit, CreateOrganizationalUnitRequest, CreateOrganizationalUnitResponse,
};
use crate::standing::{Reach, Scope, Standing};
use crate::tags;
use crate::tree;

impl Operation for CreateOrganizationalUnit {
    type Access = Write;

    fn needs(input: &CreateOrganizationalUnitRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Management)?;
        let action = Needs::action(organizations::CreateOrganizationalUnit);
        let question = if tree::arn_kind(&input.parent_id) == "root" {
            action.on(&scope.parent::<kind::Root>(&input.parent_id)?)
        } else {
            action.on(&scope.parent::<kind::Organizationalunit>(&input.parent_id)?)
        };
        Ok(scope.ask(question.request_tags(tags::pairs(input.tags.as_ref()))))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CreateOrganizationalUnitResponse, Fault> {
        let organization = Standing::require(req, Reach::Management)?.organization;
        let (input, env) = (req.input, req.env);
        let tx = req.tx()?;
        tree::check_parent(tx, &organization, &input.parent_id)?;
        tree::check_name(tx, &organization, &input.parent_id, &input.name)?;
        tree::check_room(tx, &organization, &input.parent_id)?;
        let of_root = organization.root.trim_start_matches("r-");
        let unit = Unit {
            id: env.lower_id(&format!("ou-{of_root}-"), 8),
            name: input.name.clone(),
            parent: input.parent_id.clone(),
            tags: tags::first(input.tags.as_ref())?,
        };
        tx.put::<Units>(&(organization.id.clone(), unit.id.clone()), &unit)?;
        let below = (organization.id.clone(), unit.parent.clone(), unit.id.clone());
        tx.put::<UnitsOfParent>(&below, &Mark {})?;
        let organizational_unit = Some(tree::shown(tx, &organization, &unit)?);
        Ok(CreateOrganizationalUnitResponse { organizational_unit })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    fn create(
        scene: &Scene,
        parent: &str,
        name: &str,
    ) -> Result<CreateOrganizationalUnitResponse, rolecall_base::Fault> {
        let input = CreateOrganizationalUnitRequest {
            parent_id: parent.into(),
            name: name.into(),
            ..Default::default()
        };
        scene.call::<CreateOrganizationalUnit>(input)
    }

    #[test]
    fn units_go_five_levels_deep() {
        let scene = Scene::new();
        let mut parent = scene.top.clone();
        for level in 1..=5 {
            parent = scene.unit(&parent, &format!("level {level}"));
        }
        check_fault(create(&scene, &parent, "too deep"), "ConstraintViolationException");
    }

    #[test]
    fn neighbors_have_different_names() {
        let scene = Scene::new();
        let apps = scene.unit(&scene.top, "apps");
        check_fault(create(&scene, &scene.top, "apps"), "DuplicateOrganizationalUnitException");
        assert!(apps.starts_with(&scene.top.replace("r-", "ou-")), "{apps}");
        scene.unit(&apps, "apps");
    }

    #[test]
    fn its_parent_must_exist() {
        let message = check_fault(create(&Scene::new(), "ou-aaaa-bbbbbbbb", "x"), "ParentNotFoundException");
        assert_eq!(message, "You specified parent that doesn't exist.");
    }
}
