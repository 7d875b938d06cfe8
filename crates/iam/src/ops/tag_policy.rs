//! TagPolicy: sets tags of a managed policy.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::managed::{self, PolicyTarget};
use crate::model::{TagPolicy, TagPolicyRequest, TagPolicyResponse};
use crate::tags;

impl Operation for TagPolicy {
    type Access = Write;

    fn needs(input: &TagPolicyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let policy = PolicyTarget::to_change(at, &input.policy_arn)?;
        Ok(Needs::action(iam::TagPolicy).on(&policy).request_tags(tags::pairs(Some(&input.tags))).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<TagPolicyResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let mut policy = managed::own(tx, account, &input.policy_arn)?;
        tags::add(&mut policy.tags, &input.tags, "TagsPerPolicy")?;
        managed::put(tx, &policy)?;
        Ok(TagPolicyResponse {})
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn a_policy_shows_its_tags_and_one_of_aws_takes_none() {
        let scene = Scene::new();
        let arn = scene.policy("p");
        let tag = |arn: &str| {
            let tags = vec![Tag { key: "a".into(), value: "1".into() }];
            scene.call::<TagPolicy>(TagPolicyRequest { policy_arn: arn.into(), tags })
        };
        tag(&arn).unwrap();
        let policy = scene.call::<GetPolicy>(GetPolicyRequest { policy_arn: arn }).unwrap().policy.unwrap();
        assert_eq!(policy.tags.unwrap().len(), 1);
        check_fault(tag("arn:aws:iam::aws:policy/ReadOnlyAccess"), "AccessDenied");
    }
}
