//! Which service a request is for, and where its S3 bucket is written.
//!
//! The credential scope names the service. Unsigned requests are S3's, but for forms with an `Action`: these are for the
//! query service that knows the action, which takes them (AssumeRoleWithWebIdentity) or refuses them in its own words.

use std::borrow::Cow;

use http::HeaderMap;
use rolecall_door::{Front, Request};
use rolecall_wire::Protocol;

/// The services of this server by the name in the credential scope.
#[derive(Debug)]
pub struct Fronts {
    fronts: Vec<Front>,
}

impl Fronts {
    pub fn new(fronts: Vec<Front>) -> Fronts {
        Fronts { fronts }
    }

    /// A service by its signing name.
    pub fn get(&self, service: &str) -> Option<&Front> {
        self.fronts.iter().find(|front| front.service().name == service)
    }

    /// The service that an `X-Amz-Target` header names: how JSON services tell without a signature.
    pub fn targeted(&self, headers: &HeaderMap) -> Option<&'static str> {
        let target = headers.get("x-amz-target").and_then(|value| value.to_str().ok())?;
        let (prefix, _) = target.rsplit_once('.').filter(|(prefix, _)| !prefix.is_empty())?;
        let front = self.fronts.iter().find(|front| front.service().target_prefix == prefix);
        front.map(|front| front.service().name)
    }

    /// The query service that knows the action of an unsigned form.
    pub fn knowing(&self, request: &Request) -> Option<&Front> {
        let mut query = self.fronts.iter().filter(|front| front.service().protocol == Protocol::Query);
        query.find(|front| front.knows(request))
    }

    /// All of them.
    pub fn all(&self) -> &[Front] {
        &self.fronts
    }
}

/// Whether a request says that it is signed.
pub fn is_signed(query: &str, headers: &HeaderMap) -> bool {
    scope(query, headers).is_some()
}

/// The signing name that a request bears or, unsigned, looks like; `iam` stands for any query service.
pub fn service<'a>(method: &str, path: &str, query: &'a str, headers: &'a HeaderMap) -> Cow<'a, str> {
    if path.starts_with("/_rolecall/") {
        return Cow::Borrowed("rolecall");
    }
    if let Some(service) = scope(query, headers).and_then(|scope| scope.split('/').nth(3).map(str::to_owned))
    {
        return Cow::Owned(service);
    }
    let form = headers
        .get(http::header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
    let action = query.split('&').any(|pair| pair.starts_with("Action="));
    Cow::Borrowed(if action || (form && method == "POST" && path == "/") { "iam" } else { "s3" })
}

/// `AKID/date/region/service/aws4_request`, of the header or the query.
fn scope<'a>(query: &'a str, headers: &'a HeaderMap) -> Option<Cow<'a, str>> {
    let header = headers.get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if let Some(text) = header {
        let rest = text.split_once("Credential=")?.1;
        return Some(Cow::Borrowed(rest.split([',', ' ']).next().unwrap_or(rest)));
    }
    let pair = query.split('&').find_map(|pair| pair.strip_prefix("X-Amz-Credential="))?;
    Some(Cow::Owned(pair.replace("%2F", "/").replace("%2f", "/")))
}

/// The bucket that a host name begins with: `BUCKET.s3.…` or `BUCKET.localhost`.
pub fn bucket_of_host(host: &str) -> Option<&str> {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    if name.parse::<std::net::IpAddr>().is_ok() || name.starts_with('[') {
        return None;
    }
    for mark in [".s3.", ".s3-"] {
        if let Some(at) = name.find(mark) {
            return name.get(..at).filter(|bucket| !bucket.is_empty());
        }
    }
    name.strip_suffix(".localhost").filter(|bucket| !bucket.is_empty() && *bucket != "s3")
}

/// The path with the bucket of the host name put in front.
pub fn path_style(host: Option<&str>, path: &str) -> String {
    match host.and_then(bucket_of_host) {
        Some(bucket) => format!("/{bucket}{path}"),
        None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_found_in_its_virtual_host() {
        for (host, bucket) in [
            ("photos.s3.localhost:4566", Some("photos")),
            ("photos.localhost:4566", Some("photos")),
            ("a.b.s3.us-east-1.amazonaws.com", Some("a.b")),
            ("photos.s3-eu-west-1.amazonaws.com", Some("photos")),
            ("s3.localhost:4566", None),
            ("localhost:4566", None),
            ("127.0.0.1:4566", None),
            ("[::1]:4566", None),
            ("rolecall.example", None),
        ] {
            assert_eq!(bucket_of_host(host), bucket, "{host}");
        }
        assert_eq!(path_style(Some("photos.localhost"), "/a/b"), "/photos/a/b");
    }

    #[test]
    fn the_credential_scope_names_the_service() {
        let mut headers = HeaderMap::new();
        assert_eq!(service("GET", "/b/k", "", &headers), "s3");
        assert_eq!(service("GET", "/", "Action=ListUsers", &headers), "iam");
        let query = "X-Amz-Credential=AKIA%2F20260101%2Fus-east-1%2Fsts%2Faws4_request";
        assert_eq!(service("GET", "/", query, &headers), "sts");
        let text = "AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/ec2/aws4_request, SignedHeaders=host";
        headers.insert("authorization", text.parse().unwrap());
        assert_eq!(service("POST", "/", "", &headers), "ec2");
        assert_eq!(service("POST", "/_rolecall/reset", "", &headers), "rolecall");
    }
}
