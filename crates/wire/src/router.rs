//! Which operation a request asks for.

use std::collections::HashMap;

use rolecall_base::Fault;

use crate::message::pairs;
use crate::{Message, Protocol, Route, Service};

/// The operations of one service, each with what the caller keeps for it.
#[derive(Debug)]
pub struct Router<T> {
    service: &'static Service,
    named: HashMap<&'static str, T>,
    paths: Vec<PathRow<T>>,
}

#[derive(Debug)]
struct PathRow<T> {
    route: &'static Route,
    parts: Vec<Part>,
    /// Query literals of the template, without `x-id`, which only tells people apart.
    literals: Vec<(&'static str, Option<&'static str>)>,
    value: T,
}

#[derive(Debug)]
enum Part {
    Literal(&'static str),
    Label,
    Rest,
}

impl<T> Router<T> {
    /// A router over a service's operations, those that are implemented and those that are only known.
    pub fn new(service: &'static Service, rows: impl IntoIterator<Item = (&'static Route, T)>) -> Router<T> {
        let mut router = Router { service, named: HashMap::new(), paths: Vec::new() };
        let by_path = matches!(service.protocol, Protocol::RestJson | Protocol::RestXml);
        for (route, value) in rows {
            if by_path {
                router.paths.push(path_row(route, value));
            } else {
                router.named.insert(route.operation, value);
            }
        }
        router
    }

    pub fn service(&self) -> &'static Service {
        self.service
    }

    /// The row of the operation that a request names.
    ///
    /// # Errors
    /// The protocol's fault for a request that names none, or one that the service does not have.
    pub fn find(&self, m: &Message<'_>) -> Result<&T, Fault> {
        match self.service.protocol {
            Protocol::Query | Protocol::Ec2 => self.by_action(m),
            Protocol::Json(_) => self.by_target(m),
            Protocol::RestJson | Protocol::RestXml => self.by_path(m),
        }
    }

    fn by_action(&self, m: &Message<'_>) -> Result<&T, Fault> {
        let body = std::str::from_utf8(m.body).unwrap_or_default();
        let find =
            |name: &str| pairs(m.query).chain(pairs(body)).find(|(key, _)| key == name).map(|(_, v)| v);
        let ec2 = self.service.protocol == Protocol::Ec2;
        let Some(action) = find("Action").filter(|action| !action.is_empty()) else {
            let message = "The request must contain the parameter Action";
            return Err(Fault::new(if ec2 { "MissingParameter" } else { "MissingAction" }, 400, message));
        };
        // EC2 answers every version of its API alike.
        let version = find("Version").unwrap_or(self.service.version.into());
        match self.named.get(action.as_ref()) {
            Some(row) if ec2 || version == self.service.version => Ok(row),
            _ if ec2 => {
                let message = format!("The action {action} is not valid for this web service.");
                Err(Fault::new("InvalidAction", 400, message))
            }
            _ => {
                let message = format!("Could not find operation {action} for version {version}");
                Err(Fault::new("InvalidAction", 400, message))
            }
        }
    }

    fn by_target(&self, m: &Message<'_>) -> Result<&T, Fault> {
        let unknown = || Fault::new("UnknownOperationException", 400, "");
        let target = m.header_text("x-amz-target").ok_or_else(unknown)?;
        let (prefix, operation) = target.rsplit_once('.').ok_or_else(unknown)?;
        if prefix != self.service.target_prefix {
            return Err(unknown());
        }
        self.named.get(operation).ok_or_else(unknown)
    }

    /// Among the rows that fit method and path: first those with the most query literals, then of these the one
    /// with the most required parameters and headers present. A row that lacks a required one is taken only when
    /// no other is left, so that the codec can name what is missing.
    fn by_path(&self, m: &Message<'_>) -> Result<&T, Fault> {
        let query: Vec<_> = pairs(m.query).collect();
        let has = |name: &str| query.iter().any(|(key, _)| key == name);
        let mut best: Option<((usize, bool, usize), &T)> = None;
        for row in self.paths.iter().filter(|row| row.route.method == m.method && fits(&row.parts, m.path)) {
            let literal = |(name, value): &(&str, Option<&str>)| {
                query.iter().any(|(key, v)| key == name && value.is_none_or(|value| v == value))
            };
            if !row.literals.iter().all(literal) {
                continue;
            }
            let complete = row.route.query.iter().all(|name| has(name))
                && row.route.headers.iter().all(|name| m.header_text(name).is_some());
            let wants = row.route.query.len().saturating_add(row.route.headers.len());
            let rank = (row.literals.len(), complete, wants);
            if best.as_ref().is_none_or(|(other, _)| rank > *other) {
                best = Some((rank, &row.value));
            }
        }
        best.map(|(_, row)| row).ok_or_else(|| self.no_path(m))
    }

    fn no_path(&self, m: &Message<'_>) -> Fault {
        if self.service.protocol == Protocol::RestJson {
            return Fault::new("UnknownOperationException", 404, "");
        }
        let kind = match m.path.trim_matches('/').split_once('/') {
            Some(_) => "OBJECT",
            None if m.path == "/" => "SERVICE",
            None => "BUCKET",
        };
        Fault::new("MethodNotAllowed", 405, "The specified method is not allowed against this resource.")
            .with("Method", m.method)
            .with("ResourceType", kind)
    }
}

fn path_row<T>(route: &'static Route, value: T) -> PathRow<T> {
    let (path, query) = route.uri.split_once('?').unwrap_or((route.uri, ""));
    let parts = path.split('/').filter(|part| !part.is_empty()).map(|part| match part.strip_prefix('{') {
        Some(label) if label.ends_with("+}") => Part::Rest,
        Some(_) => Part::Label,
        None => Part::Literal(part),
    });
    let literals = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| match pair.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (pair, None),
    });
    PathRow {
        route,
        parts: parts.collect(),
        literals: literals.filter(|(name, _)| *name != "x-id").collect(),
        value,
    }
}

/// A greedy label takes at least one character; a slash after the last label does not count.
fn fits(parts: &[Part], path: &str) -> bool {
    let mut rest = path.strip_prefix('/').unwrap_or(path);
    for part in parts {
        if rest.is_empty() {
            return false;
        }
        if matches!(part, Part::Rest) {
            return true;
        }
        let (text, after) = rest.split_once('/').unwrap_or((rest, ""));
        if text.is_empty() || matches!(part, Part::Literal(literal) if *literal != text) {
            return false;
        }
        rest = after;
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    static S3: Service = Service {
        name: "s3",
        protocol: Protocol::RestXml,
        version: "2006-03-01",
        xmlns: "",
        target_prefix: "",
    };

    const fn route(operation: &'static str, method: &'static str, uri: &'static str) -> Route {
        Route { operation, method, uri, query: &[], headers: &[] }
    }

    static ROUTES: &[Route] = &[
        route("ListBuckets", "GET", "/"),
        route("ListObjects", "GET", "/{Bucket}"),
        route("ListObjectsV2", "GET", "/{Bucket}?list-type=2"),
        route("ListMultipartUploads", "GET", "/{Bucket}?uploads"),
        route("CreateMultipartUpload", "POST", "/{Bucket}/{Key+}?uploads"),
        route("PutObject", "PUT", "/{Bucket}/{Key+}?x-id=PutObject"),
        Route {
            headers: &["x-amz-copy-source"],
            ..route("CopyObject", "PUT", "/{Bucket}/{Key+}?x-id=CopyObject")
        },
        Route {
            query: &["partNumber", "uploadId"],
            ..route("UploadPart", "PUT", "/{Bucket}/{Key+}?x-id=UploadPart")
        },
        Route {
            query: &["partNumber", "uploadId"],
            headers: &["x-amz-copy-source"],
            ..route("UploadPartCopy", "PUT", "/{Bucket}/{Key+}")
        },
    ];

    fn check_route(method: &str, path: &str, query: &str, copy: bool, expected: &str) {
        let router = Router::new(&S3, ROUTES.iter().map(|route| (route, route.operation)));
        let mut headers = HeaderMap::new();
        if copy {
            headers.insert("x-amz-copy-source", "b/k".parse().unwrap());
        }
        let m = Message { method, path, query, headers: &headers, body: b"" };
        let found = router.find(&m).map_or_else(|fault| fault.code().to_owned(), |name| (*name).to_owned());
        assert_eq!(found, expected, "{method} {path}?{query}");
    }

    #[test]
    fn s3_operations_are_told_apart_by_path_query_and_headers() {
        check_route("GET", "/", "", false, "ListBuckets");
        check_route("GET", "/b", "", false, "ListObjects");
        check_route("GET", "/b/", "prefix=x", false, "ListObjects");
        check_route("GET", "/b", "list-type=2&prefix=x", false, "ListObjectsV2");
        check_route("GET", "/b", "uploads", false, "ListMultipartUploads");
        check_route("POST", "/b/a/c", "uploads=", false, "CreateMultipartUpload");
        check_route("PUT", "/b//k", "", false, "PutObject");
        check_route("PUT", "/b/k", "", true, "CopyObject");
        check_route("PUT", "/b/k", "partNumber=1&uploadId=u", false, "UploadPart");
        check_route("PUT", "/b/k", "partNumber=1&uploadId=u", true, "UploadPartCopy");
        check_route("PATCH", "/b/k", "", false, "MethodNotAllowed");
    }

    #[test]
    fn an_unknown_action_is_named_in_the_services_words() {
        static IAM: Service = Service {
            name: "iam",
            protocol: Protocol::Query,
            version: "2010-05-08",
            xmlns: "https://iam.amazonaws.com/doc/2010-05-08/",
            target_prefix: "",
        };
        static ROW: Route = Route::named("GetUser");
        let router = Router::new(&IAM, [(&ROW, ())]);
        let headers = HeaderMap::new();
        let find =
            |query, body| router.find(&Message { method: "POST", path: "/", query, headers: &headers, body });
        assert!(find("", b"Action=GetUser&Version=2010-05-08").is_ok());
        assert!(find("Action=GetUser", b"").is_ok());
        let fault = find("", b"Action=Nope&Version=2010-05-08").unwrap_err();
        assert_eq!(fault.message(), "Could not find operation Nope for version 2010-05-08");
        assert_eq!(find("", b"").unwrap_err().code(), "MissingAction");
    }
}
