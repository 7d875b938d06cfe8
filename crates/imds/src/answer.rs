//! Answers: a status, headers, a body, and how far the packets may travel.

use bytes::Bytes;
use http::header::{ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_TYPE, SERVER};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

/// Echoed with each token, and with each answer that a token opened: seconds that are left to it.
pub const TTL: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token-ttl-seconds");

/// One HTTP answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// The IP TTL that the packets of this answer must have: the hop limit, for answers to PUT. `None` is the system's.
    pub ttl: Option<u8>,
}

impl Answer {
    pub fn text(body: impl Into<Bytes>) -> Answer {
        Answer::new(StatusCode::OK, "text/plain", body.into())
    }

    /// User data, which may be anything.
    pub fn octets(body: impl Into<Bytes>) -> Answer {
        Answer::new(StatusCode::OK, "application/octet-stream", body.into())
    }

    /// EC2's page for an error.
    pub fn error(status: StatusCode) -> Answer {
        Answer::new(status, "text/html", page(status).into())
    }

    fn new(status: StatusCode, kind: &'static str, body: Bytes) -> Answer {
        let mut headers = HeaderMap::with_capacity(5);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(ACCEPT_RANGES, HeaderValue::from_static("none"));
        headers.insert(SERVER, HeaderValue::from_static("EC2ws"));
        Answer { status, headers, body, ttl: None }
    }

    #[must_use]
    pub fn header(mut self, name: HeaderName, value: impl Into<HeaderValue>) -> Answer {
        self.headers.insert(name, value.into());
        self
    }

    /// The same without its body, as HEAD wants it.
    #[must_use]
    pub fn head_only(mut self) -> Answer {
        self.headers.insert(CONTENT_LENGTH, HeaderValue::from(self.body.len()));
        self.body = Bytes::new();
        self
    }
}

fn page(status: StatusCode) -> String {
    let title = format!("{} - {}", status.as_u16(), status.canonical_reason().unwrap_or("Error"));
    format!(
        r#"<?xml version="1.0" encoding="iso-8859-1"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"
	"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en">
 <head>
  <title>{title}</title>
 </head>
 <body>
  <h1>{title}</h1>
 </body>
</html>
"#
    )
}
