//! UpdateAccountPasswordPolicy: what passwords of the account must be like; what is not given gets its default.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{
    UpdateAccountPasswordPolicy, UpdateAccountPasswordPolicyRequest, UpdateAccountPasswordPolicyResponse,
};
use rolecall_identity::records::PasswordPolicies;

impl Operation for UpdateAccountPasswordPolicy {
    type Access = Write;

    fn needs(_input: &UpdateAccountPasswordPolicyRequest, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(iam::UpdateAccountPasswordPolicy).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<UpdateAccountPasswordPolicyResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let policy = rolecall_identity::records::PasswordPolicy {
            minimum_length: input.minimum_password_length.unwrap_or(6),
            symbols: input.require_symbols.unwrap_or(false),
            numbers: input.require_numbers.unwrap_or(false),
            uppercase: input.require_uppercase_characters.unwrap_or(false),
            lowercase: input.require_lowercase_characters.unwrap_or(false),
            users_may_change: input.allow_users_to_change_password.unwrap_or(false),
            max_age: input.max_password_age.filter(|days| *days > 0),
            reuse_prevention: input.password_reuse_prevention,
            hard_expiry: input.hard_expiry,
        };
        req.tx()?.put::<PasswordPolicies>(&account, &policy)?;
        Ok(UpdateAccountPasswordPolicyResponse {})
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn what_is_not_given_gets_its_default_and_deleting_forgets_all() {
        let scene = Scene::new();
        let get = || {
            let response = scene.call::<GetAccountPasswordPolicy>(Default::default());
            response.map(|response| response.password_policy)
        };
        let message = check_fault(get(), "NoSuchEntity");
        assert_eq!(message, "The Password Policy with domain name 000000000000 cannot be found.");
        let input = UpdateAccountPasswordPolicyRequest {
            minimum_password_length: Some(12),
            max_password_age: Some(90),
            ..Default::default()
        };
        scene.call::<UpdateAccountPasswordPolicy>(input).unwrap();
        let policy = get().unwrap();
        assert_eq!((policy.minimum_password_length, policy.expire_passwords), (Some(12), Some(true)));
        assert_eq!((policy.require_symbols, policy.hard_expiry), (Some(false), None));
        scene.call::<DeleteAccountPasswordPolicy>(Default::default()).unwrap();
        check_fault(get(), "NoSuchEntity");
    }
}
