//! ListAccountsForParent: the accounts directly below a root or unit.

use rolecall_actions::organizations::{self, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::accounts;
use crate::model::{ListAccountsForParent, ListAccountsForParentRequest, ListAccountsForParentResponse};
use crate::page::Window;
use crate::standing::{Reach, Scope, Standing};
use crate::tree;

impl Operation for ListAccountsForParent {
    type Access = Read;

    fn needs(input: &ListAccountsForParentRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Read)?;
        let action = Needs::action(organizations::ListAccountsForParent);
        Ok(scope.ask(if tree::arn_kind(&input.parent_id) == "root" {
            action.on(&scope.parent::<kind::Root>(&input.parent_id)?)
        } else {
            action.on(&scope.parent::<kind::Organizationalunit>(&input.parent_id)?)
        }))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListAccountsForParentResponse, Fault> {
        let organization = Standing::require(req, Reach::Read)?.organization;
        let (db, input) = (req.db()?, req.input);
        tree::check_parent(db, &organization, &input.parent_id)?;
        let below = tree::accounts_of(db, &organization, &input.parent_id)?;
        let below = below.into_iter().map(|account| account.to_string());
        let window = Window::new(input.next_token.as_deref(), input.max_results)?;
        let (accounts, next_token) = window.cut(below.map(|id| (id.clone(), id)), |id| {
            accounts::shown(db, &organization, &accounts::get(db, &organization, &id)?)
        })?;
        Ok(ListAccountsForParentResponse { accounts: Some(accounts), next_token })
    }
}

#[cfg(test)]
mod tests {
    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn only_those_directly_below_are_listed() {
        let scene = Scene::new();
        let apps = scene.unit(&scene.top, "apps");
        let dev = scene.account("dev").to_string();
        let input = MoveAccountRequest {
            account_id: dev.clone(),
            source_parent_id: scene.top.clone(),
            destination_parent_id: apps.clone(),
        };
        scene.call::<MoveAccount>(input).unwrap();
        let below = |parent: &str| {
            let input = ListAccountsForParentRequest { parent_id: parent.into(), ..Default::default() };
            let listed = scene.call::<ListAccountsForParent>(input).unwrap().accounts.unwrap();
            listed.into_iter().map(|account| account.id.unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(below(&scene.top), ["000000000000"]);
        assert_eq!(below(&apps), [dev]);
    }
}
