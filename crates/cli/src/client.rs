//! Talking to a running server: one signed request, one answer.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use rolecall_env::Env;
use rolecall_sigv4::{Family, Signer, body_hash};
use serde_json::Value;
use tokio::net::TcpStream;

use crate::{credentials, xml};

/// What went wrong, in a sentence for the terminal.
#[derive(Debug)]
pub struct Failure(pub String);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<String> for Failure {
    fn from(text: String) -> Failure {
        Failure(text)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        Failure(error.to_string())
    }
}

/// A server by its URL.
#[derive(Debug)]
pub struct Client {
    endpoint: String,
    authority: String,
    region: String,
}

impl Client {
    /// # Errors
    /// When the URL is none that this program can talk to.
    pub fn new(endpoint: &str) -> Result<Client, Failure> {
        let wrong = || Failure(format!("`{endpoint}` is not a URL such as http://127.0.0.1:4566"));
        let uri: Uri = endpoint.parse().map_err(|_| wrong())?;
        if uri.scheme_str() == Some("https") {
            return Err(Failure("use the server's http:// endpoint for this command".to_owned()));
        }
        let host = uri.host().ok_or_else(wrong)?;
        let authority = format!("{host}:{}", uri.port_u16().unwrap_or(80));
        Ok(Client { endpoint: endpoint.to_owned(), authority, region: region() })
    }

    /// Calls one of the server's own operations.
    pub async fn call(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        let mut headers = self.headers();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let (good, bytes) =
            self.post(("rolecall", Family::RestJson), path, headers, body.to_string()).await?;
        self.json(good, &bytes)
    }

    /// Calls an operation of a service that speaks AWS's JSON protocol.
    pub async fn call_json(
        &self,
        service: &str,
        target: &'static str,
        body: &Value,
    ) -> Result<Value, Failure> {
        let mut headers = self.headers();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.1"));
        headers.insert("x-amz-target", HeaderValue::from_static(target));
        let (good, bytes) = self.post((service, Family::Json), "/", headers, body.to_string()).await?;
        self.json(good, &bytes)
    }

    /// Calls an operation of EC2; gives the XML of its answer.
    pub async fn call_ec2(&self, form: String) -> Result<String, Failure> {
        let mut headers = self.headers();
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8");
        headers.insert(header::CONTENT_TYPE, kind);
        let (good, bytes) = self.post(("ec2", Family::Ec2), "/", headers, form).await?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if good {
            return Ok(text);
        }
        let message = xml::first(&text, "Message");
        Err(Failure(message.unwrap_or_else(|| "the server refused without a message".to_owned())))
    }

    async fn post(
        &self,
        (service, family): (&str, Family),
        path: &str,
        mut headers: HeaderMap,
        body: String,
    ) -> Result<(bool, Bytes), Failure> {
        let given = credentials::find()?;
        let signer = Signer {
            access_key_id: &given.access_key_id,
            secret: &given.secret_access_key,
            token: given.session_token.as_deref(),
            region: &self.region,
            service,
            family,
        };
        let hash = body_hash(body.as_bytes());
        let signed = signer.sign("POST", path, "", &mut headers, &hash, Env::system().now());
        signed.map_err(|error| Failure(error.to_string()))?;
        let response = self.send(Method::POST, path, headers, Bytes::from(body)).await?;
        let good = response.status().is_success();
        let body = response.into_body().collect().await;
        Ok((good, body.map_err(|error| Failure(error.to_string()))?.to_bytes()))
    }

    fn json(&self, good: bool, bytes: &[u8]) -> Result<Value, Failure> {
        let answer: Value = serde_json::from_slice(bytes)
            .map_err(|_| Failure(format!("{} does not answer as Rolecall does", self.endpoint)))?;
        if good { Ok(answer) } else { Err(Failure(told(&answer))) }
    }

    /// Opens a terminal connection.
    pub async fn upgrade(&self, path: &str, protocol: &'static str) -> Result<TokioIo<Upgraded>, Failure> {
        let mut headers = self.headers();
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static(protocol));
        let mut response = self.send(Method::GET, path, headers, Bytes::new()).await?;
        if response.status() != http::StatusCode::SWITCHING_PROTOCOLS {
            let bytes = response.into_body().collect().await.map_err(|error| Failure(error.to_string()))?;
            let answer = serde_json::from_slice(&bytes.to_bytes()).unwrap_or_default();
            return Err(Failure(told(&answer)));
        }
        let upgraded = hyper::upgrade::on(&mut response).await;
        upgraded.map(TokioIo::new).map_err(|error| Failure(error.to_string()))
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if let Ok(host) = HeaderValue::from_str(&self.authority) {
            headers.insert(header::HOST, host);
        }
        headers
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<http::Response<hyper::body::Incoming>, Failure> {
        let unreachable = |error: &dyn fmt::Display| {
            Failure(format!("no server answers at {}: {error}. Is `rolecall up` running?", self.endpoint))
        };
        let stream = TcpStream::connect(&self.authority).await.map_err(|error| unreachable(&error))?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| unreachable(&error))?;
        #[expect(clippy::disallowed_methods, reason = "the connection runs beside this one command")]
        tokio::spawn(connection.with_upgrades());
        let mut request = http::Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = path.parse().map_err(|_| Failure(format!("`{path}` is no path")))?;
        *request.headers_mut() = headers;
        sender.send_request(request).await.map_err(|error| unreachable(&error))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the region comes from the environment, as for other AWS clients"
)]
fn region() -> String {
    let of = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    of("AWS_REGION").or_else(|| of("AWS_DEFAULT_REGION")).unwrap_or_else(|| "us-east-1".to_owned())
}

/// The message of an error answer.
fn told(answer: &Value) -> String {
    let message = ["message", "Message"].iter().find_map(|key| answer.get(key)).and_then(Value::as_str);
    message.unwrap_or("the server refused without a message").to_owned()
}
