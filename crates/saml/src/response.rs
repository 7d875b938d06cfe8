//! A response: opened, verified, read, and held against what was expected.

use rolecall_base::Time;
use roxmltree::Node;

use crate::assertion::Assertion;
use crate::certificate::PublicKey;
use crate::private_key::PrivateKey;
use crate::refusal::Refusal;
use crate::xml::{self, ASSERTION, BadXml, PROTOCOL, RESPONSE};
use crate::{encrypted, signature};

/// What the other side of a response expects of it.
#[derive(Clone, Copy)]
pub struct Expected<'a> {
    /// The provider's name for itself: `entityID`.
    pub issuer: &'a str,
    pub keys: &'a [PublicKey],
    /// What encrypted assertions are opened with.
    pub private_keys: &'a [PrivateKey],
    /// Whether an assertion that is not encrypted is refused.
    pub must_encrypt: bool,
    /// Random bytes, used once: they hide the private keys from who measures time.
    pub blinding: [u8; 32],
    pub now: Time,
    /// Whether a response may be meant for this audience.
    pub audience: &'a dyn Fn(&str) -> bool,
    /// Whether a response may be brought to this address.
    pub recipient: &'a dyn Fn(&str) -> bool,
}

impl std::fmt::Debug for Expected<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Expected {{ {}, … }}", self.issuer)
    }
}

/// Seconds after its making within which an assertion must be shown.
pub const LIFETIME: u64 = 300;

/// Bytes of a response's XML.
const LARGEST: usize = 100_000;

const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";

/// Reads a response as a browser or a program posts it: Base64.
///
/// # Errors
/// See [`Refusal`].
pub fn read(response: &str, expected: &Expected<'_>) -> Result<Assertion, Refusal> {
    let bytes = xml::base64(response).ok_or(Refusal::Encoding)?;
    let text = String::from_utf8(bytes).map_err(|_| Refusal::Malformed("not UTF-8"))?;
    if text.len() > LARGEST {
        return Err(Refusal::Malformed("too large"));
    }
    let assertion = verified(&text, expected)?;
    assertion.check(expected)?;
    Ok(assertion)
}

/// The assertion of a response, read out of what was signed.
fn verified(text: &str, expected: &Expected<'_>) -> Result<Assertion, Refusal> {
    let document = parse(text)?;
    let root = document.root_element();
    if !xml::is(root, PROTOCOL, "Response") {
        return Err(Refusal::Malformed("no Response"));
    }
    one_of_each(root)?;
    status(root)?;
    // A signature that is there must be good, also where another one would do.
    let outer =
        signature::of(root)?.map(|outer| signature::verify(root, outer, expected.keys)).transpose()?;
    let vouched = outer.is_some();
    // Once the response is vouched for, nothing but the text that is vouched for is looked at.
    let document = outer.as_deref().map_or_else(|| parse(text), parse)?;
    let root = document.root_element();
    status(root)?;
    issuer(root, expected)?;
    match only_assertion(root)? {
        Found::Plain(_) if expected.must_encrypt => Err(Refusal::NotEncrypted),
        Found::Plain(assertion) => read_assertion(assertion, vouched, expected),
        Found::Encrypted(encrypted) => {
            // One refusal for all that can go wrong with bytes that an attacker may have chosen, and some work in vain.
            decrypted(encrypted, vouched, expected).ok_or_else(|| {
                signature::verify_in_vain(expected.keys);
                Refusal::Decryption
            })
        }
    }
}

/// Reads an assertion: by its own signature if it has one, else below one that vouches for it.
fn read_assertion(
    assertion: Node<'_, '_>,
    vouched: bool,
    expected: &Expected<'_>,
) -> Result<Assertion, Refusal> {
    match signature::of(assertion)? {
        Some(inner) => {
            let text = signature::verify(assertion, inner, expected.keys)?;
            Assertion::read(parse(&text)?.root_element())
        }
        None if vouched => Assertion::read(assertion),
        None => Err(Refusal::Signature),
    }
}

fn decrypted(encrypted: Node<'_, '_>, vouched: bool, expected: &Expected<'_>) -> Option<Assertion> {
    let text = encrypted::open(encrypted, expected.private_keys, expected.blinding)?;
    let document = parse(&text).ok()?;
    let assertion = document.root_element();
    if !matches!(count(assertion).ok()?, (1, 0)) {
        return None;
    }
    read_assertion(assertion, vouched, expected).ok()
}

fn parse(text: &str) -> Result<roxmltree::Document<'_>, Refusal> {
    xml::parse(text, RESPONSE).map_err(|bad| {
        Refusal::Malformed(match bad {
            BadXml::Malformed => "not well-formed",
            BadXml::DocumentType => "a document type",
            BadXml::Instruction => "a processing instruction",
            BadXml::TooLarge => "too deep or too large",
        })
    })
}

/// Refuses what every wrapping of signatures needs: a second assertion, a second response, a second use of an id.
fn one_of_each(root: Node<'_, '_>) -> Result<(), Refusal> {
    match count(root)? {
        (0 | 1, 1) => Ok(()),
        _ => Err(Refusal::Malformed("more than one assertion")),
    }
}

/// How many assertions and responses there are, at whatever place.
fn count(root: Node<'_, '_>) -> Result<(usize, usize), Refusal> {
    let mut ids: Vec<&str> = Vec::new();
    let (mut assertions, mut responses) = (0, 0);
    for node in root.descendants().filter(Node::is_element) {
        // Whatever their namespaces: nobody has a reason to name anything else so.
        match node.tag_name().name() {
            "Assertion" | "EncryptedAssertion" => assertions += 1,
            "Response" => responses += 1,
            _ => {}
        }
        for attribute in node.attributes().filter(|attribute| attribute.name().eq_ignore_ascii_case("id")) {
            ids.push(attribute.value());
        }
    }
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    if ids.len() == all { Ok((assertions, responses)) } else { Err(Refusal::Malformed("an id comes twice")) }
}

enum Found<'a, 'i> {
    Plain(Node<'a, 'i>),
    Encrypted(Node<'a, 'i>),
}

fn only_assertion<'a, 'i>(root: Node<'a, 'i>) -> Result<Found<'a, 'i>, Refusal> {
    let plain = xml::only(root, ASSERTION, "Assertion").map(Found::Plain);
    let encrypted = || xml::only(root, ASSERTION, "EncryptedAssertion").map(Found::Encrypted);
    plain.or_else(encrypted).ok_or(Refusal::Malformed("no assertion"))
}

/// What the provider says of the sign-in. Where only the assertion is signed nobody vouches for it; it can only refuse.
fn status(root: Node<'_, '_>) -> Result<(), Refusal> {
    if root.attribute("Version") != Some("2.0") {
        return Err(Refusal::Malformed("not SAML 2.0"));
    }
    let code =
        xml::only(root, PROTOCOL, "Status").and_then(|status| xml::only(status, PROTOCOL, "StatusCode"));
    match code.and_then(|code| code.attribute("Value")) {
        Some(SUCCESS) => Ok(()),
        Some(other) => Err(Refusal::Rejected(other.chars().take(100).collect())),
        None => Err(Refusal::Malformed("no status")),
    }
}

/// The issuer of the response itself, which may be left out.
fn issuer(root: Node<'_, '_>, expected: &Expected<'_>) -> Result<(), Refusal> {
    let mut issuers = xml::named(root, ASSERTION, "Issuer");
    match (issuers.next(), issuers.next()) {
        (None, _) => Ok(()),
        (Some(issuer), None) if xml::trimmed(issuer) == Some(expected.issuer) => Ok(()),
        _ => Err(Refusal::Issuer),
    }
}
