//! CloseAccount: a member account ends; its credentials are nobody's from the next request on.

use rolecall_actions::organizations::{self, kind};
use rolecall_base::{Fault, Time};
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::{DelegatedAdministrators, Members, Organization};
use rolecall_store::Reader;

use crate::accounts;
use crate::model::{CloseAccount, CloseAccountRequest, CloseAccountResponse, fault};
use crate::refusal::constraint;
use crate::standing::{Reach, Scope, Standing};

impl Operation for CloseAccount {
    type Access = Write;

    fn needs(input: &CloseAccountRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Management)?;
        let account = scope.account::<kind::Account>(&input.account_id)?;
        Ok(scope.ask(Needs::action(organizations::CloseAccount).on(&account)))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CloseAccountResponse, Fault> {
        let organization = Standing::require(req, Reach::Management)?.organization;
        let (input, now) = (req.input, req.now);
        let tx = req.tx()?;
        let mut member = accounts::get(tx, &organization, &input.account_id)?;
        if member.account == organization.management {
            let text = "You can't close the management account of an organization by this operation.";
            return Err(constraint("CANNOT_CLOSE_MANAGEMENT_ACCOUNT", text));
        }
        if member.closed.is_some() {
            return Err(fault::account_already_closed(
                "You attempted to close an account that is already closed.",
            ));
        }
        if tx.any::<DelegatedAdministrators>(&(organization.id.clone(), member.account))? {
            return Err(constraint(
                "CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG",
                "You attempted to close an account that is registered as a delegated administrator. You must first \
                 deregister it.",
            ));
        }
        check_quota(tx, &organization, now)?;
        member.closed = Some(now.whole_seconds());
        accounts::put(tx, &member)?;
        Ok(CloseAccountResponse {})
    }
}

/// Days in which so many accounts may be closed: a tenth, and ten in any case.
const DAYS: u64 = 30;

fn check_quota(db: &Reader, organization: &Organization, now: Time) -> Result<(), Fault> {
    let all = accounts::all(db, organization)?;
    let mut recent = 0_usize;
    for account in &all {
        let closed = db.get::<Members>(account)?.and_then(|member| member.closed);
        recent += usize::from(closed.is_some_and(|closed| now.since(closed).as_secs() < DAYS * 86_400));
    }
    if recent < (all.len() / 10).clamp(10, 1_000) {
        return Ok(());
    }
    let text = "You have exceeded close account quota for the past 30 days.";
    Err(constraint("CLOSE_ACCOUNT_QUOTA_EXCEEDED", text))
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    fn close(scene: &Scene, account: &str) -> Result<CloseAccountResponse, rolecall_base::Fault> {
        scene.call::<CloseAccount>(CloseAccountRequest { account_id: account.into() })
    }

    #[test]
    fn the_keys_of_a_closed_account_are_nobodys_at_once() {
        let scene = Scene::new();
        let dev = scene.account("dev");
        let key = scene.world.user_key(dev, "ann", "");
        scene.world.signed_in(&key.id, None).unwrap();
        close(&scene, &dev.to_string()).unwrap();
        assert!(scene.world.signed_in(&key.id, None).is_err());
        let input = DescribeAccountRequest { account_id: dev.to_string() };
        let seen = scene.call::<DescribeAccount>(input).unwrap().account.unwrap();
        assert_eq!((seen.status.as_deref(), seen.state.as_deref()), (Some("SUSPENDED"), Some("CLOSED")));
        check_fault(close(&scene, &dev.to_string()), "AccountAlreadyClosedException");
    }

    #[test]
    fn the_management_account_stays() {
        check_fault(close(&Scene::new(), "000000000000"), "ConstraintViolationException");
    }

    #[test]
    fn ten_of_few_accounts_may_be_closed_in_a_month() {
        let scene = Scene::new();
        let accounts: Vec<_> = (0..11).map(|n| scene.account(&format!("a{n}")).to_string()).collect();
        for account in &accounts[..10] {
            close(&scene, account).unwrap();
        }
        check_fault(close(&scene, &accounts[10]), "ConstraintViolationException");
        scene.world.env.advance(std::time::Duration::from_secs(31 * 86_400));
        close(&scene, &accounts[10]).unwrap();
    }
}
