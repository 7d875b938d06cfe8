//! ListAccountAliases: the alias of the account, if it has one.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::account_alias;
use crate::model::{ListAccountAliases, ListAccountAliasesRequest, ListAccountAliasesResponse};
use crate::page::Window;

impl Operation for ListAccountAliases {
    type Access = Read;

    fn needs(_input: &ListAccountAliasesRequest, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(iam::ListAccountAliases).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListAccountAliasesResponse, Fault> {
        let window = Window::new(req.input.marker.as_deref(), req.input.max_items)?;
        let account = account_alias::read(req.db()?, req.account())?;
        let page = window.cut(account.alias.map(|alias| (alias.clone(), alias)));
        Ok(ListAccountAliasesResponse {
            is_truncated: page.is_truncated(),
            account_aliases: page.items,
            marker: page.marker,
        })
    }
}
