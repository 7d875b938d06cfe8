//! The `Range` header of GET and HEAD, and `x-amz-copy-source-range`.

use rolecall_base::Fault;

use crate::fault;

/// Bytes `first` to `last`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub first: u64,
    pub last: u64,
}

impl Span {
    pub fn len(self) -> u64 {
        self.last.saturating_sub(self.first).saturating_add(1)
    }

    /// `bytes 0-99/1234`
    pub fn content_range(self, size: u64) -> String {
        format!("bytes {}-{}/{size}", self.first, self.last)
    }
}

/// What a `Range` header asks of an object. A header that is not one range of bytes is ignored, as HTTP says and as S3
/// does; so are several ranges.
///
/// # Errors
/// InvalidRange when no byte of the object is in the range.
pub fn requested(header: Option<&str>, size: u64) -> Result<Option<Span>, Fault> {
    let Some((header, spec)) = header.and_then(|h| Some((h, h.trim().strip_prefix("bytes=")?))) else {
        return Ok(None);
    };
    let Some((first, last)) = spec.split_once('-') else { return Ok(None) };
    let (first, last) = (first.trim(), last.trim());
    let end = size.saturating_sub(1);
    let span = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => Span { first, last: last.min(end) },
        (Ok(first), Err(_)) if last.is_empty() => Span { first, last: end },
        (Err(_), Ok(0)) if first.is_empty() => return Err(fault::invalid_range(header, size)),
        (Err(_), Ok(count)) if first.is_empty() => Span { first: size.saturating_sub(count), last: end },
        _ => return Ok(None),
    };
    if span.first >= size { Err(fault::invalid_range(header, size)) } else { Ok(Some(span)) }
}

/// What `x-amz-copy-source-range` asks of a source.
///
/// # Errors
/// InvalidArgument for anything but `bytes=first-last` within the source.
pub fn of_copy(header: Option<&str>, size: u64) -> Result<Option<Span>, Fault> {
    let Some(header) = header else { return Ok(None) };
    let numbers = header
        .strip_prefix("bytes=")
        .and_then(|spec| spec.split_once('-'))
        .and_then(|(first, last)| Some((first.parse::<u64>().ok()?, last.parse::<u64>().ok()?)))
        .filter(|(first, last)| first <= last);
    let Some((first, last)) = numbers else {
        let text = "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are \
                    the zero-based offsets of the first and last bytes to copy";
        return Err(fault::invalid_argument("x-amz-copy-source-range", header, text));
    };
    if last >= size {
        let text = format!("Range specified is not valid for source object of size: {size}");
        return Err(fault::invalid_argument("x-amz-copy-source-range", header, text));
    }
    Ok(Some(Span { first, last }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(header: &str, size: u64, expected: Option<(u64, u64)>) {
        let span = requested(Some(header), size).unwrap();
        assert_eq!(span.map(|span| (span.first, span.last)), expected);
    }

    #[test]
    fn ranges_are_cut_to_the_object() {
        check("bytes=0-4", 10, Some((0, 4)));
        check("bytes=5-", 10, Some((5, 9)));
        check("bytes=5-100", 10, Some((5, 9)));
        check("bytes=-3", 10, Some((7, 9)));
        check("bytes=-30", 10, Some((0, 9)));
    }

    #[test]
    fn headers_that_are_not_one_range_are_ignored() {
        check("bytes=4-2", 10, None);
        check("bytes=0-1,3-4", 10, None);
        check("lines=0-1", 10, None);
    }

    #[test]
    fn ranges_beyond_the_end_are_refused() {
        for header in ["bytes=10-", "bytes=10-12", "bytes=-0"] {
            let fault = requested(Some(header), 10).unwrap_err();
            assert_eq!((fault.code(), fault.status()), ("InvalidRange", 416), "{header}");
        }
        assert!(requested(Some("bytes=0-"), 0).is_err());
    }

    #[test]
    fn copies_name_both_ends_within_the_source() {
        assert_eq!(of_copy(Some("bytes=0-9"), 10).unwrap(), Some(Span { first: 0, last: 9 }));
        assert!(of_copy(Some("bytes=0-10"), 10).unwrap_err().message().ends_with("of size: 10"));
        assert!(of_copy(Some("0-5"), 10).is_err());
    }
}
