//! DescribeAccount: one member account.

use rolecall_actions::organizations::{self, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::accounts;
use crate::model::{DescribeAccount, DescribeAccountRequest, DescribeAccountResponse};
use crate::standing::{Reach, Scope, Standing};

impl Operation for DescribeAccount {
    type Access = Read;

    fn needs(input: &DescribeAccountRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Read)?;
        let account = scope.account::<kind::Account>(&input.account_id)?;
        Ok(scope.ask(Needs::action(organizations::DescribeAccount).on(&account)))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeAccountResponse, Fault> {
        let organization = Standing::require(req, Reach::Read)?.organization;
        let db = req.db()?;
        let member = accounts::get(db, &organization, &req.input.account_id)?;
        Ok(DescribeAccountResponse { account: Some(accounts::shown(db, &organization, &member)?) })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn a_member_has_name_address_and_path() {
        let scene = Scene::new();
        let dev = scene.account("dev").to_string();
        let input = DescribeAccountRequest { account_id: dev.clone() };
        let seen = scene.call::<DescribeAccount>(input).unwrap().account.unwrap();
        assert_eq!(seen.email.as_deref(), Some("dev@example.com"));
        assert_eq!((seen.name.as_deref(), seen.status.as_deref()), (Some("dev"), Some("ACTIVE")));
        assert_eq!(seen.joined_method.as_deref(), Some("CREATED"));
        let path = &seen.paths.unwrap()[0];
        assert!(path.ends_with(&format!("/{}/{dev}/", scene.top)), "{path}");
    }

    #[test]
    fn an_account_that_is_no_member_is_not_found() {
        let scene = Scene::new();
        scene.world.account("555555555555".parse().unwrap());
        let input = DescribeAccountRequest { account_id: "555555555555".into() };
        let message = check_fault(scene.call::<DescribeAccount>(input), "AccountNotFoundException");
        assert_eq!(message, "You specified an account that doesn't exist.");
    }
}
