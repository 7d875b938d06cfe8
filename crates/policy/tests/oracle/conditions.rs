//! The oracle's conditions, operator by operator.

use std::net::IpAddr;

use base64::Engine as _;
use serde_json::Value;

use super::Context;
use super::matching::{arn_like, exact, matches, plain, substitute};

pub fn hold(conditions: &Value, context: &Context, variables: bool) -> bool {
    let blocks = conditions.as_object().unwrap();
    blocks.iter().all(|(operator, keys)| {
        keys.as_object().unwrap().iter().all(|(key, values)| holds(operator, key, values, context, variables))
    })
}

fn policy_values(values: &Value) -> Vec<String> {
    let one = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match values {
        Value::Array(items) => items.iter().map(one).collect(),
        single => vec![one(single)],
    }
}

fn holds(operator: &str, key: &str, values: &Value, context: &Context, variables: bool) -> bool {
    let values = policy_values(values);
    let given =
        context.get(&key.to_lowercase()).filter(|given| given.as_array().is_none_or(|list| !list.is_empty()));
    if operator == "Null" {
        return values.iter().any(|value| value.eq_ignore_ascii_case("true") == given.is_none());
    }
    let (set, name) = match operator.split_once(':') {
        Some((set, name)) => (set, name),
        None => ("", operator),
    };
    let (name, if_exists) = match name.strip_suffix("IfExists") {
        Some(name) => (name, true),
        None => (name, false),
    };
    let negated = name.contains("Not");
    let positive = name.replacen("Not", "", 1);
    let Some(given) = given else {
        return match set {
            _ if if_exists => true,
            "ForAllValues" => true,
            "ForAnyValue" => false,
            _ => negated,
        };
    };
    let single = |text: &str| {
        let mut hits = values.iter().map(|value| compare(&positive, value, text, context, variables));
        match hits.clone().any(|hit| hit.is_none()) {
            // A value that is not of the type.
            true => false,
            false => hits.any(|hit| hit == Some(true)) != negated && typed(&positive, text),
        }
    };
    match (set, given) {
        ("", Value::Array(_)) => false,
        ("", one) => single(one.as_str().unwrap()),
        (set, given) => {
            let list: Vec<&str> = match given {
                Value::Array(items) => items.iter().map(|item| item.as_str().unwrap()).collect(),
                one => vec![one.as_str().unwrap()],
            };
            if set == "ForAllValues" {
                list.iter().all(|text| text.is_empty()) || list.iter().all(|text| single(text))
            } else {
                list.iter().any(|text| single(text))
            }
        }
    }
}

/// Whether the request's value is of the operator's type, also where the policy lists no value.
fn typed(operator: &str, text: &str) -> bool {
    match operator {
        _ if operator.starts_with("Numeric") => number(text).is_some(),
        _ if operator.starts_with("Date") => date(text).is_some(),
        "Bool" => ["true", "false"].contains(&text.to_lowercase().as_str()),
        "BinaryEquals" => binary(text).is_some(),
        "IpAddress" => text.parse::<IpAddr>().is_ok(),
        "ArnEquals" | "ArnLike" => text.matches(':').count() >= 5,
        _ => true,
    }
}

/// `None`: one of the two is not of the type.
fn compare(operator: &str, policy: &str, text: &str, context: &Context, variables: bool) -> Option<bool> {
    if !typed(operator, text) {
        return None;
    }
    let chars: Vec<char> = text.chars().collect();
    let marks = |wild: bool| {
        let marks = if variables { substitute(policy, context)? } else { plain(policy) };
        if wild { Some(marks) } else { Some(literal(policy, &marks, context, variables)) }
    };
    Some(match operator {
        "StringEquals" => marks(false).is_some_and(|marks| matches(&marks, &chars)),
        "StringEqualsIgnoreCase" => {
            let lower: Vec<char> = text.to_lowercase().chars().collect();
            marks(false).is_some_and(|marks| matches(&lowered(&marks), &lower))
        }
        "StringLike" => marks(true).is_some_and(|marks| matches(&marks, &chars)),
        "ArnEquals" | "ArnLike" => marks(true).is_some_and(|marks| arn_like(&marks, text)),
        "Bool" => marks(false).is_some_and(|marks| {
            let lower: Vec<char> = text.to_lowercase().chars().collect();
            matches(&lowered(&marks), &lower)
        }),
        "BinaryEquals" => binary(policy)? == binary(text)?,
        "IpAddress" => network(policy, text.parse().ok()?)?,
        _ => {
            let order = if let Some(name) = operator.strip_prefix("Numeric") {
                (name, number(text)?.total_cmp(&number(policy)?))
            } else {
                (operator.strip_prefix("Date")?, date(text)?.total_cmp(&date(policy)?))
            };
            match order {
                ("Equals", order) => order.is_eq(),
                ("LessThan", order) => order.is_lt(),
                ("LessThanEquals", order) => order.is_le(),
                ("GreaterThan", order) => order.is_gt(),
                ("GreaterThanEquals", order) => order.is_ge(),
                _ => return None,
            }
        }
    })
}

/// Without wildcards: a star in the policy's text is a star sign.
fn literal(
    policy: &str,
    marks: &[super::matching::Mark],
    context: &Context,
    variables: bool,
) -> Vec<super::matching::Mark> {
    use super::matching::Mark;
    if !variables {
        return exact(policy);
    }
    let _ = context;
    let plain = |mark: &Mark| match mark {
        Mark::Any => Mark::Plain('*'),
        Mark::One => Mark::Plain('?'),
        plain => *plain,
    };
    marks.iter().map(plain).collect()
}

fn lowered(marks: &[super::matching::Mark]) -> Vec<super::matching::Mark> {
    use super::matching::Mark;
    let lower = |mark: &Mark| match mark {
        Mark::Plain(c) => c.to_lowercase().map(Mark::Plain).collect(),
        wild => vec![*wild],
    };
    marks.iter().flat_map(lower).collect()
}

fn number(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let fine = digits.split('.').count() <= 2
        && digits.split('.').all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit()));
    if fine { text.parse().ok() } else { None }
}

fn binary(text: &str) -> Option<Vec<u8>> {
    base64::engine::general_purpose::STANDARD.decode(text).ok()
}

/// Seconds since the epoch; by counting years and months one by one.
fn date(text: &str) -> Option<f64> {
    let is_year = text.len() == 4 && text.chars().all(|c| c.is_ascii_digit());
    if !is_year && let Some(seconds) = number(text) {
        return Some(seconds);
    }
    let (day, clock) = text.split_once('T').unwrap_or((text, "00:00:00Z"));
    let fields: Vec<i64> = day.split('-').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let (year, month, day) = match fields.as_slice() {
        [year] => (*year, 1, 1),
        [year, month] => (*year, *month, 1),
        [year, month, day] => (*year, *month, *day),
        _ => return None,
    };
    let leap = |year: i64| (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let months = |year| [31, if leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut days = 0;
    for y in 1970..year {
        days += if leap(y) { 366 } else { 365 };
    }
    let month = usize::try_from(month).ok()?;
    if !(1..=12).contains(&month) || day < 1 || day > months(year)[month - 1] {
        return None;
    }
    days += months(year)[..month - 1].iter().sum::<i64>() + day - 1;
    let clock = clock.strip_suffix('Z').unwrap_or(clock);
    let parts: Vec<f64> = clock.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let seconds = parts.iter().chain(&[0.0, 0.0]).take(3).fold(0.0, |sum, part| sum * 60.0 + part);
    #[expect(clippy::cast_precision_loss, reason = "days since 1970 are few")]
    Some(days as f64 * 86_400.0 + seconds)
}

/// Bit by bit.
fn network(policy: &str, address: IpAddr) -> Option<bool> {
    let (base, prefix) = match policy.split_once('/') {
        Some((base, prefix)) => (base, Some(prefix.parse::<usize>().ok()?)),
        None => (policy, None),
    };
    let bits = |address: IpAddr| -> Vec<bool> {
        let octets = match address {
            IpAddr::V4(v4) => v4.octets().to_vec(),
            IpAddr::V6(v6) => v6.octets().to_vec(),
        };
        octets.iter().flat_map(|octet| (0..8).rev().map(move |bit| octet >> bit & 1 == 1)).collect()
    };
    let (base, address) = (bits(base.parse().ok()?), bits(address));
    let prefix = prefix.unwrap_or(base.len());
    Some(base.len() == address.len() && base[..prefix] == address[..prefix])
}
