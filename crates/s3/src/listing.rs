//! Listing keys: prefix, delimiter, paging. What is emitted is what it costs: after a common prefix the scan goes on
//! behind all keys that have it.

use rolecall_base::Fault;
use rolecall_store::{Reader, Scan, Starts, Table};

/// The most entries of one page.
pub const PAGE: usize = 1000;

/// Tables that are listed by bucket and key.
pub trait Listed: Table {
    /// The key of a row in the bucket.
    fn name(key: &Self::Key) -> &str;
}

impl Listed for crate::records::Heads {
    fn name(key: &(String, String)) -> &str {
        &key.1
    }
}

impl Listed for crate::records::Uploads {
    fn name(key: &(String, String, String)) -> &str {
        &key.1
    }
}

/// Behind what a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum After<K> {
    Start,
    /// Behind this key. Unlike [`After::Prefix`], other keys of its common prefix still count.
    Key(K),
    /// Behind all keys that begin so.
    Prefix(String),
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Ask<'a, K> {
    pub bucket: &'a str,
    pub prefix: &'a str,
    /// Empty for none.
    pub delimiter: &'a str,
    pub after: After<K>,
    pub limit: usize,
}

/// One line of a listing.
pub enum Entry<T: Table> {
    Row(T::Key, T::Row),
    /// All keys that begin so.
    Prefix(String),
}

/// A page, and whether there is more.
pub struct Page<T: Table> {
    pub entries: Vec<Entry<T>>,
    pub truncated: bool,
}

/// The prefix that a key is rolled up into.
pub fn common_prefix<'k>(key: &'k str, prefix: &str, delimiter: &str) -> Option<&'k str> {
    if delimiter.is_empty() {
        return None;
    }
    let rest = key.get(prefix.len()..)?;
    let at = rest.find(delimiter)?;
    key.get(..prefix.len().saturating_add(at).saturating_add(delimiter.len()))
}

/// Lists a page.
pub fn page<T>(db: &Reader, ask: Ask<'_, T::Key>) -> Result<Page<T>, Fault>
where
    T: Listed,
    T::Key: rolecall_store::KeyParts<Owned = T::Key> + Clone,
    for<'p> Starts<'p, (&'p str,)>: rolecall_store::Prefix<T::Key>,
{
    let Ask { bucket, prefix, delimiter, mut after, limit } = ask;
    let mut entries = Vec::new();
    if limit == 0 {
        return Ok(Page { entries, truncated: false });
    }
    // Whoever folds wants few rows at a time, since most of a batch may lie under one prefix.
    let mut batch = if delimiter.is_empty() { limit.saturating_add(1) } else { 16 };
    loop {
        let scan = Scan::<T>::new(&Starts((bucket,), prefix)).limit(batch);
        let scan = match &after {
            After::Start => scan,
            After::Key(key) => scan.after(key),
            After::Prefix(folded) => scan.beyond(&Starts((bucket,), folded)),
        };
        let rows = db.run(&scan)?;
        let last = rows.len() < batch;
        let mut jumped = false;
        for (key, row) in rows {
            if entries.len() >= limit {
                return Ok(Page { entries, truncated: true });
            }
            if let Some(folded) = common_prefix(T::name(&key), prefix, delimiter) {
                let folded = folded.to_owned();
                after = After::Prefix(folded.clone());
                entries.push(Entry::Prefix(folded));
                jumped = true;
                break;
            }
            after = After::Key(key.clone());
            entries.push(Entry::Row(key, row));
        }
        if last && !jumped {
            return Ok(Page { entries, truncated: false });
        }
        batch = if jumped { 16 } else { batch.saturating_mul(4).min(PAGE.saturating_add(1)) };
    }
}

/// Percent-encoding as `encoding-type=url` has it: all but unreserved characters and `/`.
pub fn url_encoded(text: &str) -> String {
    const KEPT: &percent_encoding::AsciiSet =
        &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'*').remove(b'/');
    percent_encoding::utf8_percent_encode(text, KEPT).to_string()
}

/// How keys are shown.
#[derive(Clone, Copy, Debug)]
pub struct Encoding {
    url: bool,
}

impl Encoding {
    /// # Errors
    /// InvalidArgument for another word than `url`.
    pub fn of(asked: Option<&str>) -> Result<Encoding, Fault> {
        match asked {
            None => Ok(Encoding { url: false }),
            Some("url") => Ok(Encoding { url: true }),
            Some(other) => Err(crate::fault::invalid_argument(
                "encoding-type",
                other,
                "Invalid Encoding Method specified in Request",
            )),
        }
    }

    pub fn show(self, text: &str) -> String {
        if self.url { url_encoded(text) } else { text.to_owned() }
    }
}

/// How many entries a page may have.
///
/// # Errors
/// InvalidArgument for a negative number.
pub fn limit(asked: Option<i32>, name: &'static str) -> Result<usize, Fault> {
    let Some(asked) = asked else { return Ok(PAGE) };
    usize::try_from(asked).map(|asked| asked.min(PAGE)).map_err(|_| {
        let text = format!("Argument {name} must be an integer between 0 and 2147483647");
        crate::fault::invalid_argument(name, &asked.to_string(), text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_rolled_up_to_the_first_delimiter_behind_the_prefix() {
        assert_eq!(common_prefix("a/b/c", "", "/"), Some("a/"));
        assert_eq!(common_prefix("a/b/c", "a/", "/"), Some("a/b/"));
        assert_eq!(common_prefix("a/b", "a/", "/"), None);
        assert_eq!(common_prefix("a/b", "", ""), None);
        assert_eq!(common_prefix("aXXb", "a", "XX"), Some("aXX"));
    }

    #[test]
    fn url_encoding_keeps_what_s3_keeps() {
        assert_eq!(url_encoded("a b/ü+*.~"), "a%20b/%C3%BC%2B*.%7E");
    }
}
