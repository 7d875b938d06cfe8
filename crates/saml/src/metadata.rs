//! An identity provider's metadata: who it is, until when the document holds, and the keys that it signs with.

use rolecall_base::Time;
use roxmltree::Node;

use crate::certificate::PublicKey;
use crate::xml::{self, DSIG, LARGE, METADATA, PROTOCOL};

/// Keys that a provider may sign with.
const KEYS: usize = 64;

/// What a provider says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    pub entity_id: String,
    /// When the document says that it ends, the earliest of its parts.
    pub valid_until: Option<Time>,
    /// Keys for signing, in the document's order; at least one.
    pub keys: Vec<PublicKey>,
}

/// Why a document is no metadata of an identity provider: what is wrong with it, in a few words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadMetadata(pub &'static str);

impl Metadata {
    /// # Errors
    /// What is missing or can't be used: one `EntityDescriptor` with an `IDPSSODescriptor` for SAML 2.0 and an X.509
    /// certificate that signs is needed, and no certificate that signs may be unreadable.
    pub fn parse(text: &str) -> Result<Metadata, BadMetadata> {
        let document = xml::parse(text, LARGE).map_err(|_| BadMetadata("not XML, or too large"))?;
        let entity = document.root_element();
        if !xml::is(entity, METADATA, "EntityDescriptor") {
            return Err(BadMetadata("no EntityDescriptor"));
        }
        let entity_id = entity.attribute("entityID").map(str::trim).unwrap_or_default();
        if entity_id.is_empty() || entity_id.len() > 1024 {
            return Err(BadMetadata("no entityID"));
        }
        let mut ends = end(entity)?;
        let mut keys: Vec<PublicKey> = Vec::new();
        let mut roles = 0;
        for role in xml::named(entity, METADATA, "IDPSSODescriptor") {
            let protocols = role.attribute("protocolSupportEnumeration").unwrap_or_default();
            if !protocols.split_whitespace().any(|protocol| protocol == PROTOCOL) {
                continue;
            }
            roles += 1;
            ends = [ends, end(role)?].into_iter().flatten().min();
            for key in signing(role)? {
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
        }
        match (roles, keys.len()) {
            (0, _) => Err(BadMetadata("no IDPSSODescriptor for SAML 2.0")),
            (_, 0) => Err(BadMetadata("no certificate for signing")),
            (_, count) if count > KEYS => Err(BadMetadata("too many certificates")),
            _ => Ok(Metadata { entity_id: entity_id.to_owned(), valid_until: ends, keys }),
        }
    }
}

/// The `validUntil` of a part.
fn end(node: Node<'_, '_>) -> Result<Option<Time>, BadMetadata> {
    let time = |text: &str| Time::parse_iso(text.trim()).ok_or(BadMetadata("validUntil is no time"));
    node.attribute("validUntil").map(time).transpose()
}

/// The keys of a role that sign. A certificate that can't be read refuses the document: somebody meant it to count.
fn signing(role: Node<'_, '_>) -> Result<Vec<PublicKey>, BadMetadata> {
    let mut keys = Vec::new();
    let descriptors = xml::named(role, METADATA, "KeyDescriptor");
    for descriptor in descriptors.filter(|key| matches!(key.attribute("use"), None | Some("signing"))) {
        for info in xml::named(descriptor, DSIG, "KeyInfo") {
            for data in xml::named(info, DSIG, "X509Data") {
                for certificate in xml::named(data, DSIG, "X509Certificate") {
                    let der = xml::text(certificate).and_then(xml::base64);
                    let der = der.ok_or(BadMetadata("a certificate is not Base64"))?;
                    let key = PublicKey::of_certificate(&der);
                    keys.push(key.map_err(|_| BadMetadata("a certificate can not be used"))?);
                }
            }
        }
    }
    Ok(keys)
}
