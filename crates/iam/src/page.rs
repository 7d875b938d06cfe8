//! Lists in pages: `Marker`, `MaxItems`, `IsTruncated`.
//!
//! A marker is the base 64 of where the next page begins (after which key), so a list that changes between two pages
//! neither repeats nor skips what stayed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rolecall_base::Fault;
use rolecall_store::{Prefix, Reader, Table};

/// Items of a page where the request does not say.
const DEFAULT: usize = 100;
/// Rows that are read at a time where a filter may drop some.
const CHUNK: usize = 256;

/// Where a page begins and how long it may be.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    pub after: Option<String>,
    pub limit: usize,
}

/// One page.
#[derive(Clone, Debug)]
pub(crate) struct Page<T> {
    pub items: Vec<T>,
    /// Where the next page begins; `None` on the last one.
    pub marker: Option<String>,
}

impl Window {
    /// # Errors
    /// ValidationError for a marker that no page gave.
    pub fn new(marker: Option<&str>, max_items: Option<i32>) -> Result<Window, Fault> {
        let after = marker.map(decode).transpose()?;
        let limit = max_items.and_then(|max| usize::try_from(max).ok()).unwrap_or(DEFAULT).max(1);
        Ok(Window { after, limit })
    }

    /// A page of what is at hand, in the order of its keys.
    pub fn cut<T>(&self, items: impl IntoIterator<Item = (String, T)>) -> Page<T> {
        let mut rows = Rows::new(self.limit);
        for (key, item) in items {
            if self.after.as_ref().is_some_and(|after| key <= *after) {
                continue;
            }
            if !rows.push(key, item) {
                break;
            }
        }
        rows.finish()
    }

    /// A page of a table's rows whose keys begin with `prefix`. `key` makes a key from its last part and `last` takes
    /// that from it; `keep` makes the item, or drops the row.
    pub fn scan<T: Table, I>(
        &self,
        db: &Reader,
        prefix: &impl Prefix<T::Key>,
        key: impl Fn(String) -> T::Key,
        last: impl Fn(&T::Key) -> String,
        mut keep: impl FnMut(&T::Key, T::Row) -> Result<Option<I>, Fault>,
    ) -> Result<Page<I>, Fault> {
        let mut rows = Rows::new(self.limit);
        let mut after = self.after.clone().map(key);
        loop {
            let chunk = db.scan::<T>(prefix, after.as_ref(), CHUNK)?;
            let full = chunk.len() == CHUNK;
            for (key, row) in chunk {
                let text = last(&key);
                if let Some(item) = keep(&key, row)?
                    && !rows.push(text, item)
                {
                    return Ok(rows.finish());
                }
                after = Some(key);
            }
            if !full {
                return Ok(rows.finish());
            }
        }
    }
}

/// A page under construction.
pub(crate) struct Rows<T> {
    items: Vec<T>,
    last: String,
    limit: usize,
    more: bool,
}

impl<T> Rows<T> {
    pub fn new(limit: usize) -> Rows<T> {
        Rows { items: Vec::new(), last: String::new(), limit, more: false }
    }

    /// Adds an item; `false` when the page is full and this one is the next page's.
    pub fn push(&mut self, key: String, item: T) -> bool {
        if self.items.len() == self.limit {
            self.more = true;
            return false;
        }
        self.last = key;
        self.items.push(item);
        true
    }

    pub fn finish(self) -> Page<T> {
        let marker = self.more.then(|| URL_SAFE_NO_PAD.encode(self.last));
        Page { items: self.items, marker }
    }
}

impl<T> Page<T> {
    pub fn is_truncated(&self) -> Option<bool> {
        Some(self.marker.is_some())
    }
}

fn decode(marker: &str) -> Result<String, Fault> {
    let bytes = URL_SAFE_NO_PAD.decode(marker).ok();
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| Fault::validation(format!("Invalid Marker: {marker}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letters() -> Vec<(String, char)> {
        "abcde".chars().map(|letter| (letter.to_string(), letter)).collect()
    }

    #[test]
    fn pages_follow_each_other_without_gap_or_repetition() {
        let first = Window::new(None, Some(2)).unwrap().cut(letters());
        assert_eq!((first.items.clone(), first.is_truncated()), (vec!['a', 'b'], Some(true)));
        let second = Window::new(first.marker.as_deref(), Some(3)).unwrap().cut(letters());
        assert_eq!((second.items, second.marker), (vec!['c', 'd', 'e'], None));
    }

    #[test]
    fn a_marker_that_no_page_gave_is_refused() {
        assert_eq!(Window::new(Some("%%%"), None).unwrap_err().code(), "ValidationError");
    }
}
