//! Whom to believe that it is an identity provider: a server with a certificate from an authority that this machine
//! trusts, or one under a certificate whose thumbprint the provider's registration has.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use sha1::{Digest, Sha1};

/// Trusted authorities.
pub type Roots = Arc<RootCertStore>;

/// The authorities that this machine trusts: its certificate store, or the files that `SSL_CERT_FILE` and `SSL_CERT_DIR`
/// name.
pub fn roots_of_this_machine() -> Roots {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        log::warn!("trusted certificates can't be read: {error}");
    }
    let (_, unusable) = roots.add_parsable_certificates(found.certs);
    if unusable > 0 {
        log::warn!("{unusable} trusted certificates can't be used");
    }
    Arc::new(roots)
}

/// How to connect to a provider that was registered with these thumbprints (SHA-1, hexadecimal).
pub fn config(roots: Roots, thumbprints: &[String]) -> Result<ClientConfig, Error> {
    let crypto = Arc::new(rustls::crypto::ring::default_provider());
    let usual = match roots.is_empty() {
        true => None,
        false => Some(verifier(roots, &crypto)?),
    };
    let thumbprints = thumbprints.iter().map(|text| text.to_ascii_lowercase()).collect();
    let trust = ProviderTrust { usual, thumbprints, crypto: crypto.clone() };
    let mut config = ClientConfig::builder_with_provider(crypto)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(trust))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn verifier(roots: Roots, crypto: &Arc<CryptoProvider>) -> Result<Arc<WebPkiServerVerifier>, Error> {
    let builder = WebPkiServerVerifier::builder_with_provider(roots, crypto.clone());
    builder.build().map_err(|error| Error::General(error.to_string()))
}

/// Verifies by the usual authorities, then by thumbprints. A certificate with a known thumbprint is an authority for this
/// server alone: name, dates and the chain up to it are verified as always.
#[derive(Debug)]
struct ProviderTrust {
    usual: Option<Arc<WebPkiServerVerifier>>,
    thumbprints: Vec<String>,
    crypto: Arc<CryptoProvider>,
}

impl ProviderTrust {
    fn is_known(&self, certificate: &CertificateDer<'_>) -> bool {
        let digest: String = Sha1::digest(certificate).iter().map(|byte| format!("{byte:02x}")).collect();
        self.thumbprints.contains(&digest)
    }
}

impl ServerCertVerifier for ProviderTrust {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verify = |verifier: &WebPkiServerVerifier| {
            verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        };
        let unknown = Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let usual = self.usual.as_deref().map_or(Err(unknown), verify);
        let Err(refusal) = usual else { return usual };
        let mut known = RootCertStore::empty();
        for certificate in std::iter::once(end_entity).chain(intermediates) {
            if self.is_known(certificate) {
                known.add(certificate.clone().into_owned())?;
            }
        }
        if known.is_empty() {
            return Err(refusal);
        }
        verify(&*verifier(Arc::new(known), &self.crypto)?)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.crypto.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.crypto.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.crypto.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(
        trusted: Option<&CertificateDer<'static>>,
        thumbprints: &[String],
        shown: &Shown,
        name: &str,
    ) -> bool {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(trusted.cloned());
        let crypto = Arc::new(rustls::crypto::ring::default_provider());
        let roots = Arc::new(roots);
        let trust = ProviderTrust {
            usual: (!roots.is_empty()).then(|| verifier(roots.clone(), &crypto).unwrap()),
            thumbprints: thumbprints.to_vec(),
            crypto,
        };
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(1_790_000_000));
        trust.verify_server_cert(&shown.leaf, &shown.above, &name, &[], now).is_ok()
    }

    /// What a server shows: its certificate and that of its authority.
    struct Shown {
        leaf: CertificateDer<'static>,
        above: Vec<CertificateDer<'static>>,
    }

    fn chain(name: &str) -> Shown {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut above = rcgen::CertificateParams::new(vec![]).unwrap();
        above.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let above_certificate = above.self_signed(&key).unwrap();
        let issuer = rcgen::Issuer::new(above, key);
        let leaf_key = rcgen::KeyPair::generate().unwrap();
        let leaf = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        let leaf = leaf.signed_by(&leaf_key, &issuer).unwrap();
        Shown { leaf: leaf.der().clone(), above: vec![above_certificate.der().clone()] }
    }

    fn thumbprint(certificate: &CertificateDer<'_>) -> String {
        Sha1::digest(certificate).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn a_server_is_believed_under_a_trusted_authority_or_a_known_thumbprint() {
        let (own, other) = (chain("id.example.com"), chain("id.example.com"));
        let (authority, name) = (&own.above[0], "id.example.com");
        assert!(check(Some(authority), &[], &own, name));
        assert!(!check(None, &[], &own, name));
        assert!(!check(Some(&other.above[0]), &[], &own, name));
        assert!(check(None, &[thumbprint(authority)], &own, name));
        assert!(check(
            Some(&other.above[0]),
            &[thumbprint(authority).to_uppercase().to_lowercase()],
            &own,
            name
        ));
        assert!(!check(None, &[thumbprint(&other.above[0])], &own, name));
    }

    #[test]
    fn a_known_thumbprint_is_not_enough_for_another_name_or_a_foreign_chain() {
        let (own, other) = (chain("id.example.com"), chain("id.example.com"));
        let known = [thumbprint(&own.above[0])];
        assert!(!check(None, &known, &own, "other.example.com"));
        // A stranger's certificate, shown with the known one beside it.
        let mixed = Shown { leaf: other.leaf, above: own.above };
        assert!(!check(None, &known, &mixed, "id.example.com"));
    }

    #[test]
    fn a_certificate_that_signs_itself_is_believed_by_its_own_thumbprint() {
        let made = rcgen::generate_simple_self_signed(vec!["id.example.com".to_owned()]).unwrap();
        let shown = Shown { leaf: made.cert.der().clone(), above: vec![] };
        assert!(check(None, &[thumbprint(&shown.leaf)], &shown, "id.example.com"));
        assert!(!check(None, &[thumbprint(&shown.leaf)], &shown, "other.example.com"));
    }
}
