//! Responses that others signed, good and bad: `data/responses.txt`, made by `data/make.py`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail loudly")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rolecall_base::Time;
use rolecall_saml::{Assertion, Expected, Metadata, PrivateKey, Refusal};

const METADATA: &str = include_str!("data/metadata.xml");
const RESPONSES: &str = include_str!("data/responses.txt");
const DECRYPT: &str = include_str!("data/decrypt.pem");
const NOW: &str = "2026-11-22T12:01:00Z";

/// Name, outcome, XML.
fn cases() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    RESPONSES.strip_prefix("== ").unwrap().split("\n== ").map(|case| {
        let (head, xml) = case.split_once('\n').unwrap();
        let (name, outcome) = head.rsplit_once(": ").unwrap();
        (name, outcome, xml)
    })
}

fn case(name: &str) -> &'static str {
    cases().find(|(own, _, _)| *own == name).unwrap().2
}

fn read_with(xml: &str, change: impl FnOnce(&mut Expected<'_>)) -> Result<Assertion, Refusal> {
    let metadata = Metadata::parse(METADATA).unwrap();
    let private_keys = [PrivateKey::of_pem(DECRYPT).unwrap()];
    let mut expected = Expected {
        issuer: &metadata.entity_id,
        keys: &metadata.keys,
        private_keys: &private_keys,
        must_encrypt: false,
        blinding: [1; 32],
        now: Time::parse_iso(NOW).unwrap(),
        audience: &|audience| audience == "urn:amazon:webservices",
        recipient: &|recipient| recipient == "https://signin.aws.amazon.com/saml",
    };
    change(&mut expected);
    rolecall_saml::read(&STANDARD.encode(xml), &expected)
}

fn read(xml: &str) -> Result<Assertion, Refusal> {
    read_with(xml, |_| ())
}

#[test]
fn every_response_is_accepted_or_refused_as_the_table_says() {
    let (mut good, mut bad) = (0, 0);
    for (name, outcome, xml) in cases() {
        let seen = match read(xml) {
            Ok(assertion) => format!("ok {}", assertion.subject.value),
            Err(refusal) => format!("{refusal:?}").split('(').next().unwrap().to_owned(),
        };
        assert_eq!(seen, outcome, "{name}: {:?}", read(xml));
        if outcome.starts_with("ok") { good += 1 } else { bad += 1 }
    }
    assert!(good > 20 && bad > 70, "{good} good, {bad} bad");
}

#[test]
fn everything_that_is_said_comes_out_whole() {
    let said = read(case("the assertion is signed")).unwrap();
    assert_eq!((said.id.as_str(), said.issuer.as_str()), ("_assertion", "https://idp.example.com/saml"));
    assert_eq!(said.subject.format, "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent");
    assert_eq!(said.recipient, "https://signin.aws.amazon.com/saml");
    assert_eq!(said.ends.iso_seconds(), "2026-11-22T12:05:00Z");
    assert_eq!(said.session_ends.unwrap().iso_seconds(), "2026-11-22T20:00:00Z");
    let roles: Vec<_> = said.values("https://aws.amazon.com/SAML/Attributes/Role").collect();
    assert_eq!(
        roles,
        [
            "arn:aws:iam::000000000000:role/admin,arn:aws:iam::000000000000:saml-provider/idp",
            "arn:aws:iam::000000000000:saml-provider/idp , arn:aws:iam::000000000000:role/reader",
        ]
    );
    assert_eq!(said.values("note").collect::<Vec<_>>(), ["a < b & \"c\""]);
    for same in ["the response is signed", "both are signed", "encrypted: AES-256-GCM", "CDATA"] {
        assert_eq!(read(case(same)).unwrap(), said, "{same}");
    }
}

#[test]
fn a_comment_cuts_nothing_off() {
    let said = read(case("a comment put into the role")).unwrap();
    let first = said.values("https://aws.amazon.com/SAML/Attributes/Role").next().unwrap();
    assert_eq!(first, "arn:aws:iam::000000000000:role/admin,arn:aws:iam::000000000000:saml-provider/idp");
}

#[test]
fn a_response_lasts_five_minutes_and_no_longer() {
    let at = |now: &str| {
        let now = Time::parse_iso(now).unwrap();
        read_with(case("the assertion is signed"), |expected| expected.now = now)
    };
    assert_eq!(at("2026-11-22T11:58:30Z").unwrap_err(), Refusal::NotYet);
    assert!(at("2026-11-22T11:59:00Z").is_ok());
    assert!(at("2026-11-22T12:04:59Z").is_ok());
    assert_eq!(at("2026-11-22T12:05:00Z").unwrap_err(), Refusal::Expired);
}

#[test]
fn no_single_altered_byte_of_what_was_signed_goes_through() {
    let xml = case("the response is signed");
    let said = read(xml).unwrap();
    let mut accepted = 0;
    for index in (0..xml.len()).step_by(7) {
        let mut bytes = xml.as_bytes().to_vec();
        bytes[index] ^= 1;
        let Ok(altered) = String::from_utf8(bytes) else { continue };
        // What goes through says the same: the white space of Base64 is no part of what is signed.
        if let Ok(other) = read(&altered) {
            assert_eq!(other, said, "byte {index}");
            accepted += 1;
        }
    }
    assert!(accepted < 20, "{accepted}");
}

#[test]
fn what_is_not_base64_or_not_utf8_is_refused() {
    let refused = |text: &str| {
        let metadata = Metadata::parse(METADATA).unwrap();
        let expected = Expected {
            issuer: "",
            keys: &metadata.keys,
            private_keys: &[],
            must_encrypt: false,
            blinding: [1; 32],
            now: Time::default(),
            audience: &|_| true,
            recipient: &|_| true,
        };
        rolecall_saml::read(text, &expected).unwrap_err()
    };
    assert_eq!(refused("<a/>"), Refusal::Encoding);
    assert_eq!(refused("/w=="), Refusal::Malformed("not UTF-8"));
    assert_eq!(refused(""), Refusal::Malformed("not well-formed"));
}

#[test]
fn where_encryption_is_required_the_rest_is_refused() {
    let required = |name: &str| read_with(case(name), |expected| expected.must_encrypt = true);
    assert_eq!(required("the assertion is signed").unwrap_err(), Refusal::NotEncrypted);
    assert!(required("encrypted: AES-256-GCM").is_ok());
    let without = read_with(case("encrypted: AES-256-GCM"), |expected| expected.private_keys = &[]);
    assert_eq!(without.unwrap_err(), Refusal::Decryption);
}

#[test]
fn metadata_names_the_provider_and_its_keys() {
    let metadata = Metadata::parse(METADATA).unwrap();
    assert_eq!((metadata.entity_id.as_str(), metadata.keys.len()), ("https://idp.example.com/saml", 3));
    assert_eq!(metadata.valid_until, None);
    let dated = METADATA
        .replace("entityID", "validUntil=\"2027-01-01T00:00:00Z\" entityID")
        .replace("<IDPSSO", "<IDPSSODescriptor protocolSupportEnumeration=\"x\"/><IDPSSO")
        .replace(
            "Descriptor protocolSupportEnumeration=\"urn",
            "Descriptor validUntil=\"2026-12-31T00:00:00Z\" protocolSupportEnumeration=\"urn",
        );
    let ends = Metadata::parse(&dated).unwrap().valid_until.unwrap();
    assert_eq!(ends.iso_seconds(), "2026-12-31T00:00:00Z");
}

#[test]
fn metadata_without_what_is_needed_is_refused() {
    let wrong = |from: &str, to: &str| {
        let changed = METADATA.replace(from, to);
        assert_ne!(changed, METADATA, "{from}");
        Metadata::parse(&changed).unwrap_err().0
    };
    assert_eq!(wrong("EntityDescriptor", "EntitiesDescriptor"), "no EntityDescriptor");
    assert_eq!(wrong("https://idp.example.com/saml", " "), "no entityID");
    assert_eq!(wrong("SAML:2.0:protocol", "SAML:1.1:protocol"), "no IDPSSODescriptor for SAML 2.0");
    assert_eq!(wrong("use=\"signing\"", "use=\"encryption\""), "no certificate for signing");
    assert_eq!(wrong("MII", "MI!"), "a certificate is not Base64");
    assert_eq!(wrong("MII", "AII"), "a certificate can not be used");
    assert_eq!(wrong("entityID", "validUntil=\"soon\" entityID"), "validUntil is no time");
    assert_eq!(wrong("<?xml version=\"1.0\"?>", "<!DOCTYPE a>"), "not XML, or too large");
}
