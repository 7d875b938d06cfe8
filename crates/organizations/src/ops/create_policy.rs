//! CreatePolicy: a new policy of a type, attached to nothing yet.

use rolecall_actions::organizations::{self, key, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::{OrganizationPolicies, OrganizationPolicy};

use crate::model::{CreatePolicy, CreatePolicyRequest, CreatePolicyResponse, fault};
use crate::policies::{self, Found};
use crate::policy_type;
use crate::refusal::constraint;
use crate::standing::{Reach, Scope, Standing};
use crate::tags;

impl Operation for CreatePolicy {
    type Access = Write;

    fn needs(input: &CreatePolicyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Policies)?;
        // It has no id yet.
        let policy = scope.thing::<kind::Policy>("policy", &format!("{}/*", input.type_.to_lowercase()));
        let question = Needs::action(organizations::CreatePolicy).on(&policy);
        let question = question.key(key::PolicyType, Some(input.type_.as_str()));
        Ok(scope.ask(question.request_tags(tags::pairs(input.tags.as_ref()))))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CreatePolicyResponse, Fault> {
        let organization = Standing::require(req, Reach::Policies)?.organization;
        let (input, env, now) = (req.input, req.env, req.now);
        let kind = policy_type::find(&input.type_)?;
        if !organization.all_features {
            return Err(fault::policy_type_not_available_for_organization(
                "You can't use the specified policy type with the feature set currently enabled for this \
                 organization.",
            ));
        }
        policies::check_content(kind, &input.content)?;
        let tx = req.tx()?;
        policies::check_name(tx, &organization, kind.name, &input.name, "")?;
        if policies::of_type(tx, &organization, kind.name)?.len() >= kind.most {
            let text = "You have exceeded the maximum number of policies of this type.";
            return Err(constraint("POLICY_NUMBER_LIMIT_EXCEEDED", text));
        }
        let policy = OrganizationPolicy {
            id: env.lower_id("p-", 8),
            kind: kind.name.to_owned(),
            name: input.name.clone(),
            description: input.description.clone(),
            content: input.content.clone(),
            updated: now,
            tags: tags::first(input.tags.as_ref())?,
        };
        tx.put::<OrganizationPolicies>(&(organization.id.clone(), policy.id.clone()), &policy)?;
        Ok(CreatePolicyResponse { policy: Some(Found::Own(Box::new(policy)).shown(&organization)) })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::{Scene, deny};

    fn create(
        scene: &Scene,
        type_: &str,
        content: &str,
    ) -> Result<CreatePolicyResponse, rolecall_base::Fault> {
        let input = CreatePolicyRequest {
            content: content.into(),
            name: "p".into(),
            type_: type_.into(),
            ..Default::default()
        };
        scene.call::<CreatePolicy>(input)
    }

    #[test]
    fn a_policy_has_an_arn_of_its_type() {
        let made = create(&Scene::new(), "SERVICE_CONTROL_POLICY", &deny("s3:*")).unwrap().policy.unwrap();
        let summary = made.policy_summary.unwrap();
        let (arn, id) = (summary.arn.unwrap(), summary.id.unwrap());
        assert!(arn.starts_with("arn:aws:organizations::000000000000:policy/o-"), "{arn}");
        assert!(arn.ends_with(&format!("/service_control_policy/{id}")), "{arn}");
    }

    #[test]
    fn each_type_has_its_own_rules() {
        let scene = Scene::new();
        let refused = |type_: &str, content: &str| {
            check_fault(create(&scene, type_, content), "MalformedPolicyDocumentException")
        };
        let allow = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}}"#;
        refused("SERVICE_CONTROL_POLICY", "{}");
        refused("SERVICE_CONTROL_POLICY", allow);
        refused("RESOURCE_CONTROL_POLICY", allow);
        refused("TAG_POLICY", "not JSON");
        create(&scene, "TAG_POLICY", r#"{"tags": {"team": {"tag_key": {"@@assign": "Team"}}}}"#).unwrap();
    }

    #[test]
    fn one_that_is_too_long_is_refused() {
        let long = deny(&format!("s3:{}", "x".repeat(10_240)));
        let outcome = create(&Scene::new(), "SERVICE_CONTROL_POLICY", &long);
        check_fault(outcome, "ConstraintViolationException");
    }

    #[test]
    fn names_are_unique_within_a_type() {
        let scene = Scene::new();
        create(&scene, "SERVICE_CONTROL_POLICY", &deny("s3:*")).unwrap();
        let outcome = create(&scene, "SERVICE_CONTROL_POLICY", &deny("ec2:*"));
        check_fault(outcome, "DuplicatePolicyException");
        create(&scene, "TAG_POLICY", r#"{"tags": {}}"#).unwrap();
    }
}
