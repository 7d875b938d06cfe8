//! Ids in AWS's forms, from the environment's randomness.

use rolecall_base::AccountId;

use crate::Env;

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const LOWER32: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
const HEX: &[u8; 16] = b"0123456789abcdef";
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

impl Env {
    /// An IAM unique id: `prefix` (`AIDA`, `AROA`, `ANPA`, …) and 17 characters of base 32; 21 in all as AWS's.
    pub fn unique_id(&self, prefix: &str) -> String {
        self.letters(prefix, BASE32, 17)
    }

    /// A resource id of EC2's form: `i-` and 17 hexadecimal digits.
    pub fn resource_id(&self, prefix: &str) -> String {
        self.letters(&format!("{prefix}-"), HEX, 17)
    }

    /// An id of small letters and digits behind a prefix: Organizations' forms.
    pub fn lower_id(&self, prefix: &str, count: usize) -> String {
        self.letters(prefix, LOWER32, count)
    }

    /// An access key id: `AKIA` or `ASIA` and 16 characters of base 32 that hold the account
    /// (1 bit, 40 bits of account number, 39 random bits; STORE.md section 3.1).
    pub fn access_key_id(&self, prefix: &str, account: AccountId) -> String {
        let random = u128::from_be_bytes(self.random_id()) & ((1 << 39) - 1);
        let bits = (1_u128 << 79) | (u128::from(account.number()) << 39) | random;
        let mut id = String::with_capacity(prefix.len() + 16);
        id.push_str(prefix);
        for i in (0..16).rev() {
            let digit = usize::try_from((bits >> (5 * i)) & 31).unwrap_or(0);
            id.push(char::from(BASE32.get(digit).copied().unwrap_or(b'A')));
        }
        id
    }

    /// The id of a signing certificate: 32 characters of base 32.
    pub fn certificate_id(&self) -> String {
        self.letters("", BASE32, 32)
    }

    /// A secret access key: 40 characters, 240 random bits.
    pub fn secret_access_key(&self) -> String {
        self.letters("", BASE64, 40)
    }

    /// A request id: a version-4 UUID. Not a secret: it comes from the process's own generator.
    pub fn uuid(&self) -> String {
        let mut b = self.random_id();
        b[6] = (b[6] & 0x0f) | 0x40;
        b[8] = (b[8] & 0x3f) | 0x80;
        let mut text = String::with_capacity(36);
        for (i, byte) in b.iter().enumerate() {
            if matches!(i, 4 | 6 | 8 | 10) {
                text.push('-');
            }
            for half in [byte >> 4, byte & 15] {
                text.push(char::from(HEX.get(usize::from(half)).copied().unwrap_or(b'0')));
            }
        }
        text
    }

    fn letters(&self, prefix: &str, alphabet: &[u8], count: usize) -> String {
        // Every alphabet here has a power of two letters, so the remainder is unbiased.
        let mut random = [0; 64];
        self.fill(&mut random);
        let tail = random.iter().take(count).map(|byte| {
            char::from(alphabet.get(usize::from(*byte) % alphabet.len()).copied().unwrap_or(b'0'))
        });
        prefix.chars().chain(tail).collect()
    }
}

/// The account inside an access key id made by [`Env::access_key_id`] (or by AWS); `None` for other texts.
pub fn account_of_access_key(id: &str) -> Option<AccountId> {
    let tail = id.get(4..20).filter(|_| id.len() == 20)?;
    let mut bits: u128 = 0;
    for letter in tail.bytes() {
        let digit = BASE32.iter().position(|b| *b == letter)?;
        bits = (bits << 5) | u128::try_from(digit).ok()?;
    }
    AccountId::new(u64::try_from((bits >> 39) & ((1 << 40) - 1)).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_key_id_tells_its_account() {
        let account: AccountId = "123456789012".parse().unwrap();
        let id = Env::sim(1).access_key_id("AKIA", account);
        assert_eq!((id.len(), &id[..4]), (20, "AKIA"));
        assert_eq!(account_of_access_key(&id), Some(account));
        assert_eq!(account_of_access_key("AKIA0000000000000000"), None);
        assert_eq!(account_of_access_key("short"), None);
    }

    #[test]
    fn ids_have_the_lengths_of_awss() {
        let env = Env::sim(1);
        assert_eq!(env.unique_id("AROA").len(), 21);
        assert_eq!(env.resource_id("i").len(), 19);
        assert_eq!(env.secret_access_key().len(), 40);
        assert_eq!(env.uuid().len(), 36);
    }
}
