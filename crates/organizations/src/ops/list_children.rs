//! ListChildren: what is directly below a root or unit, accounts or units.

use rolecall_actions::organizations::{self, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::model::{Child, ListChildren, ListChildrenRequest, ListChildrenResponse};
use crate::page::Window;
use crate::standing::{Reach, Scope, Standing};
use crate::tree;

impl Operation for ListChildren {
    type Access = Read;

    fn needs(input: &ListChildrenRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Read)?;
        let action = Needs::action(organizations::ListChildren);
        Ok(scope.ask(if tree::arn_kind(&input.parent_id) == "root" {
            action.on(&scope.parent::<kind::Root>(&input.parent_id)?)
        } else {
            action.on(&scope.parent::<kind::Organizationalunit>(&input.parent_id)?)
        }))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListChildrenResponse, Fault> {
        let organization = Standing::require(req, Reach::Read)?.organization;
        let (db, input) = (req.db()?, req.input);
        tree::check_parent(db, &organization, &input.parent_id)?;
        let ids: Vec<String> = if input.child_type == "ACCOUNT" {
            let accounts = tree::accounts_of(db, &organization, &input.parent_id)?;
            accounts.iter().map(ToString::to_string).collect()
        } else {
            tree::units_of(db, &organization, &input.parent_id)?
        };
        let window = Window::new(input.next_token.as_deref(), input.max_results)?;
        let show = |id| Ok(Child { id: Some(id), type_: Some(input.child_type.clone()) });
        let (children, next_token) = window.cut(ids.into_iter().map(|id| (id.clone(), id)), show)?;
        Ok(ListChildrenResponse { children: Some(children), next_token })
    }
}

#[cfg(test)]
mod tests {
    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn accounts_and_units_are_listed_apart() {
        let scene = Scene::new();
        let apps = scene.unit(&scene.top, "apps");
        let children = |type_: &str| {
            let input = ListChildrenRequest {
                parent_id: scene.top.clone(),
                child_type: type_.into(),
                ..Default::default()
            };
            let listed = scene.call::<ListChildren>(input).unwrap().children.unwrap();
            listed.into_iter().map(|child| child.id.unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(children("ACCOUNT"), ["000000000000"]);
        assert_eq!(children("ORGANIZATIONAL_UNIT"), [apps]);
    }
}
