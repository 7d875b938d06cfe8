//! Lists in pages. A token is the base 64 of the item that the page before it ended with, so a list that changes between
//! two pages neither repeats nor skips what stayed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rolecall_base::Fault;

use crate::model::fault;

/// Where a page begins, and how long it may be.
#[derive(Clone, Debug)]
pub(crate) struct Turn {
    pub after: Option<String>,
    pub limit: usize,
}

impl Turn {
    /// # Errors
    /// InvalidNextToken for a token that no page gave.
    pub fn new(token: Option<&str>, asked: Option<i32>, most: usize) -> Result<Turn, Fault> {
        let decode = |token: &str| {
            let bytes = URL_SAFE_NO_PAD.decode(token).ok();
            let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
            text.ok_or_else(|| fault::invalid_next_token("The specified token isn't valid."))
        };
        let after = token.filter(|token| !token.is_empty()).map(decode).transpose()?;
        let limit = asked.and_then(|asked| usize::try_from(asked).ok()).unwrap_or(most).clamp(1, most);
        Ok(Turn { after, limit })
    }

    /// The token of the page after this item.
    pub fn token(last: &str) -> String {
        URL_SAFE_NO_PAD.encode(last)
    }
}
