//! Conditional requests: If-Match and its kin on reads, writes and the sources of copies (RFC 9110, section 13).

use rolecall_base::{Fault, Time};

use crate::fault;
use crate::records::Head;

/// The conditions of a read.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReadIf<'a> {
    pub matches: Option<&'a str>,
    pub none_match: Option<&'a str>,
    pub modified_since: Option<Time>,
    pub unmodified_since: Option<Time>,
}

fn names(list: &str, etag: &str) -> bool {
    list.split(',')
        .map(|item| item.trim().trim_start_matches("W/").trim_matches('"'))
        .any(|item| item == "*" || item == etag)
}

impl ReadIf<'_> {
    /// The condition that does not hold, if any, and whether it is one of those that mean "not modified".
    fn broken(&self, head: &Head) -> Option<(&'static str, bool)> {
        // HTTP's dates have no fraction of a second.
        let modified = head.modified.whole_seconds();
        match self.matches {
            Some(list) if !names(list, &head.etag) => return Some(("If-Match", false)),
            // If-Match that holds outweighs If-Unmodified-Since.
            None if self.unmodified_since.is_some_and(|since| modified > since) => {
                return Some(("If-Unmodified-Since", false));
            }
            _ => {}
        }
        match self.none_match {
            Some(list) if names(list, &head.etag) => Some(("If-None-Match", true)),
            None if self.modified_since.is_some_and(|since| modified <= since) => {
                Some(("If-Modified-Since", true))
            }
            _ => None,
        }
    }

    /// For GET and HEAD.
    ///
    /// # Errors
    /// PreconditionFailed, or status 304.
    pub fn check(&self, head: &Head) -> Result<(), Fault> {
        match self.broken(head) {
            None => Ok(()),
            Some((_, true)) => Err(fault::not_modified()),
            Some((condition, false)) => Err(fault::precondition_failed(condition)),
        }
    }

    /// For the source of a copy, where nothing is "not modified".
    ///
    /// # Errors
    /// PreconditionFailed.
    pub fn check_source(&self, head: &Head) -> Result<(), Fault> {
        self.broken(head).map_or(Ok(()), |(condition, _)| {
            Err(fault::precondition_failed(match condition {
                "If-Match" => "x-amz-copy-source-If-Match",
                "If-None-Match" => "x-amz-copy-source-If-None-Match",
                "If-Modified-Since" => "x-amz-copy-source-If-Modified-Since",
                _ => "x-amz-copy-source-If-Unmodified-Since",
            }))
        })
    }
}

/// Conditions of a write on what is there now.
///
/// # Errors
/// PreconditionFailed; NoSuchKey where If-Match meets nothing; NotImplemented for If-None-Match with anything but `*`.
pub fn check_write(
    if_match: Option<&str>,
    if_none_match: Option<&str>,
    key: &str,
    now: Option<&Head>,
) -> Result<(), Fault> {
    match (if_none_match, now) {
        (None, _) | (Some("*"), None) => {}
        (Some("*"), Some(_)) => return Err(fault::precondition_failed("If-None-Match")),
        (Some(_), _) => return Err(fault::header_not_implemented("If-None-Match")),
    }
    match (if_match, now) {
        (None, _) => Ok(()),
        (Some(_), None) => Err(fault::no_such_key(key)),
        (Some(list), Some(head)) if names(list, &head.etag) => Ok(()),
        (Some(_), Some(_)) => Err(fault::precondition_failed("If-Match")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checksum::{Algorithm, of};
    use crate::records::{Headers, Place};

    fn head() -> Head {
        Head {
            size: 1,
            etag: "abc".into(),
            modified: Time::from_millis(100_500),
            place: Place::Inline,
            checksum: of(Algorithm::Crc32, b"x"),
            headers: Headers::default(),
            tags: Default::default(),
        }
    }

    #[track_caller]
    fn check(conditions: ReadIf<'_>, status: u16) {
        assert_eq!(conditions.check(&head()).map_or_else(|fault| fault.status(), |()| 200), status);
    }

    #[test]
    fn reads_meet_their_conditions() {
        let at = |seconds| Some(Time::from_seconds(seconds));
        check(ReadIf { matches: Some("\"abc\""), ..ReadIf::default() }, 200);
        check(ReadIf { matches: Some("\"x\""), ..ReadIf::default() }, 412);
        check(ReadIf { none_match: Some("\"x\", \"abc\""), ..ReadIf::default() }, 304);
        check(ReadIf { none_match: Some("*"), ..ReadIf::default() }, 304);
        check(ReadIf { modified_since: at(100), ..ReadIf::default() }, 304);
        check(ReadIf { modified_since: at(99), ..ReadIf::default() }, 200);
        check(ReadIf { unmodified_since: at(99), ..ReadIf::default() }, 412);
        check(ReadIf { matches: Some("abc"), unmodified_since: at(99), ..ReadIf::default() }, 200);
        check(ReadIf { none_match: Some("x"), modified_since: at(100), ..ReadIf::default() }, 200);
    }

    #[test]
    fn writes_meet_their_conditions() {
        let code = |matches, none, now: Option<&Head>| {
            check_write(matches, none, "k", now)
                .map_or_else(|fault| fault.code().to_owned(), |()| "ok".into())
        };
        assert_eq!(code(None, Some("*"), None), "ok");
        assert_eq!(code(None, Some("*"), Some(&head())), "PreconditionFailed");
        assert_eq!(code(None, Some("abc"), Some(&head())), "NotImplemented");
        assert_eq!(code(Some("\"abc\""), None, Some(&head())), "ok");
        assert_eq!(code(Some("x"), None, Some(&head())), "PreconditionFailed");
        assert_eq!(code(Some("x"), None, None), "NoSuchKey");
    }
}
