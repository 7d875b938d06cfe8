//! ListOrganizationalUnitsForParent: the units directly below a root or unit.

use rolecall_actions::organizations::{self, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::model::{
    ListOrganizationalUnitsForParent, ListOrganizationalUnitsForParentRequest,
    ListOrganizationalUnitsForParentResponse,
};
use crate::page::Window;
use crate::standing::{Reach, Scope, Standing};
use crate::tree;

impl Operation for ListOrganizationalUnitsForParent {
    type Access = Read;

    fn needs(input: &ListOrganizationalUnitsForParentRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Read)?;
        let action = Needs::action(organizations::ListOrganizationalUnitsForParent);
        Ok(scope.ask(if tree::arn_kind(&input.parent_id) == "root" {
            action.on(&scope.parent::<kind::Root>(&input.parent_id)?)
        } else {
            action.on(&scope.parent::<kind::Organizationalunit>(&input.parent_id)?)
        }))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListOrganizationalUnitsForParentResponse, Fault> {
        let organization = Standing::require(req, Reach::Read)?.organization;
        let (db, input) = (req.db()?, req.input);
        tree::check_parent(db, &organization, &input.parent_id)?;
        let ids = tree::units_of(db, &organization, &input.parent_id)?;
        let window = Window::new(input.next_token.as_deref(), input.max_results)?;
        let (units, next_token) = window.cut(ids.into_iter().map(|id| (id.clone(), id)), |id| {
            tree::shown(db, &organization, &tree::unit(db, &organization, &id)?)
        })?;
        Ok(ListOrganizationalUnitsForParentResponse { organizational_units: Some(units), next_token })
    }
}

#[cfg(test)]
mod tests {
    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn units_come_in_pages() {
        let scene = Scene::new();
        for n in 0..3 {
            scene.unit(&scene.top, &format!("unit {n}"));
        }
        let list = |token: Option<String>| {
            let input = ListOrganizationalUnitsForParentRequest {
                parent_id: scene.top.clone(),
                next_token: token,
                max_results: Some(2),
            };
            scene.call::<ListOrganizationalUnitsForParent>(input).unwrap()
        };
        let first = list(None);
        assert_eq!(first.organizational_units.unwrap().len(), 2);
        let second = list(first.next_token);
        assert_eq!((second.organizational_units.unwrap().len(), second.next_token), (1, None));
    }
}
