//! SAML responses and providers' metadata: whatever is sent, nothing is said that the provider did not sign.

use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rolecall_base::Time;
use rolecall_saml::{Assertion, Expected, Metadata, PrivateKey};

const METADATA: &str = include_str!("../../saml/tests/data/metadata.xml");
const RESPONSES: &str = include_str!("../../saml/tests/data/responses.txt");
const DECRYPT: &str = include_str!("../../saml/tests/data/decrypt.pem");

/// The provider, and everything that it ever said.
struct Provider {
    metadata: Metadata,
    private_keys: [PrivateKey; 1],
    said: Vec<Assertion>,
}

/// The cases' documents, and whether each is good.
fn cases() -> impl Iterator<Item = (bool, &'static str)> {
    RESPONSES.strip_prefix("== ").unwrap_or_default().split("\n== ").filter_map(|case| {
        let (head, xml) = case.split_once('\n')?;
        Some((head.rsplit_once(": ")?.1.starts_with("ok"), xml))
    })
}

fn read(metadata: &Metadata, private_keys: &[PrivateKey], xml: &[u8]) -> Option<Assertion> {
    let expected = Expected {
        issuer: &metadata.entity_id,
        keys: &metadata.keys,
        private_keys,
        must_encrypt: false,
        blinding: [1; 32],
        now: Time::parse_iso("2026-11-22T12:01:00Z").expect("a time"),
        audience: &|audience| audience == "urn:amazon:webservices",
        recipient: &|recipient| recipient == "https://signin.aws.amazon.com/saml",
    };
    rolecall_saml::read(&STANDARD.encode(xml), &expected).ok()
}

fn provider() -> &'static Provider {
    static PROVIDER: OnceLock<Provider> = OnceLock::new();
    PROVIDER.get_or_init(|| {
        let metadata = Metadata::parse(METADATA).expect("metadata");
        let private_keys = [PrivateKey::of_pem(DECRYPT).expect("a key")];
        let good = cases().filter(|(good, _)| *good);
        let said = good.filter_map(|(_, xml)| read(&metadata, &private_keys, xml.as_bytes())).collect();
        Provider { metadata, private_keys, said }
    })
}

pub(crate) fn response(data: &[u8]) {
    let provider = provider();
    if let Some(assertion) = read(&provider.metadata, &provider.private_keys, data) {
        assert!(provider.said.contains(&assertion), "nobody signed {assertion:?}");
    }
}

pub(crate) fn responses() -> Vec<Vec<u8>> {
    cases().map(|(_, xml)| xml.as_bytes().to_vec()).collect()
}

pub(crate) fn metadata(data: &[u8]) {
    if let Ok(found) = Metadata::parse(&String::from_utf8_lossy(data)) {
        assert!(!found.keys.is_empty() && !found.entity_id.is_empty());
    }
}

pub(crate) fn documents() -> Vec<Vec<u8>> {
    vec![METADATA.as_bytes().to_vec()]
}
