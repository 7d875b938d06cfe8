//! PutResourcePolicy: says what member accounts may do to the organization.

use rolecall_actions::organizations::{self, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, ByArn, Needs, Operation, Write};
use rolecall_identity::records::{DelegationPolicies, DelegationPolicy};

use crate::delegation;
use crate::model::{PutResourcePolicy, PutResourcePolicyRequest, PutResourcePolicyResponse};
use crate::refusal::invalid;
use crate::services;
use crate::standing::{Reach, Scope, Standing};
use crate::tags;

impl Operation for PutResourcePolicy {
    type Access = Write;

    fn needs(input: &PutResourcePolicyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Management)?;
        let own = match scope.organization() {
            Some(organization) => at.db()?.get::<DelegationPolicies>(&organization.id)?,
            None => None,
        };
        // A first one has no id yet.
        let id = own.as_ref().map_or("*", |own| own.id.as_str());
        let policy: ByArn<kind::Resourcepolicy> = scope.thing("resourcepolicy", id);
        let policy = policy.tagged(own.as_ref().map(|own| own.tags.clone()).unwrap_or_default());
        let question = Needs::action(organizations::PutResourcePolicy).on(&policy);
        Ok(scope.ask(question.request_tags(tags::pairs(input.tags.as_ref()))))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<PutResourcePolicyResponse, Fault> {
        let organization = Standing::require(req, Reach::Management)?.organization;
        let (input, env) = (req.input, req.env);
        services::check_features(&organization)?;
        let new_tags = tags::first(input.tags.as_ref())?;
        let tx = req.tx()?;
        let old = tx.get::<DelegationPolicies>(&organization.id)?;
        if old.is_some() && !new_tags.is_empty() {
            let text = "You can't specify tags when you update an existing resource policy.";
            return Err(invalid("UPDATE_EXISTING_RESOURCE_POLICY_WITH_TAGS_NOT_SUPPORTED", text));
        }
        let content = delegation::stored(tx, &organization, &input.content)?;
        let row = match old {
            Some(old) => DelegationPolicy { content, ..old },
            None => DelegationPolicy { id: env.lower_id("rp-", 8), content, tags: new_tags },
        };
        tx.put::<DelegationPolicies>(&organization.id, &row)?;
        let resource_policy = Some(delegation::shown(tx, &organization, &row)?);
        Ok(PutResourcePolicyResponse { resource_policy })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::{Scene, deny};

    fn policy(principal: &str, action: &str) -> String {
        format!(
            r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Principal": {{"AWS": "{principal}"}}, "Action": {action}, "Resource": "*"}}}}"#
        )
    }

    fn put(scene: &Scene, content: &str) -> Result<PutResourcePolicyResponse, rolecall_base::Fault> {
        scene.call::<PutResourcePolicy>(PutResourcePolicyRequest { content: content.into(), tags: None })
    }

    #[test]
    fn a_member_that_is_named_manages_policies_and_nothing_else() {
        let scene = Scene::new();
        let (dev, other) = (scene.account("dev"), scene.account("other"));
        let actions = r#"["organizations:CreatePolicy", "organizations:List*"]"#;
        put(&scene, &policy(&dev.to_string(), actions)).unwrap();
        let create = |account| {
            let input = CreatePolicyRequest {
                content: deny("s3:*"),
                name: "from below".into(),
                type_: "SERVICE_CONTROL_POLICY".into(),
                ..Default::default()
            };
            scene.call_as::<CreatePolicy>(account, input)
        };
        let made = create(dev).unwrap().policy.unwrap().policy_summary.unwrap();
        scene.call_as::<ListAccounts>(dev, ListAccountsRequest::default()).unwrap();
        check_fault(create(other), "AccessDeniedException");
        let attach = AttachPolicyRequest { policy_id: made.id.unwrap(), target_id: scene.top.clone() };
        check_fault(scene.call_as::<AttachPolicy>(dev, attach), "AccessDeniedException");
        let close = CloseAccountRequest { account_id: other.to_string() };
        check_fault(scene.call_as::<CloseAccount>(dev, close), "AccessDeniedException");
        scene.call::<DeleteResourcePolicy>(DeleteResourcePolicyRequest::default()).unwrap();
        let list = scene.call_as::<ListAccounts>(dev, ListAccountsRequest::default());
        check_fault(list, "AccessDeniedException");
    }

    #[test]
    fn the_members_own_policies_must_allow_too() {
        let scene = Scene::new();
        let dev = scene.account("dev");
        put(&scene, &policy(&dev.to_string(), r#""organizations:ListAccounts""#)).unwrap();
        let sign_in = |name: &str, text: &str| {
            let key = scene.world.user_key(dev, name, text);
            scene.world.signed_in(&key.id, None).unwrap()
        };
        let all = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "organizations:*", "Resource": "*"}}"#;
        let list = |visitor| scene.world.call::<ListAccounts>(&visitor, ListAccountsRequest::default());
        list(sign_in("may", all)).unwrap();
        check_fault(list(sign_in("may-not", "")), "AccessDeniedException");
    }

    #[test]
    fn only_members_are_named_and_only_what_may_be_delegated() {
        let scene = Scene::new();
        let dev = scene.account("dev").to_string();
        scene.world.account("555555555555".parse().unwrap());
        let list = r#""organizations:ListAccounts""#;
        for refused in [
            policy("555555555555", list),
            policy(&format!("arn:aws:iam::{dev}:user/nobody"), list),
            policy(&dev, r#""organizations:CloseAccount""#),
            policy(&dev, r#""organizations:*""#),
            policy(&dev, r#""s3:GetObject""#),
            "{}".to_owned(),
        ] {
            check_fault(put(&scene, &refused), "InvalidInputException");
        }
    }

    #[test]
    fn a_user_is_kept_by_unique_id_and_shown_so_once_deleted() {
        use rolecall_identity::records::{Entities, Users};
        let scene = Scene::new();
        let dev = scene.account("dev");
        scene.world.user_key(dev, "ann", "");
        let arn = format!("arn:aws:iam::{dev}:user/ann");
        let made = put(&scene, &policy(&arn, r#""organizations:ListAccounts""#)).unwrap();
        assert!(made.resource_policy.unwrap().content.unwrap().contains(&arn));
        let key = (dev, "ann".to_owned());
        let id = scene.world.store.read().unwrap().get::<Users>(&key).unwrap().unwrap().id;
        scene.world.write(|tx| {
            tx.delete::<Users>(&key)?;
            Ok(tx.delete::<Entities>(&id)?)
        });
        let seen = scene.call::<DescribeResourcePolicy>(DescribeResourcePolicyRequest::default()).unwrap();
        let content = seen.resource_policy.unwrap().content.unwrap();
        assert!(content.contains(&id) && !content.contains(&arn), "{content}");
    }
}
