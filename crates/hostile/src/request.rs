//! A request as text that a fuzzer can cut anywhere: a line `WHICH METHOD PATH?QUERY`, headers, an empty line, the body.

use http::{HeaderMap, HeaderName, HeaderValue};

pub(crate) struct Request<'a> {
    /// A service, or the number of a codec.
    pub which: &'a str,
    pub method: &'a str,
    pub path: &'a str,
    pub query: &'a str,
    pub headers: HeaderMap,
    pub body: &'a [u8],
}

impl<'a> Request<'a> {
    /// `None` for what no HTTP server would hand on.
    pub fn read(data: &'a [u8]) -> Option<Request<'a>> {
        let end = data.windows(2).position(|pair| pair == b"\n\n");
        let (head, body) = match end {
            Some(at) => (data.get(..at)?, data.get(at + 2..)?),
            None => (data, &[][..]),
        };
        // HTTP's own parser refuses a target that is not ASCII; headers may have any bytes.
        let mut lines = head.split(|byte| *byte == b'\n');
        let first = std::str::from_utf8(lines.next()?).ok().filter(|line| line.is_ascii())?;
        let mut words = first.splitn(3, ' ');
        let (which, method, target) = (words.next()?, words.next()?, words.next()?);
        if !target.starts_with('/') || target.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
            return None;
        }
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut headers = HeaderMap::new();
        for line in lines.take(64) {
            let at = line.iter().position(|byte| *byte == b':')?;
            let (name, value) = (line.get(..at)?, line.get(at + 1..)?);
            let value = HeaderValue::from_bytes(value.trim_ascii()).ok()?;
            headers.append(HeaderName::from_bytes(name).ok()?, value);
        }
        Some(Request { which, method, path, query, headers, body })
    }
}

/// The text of a request.
pub(crate) fn text(
    which: &str,
    method: &str,
    target: &str,
    headers: &[(String, String)],
    body: &str,
) -> Vec<u8> {
    let mut out = format!("{which} {method} {target}\n");
    for (name, value) in headers {
        out.push_str(&format!("{name}: {value}\n"));
    }
    format!("{out}\n{body}").into_bytes()
}
