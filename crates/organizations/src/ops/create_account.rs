//! CreateAccount: a new member account with a role for the management account's administrators.
//!
//! AWS takes minutes and answers before it begins. Here the account comes with the commit of this call; its answer is the
//! same, and the first DescribeCreateAccountStatus after it finds the account made.

use rolecall_actions::organizations;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::open_account_for;
use rolecall_identity::records::{AccountCreation, AccountCreations};

use crate::accounts;
use crate::model::{self, CreateAccount, CreateAccountRequest, CreateAccountResponse};
use crate::standing::{Reach, Scope, Standing};
use crate::tags;

impl Operation for CreateAccount {
    type Access = Write;

    fn needs(input: &CreateAccountRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Management)?;
        let question = Needs::action(organizations::CreateAccount).anywhere();
        Ok(scope.ask(question.request_tags(tags::pairs(input.tags.as_ref()))))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CreateAccountResponse, Fault> {
        let organization = Standing::require(req, Reach::Management)?.organization;
        let (input, env, now) = (req.input, req.env, req.now);
        let tags = tags::first(input.tags.as_ref())?;
        let tx = req.tx()?;
        accounts::check_room(tx, &organization)?;
        let role = input.role_name.as_deref().unwrap_or("OrganizationAccountAccessRole");
        let made =
            open_account_for(tx, env, &input.account_name, &input.email, organization.management, role);
        let outcome = match made {
            Ok(account) => {
                accounts::join(tx, &organization, account.id, false, now, tags)?;
                Ok(account.id)
            }
            Err(fault) if fault.code() == "EntityAlreadyExists" => Err("EMAIL_ALREADY_EXISTS".to_owned()),
            Err(fault) => return Err(fault),
        };
        let creation = AccountCreation {
            id: env.lower_id("car-", 32),
            name: input.account_name.clone(),
            requested: now.whole_seconds(),
            completed: now.whole_seconds(),
            outcome,
        };
        tx.put::<AccountCreations>(&(organization.id, creation.id.clone()), &creation)?;
        let status = model::CreateAccountStatus {
            id: Some(creation.id),
            account_name: Some(creation.name),
            state: Some("IN_PROGRESS".into()),
            requested_timestamp: Some(creation.requested),
            ..Default::default()
        };
        Ok(CreateAccountResponse { create_account_status: Some(status) })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_identity::records::{Attachments, Roles};
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    fn create(scene: &Scene, email: &str, role: Option<&str>) -> CreateAccountStatus {
        let input = CreateAccountRequest {
            email: email.into(),
            account_name: "dev".into(),
            role_name: role.map(str::to_owned),
            ..Default::default()
        };
        let begun = scene.call::<CreateAccount>(input).unwrap().create_account_status.unwrap();
        assert_eq!((begun.state.as_deref(), begun.account_id), (Some("IN_PROGRESS"), None));
        let id = DescribeCreateAccountStatusRequest { create_account_request_id: begun.id.unwrap() };
        scene.call::<DescribeCreateAccountStatus>(id).unwrap().create_account_status.unwrap()
    }

    #[test]
    fn the_account_has_a_role_for_the_management_account() {
        let scene = Scene::new();
        let made = create(&scene, "dev@example.com", None);
        assert_eq!(made.state.as_deref(), Some("SUCCEEDED"));
        let account: rolecall_base::AccountId = made.account_id.unwrap().parse().unwrap();
        let db = scene.world.store.read().unwrap();
        let name = "organizationaccountaccessrole".to_owned();
        let role = db.get::<Roles>(&(account, name.clone())).unwrap().unwrap();
        assert!(role.trust.contains("arn:aws:iam::000000000000:root"), "{}", role.trust);
        let arn = "arn:aws:iam::aws:policy/AdministratorAccess".to_owned();
        assert!(db.exists::<Attachments>(&(account, "role".to_owned(), name, arn)).unwrap());
    }

    #[test]
    fn the_role_may_have_another_name() {
        let scene = Scene::new();
        let made = create(&scene, "dev@example.com", Some("Admin"));
        let account: rolecall_base::AccountId = made.account_id.unwrap().parse().unwrap();
        let db = scene.world.store.read().unwrap();
        assert!(db.exists::<Roles>(&(account, "admin".to_owned())).unwrap());
    }

    #[test]
    fn an_address_is_good_for_one_account() {
        let scene = Scene::new();
        create(&scene, "dev@example.com", None);
        let second = create(&scene, "DEV@example.com", None);
        assert_eq!(second.state.as_deref(), Some("FAILED"));
        assert_eq!(second.failure_reason.as_deref(), Some("EMAIL_ALREADY_EXISTS"));
        let listed = scene.call::<ListAccounts>(ListAccountsRequest::default()).unwrap().accounts.unwrap();
        assert_eq!(listed.len(), 2);
    }

    #[test]
    fn a_member_makes_no_accounts() {
        let scene = Scene::new();
        let dev = scene.account("dev");
        let input = CreateAccountRequest {
            email: "x@example.com".into(),
            account_name: "x".into(),
            ..Default::default()
        };
        check_fault(scene.call_as::<CreateAccount>(dev, input), "AccessDeniedException");
    }
}
