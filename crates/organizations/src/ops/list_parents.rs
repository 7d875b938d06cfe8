//! ListParents: the one parent of an account or unit.

use rolecall_actions::organizations::{self, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::model::{ListParents, ListParentsRequest, ListParentsResponse, Parent, fault};
use crate::page::Window;
use crate::standing::{Reach, Scope, Standing};
use crate::tree::{self, Node};

impl Operation for ListParents {
    type Access = Read;

    fn needs(input: &ListParentsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Read)?;
        let action = Needs::action(organizations::ListParents);
        Ok(scope.ask(if tree::arn_kind(&input.child_id) == "account" {
            action.on(&scope.account::<kind::Account>(&input.child_id)?)
        } else {
            action.on(&scope.parent::<kind::Organizationalunit>(&input.child_id)?)
        }))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListParentsResponse, Fault> {
        let organization = Standing::require(req, Reach::Read)?.organization;
        let input = req.input;
        let id = match Node::find(req.db()?, &organization, &input.child_id)? {
            Some(Node::Unit(unit)) => unit.parent,
            Some(Node::Account(member)) => member.parent,
            Some(Node::Root) | None => {
                let text = "You specified an account or organizational unit that doesn't exist.";
                return Err(fault::child_not_found(text));
            }
        };
        let word = if id == organization.root { "ROOT" } else { "ORGANIZATIONAL_UNIT" };
        let parent = Parent { id: Some(id.clone()), type_: Some(word.into()) };
        let window = Window::new(input.next_token.as_deref(), input.max_results)?;
        let (parents, next_token) = window.cut([(id, parent)], Ok)?;
        Ok(ListParentsResponse { parents: Some(parents), next_token })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn a_unit_and_an_account_have_one_parent() {
        let scene = Scene::new();
        let apps = scene.unit(&scene.top, "apps");
        let parent = |child: &str| {
            let input = ListParentsRequest { child_id: child.into(), ..Default::default() };
            scene.call::<ListParents>(input).map(|answer| answer.parents.unwrap())
        };
        for child in ["000000000000", &apps] {
            let parents = parent(child).unwrap();
            assert_eq!(parents[0].id.as_ref(), Some(&scene.top));
            assert_eq!(parents[0].type_.as_deref(), Some("ROOT"));
        }
        check_fault(parent("ou-aaaa-bbbbbbbb"), "ChildNotFoundException");
    }
}
