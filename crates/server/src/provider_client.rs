//! The one place from which this server calls others: it gets the keys of identity providers that accounts have
//! registered.
//!
//! Who registers a provider chooses where this server connects to. So: GET only, nothing of the answer is shown, no
//! redirection is followed, the name is resolved once and the address looked at; addresses that mean this machine are for
//! providers of this machine, and those that mean the machine's surroundings (link-local: metadata services) for none.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::TokioIo;
use rolecall_door::Pending;
use rolecall_sts::web_identity::{Fetch, Source, Trouble};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::provider_trust::{self, Roots};

/// How long a provider may take for one answer, from its name to the last byte: AWS's five seconds.
const PATIENCE: Duration = Duration::from_secs(5);
/// Addresses of one name that are tried.
const MOST_ADDRESSES: usize = 4;

/// Gets documents from identity providers.
#[derive(Default)]
pub struct ProviderClient {
    /// The authorities that this machine trusts, read when they are first needed.
    roots: OnceLock<Roots>,
}

impl fmt::Debug for ProviderClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProviderClient")
    }
}

impl Fetch for ProviderClient {
    fn get<'a>(
        &'a self,
        url: &'a str,
        source: &'a Source,
        longest: usize,
    ) -> Pending<'a, Result<Vec<u8>, Trouble>> {
        Box::pin(async move {
            let exchange = self.exchange(url, source, longest);
            let late = |_| Err(Trouble::Unreachable(format!("{url}: no answer in {} s", PATIENCE.as_secs())));
            tokio::time::timeout(PATIENCE, exchange).await.unwrap_or_else(late)
        })
    }
}

/// A URL, taken apart.
#[derive(Debug, PartialEq, Eq)]
struct Target {
    secure: bool,
    host: String,
    port: u16,
    /// As the `Host` header has it.
    authority: String,
    path: String,
}

impl Target {
    fn parse(url: &str) -> Option<Target> {
        let uri: Uri = url.parse().ok()?;
        let secure = match uri.scheme_str()? {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let authority = uri.authority()?;
        if authority.as_str().contains('@') {
            return None;
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = authority.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Some(Target { secure, host, port, authority: authority.to_string(), path })
    }

    /// Whether the name can mean no other machine than this.
    fn is_own_machine(&self) -> bool {
        let name = self.host.to_ascii_lowercase();
        let address = name.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback());
        address || name == "localhost" || name.ends_with(".localhost")
    }
}

/// Whether a provider may be at an address. `own`: it is one of this machine.
fn may_connect(address: IpAddr, own: bool) -> bool {
    let address = address.to_canonical();
    if own || address.is_loopback() {
        return own && address.is_loopback();
    }
    let surroundings = match address {
        IpAddr::V4(v4) => v4.is_link_local() || v4.is_broadcast(),
        // Of unique local addresses, EC2's metadata service has one.
        IpAddr::V6(v6) => {
            v6.is_unicast_link_local() || v6.segments() == [0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x254]
        }
    };
    !surroundings && !address.is_unspecified() && !address.is_multicast()
}

impl ProviderClient {
    async fn exchange(&self, url: &str, source: &Source, longest: usize) -> Result<Vec<u8>, Trouble> {
        let unusable = |what: &str| Trouble::Unusable(format!("{url}: {what}"));
        let target = Target::parse(url).ok_or_else(|| unusable("not a URL to get"))?;
        let own = Target::parse(&source.issuer).is_some_and(|issuer| issuer.is_own_machine());
        if own && !target.is_own_machine() {
            return Err(unusable("a provider of this machine leads elsewhere"));
        }
        if !target.secure && !own {
            return Err(unusable("only a provider of this machine may be without TLS"));
        }
        let stream =
            connect(&target, own).await.map_err(|why| Trouble::Unreachable(format!("{url}: {why}")))?;
        if !target.secure {
            return get(stream, &target, longest).await.map_err(|why| unusable(&why));
        }
        let name =
            ServerName::try_from(target.host.clone()).map_err(|_| unusable("not a name of a server"))?;
        let stream = TlsConnector::from(self.tls(source)?).connect(name, stream).await.map_err(|error| {
            let why = format!("{url}: {error}");
            let refused = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
            match refused {
                Some(rustls::Error::InvalidCertificate(_)) => Trouble::Untrusted(why),
                _ => Trouble::Unreachable(why),
            }
        })?;
        get(stream, &target, longest).await.map_err(|why| unusable(&why))
    }

    fn tls(&self, source: &Source) -> Result<Arc<ClientConfig>, Trouble> {
        let roots = self.roots.get_or_init(provider_trust::roots_of_this_machine);
        let config = provider_trust::config(roots.clone(), &source.thumbprints);
        config.map(Arc::new).map_err(|error| Trouble::Unusable(error.to_string()))
    }
}

/// Connects to the first address of a name that may be connected to and answers.
async fn connect(target: &Target, own: bool) -> Result<TcpStream, String> {
    let found: Vec<SocketAddr> = match target.host.parse::<IpAddr>() {
        Ok(address) => vec![SocketAddr::new(address, target.port)],
        Err(_) => {
            let found = tokio::net::lookup_host((target.host.as_str(), target.port)).await;
            found.map_err(|error| error.to_string())?.collect()
        }
    };
    let mut why = "no address that a provider may have".to_owned();
    for address in found.into_iter().filter(|address| may_connect(address.ip(), own)).take(MOST_ADDRESSES) {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => why = error.to_string(),
        }
    }
    Err(why)
}

/// One GET; the body of a 200.
async fn get<S>(stream: S, target: &Target, longest: usize) -> Result<Vec<u8>, String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let text = |error: &dyn fmt::Display| error.to_string();
    let request = Request::get(target.path.as_str())
        .header(header::HOST, target.authority.as_str())
        .header(header::ACCEPT, "application/json")
        .header(header::USER_AGENT, concat!("Rolecall/", env!("CARGO_PKG_VERSION")))
        .header(header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|error| text(&error))?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| text(&error))?;
    let exchange = async move {
        let mut answer = sender.send_request(request).await.map_err(|error| text(&error))?;
        if answer.status() != StatusCode::OK {
            return Err(format!("status {}", answer.status()));
        }
        let mut body = Vec::new();
        while let Some(frame) = answer.body_mut().frame().await {
            let Ok(data) = frame.map_err(|error| text(&error))?.into_data() else { continue };
            if body.len().saturating_add(data.len()) > longest {
                return Err(format!("longer than {longest} bytes"));
            }
            body.extend_from_slice(&data);
        }
        Ok(body)
    };
    // The connection moves the bytes; it ends when the exchange has let go of it.
    let (outcome, _) = tokio::join!(exchange, connection);
    outcome
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread::JoinHandle;

    use super::*;

    /// Answers one request with these bytes; gives its port.
    fn server(answer: String) -> (u16, JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let task = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = vec![0; 4096];
            let read = stream.read(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8_lossy(&request[..read]).into_owned()
        });
        (port, task)
    }

    async fn fetch(issuer: &str, url: &str, longest: usize) -> Result<Vec<u8>, Trouble> {
        let source = Source { issuer: issuer.into(), thumbprints: vec![] };
        ProviderClient::default().get(url, &source, longest).await
    }

    #[tokio::test]
    async fn a_document_of_this_machine_comes_without_tls() {
        let (port, task) = server("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}".into());
        let issuer = format!("http://127.0.0.1:{port}");
        assert_eq!(fetch(&issuer, &format!("{issuer}/a?b=c"), 10).await.unwrap(), b"{}");
        let request = task.join().unwrap().to_lowercase();
        assert!(request.starts_with("get /a?b=c http/1.1"), "{request}");
        assert!(request.contains(&format!("host: 127.0.0.1:{port}")), "{request}");
    }

    #[tokio::test]
    async fn redirections_errors_and_long_answers_are_of_no_use() {
        for answer in [
            "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n".to_owned(),
            "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_owned(),
            "nonsense\r\n\r\n".to_owned(),
            format!("HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{}", "a".repeat(11)),
        ] {
            let (port, _task) = server(answer.clone());
            let issuer = format!("http://127.0.0.1:{port}");
            let outcome = fetch(&issuer, &issuer, 10).await;
            assert!(matches!(outcome, Err(Trouble::Unusable(_))), "{answer}: {outcome:?}");
        }
    }

    #[tokio::test]
    async fn nobody_there_is_unreachable_and_elsewhere_is_not_asked() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let issuer = format!("http://127.0.0.1:{port}");
        assert!(matches!(fetch(&issuer, &issuer, 10).await, Err(Trouble::Unreachable(_))));
        let remote = "https://id.example.com";
        for (issuer, url) in [
            (remote, "http://id.example.com/keys"),
            (remote, "http://127.0.0.1/keys"),
            (remote, "ftp://id.example.com/keys"),
            (remote, "https://user@id.example.com/keys"),
            (issuer.as_str(), "https://id.example.com/keys"),
        ] {
            let outcome = fetch(issuer, url, 10).await;
            assert!(matches!(outcome, Err(Trouble::Unusable(_))), "{url}: {outcome:?}");
        }
        for url in
            ["https://127.0.0.1/keys", "https://169.254.169.254/latest", "https://[::1]/", "https://0.0.0.0/"]
        {
            let outcome = fetch(remote, url, 10).await;
            let Err(Trouble::Unreachable(why)) = outcome else { panic!("{url}: {outcome:?}") };
            assert!(why.ends_with("no address that a provider may have"), "{why}");
        }
    }

    #[test]
    fn addresses_of_this_machine_are_for_its_own_providers_and_its_surroundings_for_none() {
        let may = |address: &str, own| may_connect(address.parse().unwrap(), own);
        for public in ["192.0.2.1", "10.0.0.1", "2001:db8::1", "fd12::1"] {
            assert!(may(public, false) && !may(public, true), "{public}");
        }
        for own in ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"] {
            assert!(may(own, true) && !may(own, false), "{own}");
        }
        for none in [
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "fe80::1",
            "fd00:ec2::254",
            "0.0.0.0",
            "::",
            "224.0.0.1",
        ] {
            assert!(!may(none, true) && !may(none, false), "{none}");
        }
    }
}
