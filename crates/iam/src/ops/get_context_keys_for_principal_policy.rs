//! GetContextKeysForPrincipalPolicy: which condition keys and variables the policies of a user, group or role ask for.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::context_keys::{self, Source};
use crate::model::{
    GetContextKeysForPolicyResponse, GetContextKeysForPrincipalPolicy,
    GetContextKeysForPrincipalPolicyRequest,
};

impl Operation for GetContextKeysForPrincipalPolicy {
    type Access = Read;

    fn needs(input: &GetContextKeysForPrincipalPolicyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let action = Needs::action(iam::GetContextKeysForPrincipalPolicy);
        Ok(match Source::find(at, &input.policy_source_arn)? {
            Source::User(user, _) => action.on(&user).done(),
            Source::Group(group, _) => action.on(&group).done(),
            Source::Role(role, _) => action.on(&role).done(),
        })
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetContextKeysForPolicyResponse, Fault> {
        let (input, at) = (req.input, req.at());
        let policies = Source::find(&at, &input.policy_source_arn)?.policies(&at)?;
        let mut keys = context_keys::of_texts(input.policy_input_list.as_deref().unwrap_or_default())?;
        for named in policies.policies() {
            keys.add(&named.policy);
        }
        Ok(GetContextKeysForPolicyResponse { context_key_names: Some(keys.list()) })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::{READ, Scene};

    #[test]
    fn keys_of_own_and_given_policies_are_told_once() {
        let scene = Scene::new();
        let document = READ.replace(
            r#""Resource": "*""#,
            r#""Resource": "arn:aws:s3:::b/${aws:username}", "Condition": {"Bool": {"aws:SecureTransport": "true"}}"#,
        );
        scene.world.user("ann", &document);
        let input = GetContextKeysForPrincipalPolicyRequest {
            policy_source_arn: "arn:aws:iam::000000000000:user/ann".into(),
            policy_input_list: Some(vec![
                document
                    .replace("SecureTransport", "SourceIp")
                    .replace("Bool", "IpAddress")
                    .replace(r#""true""#, r#""10.0.0.0/8""#),
            ]),
        };
        let mut keys =
            scene.call::<GetContextKeysForPrincipalPolicy>(input).unwrap().context_key_names.unwrap();
        keys.sort();
        assert_eq!(keys, ["aws:SecureTransport", "aws:SourceIp", "aws:username"]);
    }

    #[test]
    fn a_source_must_be_a_user_group_or_role_that_exists() {
        let ask = |arn: &str| {
            let input = GetContextKeysForPrincipalPolicyRequest {
                policy_source_arn: arn.into(),
                policy_input_list: None,
            };
            Scene::new().call::<GetContextKeysForPrincipalPolicy>(input)
        };
        check_fault(ask("arn:aws:iam::000000000000:user/none"), "NoSuchEntity");
        check_fault(ask("arn:aws:iam::000000000000:policy/none"), "InvalidInput");
    }
}
