//! DescribeOrganizationalUnit: a unit's name and path.

use rolecall_actions::organizations;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::model::{
    DescribeOrganizationalUnit, DescribeOrganizationalUnitRequest, DescribeOrganizationalUnitResponse,
};
use crate::standing::{Reach, Scope, Standing};
use crate::tree;

impl Operation for DescribeOrganizationalUnit {
    type Access = Read;

    fn needs(input: &DescribeOrganizationalUnitRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Read)?;
        let unit = scope.parent(&input.organizational_unit_id)?;
        Ok(scope.ask(Needs::action(organizations::DescribeOrganizationalUnit).on(&unit)))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeOrganizationalUnitResponse, Fault> {
        let organization = Standing::require(req, Reach::Read)?.organization;
        let db = req.db()?;
        let unit = tree::unit(db, &organization, &req.input.organizational_unit_id)?;
        let organizational_unit = Some(tree::shown(db, &organization, &unit)?);
        Ok(DescribeOrganizationalUnitResponse { organizational_unit })
    }
}

#[cfg(test)]
mod tests {
    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn a_units_path_begins_with_the_organization() {
        let scene = Scene::new();
        let web = scene.unit(&scene.unit(&scene.top, "apps"), "web");
        let input = DescribeOrganizationalUnitRequest { organizational_unit_id: web.clone() };
        let seen = scene.call::<DescribeOrganizationalUnit>(input).unwrap().organizational_unit.unwrap();
        let path = seen.path.unwrap();
        assert!(path.starts_with("o-") && path.ends_with(&format!("/{web}/")), "{path}");
        assert_eq!(path.split('/').count(), 5);
    }
}
