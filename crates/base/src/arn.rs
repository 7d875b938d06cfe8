//! Amazon Resource Names, split once.

use std::fmt;

use crate::AccountId;

/// A parsed `arn:partition:service:region:account:resource`, borrowing the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arn<'a> {
    pub partition: &'a str,
    pub service: &'a str,
    pub region: &'a str,
    pub account: &'a str,
    /// All after the fifth colon; may hold `/` and `:`.
    pub resource: &'a str,
}

/// The text has fewer than six colon-separated parts or does not begin with `arn`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an ARN")]
pub struct InvalidArn;

impl<'a> Arn<'a> {
    pub fn parse(text: &'a str) -> Result<Arn<'a>, InvalidArn> {
        let mut parts = text.splitn(6, ':');
        let mut next = || parts.next().ok_or(InvalidArn);
        if next()? != "arn" {
            return Err(InvalidArn);
        }
        Ok(Arn { partition: next()?, service: next()?, region: next()?, account: next()?, resource: next()? })
    }

    /// The account, when the ARN has a twelve-digit one.
    pub fn account_id(&self) -> Option<AccountId> {
        self.account.parse().ok()
    }

    /// The resource split at its first `/` into its type word and the rest: `role/team/x` → (`role`, `team/x`).
    pub fn kind_and_rest(&self) -> (&'a str, &'a str) {
        self.resource.split_once('/').unwrap_or((self.resource, ""))
    }

    /// The last path element of the resource: `role/team/x` → `x`.
    pub fn name(&self) -> &'a str {
        self.resource.rsplit('/').next().unwrap_or(self.resource)
    }
}

impl fmt::Display for Arn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Arn { partition, service, region, account, resource } = self;
        write!(f, "arn:{partition}:{service}:{region}:{account}:{resource}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_resource_keeps_its_colons_and_slashes() {
        let arn = Arn::parse("arn:aws:iam::123456789012:role/team/x:y").unwrap();
        assert_eq!(arn.resource, "role/team/x:y");
        assert_eq!(arn.kind_and_rest(), ("role", "team/x:y"));
        assert_eq!(arn.name(), "x:y");
        assert_eq!(arn.to_string(), "arn:aws:iam::123456789012:role/team/x:y");
    }

    #[test]
    fn a_short_text_is_no_arn() {
        assert!(Arn::parse("arn:aws:iam::1").is_err());
        assert!(Arn::parse("urn:aws:iam::1:x").is_err());
    }
}
