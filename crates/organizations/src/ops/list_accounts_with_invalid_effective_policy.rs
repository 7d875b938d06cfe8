//! ListAccountsWithInvalidEffectivePolicy: the accounts whose management policies come to something that is not valid.

use rolecall_actions::organizations::{self, key};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::accounts;
use crate::model::{
    ListAccountsWithInvalidEffectivePolicy, ListAccountsWithInvalidEffectivePolicyRequest,
    ListAccountsWithInvalidEffectivePolicyResponse,
};
use crate::page::Window;
use crate::policy_type;
use crate::standing::{Reach, Scope, Standing};
use crate::validation;

impl Operation for ListAccountsWithInvalidEffectivePolicy {
    type Access = Read;

    fn needs(input: &ListAccountsWithInvalidEffectivePolicyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Read)?;
        let question = Needs::action(organizations::ListAccountsWithInvalidEffectivePolicy).anywhere();
        Ok(scope.ask(question.key(key::PolicyType, Some(input.policy_type.as_str()))))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListAccountsWithInvalidEffectivePolicyResponse, Fault> {
        let input = req.input;
        let window = Window::new(input.next_token.as_deref(), input.max_results)?;
        let organization = Standing::require(req, Reach::Read)?.organization;
        let (db, kind) = (req.db()?, policy_type::find(&input.policy_type)?);
        let mut invalid = Vec::new();
        for account in accounts::all(db, &organization)? {
            let Some(member) = accounts::find(db, &organization, &account.to_string())? else { continue };
            let merged = validation::merge(db, &organization, &member, kind)?;
            if !validation::errors(kind, &merged).is_empty() {
                invalid.push((account.to_string(), member));
            }
        }
        let (accounts, next_token) =
            window.cut(invalid, |member| accounts::shown(db, &organization, &member))?;
        Ok(ListAccountsWithInvalidEffectivePolicyResponse {
            accounts: Some(accounts),
            policy_type: Some(kind.name.into()),
            next_token,
        })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    const BACKUPS: &str = "BACKUP_POLICY";

    #[test]
    fn what_merging_leaves_out_or_makes_too_much_is_told_with_its_policies() {
        let scene = Scene::new();
        let (dev, fine) = (scene.account("dev"), scene.account("fine"));
        let enable = EnablePolicyTypeRequest { root_id: scene.top.clone(), policy_type: BACKUPS.into() };
        scene.call::<EnablePolicyType>(enable).unwrap();
        let rules: Vec<String> = (0..11)
            .map(|n| format!(r#""r{n}": {{"target_backup_vault_name": {{"@@assign": "v"}}}}"#))
            .collect();
        let many = format!(
            r#"{{"plans": {{"p": {{"regions": {{"@@assign": ["us-east-1"]}}, "rules": {{{}}}}}}}}}"#,
            rules.join(",")
        );
        let policy = scene.policy(BACKUPS, "many", &many);
        scene.attach(&policy, &dev.to_string()).unwrap();
        let list = || {
            let input = ListAccountsWithInvalidEffectivePolicyRequest {
                policy_type: BACKUPS.into(),
                ..Default::default()
            };
            let listed = scene.call::<ListAccountsWithInvalidEffectivePolicy>(input).unwrap();
            listed.accounts.unwrap().into_iter().flat_map(|account| account.id).collect::<Vec<_>>()
        };
        assert_eq!(list(), [dev.to_string()]);
        let errors = |account: rolecall_base::AccountId| {
            let input = ListEffectivePolicyValidationErrorsRequest {
                account_id: account.to_string(),
                policy_type: BACKUPS.into(),
                ..Default::default()
            };
            scene.call::<ListEffectivePolicyValidationErrors>(input)
        };
        let found = errors(dev).unwrap().effective_policy_validation_errors.unwrap();
        let told: Vec<_> =
            found.iter().map(|e| (e.error_code.as_deref(), e.path_to_error.as_deref())).collect();
        assert_eq!(
            told,
            [
                (Some("ELEMENTS_TOO_MANY"), Some("plans/p/rules")),
                (Some("REQUIRED_ELEMENT_MISSING"), Some("plans/p"))
            ]
        );
        assert_eq!(found.first().unwrap().contributing_policies, Some(vec![policy]));
        check_fault(errors(fine), "EffectivePolicyNotFoundException");
    }

    #[test]
    fn members_do_not_ask() {
        let scene = Scene::new();
        let dev = scene.account("dev");
        let input = ListAccountsWithInvalidEffectivePolicyRequest {
            policy_type: BACKUPS.into(),
            ..Default::default()
        };
        check_fault(
            scene.call_as::<ListAccountsWithInvalidEffectivePolicy>(dev, input),
            "AccessDeniedException",
        );
    }
}
