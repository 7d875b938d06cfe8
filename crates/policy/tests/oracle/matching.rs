//! The oracle's patterns: recursion over characters, wildcards told apart from plain text beforehand.

use super::Context;

/// A character of a pattern.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mark {
    Plain(char),
    Any,
    One,
}

pub fn glob(pattern: &str, text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    matches(&plain(pattern), &chars)
}

/// `*` and `?` are wildcards, all else stands for itself.
pub fn plain(pattern: &str) -> Vec<Mark> {
    pattern
        .chars()
        .map(|c| match c {
            '*' => Mark::Any,
            '?' => Mark::One,
            c => Mark::Plain(c),
        })
        .collect()
}

pub fn exact(pattern: &str) -> Vec<Mark> {
    pattern.chars().map(Mark::Plain).collect()
}

/// Replaces variables; `None` when one has no value.
pub fn substitute(pattern: &str, context: &Context) -> Option<Vec<Mark>> {
    let mut out = Vec::new();
    let mut rest = pattern;
    while let Some(at) = rest.find("${") {
        let Some(end) = rest[at..].find('}') else { break };
        out.extend(plain(&rest[..at]));
        let name = &rest[at + 2..at + end];
        rest = &rest[at + end + 1..];
        match name {
            "*" | "?" | "$" => out.extend(exact(name)),
            _ => out.extend(exact(&variable(name, context)?)),
        }
    }
    out.extend(plain(rest));
    Some(out)
}

fn variable(name: &str, context: &Context) -> Option<String> {
    let (key, default) = match name.split_once(", '") {
        Some((key, default)) if default.ends_with('\'') => {
            (key, Some(default[..default.len() - 1].to_owned()))
        }
        _ => (name, None),
    };
    let value = context.get(&key.trim().to_lowercase()).and_then(|value| value.as_str());
    value.filter(|value| !value.is_empty()).map(str::to_owned).or(default)
}

pub fn matches(pattern: &[Mark], text: &[char]) -> bool {
    within(pattern, text, &|_, _| true)
}

/// `may(at, char)`: whether the wildcard at that place of the pattern may eat that character.
fn within(pattern: &[Mark], text: &[char], may: &dyn Fn(usize, char) -> bool) -> bool {
    // One row of the table of "pattern[..i] matches text[..j]" at a time.
    let mut row = vec![false; text.len() + 1];
    row[0] = true;
    for (i, mark) in pattern.iter().enumerate() {
        let mut next = vec![false; text.len() + 1];
        for j in 0..=text.len() {
            next[j] = match mark {
                Mark::Any => row[j] || (j > 0 && next[j - 1] && may(i, text[j - 1])),
                Mark::One => j > 0 && row[j - 1] && may(i, text[j - 1]),
                Mark::Plain(c) => j > 0 && row[j - 1] && text[j - 1] == *c,
            };
        }
        row = next;
    }
    row[text.len()]
}

/// Section 3.2: before the fifth colon a wildcard stays in its segment, save a star that ends it.
pub fn resource(head: &[String], tail: Option<&[Mark]>, text: &str) -> bool {
    let mut marks = Vec::new();
    let mut confined = Vec::new();
    for (at, segment) in head.iter().enumerate() {
        if at > 0 {
            marks.push(Mark::Plain(':'));
            confined.push(false);
        }
        let segment = plain(segment);
        for (i, mark) in segment.iter().enumerate() {
            let ends = i + 1 == segment.len();
            confined.push(!(*mark == Mark::Any && ends));
            marks.push(*mark);
        }
    }
    if let Some(tail) = tail {
        marks.push(Mark::Plain(':'));
        marks.extend(tail);
        confined.resize(marks.len(), false);
    }
    let chars: Vec<char> = text.chars().collect();
    within(&marks, &chars, &|at, c| !(confined[at] && c == ':'))
}

/// Six parts, each a pattern of its own.
pub fn arn_like(pattern: &[Mark], value: &str) -> bool {
    let mut parts: Vec<Vec<Mark>> = vec![Vec::new()];
    for mark in pattern {
        if *mark == Mark::Plain(':') && parts.len() < 6 {
            parts.push(Vec::new());
        } else {
            parts.last_mut().unwrap().push(*mark);
        }
    }
    let values: Vec<Vec<char>> = value.splitn(6, ':').map(|part| part.chars().collect()).collect();
    parts.len() == 6
        && values.len() == 6
        && parts.iter().zip(&values).all(|(pattern, text)| matches(pattern, text))
}
