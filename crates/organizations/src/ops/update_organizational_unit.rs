//! UpdateOrganizationalUnit: another name.

use rolecall_actions::organizations;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::Units;

use crate::model::{
    UpdateOrganizationalUnit, UpdateOrganizationalUnitRequest, UpdateOrganizationalUnitResponse,
};
use crate::standing::{Reach, Scope, Standing};
use crate::tree;

impl Operation for UpdateOrganizationalUnit {
    type Access = Write;

    fn needs(input: &UpdateOrganizationalUnitRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Management)?;
        let unit = scope.parent(&input.organizational_unit_id)?;
        Ok(scope.ask(Needs::action(organizations::UpdateOrganizationalUnit).on(&unit)))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<UpdateOrganizationalUnitResponse, Fault> {
        let organization = Standing::require(req, Reach::Management)?.organization;
        let input = req.input;
        let tx = req.tx()?;
        let mut unit = tree::unit(tx, &organization, &input.organizational_unit_id)?;
        if let Some(name) = input.name.as_ref().filter(|name| **name != unit.name) {
            tree::check_name(tx, &organization, &unit.parent, name)?;
            unit.name.clone_from(name);
            tx.put::<Units>(&(organization.id.clone(), unit.id.clone()), &unit)?;
        }
        let organizational_unit = Some(tree::shown(tx, &organization, &unit)?);
        Ok(UpdateOrganizationalUnitResponse { organizational_unit })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn it_may_not_take_a_neighbors_name() {
        let scene = Scene::new();
        let (apps, _) = (scene.unit(&scene.top, "apps"), scene.unit(&scene.top, "data"));
        let rename = |name: &str| {
            let input = UpdateOrganizationalUnitRequest {
                organizational_unit_id: apps.clone(),
                name: Some(name.into()),
            };
            scene.call::<UpdateOrganizationalUnit>(input)
        };
        check_fault(rename("data"), "DuplicateOrganizationalUnitException");
        assert_eq!(rename("web").unwrap().organizational_unit.unwrap().name.as_deref(), Some("web"));
    }
}
