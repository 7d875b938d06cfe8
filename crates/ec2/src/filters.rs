//! `Filters` of the Describe operations: all filters must match, one value of each is enough.
//!
//! A value may hold `*` (any text) and `?` (one character); a backslash makes them plain. Comparison regards case.

use rolecall_base::{Fault, Tags};

use crate::faults;
use crate::model::Filter;

/// What filters can ask of a described resource.
pub trait Filtered {
    /// The names of its filters, without `tag:KEY` and `tag-key`.
    const NAMES: &'static [&'static str];

    /// The values to compare with.
    fn values(&self, name: &str) -> Vec<String>;

    /// Its tags; `None` for what cannot be tagged.
    fn tags(&self) -> Option<&Tags>;
}

/// Keeps what matches.
///
/// # Errors
/// InvalidParameterValue for a filter that this operation does not have.
pub fn pick<T: Filtered>(items: Vec<T>, filters: Option<&[Filter]>) -> Result<Vec<T>, Fault> {
    let Some(filters) = filters.filter(|filters| !filters.is_empty()) else { return Ok(items) };
    let mut wanted = Vec::new();
    for filter in filters {
        let name = filter.name.as_deref().unwrap_or_default();
        let tag = name.starts_with("tag:") || name == "tag-key";
        if !T::NAMES.contains(&name) && !tag {
            return Err(faults::invalid(format!("The filter '{name}' is invalid")));
        }
        wanted.push((name, filter.values.as_deref().unwrap_or_default()));
    }
    Ok(items
        .into_iter()
        .filter(|item| wanted.iter().all(|(name, values)| holds(item, name, values)))
        .collect())
}

fn holds<T: Filtered>(item: &T, name: &str, patterns: &[String]) -> bool {
    let matched = |value: &str| patterns.iter().any(|pattern| matches(pattern, value));
    match (name.strip_prefix("tag:"), item.tags()) {
        (Some(key), tags) => tags.and_then(|tags| tags.get(key)).is_some_and(matched),
        (None, tags) if name == "tag-key" => {
            tags.is_some_and(|tags| tags.iter().any(|tag| matched(&tag.key)))
        }
        _ => item.values(name).iter().any(|value| matched(value)),
    }
}

/// Whether a value matches a pattern. Linear in both: a `*` is only ever retried at its last place.
pub fn matches(pattern: &str, value: &str) -> bool {
    let (pattern, value) = (pieces(pattern), value.chars().collect::<Vec<_>>());
    let (mut p, mut v, mut star) = (0, 0, None);
    while let Some(letter) = value.get(v) {
        match pattern.get(p) {
            Some(Piece::Many) => {
                star = Some((p, v));
                p += 1;
            }
            Some(Piece::One) => (p, v) = (p + 1, v + 1),
            Some(Piece::Letter(own)) if own == letter => (p, v) = (p + 1, v + 1),
            _ => {
                let Some((at, from)) = star else { return false };
                star = Some((at, from + 1));
                (p, v) = (at + 1, from + 1);
            }
        }
    }
    pattern.iter().skip(p).all(|piece| *piece == Piece::Many)
}

#[derive(PartialEq, Eq)]
enum Piece {
    Many,
    One,
    Letter(char),
}

fn pieces(pattern: &str) -> Vec<Piece> {
    let mut letters = pattern.chars();
    let mut pieces = Vec::new();
    while let Some(letter) = letters.next() {
        pieces.push(match letter {
            '*' => Piece::Many,
            '?' => Piece::One,
            '\\' => Piece::Letter(letters.next().unwrap_or('\\')),
            plain => Piece::Letter(plain),
        });
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_matches_with_stars_and_question_marks() {
        for (pattern, value, expected) in [
            ("web", "web", true),
            ("web", "Web", false),
            ("w*b", "web", true),
            ("w*b*", "wbbx", true),
            ("?eb", "web", true),
            ("?eb", "eb", false),
            ("*", "", true),
            ("a\\*", "a*", true),
            ("a\\*", "ab", false),
            ("*a*a*a*b", "aaaaaaaaaaaaaaaaaaaa", false),
        ] {
            assert_eq!(matches(pattern, value), expected, "{pattern} {value}");
        }
    }
}
