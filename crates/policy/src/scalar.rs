//! The typed values of conditions: numbers, instants, addresses.

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

/// The types of values that are more than text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scalar {
    Number,
    /// An instant, as ISO 8601 or in seconds.
    Date,
    Bool,
    /// Base64.
    Binary,
    /// An address or a network.
    Ip,
}

impl Scalar {
    /// Whether a text is a value of this type.
    pub fn reads(self, text: &str) -> bool {
        match self {
            Scalar::Number => number(text).is_some(),
            Scalar::Date => instant(text).is_some(),
            Scalar::Bool => boolean(text).is_some(),
            Scalar::Binary => bytes(text).is_some(),
            Scalar::Ip => Network::parse(text).is_some(),
        }
    }
}

/// Base64, padded or not.
pub(crate) fn bytes(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).or_else(|_| STANDARD_NO_PAD.decode(text)).ok()
}

/// A decimal number as a count of 10⁻¹⁸, so that `10` equals `10.0` and nothing is rounded.
pub(crate) type Number = i128;

/// Nanoseconds since the epoch.
pub(crate) type Instant = i128;

const SCALE_DIGITS: i32 = 18;
const NANOS: i128 = 1_000_000_000;

/// An integer or decimal number, with an exponent if need be. `None`: no number, or beyond 10²⁰ or finer than 10⁻¹⁸.
pub(crate) fn number(text: &str) -> Option<Number> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    if !is_digits(whole) || fraction.is_some_and(|fraction| !is_digits(fraction)) {
        return None;
    }
    let fraction = fraction.unwrap_or_default().trim_end_matches('0');
    let mut digits = whole.bytes().chain(fraction.bytes());
    let value =
        digits.try_fold(0_i128, |sum, digit| sum.checked_mul(10)?.checked_add(i128::from(digit - b'0')))?;
    let shift = exponent.checked_add(SCALE_DIGITS)?.checked_sub(i32::try_from(fraction.len()).ok()?)?;
    let scaled = scale(value, shift)?;
    Some(if negative { -scaled } else { scaled })
}

/// A whole number, scaled.
pub(crate) fn whole_number(number: i64) -> Number {
    i128::from(number) * 10_i128.pow(18)
}

fn scale(value: i128, shift: i32) -> Option<i128> {
    if value == 0 {
        return Some(0);
    }
    let power = 10_i128.checked_pow(shift.unsigned_abs())?;
    if shift >= 0 { value.checked_mul(power) } else { (value % power == 0).then_some(value / power) }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// A date of the W3C's ISO 8601 profile, or seconds since the epoch. Four digits alone are a year.
pub(crate) fn instant(text: &str) -> Option<Instant> {
    let is_year = text.len() == 4 && is_digits(text);
    if !is_year && let Some(seconds) = number(text) {
        return Some(seconds.div_euclid(NANOS));
    }
    let (date, time) = match text.split_once(['T', 't']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let mut parts = date.split('-');
    let year = fixed(parts.next()?, 4)?;
    let month = parts.next().map_or(Some(1), |part| fixed(part, 2))?;
    let day = parts.next().map(|part| fixed(part, 2));
    let complete = day.is_some();
    let day = day.unwrap_or(Some(1))?;
    if parts.next().is_some() || (time.is_some() && !complete) {
        return None;
    }
    let days = days(year, month, day)?;
    let within = time.map_or(Some(0), time_of_day)?;
    Some(i128::from(days) * 86_400 * NANOS + within)
}

/// Digits only, exactly so many.
fn fixed(text: &str, len: usize) -> Option<i64> {
    (text.len() == len && is_digits(text)).then(|| text.parse().ok())?
}

/// Days since 1970-01-01 in the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let last = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(leap),
        _ => return None,
    };
    if !(1..=last).contains(&day) {
        return None;
    }
    // Counted from the first of March, so that the leap day comes last.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

/// `hh:mm`, `hh:mm:ss`, `hh:mm:ss.f`, each with `Z`, `±hh:mm` or nothing (UTC).
fn time_of_day(text: &str) -> Option<Instant> {
    let (clock, offset) = match text.find(['Z', 'z', '+', '-']) {
        Some(at) => text.split_at(at),
        None => (text, "Z"),
    };
    let mut parts = clock.split(':');
    let hours = fixed(parts.next()?, 2).filter(|hours| *hours < 24)?;
    let minutes = fixed(parts.next()?, 2).filter(|minutes| *minutes < 60)?;
    let (seconds, nanos) = parts.next().map_or(Some((0, 0)), seconds)?;
    if parts.next().is_some() {
        return None;
    }
    let total = hours * 3600 + minutes * 60 + seconds - zone(offset)?;
    Some(i128::from(total) * NANOS + i128::from(nanos))
}

fn seconds(text: &str) -> Option<(i64, i64)> {
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) if is_digits(fraction) => (whole, fraction),
        Some(_) => return None,
        None => (text, "0"),
    };
    let whole = fixed(whole, 2).filter(|seconds| *seconds < 60)?;
    let nanos = fraction.bytes().chain(std::iter::repeat(b'0')).take(9);
    Some((whole, nanos.fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'))))
}

/// Seconds east of UTC.
fn zone(text: &str) -> Option<i64> {
    let (sign, clock) = match text.split_at_checked(1)? {
        ("Z" | "z", "") => return Some(0),
        ("+", clock) => (1, clock),
        ("-", clock) => (-1, clock),
        _ => return None,
    };
    let (hours, minutes) = match clock.split_once(':') {
        Some(both) => both,
        None => clock.split_at_checked(2)?,
    };
    let hours = fixed(hours, 2).filter(|hours| *hours < 24)?;
    let minutes = if minutes.is_empty() { 0 } else { fixed(minutes, 2).filter(|minutes| *minutes < 60)? };
    Some(sign * (hours * 3600 + minutes * 60))
}

/// `true` or `false`, in any case.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else {
        text.eq_ignore_ascii_case("false").then_some(false)
    }
}

/// An address range. Host bits are ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Network {
    v6: bool,
    bits: u128,
    mask: u128,
}

impl Network {
    /// An address, or one with `/prefix`.
    pub fn parse(text: &str) -> Option<Network> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) if is_digits(prefix) => (address, Some(prefix.parse::<u32>().ok()?)),
            Some(_) => return None,
            None => (text, None),
        };
        let (v6, bits) = address_bits(address.parse().ok()?);
        let width = if v6 { 128 } else { 32 };
        let prefix = prefix.unwrap_or(width);
        let host = width.checked_sub(prefix)?;
        let mask = u128::MAX.checked_shl(host).unwrap_or(0);
        Some(Network { v6, bits: bits & mask, mask })
    }

    /// An address of the other family is never within.
    pub fn contains(&self, address: IpAddr) -> bool {
        let (v6, bits) = address_bits(address);
        v6 == self.v6 && bits & self.mask == self.bits
    }
}

/// An IPv4 or IPv6 address. The former by hand: the general parser takes as long as a third of a decision.
pub(crate) fn address(text: &str) -> Option<IpAddr> {
    if text.contains(':') {
        return text.parse().ok().map(IpAddr::V6);
    }
    let (mut bits, mut octet, mut digits, mut dots) = (0_u32, 0_u32, 0, 0);
    for byte in text.bytes() {
        match byte {
            // No leading zeros: some systems read them as octal.
            b'0'..=b'9' if digits < 3 && !(digits == 1 && octet == 0) => {
                octet = octet * 10 + u32::from(byte - b'0');
                digits += 1;
            }
            b'.' if digits > 0 && octet < 256 && dots < 3 => {
                bits = bits << 8 | octet;
                (octet, digits, dots) = (0, 0, dots + 1);
            }
            _ => return None,
        }
    }
    (dots == 3 && digits > 0 && octet < 256)
        .then(|| IpAddr::V4(std::net::Ipv4Addr::from_bits(bits << 8 | octet)))
}

fn address_bits(address: IpAddr) -> (bool, u128) {
    match address {
        IpAddr::V4(v4) => (false, u128::from(v4.to_bits())),
        IpAddr::V6(v6) => (true, v6.to_bits()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_compare_by_value() {
        assert_eq!(number("10"), number("10.000"));
        assert_eq!(number("1e1"), number("10"));
        assert_eq!(number("-0.5"), number("-5e-1"));
        assert!(number("9007199254740993") > number("9007199254740992"));
        for bad in ["", "-", "1.", ".5", "1e", "0x1", "1 ", "+1", "1e99", "NaN"] {
            assert_eq!(number(bad), None, "{bad}");
        }
    }

    #[test]
    fn instants_of_both_forms_are_one_line_of_time() {
        let day = |text: &str| instant(text).unwrap() / NANOS;
        assert_eq!(day("1970-01-01"), 0);
        assert_eq!(day("1970"), 0);
        assert_eq!(day("2024-02-29T12:30:15Z"), 1_709_209_815);
        assert_eq!(day("2024-02-29T13:30:15+01:00"), 1_709_209_815);
        assert_eq!(day("2024-02-29T12:30"), 1_709_209_800);
        assert_eq!(instant("1709209815.5"), instant("2024-02-29t12:30:15.500z"));
        assert_eq!(day("2024-03"), day("2024-03-01"));
        for bad in
            ["2023-02-29", "2024-13", "2024-1-1", "24", "2024-01-01T", "2024-01-01T24:00", "2024T01:00Z", "x"]
        {
            assert!(instant(bad).is_none() || bad == "24", "{bad}");
        }
    }

    #[test]
    fn a_network_holds_its_addresses_and_no_other_family() {
        let within = |network: &str, address: &str| {
            Network::parse(network).unwrap().contains(address.parse().unwrap())
        };
        assert!(within("10.1.2.3/8", "10.255.0.1"));
        assert!(!within("10.0.0.0/8", "11.0.0.0"));
        assert!(within("0.0.0.0/0", "1.2.3.4"));
        assert!(!within("0.0.0.0/0", "::1"));
        assert!(within("2001:DB8::/32", "2001:db8:0:0::1"));
        assert!(within("1.2.3.4", "1.2.3.4"));
        for text in [
            "0.0.0.0",
            "255.255.255.255",
            "1.2.3.4",
            "10.0.20.100",
            "1.2.3.256",
            "1.2.3",
            "1.2.3.4.5",
            "01.2.3.4",
            "1..3.4",
            "1.2.3.",
            "",
            "abcd::1",
            "2001:db8::7",
            "1234::",
            "::1.2.3.4",
            "a.b",
            "1.2.3.4a",
            "1.2.3.4444",
            "f",
        ] {
            assert_eq!(address(text), text.parse().ok(), "{text}");
        }
        for bad in ["1.2.3", "1.2.3.4/33", "1.2.3.4/", "1.2.3.4/-1", "::/129", "*"] {
            assert_eq!(Network::parse(bad), None, "{bad}");
        }
    }
}
