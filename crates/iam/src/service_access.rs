//! Which services policies let somebody use: by their actions alone, as AWS's reports see it. Resource policies,
//! boundaries and organizations have no part in it.

use std::sync::Arc;

use rolecall_actions::catalog::{self, Service};
use rolecall_policy::Policy;

/// The services of which the policies together allow anything, by namespace.
pub(crate) fn granted(policies: &[Arc<Policy>]) -> Vec<Service> {
    let all = catalog::services().iter().copied();
    all.filter(|service| policies.iter().any(|policy| grants(policy, *service, policies))).collect()
}

/// Whether a policy allows anything of a service that none of `all` forbids outright.
pub(crate) fn grants(policy: &Policy, service: Service, all: &[Arc<Policy>]) -> bool {
    service.actions().any(|action| {
        let name = format!("{}:{}", service.prefix, action.name);
        policy.grants(&name) && !all.iter().any(|other| other.forbids(&name))
    })
}

/// The action whose last use AWS would track for an operation: one that manages a service and changes something.
/// `operation` is `namespace:Operation`.
pub(crate) fn tracked(operation: &str) -> Option<&'static str> {
    let (namespace, name) = operation.split_once(':')?;
    let of_s3 = (namespace == "s3").then(|| rolecall_actions::s3_action_of_operation(name).first()).flatten();
    let action = catalog::action(of_s3.copied().unwrap_or(operation))?;
    // What is done to objects is data's business, not management.
    let is_data = namespace == "s3" && action.templates().any(|arn| arn.contains("/${ObjectName}"));
    (action.access.writes() && !is_data).then_some(action.name)
}

#[cfg(test)]
mod tests {
    use rolecall_policy::Kind;

    use super::*;

    fn policy(statements: &str) -> Arc<Policy> {
        let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#);
        Arc::new(Policy::load(&text, Kind::Identity).unwrap())
    }

    #[test]
    fn a_service_is_granted_by_one_action_unless_all_of_it_is_forbidden() {
        let some = policy(r#"{"Effect": "Allow", "Action": ["s3:GetObject", "iam:Get*"], "Resource": "*"}"#);
        let names = |policies: &[Arc<Policy>]| -> Vec<&str> {
            granted(policies).into_iter().map(|service| service.prefix).collect()
        };
        assert_eq!(names(std::slice::from_ref(&some)), ["iam", "s3"]);
        let none = policy(r#"{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}"#);
        assert_eq!(names(&[some, none]), ["iam"]);
        let all = policy(r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#);
        assert!(names(&[all]).len() > 400);
    }

    #[test]
    fn changes_of_services_are_tracked_and_neither_reads_nor_data() {
        assert_eq!(tracked("iam:CreateUser"), Some("CreateUser"));
        assert_eq!(tracked("s3:CreateBucket"), Some("CreateBucket"));
        assert_eq!(tracked("ec2:RunInstances"), Some("RunInstances"));
        for other in ["iam:GetUser", "s3:PutObject", "s3:ListObjectsV2", "ec2:DescribeInstances"] {
            assert_eq!(tracked(other), None, "{other}");
        }
    }
}
