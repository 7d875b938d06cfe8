//! `MaxResults` and `NextToken` of the Describe operations.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rolecall_base::Fault;

use crate::faults;

/// The part of a listing that one answer holds.
#[derive(Debug)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Where the next one goes on.
    pub next: Option<String>,
}

/// What the caller asked for.
#[derive(Clone, Copy, Debug)]
pub struct Turn<'a> {
    pub token: Option<&'a str>,
    pub max: Option<i32>,
    /// The least and greatest `MaxResults` of the operation.
    pub least: i32,
    pub greatest: i32,
}

impl<'a> Turn<'a> {
    /// The usual limits of EC2: 5 to 1,000.
    pub fn new(token: Option<&'a str>, max: Option<i32>) -> Turn<'a> {
        Turn { token, max, least: 5, greatest: 1000 }
    }

    /// Cuts the page out of a listing, in the order of its keys.
    ///
    /// # Errors
    /// InvalidParameterValue for a size outside the limits, InvalidNextToken for a token that is none of ours.
    pub fn cut<T>(self, mut items: Vec<T>, key: impl Fn(&T) -> String) -> Result<Page<T>, Fault> {
        items.sort_by_cached_key(|item| key(item));
        if let Some(token) = self.token {
            let after = open(token)?;
            items.retain(|item| key(item) > after);
        }
        let Some(max) = self.max.filter(|max| *max != 0) else { return Ok(Page { items, next: None }) };
        if max < self.least {
            let why = format!("Expecting a value greater than {}.", self.least);
            return Err(faults::invalid_value(format!(" {max} "), "maxResults", &why));
        }
        let max = usize::try_from(max.min(self.greatest)).unwrap_or(0);
        let more = items.len() > max;
        items.truncate(max);
        let next = items.last().filter(|_| more).map(|item| URL_SAFE_NO_PAD.encode(key(item)));
        Ok(Page { items, next })
    }
}

fn open(token: &str) -> Result<String, Fault> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok();
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(|| {
        faults::other("InvalidNextToken", format!("The specified NextToken value '{token}' is not valid"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_without_gap_or_overlap() {
        let all: Vec<u32> = (100..112).collect();
        let key = |n: &u32| n.to_string();
        let (mut token, mut seen) = (None::<String>, Vec::new());
        loop {
            let page = Turn::new(token.as_deref(), Some(5)).cut(all.clone(), key).unwrap();
            seen.extend(page.items);
            token = page.next;
            if token.is_none() {
                break;
            }
        }
        assert_eq!(seen, all);
        assert_eq!(Turn::new(Some("%"), None).cut(all.clone(), key).unwrap_err().code(), "InvalidNextToken");
        assert_eq!(Turn::new(None, Some(4)).cut(all, key).unwrap_err().code(), "InvalidParameterValue");
    }
}
