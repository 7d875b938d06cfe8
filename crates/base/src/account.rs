//! Twelve-digit account ids.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An AWS account id: twelve decimal digits, kept as a number so that keys and tokens are small.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountId(u64);

/// The text was not twelve decimal digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an account id is twelve digits")]
pub struct InvalidAccountId;

impl AccountId {
    /// The account that owns AWS's own managed policies and images; it shows as `aws` or `amazon`.
    pub const AWS: AccountId = AccountId(999_999_999_999_999);

    /// Account 000000000000, the default of a new server.
    pub const ZERO: AccountId = AccountId(0);

    /// An account id from its number; `None` above twelve digits.
    pub fn new(number: u64) -> Option<AccountId> {
        (number <= 999_999_999_999).then_some(AccountId(number))
    }

    pub fn number(self) -> u64 {
        self.0
    }

    /// The `arn:aws:iam::ID:root` that stands for the whole account in policies.
    pub fn root_arn(self) -> String {
        format!("arn:aws:iam::{self}:root")
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == AccountId::AWS {
            return f.write_str("aws");
        }
        // By hand: every ARN has one.
        let (mut digits, mut rest) = ([b'0'; 12], self.0);
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
            rest /= 10;
        }
        f.write_str(str::from_utf8(&digits).unwrap_or_default())
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for AccountId {
    type Err = InvalidAccountId;

    fn from_str(text: &str) -> Result<Self, InvalidAccountId> {
        if text.len() != 12 || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(InvalidAccountId);
        }
        text.parse().map(AccountId).map_err(|_| InvalidAccountId)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_id_keeps_its_leading_zeros() {
        let id: AccountId = "000000000042".parse().unwrap();
        assert_eq!(id.to_string(), "000000000042");
        assert_eq!(id.root_arn(), "arn:aws:iam::000000000042:root");
        let id: AccountId = "907654321008".parse().unwrap();
        assert_eq!((id.to_string().as_str(), AccountId::AWS.to_string().as_str()), ("907654321008", "aws"));
    }

    #[test]
    fn anything_but_twelve_digits_is_refused() {
        for bad in ["", "1", "0000000000000", "00000000000x", "+00000000000"] {
            assert!(bad.parse::<AccountId>().is_err(), "{bad}");
        }
    }
}
