//! XML signatures of one kind: enveloped, over the element they stand in, which they name by its id.
//!
//! All that a signature's own text says is believed only after that text was verified, and then read out of its verified
//! form. `KeyInfo` is never looked at: the keys are those of the metadata.

use ring::digest::{SHA256, SHA384, SHA512, digest};
use roxmltree::Node;

use crate::canonical::{Method, canonical};
use crate::certificate::{Algorithm, PublicKey};
use crate::refusal::Refusal;
use crate::xml::{self, DSIG, RESPONSE};

const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const INCLUSIVE: &str = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
const INCLUSIVE_WITH_COMMENTS: &str = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments";
const EXCLUSIVE_WITH_COMMENTS: &str = "http://www.w3.org/2001/10/xml-exc-c14n#WithComments";
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

/// Prefixes that a canonicalization may keep.
const PREFIXES: usize = 32;

/// The signature that stands directly in an element; `None` where there is none.
///
/// # Errors
/// Malformed when there are two.
pub(crate) fn of<'a, 'i>(signed: Node<'a, 'i>) -> Result<Option<Node<'a, 'i>>, Refusal> {
    let mut found = xml::named(signed, DSIG, "Signature");
    let first = found.next();
    match found.next() {
        None => Ok(first),
        Some(_) => Err(Refusal::Malformed("two signatures of one element")),
    }
}

/// Verifies the signature that stands in `signed`, and gives the text that it vouches for: the canonical form of `signed`
/// without the signature itself. Nothing but this text may be believed.
///
/// # Errors
/// Signature, also for all that is not allowed.
pub(crate) fn verify(
    signed: Node<'_, '_>,
    signature: Node<'_, '_>,
    keys: &[PublicKey],
) -> Result<String, Refusal> {
    vouched(signed, signature, keys).ok_or(Refusal::Signature)
}

/// The work of a verification whose outcome is known.
pub(crate) fn verify_in_vain(keys: &[PublicKey]) {
    for key in keys {
        for algorithm in [Algorithm::RsaSha256, Algorithm::EcdsaSha256, Algorithm::EcdsaSha384] {
            let _ = key.verifies(algorithm, b"in vain", &[1; 256]);
        }
    }
}

fn vouched(signed: Node<'_, '_>, signature: Node<'_, '_>, keys: &[PublicKey]) -> Option<String> {
    let info = xml::only(signature, DSIG, "SignedInfo")?;
    let value = xml::base64(xml::text(xml::only(signature, DSIG, "SignatureValue")?)?)?;
    let (method, algorithm) = how(info)?;
    let info = canonical(info, &method, None);
    if !keys.iter().any(|key| key.verifies(algorithm, info.as_bytes(), &value)) {
        return None;
    }
    // From here on, only what was verified.
    let document = xml::parse(&info, RESPONSE).ok()?;
    let info = document.root_element();
    if how(info)? != (method, algorithm) {
        return None;
    }
    let reference = xml::only(info, DSIG, "Reference")?;
    let id = signed.attribute("ID").filter(|id| !id.is_empty())?;
    if reference.attribute("URI")?.strip_prefix('#')? != id {
        return None;
    }
    let text = canonical(signed, &transforms(reference)?, Some(signature.id()));
    let hash = match xml::only(reference, DSIG, "DigestMethod")?.attribute("Algorithm")? {
        "http://www.w3.org/2001/04/xmlenc#sha256" => &SHA256,
        "http://www.w3.org/2001/04/xmldsig-more#sha384" => &SHA384,
        "http://www.w3.org/2001/04/xmlenc#sha512" => &SHA512,
        _ => return None,
    };
    let expected = xml::base64(xml::text(xml::only(reference, DSIG, "DigestValue")?)?)?;
    (digest(hash, text.as_bytes()).as_ref() == expected).then_some(text)
}

/// How the signature's own text is canonicalized, and signed.
fn how(info: Node<'_, '_>) -> Option<(Method, Algorithm)> {
    let method = method(xml::only(info, DSIG, "CanonicalizationMethod")?)?;
    let algorithm = match xml::only(info, DSIG, "SignatureMethod")?.attribute("Algorithm")? {
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256" => Algorithm::RsaSha256,
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384" => Algorithm::RsaSha384,
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512" => Algorithm::RsaSha512,
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256" => Algorithm::EcdsaSha256,
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384" => Algorithm::EcdsaSha384,
        _ => return None,
    };
    Some((method, algorithm))
}

/// The two transforms that SAML knows, in their order: the signature is left out, the rest is canonicalized.
fn transforms(reference: Node<'_, '_>) -> Option<Method> {
    let transforms = xml::only(reference, DSIG, "Transforms")?;
    let mut each = xml::elements(transforms);
    let (enveloped, exclusive) = (each.next()?, each.next()?);
    let both = xml::is(enveloped, DSIG, "Transform") && xml::is(exclusive, DSIG, "Transform");
    if !both || each.next().is_some() || enveloped.attribute("Algorithm")? != ENVELOPED {
        return None;
    }
    if xml::elements(enveloped).next().is_some() {
        return None;
    }
    method(exclusive)
}

fn method(node: Node<'_, '_>) -> Option<Method> {
    let (inclusive, comments) = match node.attribute("Algorithm")? {
        EXCLUSIVE => (false, false),
        EXCLUSIVE_WITH_COMMENTS => (false, true),
        INCLUSIVE => (true, false),
        INCLUSIVE_WITH_COMMENTS => (true, true),
        _ => return None,
    };
    let mut parameters = xml::elements(node);
    let list = match (parameters.next(), parameters.next()) {
        (None, _) => "",
        (Some(kept), None) if !inclusive && xml::is(kept, EXCLUSIVE, "InclusiveNamespaces") => {
            kept.attribute("PrefixList")?
        }
        _ => return None,
    };
    let prefix = |word: &str| if word == "#default" { String::new() } else { word.to_owned() };
    let prefixes: Vec<String> = list.split_whitespace().map(prefix).collect();
    (prefixes.len() <= PREFIXES).then_some(Method { comments, inclusive, prefixes })
}
