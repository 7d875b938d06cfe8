//! The assertion: what a provider says of a user, and the conditions under which it may be believed.

use std::time::Duration;

use rolecall_base::Time;
use roxmltree::Node;

use crate::refusal::Refusal;
use crate::response::{Expected, LIFETIME};
use crate::xml::{self, ASSERTION};

const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
/// How far the provider's clock may be ahead of ours.
const SKEW: Duration = Duration::from_secs(60);

/// The name of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameId {
    pub value: String,
    /// A URI; empty when the provider does not say.
    pub format: String,
}

/// What a provider says of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assertion {
    pub id: String,
    pub issued: Time,
    pub issuer: String,
    pub subject: NameId,
    /// Where it had to be brought.
    pub recipient: String,
    /// From when it is nothing any more: the earliest of the ends that it names and of [`LIFETIME`].
    pub ends: Time,
    /// When the user's session at the provider ends.
    pub session_ends: Option<Time>,
    /// Attributes by name, in their order.
    pub attributes: Vec<(String, Vec<String>)>,
    begins: Option<Time>,
    /// One list for each restriction; each must have one of ours.
    audiences: Vec<Vec<String>>,
}

impl Assertion {
    /// Reads an assertion out of a text that is verified.
    pub(crate) fn read(node: Node<'_, '_>) -> Result<Assertion, Refusal> {
        let missing = |what| move || Refusal::Malformed(what);
        if !xml::is(node, ASSERTION, "Assertion") || node.attribute("Version") != Some("2.0") {
            return Err(Refusal::Malformed("no assertion of SAML 2.0"));
        }
        let id = node.attribute("ID").ok_or_else(missing("no ID"))?;
        let issued = time(node, "IssueInstant")?.ok_or_else(missing("no IssueInstant"))?;
        let issuer = xml::only(node, ASSERTION, "Issuer").and_then(xml::trimmed);
        let subject = xml::only(node, ASSERTION, "Subject").ok_or_else(missing("no Subject"))?;
        let name = xml::only(subject, ASSERTION, "NameID").ok_or_else(missing("no NameID"))?;
        let value = xml::trimmed(name).filter(|value| !value.is_empty() && value.len() <= 2048);
        let confirmation = xml::only(subject, ASSERTION, "SubjectConfirmation");
        let confirmation = confirmation.filter(|one| one.attribute("Method") == Some(BEARER));
        let confirmation =
            confirmation.ok_or_else(missing("not exactly one SubjectConfirmation by bearer"))?;
        let data = xml::only(confirmation, ASSERTION, "SubjectConfirmationData");
        let data = data.ok_or_else(missing("no SubjectConfirmationData"))?;
        let confirmed = time(data, "NotOnOrAfter")?.ok_or_else(missing("no NotOnOrAfter"))?;
        let conditions = Conditions::read(node)?;
        let (session_ends, attributes) = (session_ends(node)?, attributes(node)?);
        let ends = [Some(confirmed), conditions.ends, Some(issued + Duration::from_secs(LIFETIME))];
        Ok(Assertion {
            id: id.to_owned(),
            issued,
            issuer: issuer.ok_or_else(missing("no Issuer"))?.to_owned(),
            subject: NameId {
                value: value.ok_or_else(missing("no NameID"))?.to_owned(),
                format: name.attribute("Format").unwrap_or_default().to_owned(),
            },
            recipient: data.attribute("Recipient").ok_or_else(missing("no Recipient"))?.to_owned(),
            ends: ends.into_iter().flatten().min().unwrap_or(issued),
            session_ends,
            attributes,
            begins: [conditions.begins, time(data, "NotBefore")?].into_iter().flatten().max(),
            audiences: conditions.audiences,
        })
    }

    /// Holds it against what is expected.
    pub(crate) fn check(&self, expected: &Expected<'_>) -> Result<(), Refusal> {
        if self.issuer != expected.issuer {
            return Err(Refusal::Issuer);
        }
        let latest = expected.now + SKEW;
        if self.issued > latest || self.begins.is_some_and(|begins| begins > latest) {
            return Err(Refusal::NotYet);
        }
        if self.ends <= expected.now || self.session_ends.is_some_and(|ends| ends <= expected.now) {
            return Err(Refusal::Expired);
        }
        if !(expected.recipient)(&self.recipient) {
            return Err(Refusal::Recipient);
        }
        let ours = |audiences: &Vec<String>| audiences.iter().any(|audience| (expected.audience)(audience));
        if self.audiences.is_empty() || !self.audiences.iter().all(ours) {
            return Err(Refusal::Audience);
        }
        Ok(())
    }

    /// The values of an attribute; none when it is not there.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = self.attributes.iter().filter(move |(own, _)| own == name);
        named.flat_map(|(_, values)| values.iter().map(String::as_str))
    }
}

struct Conditions {
    begins: Option<Time>,
    ends: Option<Time>,
    audiences: Vec<Vec<String>>,
}

impl Conditions {
    fn read(assertion: Node<'_, '_>) -> Result<Conditions, Refusal> {
        let conditions = xml::only(assertion, ASSERTION, "Conditions");
        let conditions = conditions.ok_or(Refusal::Malformed("not exactly one Conditions"))?;
        let mut audiences = Vec::new();
        for condition in xml::elements(conditions) {
            if xml::is(condition, ASSERTION, "AudienceRestriction") {
                let texts = xml::named(condition, ASSERTION, "Audience").filter_map(xml::trimmed);
                audiences.push(texts.map(str::to_owned).collect());
            } else if !xml::is(condition, ASSERTION, "OneTimeUse")
                && !xml::is(condition, ASSERTION, "ProxyRestriction")
            {
                // A condition that is not understood can't be said to hold.
                return Err(Refusal::Malformed("an unknown condition"));
            }
        }
        let (begins, ends) = (time(conditions, "NotBefore")?, time(conditions, "NotOnOrAfter")?);
        Ok(Conditions { begins, ends, audiences })
    }
}

/// The earliest end of the user's sessions at the provider.
fn session_ends(assertion: Node<'_, '_>) -> Result<Option<Time>, Refusal> {
    let statements = xml::named(assertion, ASSERTION, "AuthnStatement");
    let ends: Result<Vec<_>, _> = statements.map(|one| time(one, "SessionNotOnOrAfter")).collect();
    Ok(ends?.into_iter().flatten().min())
}

fn attributes(assertion: Node<'_, '_>) -> Result<Vec<(String, Vec<String>)>, Refusal> {
    let mut all: Vec<(String, Vec<String>)> = Vec::new();
    for statement in xml::named(assertion, ASSERTION, "AttributeStatement") {
        if xml::named(statement, ASSERTION, "EncryptedAttribute").next().is_some() {
            return Err(Refusal::Malformed("an encrypted attribute"));
        }
        for attribute in xml::named(statement, ASSERTION, "Attribute") {
            let name =
                attribute.attribute("Name").ok_or(Refusal::Malformed("an attribute without a name"))?;
            let mut values = Vec::new();
            for value in xml::named(attribute, ASSERTION, "AttributeValue") {
                // Values that are XML themselves are for others: the names that AWS reads have texts.
                if let Some(text) = xml::trimmed(value) {
                    values.push(text.to_owned());
                }
            }
            match all.iter_mut().find(|(own, _)| own == name) {
                Some((_, own)) => own.extend(values),
                None => all.push((name.to_owned(), values)),
            }
        }
    }
    Ok(all)
}

fn time(node: Node<'_, '_>, name: &str) -> Result<Option<Time>, Refusal> {
    let read = |text: &str| Time::parse_iso(text.trim()).ok_or(Refusal::Malformed("a time that is none"));
    node.attribute(name).map(read).transpose()
}
