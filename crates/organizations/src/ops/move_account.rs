//! MoveAccount: an account goes below another root or unit, where other policies bind it.

use rolecall_actions::organizations::{self, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::accounts;
use crate::model::{MoveAccount, MoveAccountRequest, MoveAccountResponse, fault};
use crate::standing::{Reach, Scope, Standing};
use crate::tree;

impl Operation for MoveAccount {
    type Access = Write;

    fn needs(input: &MoveAccountRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Management)?;
        let account = scope.account::<kind::Account>(&input.account_id)?;
        let mut needs = scope.ask(Needs::action(organizations::MoveAccount).on(&account));
        for parent in [&input.source_parent_id, &input.destination_parent_id] {
            let action = Needs::action(organizations::MoveAccount);
            needs = needs.and(scope.ask(if tree::arn_kind(parent) == "root" {
                action.on(&scope.parent::<kind::Root>(parent)?)
            } else {
                action.on(&scope.parent::<kind::Organizationalunit>(parent)?)
            }));
        }
        Ok(needs)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<MoveAccountResponse, Fault> {
        let organization = Standing::require(req, Reach::Management)?.organization;
        let input = req.input;
        let tx = req.tx()?;
        let member = accounts::get(tx, &organization, &input.account_id)?;
        if !tree::is_parent(tx, &organization, &input.source_parent_id)? {
            let text = "We can't find a source root or OU with the ParentId that you specified.";
            return Err(fault::source_parent_not_found(text));
        }
        if !tree::is_parent(tx, &organization, &input.destination_parent_id)? {
            let text = "We can't find the destination container (a root or OU) with the ParentId that you specified.";
            return Err(fault::destination_parent_not_found(text));
        }
        if member.parent == input.destination_parent_id {
            let text = "That account is already present in the specified destination.";
            return Err(fault::duplicate_account(text));
        }
        if member.parent != input.source_parent_id {
            return Err(fault::account_not_found(
                "You specified an account that doesn't exist in the specified source parent.",
            ));
        }
        accounts::move_to(tx, member, &input.destination_parent_id)?;
        Ok(MoveAccountResponse {})
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn an_account_is_moved_from_where_it_is() {
        let scene = Scene::new();
        let (apps, data) = (scene.unit(&scene.top, "apps"), scene.unit(&scene.top, "data"));
        let dev = scene.account("dev").to_string();
        let go = |from: &str, to: &str| {
            let input = MoveAccountRequest {
                account_id: dev.clone(),
                source_parent_id: from.into(),
                destination_parent_id: to.into(),
            };
            scene.call::<MoveAccount>(input)
        };
        go(&scene.top, &apps).unwrap();
        check_fault(go(&scene.top, &apps), "DuplicateAccountException");
        check_fault(go(&scene.top, &data), "AccountNotFoundException");
        check_fault(go("ou-aaaa-bbbbbbbb", &data), "SourceParentNotFoundException");
        check_fault(go(&apps, "ou-aaaa-bbbbbbbb"), "DestinationParentNotFoundException");
        go(&apps, &data).unwrap();
    }
}
