//! ListAccounts: all member accounts.

use rolecall_actions::organizations;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::accounts;
use crate::model::{ListAccounts, ListAccountsRequest, ListAccountsResponse};
use crate::page::Window;
use crate::standing::{Reach, Scope, Standing};

impl Operation for ListAccounts {
    type Access = Read;

    fn needs(_input: &ListAccountsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Scope::new(at, Reach::Read)?.ask(Needs::action(organizations::ListAccounts).anywhere()))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListAccountsResponse, Fault> {
        let organization = Standing::require(req, Reach::Read)?.organization;
        let (db, input) = (req.db()?, req.input);
        let all = accounts::all(db, &organization)?.into_iter().map(|account| account.to_string());
        let window = Window::new(input.next_token.as_deref(), input.max_results)?;
        let (accounts, next_token) = window.cut(all.map(|id| (id.clone(), id)), |id| {
            accounts::shown(db, &organization, &accounts::get(db, &organization, &id)?)
        })?;
        Ok(ListAccountsResponse { accounts: Some(accounts), next_token })
    }
}

#[cfg(test)]
mod tests {
    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn accounts_come_in_pages_of_twenty() {
        let scene = Scene::new();
        for n in 0..22 {
            scene.account(&format!("account{n}"));
        }
        let first = scene.call::<ListAccounts>(ListAccountsRequest::default()).unwrap();
        assert_eq!(first.accounts.unwrap().len(), 20);
        let input = ListAccountsRequest { next_token: first.next_token, max_results: None };
        let second = scene.call::<ListAccounts>(input).unwrap();
        assert_eq!((second.accounts.unwrap().len(), second.next_token), (3, None));
    }
}
