//! DescribeEffectivePolicy: what the management policies of an account's levels come to; an account may ask for itself.

use rolecall_actions::organizations::{self, key, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::accounts;
use crate::model::{
    DescribeEffectivePolicy, DescribeEffectivePolicyRequest, DescribeEffectivePolicyResponse,
    EffectivePolicy, fault,
};
use crate::policy_type;
use crate::refusal;
use crate::standing::{Reach, Scope, Standing};
use crate::validation;

impl Operation for DescribeEffectivePolicy {
    type Access = Read;

    fn needs(input: &DescribeEffectivePolicyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let own = at.account().to_string();
        let target = input.target_id.as_ref().unwrap_or(&own);
        // Nobody's leave is needed to look at oneself.
        let reach = if *target == own { Reach::Management } else { Reach::Read };
        let scope = Scope::new(at, reach)?;
        let account = scope.account::<kind::Account>(target)?;
        let question = Needs::action(organizations::DescribeEffectivePolicy).on(&account);
        Ok(scope.ask(question.key(key::PolicyType, Some(input.policy_type.as_str()))))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeEffectivePolicyResponse, Fault> {
        let input = req.input;
        let own = req.account().to_string();
        let target = input.target_id.clone().unwrap_or_else(|| own.clone());
        let here = if target == own { Standing::own(req)? } else { Standing::require(req, Reach::Read)? };
        let (db, organization) = (req.db()?, here.organization);
        let kind = policy_type::find(&input.policy_type)?;
        let member = accounts::find(db, &organization, &target)?.ok_or_else(refusal::no_target)?;
        let merged = validation::merge(db, &organization, &member, kind)?;
        let content = merged.policy.ok_or_else(|| {
            let text = "If you ran this action on the management account, this policy type is not enabled. If you ran \
                        the action on a member account, the account doesn't have an effective policy of this type.";
            fault::effective_policy_not_found(text)
        })?;
        let effective_policy = Some(EffectivePolicy {
            policy_content: Some(content.to_string()),
            last_updated_timestamp: Some(merged.updated),
            target_id: Some(target),
            policy_type: Some(kind.name.into()),
        });
        Ok(DescribeEffectivePolicyResponse { effective_policy })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn an_account_sees_what_its_levels_come_to() {
        let scene = Scene::new();
        let dev = scene.account("dev");
        let tags = "TAG_POLICY";
        let enable = EnablePolicyTypeRequest { root_id: scene.top.clone(), policy_type: tags.into() };
        scene.call::<EnablePolicyType>(enable).unwrap();
        let look = |account| {
            let input = DescribeEffectivePolicyRequest { policy_type: tags.into(), target_id: None };
            scene.call_as::<DescribeEffectivePolicy>(account, input)
        };
        check_fault(look(dev), "EffectivePolicyNotFoundException");
        let above = scene.policy(tags, "above", r#"{"tags": {"team": {"tag_value": {"@@assign": ["a"]}}}}"#);
        let below = scene.policy(tags, "below", r#"{"tags": {"team": {"tag_value": {"@@append": ["b"]}}}}"#);
        scene.attach(&above, &scene.top).unwrap();
        scene.attach(&below, &dev.to_string()).unwrap();
        let seen = look(dev).unwrap().effective_policy.unwrap();
        assert_eq!(seen.policy_content.as_deref(), Some(r#"{"tags":{"team":{"tag_value":["a","b"]}}}"#));
        let other = scene.account("other");
        let input =
            DescribeEffectivePolicyRequest { policy_type: tags.into(), target_id: Some(dev.to_string()) };
        check_fault(scene.call_as::<DescribeEffectivePolicy>(other, input), "AccessDeniedException");
    }
}
