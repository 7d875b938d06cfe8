//! Finds, among many texts, all that a given text begins with, in time linear in that text.
//!
//! A radix tree in flat arrays: the children of a node stand side by side, so that a lookup touches few cache lines.

use std::ops::{ControlFlow, Range};

/// A map from texts to numbers; several numbers may share a text.
#[derive(Debug, Default)]
pub(crate) struct Trie {
    nodes: Box<[Node]>,
    /// First byte of each node's label, beside the nodes for a dense search.
    firsts: Box<[u8]>,
    labels: Box<[u8]>,
    values: Box<[u32]>,
}

#[derive(Debug)]
struct Node {
    label: Range<u32>,
    values: Range<u32>,
    children: Range<u32>,
}

impl Trie {
    pub fn new(mut items: Vec<(&str, u32)>) -> Trie {
        // Stable, so that values of one text keep their order.
        items.sort_by_key(|(key, _)| *key);
        let mut builder = Builder::default();
        builder.push(&items, 0);
        let mut at = 0;
        while let Some((range, depth)) = builder.pending.get(at).cloned() {
            builder.expand(at, items.get(range).unwrap_or_default(), depth);
            at += 1;
        }
        Trie {
            nodes: builder.nodes.into(),
            firsts: builder.firsts.into(),
            labels: builder.labels.into(),
            values: builder.values.into(),
        }
    }

    /// Visits the values of every text that `text` begins with, shortest first, until `visit` breaks.
    pub fn visit<B>(&self, text: &[u8], visit: impl FnMut(u32) -> ControlFlow<B>) -> Option<B> {
        self.walk(text, |byte| byte, |text, label| text.strip_prefix(label), visit)
    }

    /// As [`Trie::visit`], where the keys are in ASCII lower case and `text` is in any.
    pub fn visit_folded<B>(&self, text: &[u8], visit: impl FnMut(u32) -> ControlFlow<B>) -> Option<B> {
        self.walk(text, |byte| byte.to_ascii_lowercase(), strip_folded, visit)
    }

    #[inline]
    fn walk<'t, B>(
        &self,
        text: &'t [u8],
        fold: impl Fn(u8) -> u8,
        strip: impl Fn(&'t [u8], &[u8]) -> Option<&'t [u8]>,
        mut visit: impl FnMut(u32) -> ControlFlow<B>,
    ) -> Option<B> {
        let mut node = self.nodes.first()?;
        let mut rest = text;
        loop {
            // Empty labels are common (`*`). Comparing with one is not free: an empty slice may point nowhere, and the
            // masked load of a vectorized memcmp at such an address costs some fifty nanoseconds.
            if !node.label.is_empty() {
                rest = strip(rest, self.labels.get(wide(&node.label))?)?;
            }
            for value in self.values.get(wide(&node.values))? {
                if let ControlFlow::Break(found) = visit(*value) {
                    return Some(found);
                }
            }
            let byte = fold(*rest.first()?);
            let children = wide(&node.children);
            let offset = self.firsts.get(children.clone())?.iter().position(|first| *first == byte)?;
            node = self.nodes.get(children.start + offset)?;
        }
    }
}

fn strip_folded<'t>(text: &'t [u8], label: &[u8]) -> Option<&'t [u8]> {
    let (head, rest) = text.split_at_checked(label.len())?;
    head.iter().zip(label).all(|(a, b)| a.to_ascii_lowercase() == *b).then_some(rest)
}

fn wide(range: &Range<u32>) -> Range<usize> {
    range.start as usize..range.end as usize
}

/// Sizes are bounded by the policies' text, far below 2³².
fn narrow(range: Range<usize>) -> Range<u32> {
    let end = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    end(range.start)..end(range.end)
}

#[derive(Default)]
struct Builder {
    nodes: Vec<Node>,
    firsts: Vec<u8>,
    labels: Vec<u8>,
    values: Vec<u32>,
    /// The items below each node, by its position, and how much of their keys the path to it has used.
    pending: Vec<(Range<usize>, usize)>,
}

impl Builder {
    /// Adds the node for all items; its position is that of its pending work.
    fn push(&mut self, items: &[(&str, u32)], from: usize) {
        self.add(items, from, 0);
    }

    fn add(&mut self, items: &[(&str, u32)], from: usize, depth: usize) {
        let (first, last) = (tail(items.first(), depth), tail(items.last(), depth));
        // Sorted: what the first and the last share, all share.
        let shared = first.iter().zip(last).take_while(|(a, b)| a == b).count();
        let start = self.labels.len();
        self.labels.extend(first.iter().take(shared));
        self.firsts.push(first.first().copied().unwrap_or_default());
        self.nodes.push(Node { label: narrow(start..self.labels.len()), values: 0..0, children: 0..0 });
        self.pending.push((from..from + items.len(), depth + shared));
    }

    /// Fills in a node's values and children.
    fn expand(&mut self, at: usize, items: &[(&str, u32)], depth: usize) {
        let base = self.pending.get(at).map_or(0, |(range, _)| range.start);
        let ending = items.iter().take_while(|(key, _)| key.len() == depth).count();
        let values = self.values.len();
        self.values.extend(items.iter().take(ending).map(|(_, value)| value));
        let children = self.nodes.len();
        let byte = |item: &(&str, u32)| item.0.as_bytes().get(depth).copied();
        let mut from = base + ending;
        for group in items.get(ending..).unwrap_or_default().chunk_by(|a, b| byte(a) == byte(b)) {
            self.add(group, from, depth);
            from += group.len();
        }
        let end = self.nodes.len();
        if let Some(node) = self.nodes.get_mut(at) {
            node.values = narrow(values..self.values.len());
            node.children = narrow(children..end);
        }
    }
}

fn tail<'s>(item: Option<&(&'s str, u32)>, depth: usize) -> &'s [u8] {
    item.and_then(|(key, _)| key.as_bytes().get(depth..)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(keys: &[&str], text: &str, expected: &[u32]) {
        let items = keys.iter().enumerate().map(|(at, key)| (*key, u32::try_from(at).unwrap())).collect();
        let mut found = Vec::new();
        let none: Option<()> = Trie::new(items).visit(text.as_bytes(), |value| {
            found.push(value);
            ControlFlow::Continue(())
        });
        assert!(none.is_none());
        assert_eq!(found, expected, "{keys:?} {text}");
    }

    #[test]
    fn every_key_that_the_text_begins_with_is_found() {
        let keys = ["s3:get", "", "s3:", "s3:getobject", "ec2:", "s3:", "s3:put", "s3:gex"];
        check(&keys, "s3:getobject", &[1, 2, 5, 0, 3]);
        check(&keys, "s3:ge", &[1, 2, 5]);
        check(&keys, "ec2:run", &[1, 4]);
        check(&keys, "", &[1]);
        check(&[], "x", &[]);
        check(&["ab", "ab"], "abc", &[0, 1]);
        check(&["ab"], "a", &[]);
        check(&["ä", "ö"], "öx", &[1]);
    }
}
