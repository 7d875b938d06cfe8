//! TLS: a certificate that was given, or one made and kept.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::config::{StartError, Tls};

/// The names that a generated certificate is for.
const NAMES: [&str; 5] = ["localhost", "*.localhost", "*.s3.localhost", "127.0.0.1", "::1"];

/// Reads or makes the certificate. A generated one is kept in `data/tls`, where clients find it to trust it.
pub fn acceptor(tls: &Tls, data: Option<&Path>) -> Result<TlsAcceptor, StartError> {
    let (chain, key) = match &tls.files {
        Some((chain, key)) => read(chain, key)?,
        None => generated(data)?,
    };
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key));
    let mut config = config.map_err(|error| {
        StartError::new(
            format!("The TLS certificate and key can't be used: {error}"),
            "Give a PEM certificate chain and its private key with --tls-cert and --tls-key.",
        )
    })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

type Pair = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn read(chain: &Path, key: &Path) -> Result<Pair, StartError> {
    let unreadable = |path: &Path, error: &dyn std::fmt::Display| {
        StartError::new(
            format!("{} can't be read: {error}", path.display()),
            "Check --tls-cert and --tls-key: both are PEM files that this user may read.",
        )
    };
    let bytes = fs::read(chain).map_err(|error| unreadable(chain, &error))?;
    let certificates: Result<Vec<_>, _> = rustls_pemfile::certs(&mut &bytes[..]).collect();
    let certificates = certificates.map_err(|error| unreadable(chain, &error))?;
    let bytes = fs::read(key).map_err(|error| unreadable(key, &error))?;
    let found = rustls_pemfile::private_key(&mut &bytes[..]).map_err(|error| unreadable(key, &error))?;
    let found = found.ok_or_else(|| unreadable(key, &"there is no private key in it"))?;
    Ok((certificates, found))
}

fn generated(data: Option<&Path>) -> Result<Pair, StartError> {
    let failed = |error: &dyn std::fmt::Display| {
        StartError::new(
            format!("A TLS certificate could not be made: {error}"),
            "Give one with --tls-cert and --tls-key.",
        )
    };
    let folder = data.map(|data| data.join("tls"));
    if let Some(folder) = &folder {
        let (chain, key) = (folder.join("cert.pem"), folder.join("key.pem"));
        if chain.exists() && key.exists() {
            return read(&chain, &key);
        }
    }
    let made =
        rcgen::generate_simple_self_signed(NAMES.map(str::to_owned)).map_err(|error| failed(&error))?;
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).map_err(|error| failed(&error))?;
    if let Some(folder) = folder {
        keep(&folder, &made.cert.pem(), &made.signing_key.serialize_pem()).map_err(|error| failed(&error))?;
        log::info!("the TLS certificate to trust is {}", folder.join("cert.pem").display());
    }
    Ok((vec![made.cert.der().clone()], key))
}

fn keep(folder: &Path, certificate: &str, key: &str) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    crate::data_folder::write_private(&folder.join("key.pem"), key.as_bytes())?;
    fs::write(folder.join("cert.pem"), certificate)
}

/// The version of a connection, as `s3:TlsVersion` has it.
pub fn version<S>(stream: &tokio_rustls::server::TlsStream<S>) -> Option<&'static str> {
    let (_, connection) = stream.get_ref();
    // There are no others: rustls speaks none that is older.
    Some(match connection.protocol_version() {
        Some(rustls::ProtocolVersion::TLSv1_3) => "1.3",
        _ => "1.2",
    })
}
