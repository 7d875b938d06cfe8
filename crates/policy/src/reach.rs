//! What a document says of an action alone, whatever the resource: which policies are about a service.

use crate::Policy;
use crate::action::Action;
use crate::document::Effect;
use crate::statement::Statement;

impl Policy {
    /// Whether a statement allows this action on anything at all, under whatever conditions.
    pub fn grants(&self, action: &str) -> bool {
        let action = Action::new(action);
        self.statements
            .iter()
            .any(|statement| statement.effect == Effect::Allow && statement.actions.matches(&action))
    }

    /// Whether a statement denies this action on everything, without a condition.
    pub fn forbids(&self, action: &str) -> bool {
        let action = Action::new(action);
        self.statements.iter().any(|statement| {
            statement.effect == Effect::Deny
                && statement.conditions.is_empty()
                && statement.actions.matches(&action)
                && is_about_everything(statement)
        })
    }
}

fn is_about_everything(statement: &Statement) -> bool {
    statement.resources.as_ref().is_none_or(|resources| !resources.not && resources.is_everything())
}

#[cfg(test)]
mod tests {
    use crate::{Kind, Policy};

    fn policy(statements: &str) -> Policy {
        Policy::load(&format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#), Kind::Identity)
            .unwrap()
    }

    #[test]
    fn an_action_is_granted_by_any_allow_that_names_it() {
        let some = policy(r#"{"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::b/*"}"#);
        assert!(some.grants("s3:GetObject") && !some.grants("s3:PutObject"));
        let rest = policy(r#"{"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}"#);
        assert!(rest.grants("iam:GetUser") && !rest.grants("s3:GetObject"));
    }

    #[test]
    fn an_action_is_forbidden_only_by_a_deny_on_everything() {
        let all = policy(r#"{"Effect": "Deny", "Action": "s3:*", "Resource": ["arn:aws:s3:::b", "*"]}"#);
        assert!(all.forbids("s3:GetObject") && !all.forbids("iam:GetUser"));
        for narrower in [
            r#"{"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::b"}"#,
            r#"{"Effect": "Deny", "Action": "s3:*", "NotResource": "*"}"#,
            r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}"#,
            r#"{"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}"#,
        ] {
            assert!(!policy(narrower).forbids("s3:GetObject"), "{narrower}");
        }
    }
}
