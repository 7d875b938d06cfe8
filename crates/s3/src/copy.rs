//! The source of a copy: `x-amz-copy-source`, and reading it with its conditions.

use percent_encoding::percent_decode_str;
use rolecall_base::Fault;

use crate::fault;
use crate::object;

/// A source by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub bucket: String,
    pub key: String,
}

impl Source {
    /// Reads `bucket/key` or `/bucket/key`, percent-encoded, with or without `?versionId=`.
    ///
    /// # Errors
    /// InvalidArgument for what is none; NoSuchVersion and the like for versions.
    pub fn parse(header: &str) -> Result<Source, Fault> {
        let invalid = |text: &str| fault::invalid_argument("x-amz-copy-source", header, text);
        let (path, version) = match header.split_once("?versionId=") {
            Some((path, version)) => (path, Some(version)),
            None => (header, None),
        };
        let path = percent_decode_str(path).decode_utf8().map_err(|_| {
            invalid("Copy Source must mention the source bucket and key: sourcebucket/sourcekey")
        })?;
        if path.starts_with("arn:") {
            return Err(fault::header_not_implemented("x-amz-copy-source"));
        }
        let named = path.strip_prefix('/').unwrap_or(&path).split_once('/');
        let Some((bucket, key)) = named.filter(|(bucket, key)| !bucket.is_empty() && !key.is_empty()) else {
            return Err(invalid(
                "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
            ));
        };
        object::check_version(version, key)?;
        Ok(Source { bucket: bucket.to_owned(), key: key.to_owned() })
    }

    /// As the condition key `s3:x-amz-copy-source` has it.
    pub fn text(&self) -> String {
        format!("{}/{}", self.bucket, self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_read_with_and_without_a_slash() {
        let source = Source { bucket: "b".into(), key: "a b/c".into() };
        assert_eq!(Source::parse("/b/a%20b/c").unwrap(), source);
        assert_eq!(Source::parse("b/a b/c").unwrap(), source);
        assert_eq!(Source::parse("b/a b/c?versionId=null").unwrap(), source);
        for wrong in ["b", "/b/", "", "b/k?versionId=1"] {
            assert_eq!(Source::parse(wrong).unwrap_err().code(), "InvalidArgument", "{wrong}");
        }
    }
}
