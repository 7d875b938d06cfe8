//! GetAccountPasswordPolicy: what passwords of the account must be like.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::login_profile;
use crate::model::{
    self, GetAccountPasswordPolicy, GetAccountPasswordPolicyRequest, GetAccountPasswordPolicyResponse, fault,
};
use rolecall_identity::records::PasswordPolicies;

impl Operation for GetAccountPasswordPolicy {
    type Access = Read;

    fn needs(_input: &GetAccountPasswordPolicyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let account_wide = login_profile::self_service(at)?;
        Ok(Needs::action(iam::GetAccountPasswordPolicy).anywhere().granted_by(account_wide).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetAccountPasswordPolicyResponse, Fault> {
        let (db, account) = (req.db()?, req.account());
        let policy = db.get::<PasswordPolicies>(&account)?.ok_or_else(|| {
            let text = format!("The Password Policy with domain name {account} cannot be found.");
            fault::no_such_entity(text)
        })?;
        Ok(GetAccountPasswordPolicyResponse {
            password_policy: model::PasswordPolicy {
                minimum_password_length: Some(policy.minimum_length),
                require_symbols: Some(policy.symbols),
                require_numbers: Some(policy.numbers),
                require_uppercase_characters: Some(policy.uppercase),
                require_lowercase_characters: Some(policy.lowercase),
                allow_users_to_change_password: Some(policy.users_may_change),
                expire_passwords: Some(policy.max_age.is_some()),
                max_password_age: policy.max_age,
                password_reuse_prevention: policy.reuse_prevention,
                hard_expiry: policy.hard_expiry,
            },
        })
    }
}
