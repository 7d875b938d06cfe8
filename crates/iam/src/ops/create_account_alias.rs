//! CreateAccountAlias: gives the account an alias, in the place of the one it has.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::account_alias;
use crate::model::{CreateAccountAlias, CreateAccountAliasRequest, CreateAccountAliasResponse};

impl Operation for CreateAccountAlias {
    type Access = Write;

    fn needs(_input: &CreateAccountAliasRequest, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(iam::CreateAccountAlias).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CreateAccountAliasResponse, Fault> {
        let (input, account) = (req.input, req.account());
        account_alias::set(req.tx()?, account, &input.account_alias)?;
        Ok(CreateAccountAliasResponse {})
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn an_account_has_one_alias_which_no_other_account_has() {
        let scene = Scene::new();
        let other: rolecall_base::AccountId = "111111111111".parse().unwrap();
        scene.world.account(other);
        let stranger = scene.world.root(other);
        let create = |visitor: &rolecall_door::Visitor, alias: &str| {
            let input = CreateAccountAliasRequest { account_alias: alias.into() };
            scene.world.call::<CreateAccountAlias>(visitor, input)
        };
        create(&scene.root, "blue").unwrap();
        let message = check_fault(create(&stranger, "blue"), "EntityAlreadyExists");
        assert_eq!(message, "The account alias blue already exists.");
        create(&scene.root, "green").unwrap();
        create(&stranger, "blue").unwrap();
        let aliases = scene.call::<ListAccountAliases>(Default::default()).unwrap().account_aliases;
        assert_eq!(aliases, ["green"]);
        let input = DeleteAccountAliasRequest { account_alias: "blue".into() };
        check_fault(scene.call::<DeleteAccountAlias>(input), "NoSuchEntity");
    }
}
