//! Where a statement stands in its document, in lines and columns as AWS's simulations count them.

use std::ops::Range;

use crate::Policy;

/// A place in a text: between two characters, by line and column, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

impl Policy {
    /// From where to where a statement stands; `None` past the last one.
    ///
    /// AWS tells how far its parser had read. So a statement of a list begins right behind the list's bracket or the
    /// statement before it, one that stands alone right behind its own brace; each ends behind its last brace. Public
    /// recordings of simulations show it. Reads the text from its start: for answers, not for decisions.
    pub fn statement_position(&self, index: usize) -> Option<(Position, Position)> {
        let span = self.statement_span(index)?;
        let text = self.text();
        Some((place(text, self.begin(index, &span)), place(text, span.end)))
    }

    fn begin(&self, index: usize, span: &Range<usize>) -> usize {
        let before = self.text().get(..span.start).unwrap_or_default().trim_end();
        match before.as_bytes().last() {
            Some(b'[') => before.len(),
            Some(b',') => index
                .checked_sub(1)
                .and_then(|former| self.statement_span(former))
                .map_or(span.start, |former| former.end),
            _ => span.start + 1,
        }
    }
}

/// A line ends with a line feed, a carriage return, or both in this order.
fn place(text: &str, at: usize) -> Position {
    let (mut line, mut column, mut returned) = (1, 1, false);
    for char in text.get(..at).unwrap_or(text).chars() {
        match char {
            '\n' if returned => {}
            '\n' | '\r' => (line, column) = (line + 1, 1),
            _ => column += 1,
        }
        returned = char == '\r';
    }
    Position { line, column }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    fn positions(text: &str) -> Vec<[usize; 4]> {
        let policy = Policy::load(text, Kind::Identity).unwrap();
        let all = (0..policy.statement_count()).map(|index| policy.statement_position(index).unwrap());
        all.map(|(start, end)| [start.line, start.column, end.line, end.column]).collect()
    }

    #[test]
    fn positions_are_those_that_aws_was_seen_to_answer() {
        let single = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*","Condition":{"DateGreaterThan":{"aws:CurrentTime":"2018-08-16T12:00:00Z"}}}}"#;
        assert_eq!(positions(single), [[1, 38, 1, 167]]);
        let administrator = "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\n      \"Effect\": \"Allow\",\n      \"Action\": \"*\",\n      \"Resource\": \"*\"\n    }\n  ]\n}";
        assert_eq!(positions(administrator), [[3, 17, 8, 6]]);
    }

    #[test]
    fn a_statement_of_a_list_begins_where_the_one_before_it_ends() {
        let statement = r#"{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}"#;
        let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{statement}, {statement}]}}"#);
        let length = statement.len();
        assert_eq!(positions(&text), [[1, 41, 1, 41 + length], [1, 41 + length, 1, 43 + 2 * length]]);
    }

    #[test]
    fn a_line_may_end_in_any_of_three_ways() {
        for end in ["\n", "\r\n", "\r"] {
            let text = format!(
                r#"{{"Statement":{end}[{end} {{"Effect":"Deny","Action":"*",{end}"Resource":"*"}} ]}}"#
            );
            assert_eq!(positions(&text), [[2, 2, 4, 16]], "{end:?}");
        }
    }
}
