//! One-time codes of virtual MFA devices: RFC 6238 with HMAC-SHA1, six digits, a new code every 30 seconds.

use hmac::{Hmac, KeyInit, Mac};
use rolecall_base::Time;
use sha1::Sha1;
use subtle::ConstantTimeEq;

/// Bytes of a new device's seed: 64 characters of base 32, as AWS's.
pub const SEED: usize = 40;

/// Seconds that a code lasts.
const STEP: i64 = 30;

/// The number of the step that `now` is in.
pub fn step(now: Time) -> i64 {
    now.seconds().div_euclid(STEP)
}

/// The code of a step.
pub fn code(seed: &[u8], step: i64) -> String {
    let counter = u64::try_from(step).unwrap_or(0).to_be_bytes();
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(seed) else { return String::new() };
    mac.update(&counter);
    let digest = mac.finalize().into_bytes();
    let offset = usize::from(digest.last().copied().unwrap_or(0) & 15);
    let four = digest.get(offset..).and_then(|rest| rest.first_chunk::<4>());
    let number = four.map_or(0, |four| u32::from_be_bytes(*four) & 0x7fff_ffff);
    format!("{:06}", number % 1_000_000)
}

/// Whether this is the code of that step. Its time does not tell how much of it was right.
pub fn is_code(seed: &[u8], step: i64, given: &str) -> bool {
    let right = code(seed, step);
    !right.is_empty() && right.as_bytes().ct_eq(given.as_bytes()).into()
}

/// The step of `second`, where `first` and `second` are the codes of two steps that follow each other, the latter
/// within `width` steps of `around`.
pub fn consecutive(seed: &[u8], around: i64, width: i64, first: &str, second: &str) -> Option<i64> {
    let mut found = None;
    for step in around - width..=around + width {
        if is_code(seed, step - 1, first) & is_code(seed, step, second) {
            found = Some(step);
        }
    }
    found
}

/// Base 32 of RFC 4648, without padding.
pub fn base32(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    for chunk in bytes.chunks(5) {
        let mut five = [0; 8];
        for (place, byte) in five.iter_mut().skip(3).zip(chunk) {
            *place = *byte;
        }
        let bits = u64::from_be_bytes(five);
        for n in 0..(chunk.len() * 8).div_ceil(5) {
            let digit = usize::try_from((bits >> (35 - 5 * n)) & 31).unwrap_or(0);
            text.push(char::from(LETTERS.get(digit).copied().unwrap_or(b'A')));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_those_of_the_rfc() {
        // RFC 6238, appendix B: the last six of its eight digits.
        let seed = b"12345678901234567890";
        let cases = [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ];
        for (seconds, expected) in cases {
            assert_eq!(code(seed, step(Time::from_seconds(seconds))), expected, "{seconds}");
        }
        assert!(is_code(seed, 1, "287082") && !is_code(seed, 2, "287082") && !is_code(seed, 1, "28708"));
    }

    #[test]
    fn two_codes_must_follow_each_other() {
        let seed = [7; SEED];
        let (a, b, c) = (code(&seed, 99), code(&seed, 100), code(&seed, 101));
        assert_eq!(consecutive(&seed, 100, 2, &a, &b), Some(100));
        assert_eq!(consecutive(&seed, 100, 2, &b, &a), None);
        assert_eq!(consecutive(&seed, 100, 2, &a, &c), None);
        assert_eq!(consecutive(&seed, 103, 2, &a, &b), None);
    }

    #[test]
    fn base_32_is_that_of_the_rfc() {
        for (plain, expected) in
            [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foob", "MZXW6YQ"), ("foobar", "MZXW6YTBOI")]
        {
            assert_eq!(base32(plain.as_bytes()), expected);
        }
        assert_eq!(base32(&[0xff; SEED]).len(), 64);
    }
}
