//! Patterns with `*`, `?` and variables, split once, matched in time linear in the text.
//!
//! Two kinds of `*`: one runs over anything, one stays within its ARN segment (never eats a colon). Only the last
//! star of each kind is ever tried again: an earlier one cannot help, since a later star begins where the shortest
//! match of what precedes it ended.

use std::borrow::Cow;

use crate::Facts;
use crate::variable::{Part, Variable, parts};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    Text(Box<str>),
    /// `*` over anything.
    Star,
    /// `*` that stops at a colon.
    SegmentStar,
    /// `?`, any character.
    One,
    /// `?`, any character but a colon.
    SegmentOne,
    Variable(Variable),
}

/// How a pattern's wildcards treat colons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// No wildcards at all: `*` is a star sign.
    Exact,
    /// Both run over anything.
    Free,
    /// Both stop at colons before the fifth colon, except a `*` that ends its segment.
    Resource,
    /// Both stop at colons before the fifth colon.
    Segments,
}

/// A compiled pattern.
#[derive(Clone, Debug)]
pub(crate) struct Glob {
    tokens: Box<[Token]>,
    shape: Shape,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// Matches everything.
    Any,
    /// No wildcard.
    Exact,
    /// A text and a `*` behind it.
    Prefix,
    General,
    Variables,
}

/// More variables than this in one pattern cost an allocation.
const INLINE_VARIABLES: usize = 6;

impl Glob {
    /// `variables`: whether `${…}` has a meaning in this document.
    pub fn new(text: &str, style: Style, variables: bool) -> Glob {
        Glob::in_two("", text, style, variables)
    }

    /// A pattern of two texts, of which only the second may have variables.
    pub fn in_two(head: &str, tail: &str, style: Style, variables: bool) -> Glob {
        let mut builder = Builder { tokens: Vec::new(), style, colons: 0 };
        builder.text(head);
        if variables {
            builder.with_variables(tail);
        } else {
            builder.text(tail);
        }
        let tokens = builder.tokens;
        let shape = match tokens.as_slice() {
            [Token::Star] => Shape::Any,
            [] | [Token::Text(_)] => Shape::Exact,
            [Token::Text(_), Token::Star] => Shape::Prefix,
            list if list.iter().any(|token| matches!(token, Token::Variable(_))) => Shape::Variables,
            _ => Shape::General,
        };
        Glob { tokens: tokens.into(), shape }
    }

    /// What every matching text begins with.
    pub fn literal_prefix(&self) -> &str {
        match self.tokens.first() {
            Some(Token::Text(text)) => text,
            _ => "",
        }
    }

    /// Nothing is left to check once the literal prefix has matched.
    pub fn is_prefix_only(&self) -> bool {
        matches!(self.shape, Shape::Any | Shape::Prefix)
    }

    pub fn is_exact(&self) -> bool {
        self.shape == Shape::Exact
    }

    pub fn has_variables(&self) -> bool {
        self.shape == Shape::Variables
    }

    pub fn variables(&self) -> impl Iterator<Item = &Variable> {
        self.tokens.iter().filter_map(|token| match token {
            Token::Variable(variable) => Some(variable),
            _ => None,
        })
    }

    pub fn matches(&self, text: &str, facts: &dyn Facts) -> bool {
        let prefix = self.literal_prefix();
        match self.shape {
            Shape::Any => true,
            Shape::Exact => prefix == text,
            Shape::Prefix => text.starts_with(prefix),
            Shape::General | Shape::Variables => text.starts_with(prefix) && self.matches_tail(text, facts),
        }
    }

    /// As [`Glob::matches`], for a text that is known to begin with the literal prefix.
    pub fn matches_tail(&self, text: &str, facts: &dyn Facts) -> bool {
        let prefix = self.literal_prefix();
        let from = usize::from(!prefix.is_empty());
        let rest = || text.get(prefix.len()..).unwrap_or_default();
        match self.shape {
            Shape::Any | Shape::Prefix => true,
            Shape::Exact => text.len() == prefix.len(),
            Shape::General => run(rest(), from, |at| self.tokens.get(at).map(|token| piece(token, ""))),
            Shape::Variables => self.matches_with_variables(rest(), from, facts),
        }
    }

    /// Equality without regard to case, for patterns of style `Exact`.
    pub fn equals_ignoring_case(&self, text: &str, facts: &dyn Facts) -> bool {
        let mut given = text.chars().flat_map(char::to_lowercase);
        for token in &self.tokens {
            let part = match token {
                Token::Text(text) => Cow::Borrowed(&**text),
                Token::Variable(variable) => match variable.resolve(facts) {
                    Some(value) => value,
                    None => return false,
                },
                Token::Star | Token::SegmentStar | Token::One | Token::SegmentOne => return false,
            };
            if !part.chars().flat_map(char::to_lowercase).all(|char| given.next() == Some(char)) {
                return false;
            }
        }
        given.next().is_none()
    }

    fn matches_with_variables(&self, text: &str, from: usize, facts: &dyn Facts) -> bool {
        let mut variables = self.variables();
        // One variable is the rule, and an array of values is slow to make.
        if let (Some(variable), None) = (variables.next(), variables.next()) {
            return variable.with(facts, |value| {
                value.is_some_and(|value| {
                    run(text, from, |at| self.tokens.get(at).map(|token| piece(token, value)))
                })
            });
        }
        let mut inline: [Cow<'_, str>; INLINE_VARIABLES] = Default::default();
        let mut spilled = Vec::new();
        let mut places = inline.iter_mut();
        for variable in self.variables() {
            let Some(value) = variable.resolve(facts) else { return false };
            match places.next() {
                Some(place) => *place = value,
                None => spilled.push(value),
            }
        }
        run(text, from, |at| {
            let token = self.tokens.get(at)?;
            let before =
                self.tokens.iter().take(at).filter(|token| matches!(token, Token::Variable(_))).count();
            let value = inline.get(before).or_else(|| spilled.get(before.checked_sub(INLINE_VARIABLES)?));
            Some(piece(token, value.map_or("", |value| value)))
        })
    }
}

struct Builder {
    tokens: Vec<Token>,
    style: Style,
    colons: usize,
}

impl Builder {
    fn with_variables(&mut self, text: &str) {
        for part in parts(text) {
            match part {
                Part::Text(text) => self.text(text),
                Part::Literal(char) => self.push_text(char.encode_utf8(&mut [0; 4])),
                Part::Variable(variable) => self.tokens.push(Token::Variable(variable)),
            }
        }
    }

    fn text(&mut self, text: &str) {
        if self.style == Style::Exact {
            return self.push_text(text);
        }
        let mut rest = text;
        while let Some(at) = rest.find(['*', '?']) {
            let (before, from) = rest.split_at(at);
            self.push_text(before);
            let star = from.starts_with('*');
            rest = from.get(1..).unwrap_or_default();
            let token = self.wildcard(star, rest);
            // `**` says no more than `*`.
            if !(star && self.tokens.last() == Some(&token)) {
                self.tokens.push(token);
            }
        }
        self.push_text(rest);
    }

    fn wildcard(&self, star: bool, rest: &str) -> Token {
        let segment = match self.style {
            Style::Exact | Style::Free => false,
            Style::Resource => self.colons < 5 && !(star && (rest.is_empty() || rest.starts_with(':'))),
            Style::Segments => self.colons < 5,
        };
        match (star, segment) {
            (true, false) => Token::Star,
            (true, true) => Token::SegmentStar,
            (false, false) => Token::One,
            (false, true) => Token::SegmentOne,
        }
    }

    fn push_text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        self.colons += text.bytes().filter(|b| *b == b':').count();
        if let Some(Token::Text(last)) = self.tokens.last_mut() {
            *last = format!("{last}{text}").into();
        } else {
            self.tokens.push(Token::Text(text.into()));
        }
    }
}

#[derive(Clone, Copy)]
enum Piece<'a> {
    Text(&'a str),
    Star,
    SegmentStar,
    One,
    SegmentOne,
}

/// `value`: what stands in place of this token, where it is a variable.
fn piece<'p>(token: &'p Token, value: &'p str) -> Piece<'p> {
    match token {
        Token::Text(text) => Piece::Text(text),
        Token::Star => Piece::Star,
        Token::SegmentStar => Piece::SegmentStar,
        Token::One => Piece::One,
        Token::SegmentOne => Piece::SegmentOne,
        Token::Variable(_) => Piece::Text(value),
    }
}

/// Where to go on after a star: the piece behind it, and the text it has not eaten.
#[derive(Clone, Copy)]
struct Retry<'t> {
    piece: usize,
    rest: &'t str,
}

/// Matches the text with the pieces from that one on.
fn run<'p, 't>(text: &'t str, from: usize, pieces: impl Fn(usize) -> Option<Piece<'p>>) -> bool {
    let (mut at, mut rest) = (from, text);
    let (mut star, mut segment): (Option<Retry<'t>>, Option<Retry<'t>>) = (None, None);
    loop {
        let step = match pieces(at) {
            None if rest.is_empty() => return true,
            None => None,
            Some(Piece::Text(literal)) => rest.strip_prefix(literal),
            Some(Piece::One) => skip_one(rest),
            Some(Piece::SegmentOne) => skip_one(rest).filter(|_| !rest.starts_with(':')),
            Some(Piece::Star) => {
                if let Some(answer) = settle(rest, pieces(at + 1), || pieces(at + 2).is_none()) {
                    return answer;
                }
                star = Some(Retry { piece: at + 1, rest });
                segment = None;
                Some(rest)
            }
            Some(Piece::SegmentStar) => {
                segment = Some(Retry { piece: at + 1, rest });
                Some(rest)
            }
        };
        (at, rest) = match step {
            Some(rest) => (at + 1, rest),
            None => match again(&mut star, &mut segment, &pieces) {
                Some(retry) => (retry.piece, retry.rest),
                None => return false,
            },
        };
    }
}

/// A star as the last piece, or with only a text behind it, needs no search.
fn settle(rest: &str, next: Option<Piece<'_>>, is_end: impl Fn() -> bool) -> Option<bool> {
    match next {
        None => Some(true),
        Some(Piece::Text(literal)) if is_end() => Some(rest.ends_with(literal)),
        Some(_) => None,
    }
}

/// Lets the nearest star eat more. Where a text follows the star, straight to that text's next place.
fn again<'p, 't>(
    star: &mut Option<Retry<'t>>,
    segment: &mut Option<Retry<'t>>,
    pieces: &impl Fn(usize) -> Option<Piece<'p>>,
) -> Option<Retry<'t>> {
    if let Some(retry) = segment {
        if let Some(rest) = skip_one(retry.rest).filter(|_| !retry.rest.starts_with(':')) {
            retry.rest = rest;
            return Some(*retry);
        }
        *segment = None;
    }
    let retry = star.as_mut()?;
    let rest = skip_one(retry.rest)?;
    retry.rest = match pieces(retry.piece) {
        Some(Piece::Text(literal)) => rest.get(rest.find(literal)?..)?,
        _ => rest,
    };
    Some(*retry)
}

fn skip_one(text: &str) -> Option<&str> {
    let mut chars = text.chars();
    chars.next()?;
    Some(chars.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Context, NoFacts};

    fn check(style: Style, pattern: &str, yes: &[&str], no: &[&str]) {
        let glob = Glob::new(pattern, style, true);
        for text in yes {
            assert!(glob.matches(text, &NoFacts), "{pattern} {text}");
        }
        for text in no {
            assert!(!glob.matches(text, &NoFacts), "{pattern} {text}");
        }
    }

    #[test]
    fn free_wildcards_run_over_anything() {
        check(Style::Free, "*", &["", "a:b/c"], &[]);
        check(Style::Free, "a*", &["a", "a:b"], &["", "b"]);
        check(Style::Free, "a?c", &["abc", "aäc", "a:c"], &["ac", "abbc"]);
        check(Style::Free, "*a*b*", &["ab", "xaxbx", "aab"], &["ba", "b"]);
        check(Style::Free, "a*ab", &["aab", "aaab", "abab"], &["ab", "aba"]);
        check(Style::Free, "*aab", &["aaab"], &["aaba"]);
        check(Style::Free, "x?*", &["xa", "xab"], &["x"]);
    }

    #[test]
    fn segment_wildcards_stop_at_colons_unless_they_end_their_segment() {
        check(Style::Resource, "arn:aws:sqs:*", &["arn:aws:sqs:r:1:q"], &["arn:aws:sns:r:1:q"]);
        check(
            Style::Resource,
            "arn:aws:s3:us-*-1:1:x",
            &["arn:aws:s3:us-east-1:1:x"],
            &["arn:aws:s3:us-a:b-1:1:x"],
        );
        check(Style::Resource, "arn:aws:s3:*:1:x", &["arn:aws:s3:a:1:x", "arn:aws:s3:a:b:1:x"], &[]);
        check(
            Style::Resource,
            "arn:*:e*2:*:*:x",
            &["arn:aws:ec2:r:1:x", "arn:aws:z:ec2:r:1:x"],
            &["arn:aws:e:2:r:1:x"],
        );
        check(Style::Resource, "arn:aws:a:b:c:x?y*z", &["arn:aws:a:b:c:x:y:z"], &["arn:aws:a:b:c:x:y"]);
        check(Style::Segments, "arn:aws:s3:*:1:x*", &["arn:aws:s3:a:1:x:y"], &["arn:aws:s3:a:b:1:x"]);
    }

    #[test]
    fn variables_and_escapes_are_plain_text() {
        let facts = Context::new().with("k", "a*");
        let glob = Glob::new("${k}/${*}?", Style::Free, true);
        assert!(glob.matches("a*/*x", &facts));
        assert!(!glob.matches("ab/*x", &facts));
        assert!(!glob.matches("a*/xx", &facts));
        assert!(!glob.matches("a*/*x", &NoFacts));
        assert!(Glob::new("${k}", Style::Free, false).matches("${k}", &facts));
    }

    #[test]
    fn a_long_hostile_text_takes_no_long_time() {
        let text = "a".repeat(200_000);
        check(Style::Free, "*aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab*c", &[], &[&text]);
        check(Style::Free, "*a*a*a*a*a*a*a*b", &[], &[&text]);
    }
}
