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
    /// From where to where each statement stands, in their order.
    ///
    /// AWS tells how far its parser had read. So a statement of a list begins right behind the list's bracket or the
    /// statement before it, one that stands alone right behind its own brace; each ends behind its last brace. Public
    /// recordings of simulations show it. Reads the whole text: for answers, not for decisions.
    pub fn statement_positions(&self) -> Vec<(Position, Position)> {
        let spans =
            (0..self.statement_count()).filter_map(|index| Some((index, self.statement_span(index)?)));
        let ends: Vec<(usize, usize)> =
            spans.map(|(index, span)| (self.begin(index, &span), span.end)).collect();
        let mut asked: Vec<usize> = ends.iter().flat_map(|(begin, end)| [*begin, *end]).collect();
        asked.sort_unstable();
        let found = places(self.text(), &asked);
        let place = |at: usize| asked.binary_search(&at).ok().and_then(|index| found.get(index).copied());
        ends.into_iter().filter_map(|(begin, end)| Some((place(begin)?, place(end)?))).collect()
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

/// The positions of some offsets, which are in order. A line ends with a line feed, a carriage return, or both in this
/// order.
fn places(text: &str, asked: &[usize]) -> Vec<Position> {
    let (mut line, mut column, mut returned) = (1, 1, false);
    let mut found = Vec::with_capacity(asked.len());
    for (offset, char) in text.char_indices() {
        while asked.get(found.len()).is_some_and(|at| *at <= offset) {
            found.push(Position { line, column });
        }
        match char {
            '\n' if returned => {}
            '\n' | '\r' => (line, column) = (line + 1, 1),
            _ => column += 1,
        }
        returned = char == '\r';
    }
    found.resize(asked.len(), Position { line, column });
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    fn positions(text: &str) -> Vec<[usize; 4]> {
        let policy = Policy::load(text, Kind::Identity).unwrap();
        let all = policy.statement_positions().into_iter();
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
