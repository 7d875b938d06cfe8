//! Lists in pages: `NextToken`, `MaxResults`.
//!
//! A token is the base 64 of where the next page begins (after which item), so a list that changes between two pages
//! neither repeats nor skips what stayed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rolecall_base::Fault;

use crate::refusal::invalid;

/// Items of a page where the request does not say; also the most that it may say.
const DEFAULT: usize = 20;

/// Where a page begins and how long it may be.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    after: Option<String>,
    limit: usize,
}

/// One page, and the token of the next one.
pub(crate) type Page<T> = (Vec<T>, Option<String>);

impl Window {
    /// # Errors
    /// InvalidInputException for a token that no page gave.
    pub fn new(token: Option<&str>, max_results: Option<i32>) -> Result<Window, Fault> {
        let after = token.map(decode).transpose()?;
        let limit = max_results.and_then(|max| usize::try_from(max).ok()).unwrap_or(DEFAULT);
        Ok(Window { after, limit: limit.clamp(1, DEFAULT) })
    }

    /// A page of all items, each with the key that they are in order of. `show` is asked for those of the page only.
    pub fn cut<K, T>(
        &self,
        items: impl IntoIterator<Item = (String, K)>,
        mut show: impl FnMut(K) -> Result<T, Fault>,
    ) -> Result<Page<T>, Fault> {
        let mut page = Vec::new();
        let mut last = String::new();
        for (key, item) in items {
            if self.after.as_ref().is_some_and(|after| key <= *after) {
                continue;
            }
            if page.len() == self.limit {
                return Ok((page, Some(URL_SAFE_NO_PAD.encode(last))));
            }
            page.push(show(item)?);
            last = key;
        }
        Ok((page, None))
    }
}

fn decode(token: &str) -> Result<String, Fault> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok();
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| invalid("INVALID_NEXT_TOKEN", "You provided an invalid NextToken value."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letters() -> Vec<(String, char)> {
        "abcde".chars().map(|letter| (letter.to_string(), letter)).collect()
    }

    #[test]
    fn pages_follow_each_other_without_gap_or_repetition() {
        let (first, token) = Window::new(None, Some(2)).unwrap().cut(letters(), Ok).unwrap();
        assert_eq!(first, ['a', 'b']);
        let (second, token) = Window::new(token.as_deref(), Some(3)).unwrap().cut(letters(), Ok).unwrap();
        assert_eq!((second, token), (vec!['c', 'd', 'e'], None));
    }

    #[test]
    fn a_token_that_no_page_gave_is_refused() {
        assert_eq!(Window::new(Some("%%%"), None).unwrap_err().code(), "InvalidInputException");
    }
}
