//! DeleteOrganizationalUnit: ends a unit that nothing is in.

use rolecall_actions::organizations;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::{PoliciesOnTarget, Units, UnitsOfParent};

use crate::model::{
    DeleteOrganizationalUnit, DeleteOrganizationalUnitRequest, DeleteOrganizationalUnitResponse, fault,
};
use crate::policy_type::TYPES;
use crate::standing::{Reach, Scope, Standing};
use crate::tree;

impl Operation for DeleteOrganizationalUnit {
    type Access = Write;

    fn needs(input: &DeleteOrganizationalUnitRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Management)?;
        let unit = scope.parent(&input.organizational_unit_id)?;
        Ok(scope.ask(Needs::action(organizations::DeleteOrganizationalUnit).on(&unit)))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteOrganizationalUnitResponse, Fault> {
        let organization = Standing::require(req, Reach::Management)?.organization;
        let input = req.input;
        let tx = req.tx()?;
        let unit = tree::unit(tx, &organization, &input.organizational_unit_id)?;
        let accounts = tree::accounts_of(tx, &organization, &unit.id)?;
        if !accounts.is_empty() || !tree::units_of(tx, &organization, &unit.id)?.is_empty() {
            return Err(fault::organizational_unit_not_empty(
                "You can't delete an organizational unit that has accounts or other organizational units in it.",
            ));
        }
        let id = organization.id;
        for policy_type in &TYPES {
            let key = (id.clone(), policy_type.name.to_owned(), unit.id.clone());
            tx.delete::<PoliciesOnTarget>(&key)?;
        }
        tx.delete::<UnitsOfParent>(&(id.clone(), unit.parent, unit.id.clone()))?;
        tx.delete::<Units>(&(id, unit.id))?;
        Ok(DeleteOrganizationalUnitResponse {})
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn only_an_empty_one_ends() {
        let scene = Scene::new();
        let apps = scene.unit(&scene.top, "apps");
        let web = scene.unit(&apps, "web");
        let delete = |id: &str| {
            let input = DeleteOrganizationalUnitRequest { organizational_unit_id: id.into() };
            scene.call::<DeleteOrganizationalUnit>(input)
        };
        check_fault(delete(&apps), "OrganizationalUnitNotEmptyException");
        delete(&web).unwrap();
        delete(&apps).unwrap();
        check_fault(delete(&apps), "OrganizationalUnitNotFoundException");
    }
}
