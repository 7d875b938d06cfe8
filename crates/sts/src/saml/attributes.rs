//! What AWS reads out of an assertion's attributes: roles, the session's name and tags, a source identity, and the
//! attributes that are condition keys.
//!
//! `SessionDuration` is not among them: it is for the console's sign-in. Here the request's `DurationSeconds` counts.

use rolecall_base::Fault;
use rolecall_saml::Assertion;

use crate::model::fault;

const PREFIX: &str = "https://aws.amazon.com/SAML/Attributes/";

/// Attributes that are condition keys, by the names that directories and providers give them.
const KEYS: [(&str, &str); 30] = [
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.1", "saml:edupersonaffiliation"),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.2", "saml:edupersonnickname"),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.3", "saml:edupersonorgdn"),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.4", "saml:edupersonorgunitdn"),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.5", "saml:edupersonprimaryaffiliation"),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.6", "saml:edupersonprincipalname"),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.7", "saml:edupersonentitlement"),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.8", "saml:edupersonprimaryorgunitdn"),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.9", "saml:edupersonscopedaffiliation"),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.10", "saml:edupersontargetedid"),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.11", "saml:edupersonassurance"),
    ("urn:oid:1.3.6.1.4.1.5923.1.2.1.2", "saml:eduorghomepageuri"),
    ("urn:oid:1.3.6.1.4.1.5923.1.2.1.3", "saml:eduorgidentityauthnpolicyuri"),
    ("urn:oid:1.3.6.1.4.1.5923.1.2.1.4", "saml:eduorglegalname"),
    ("urn:oid:1.3.6.1.4.1.5923.1.2.1.5", "saml:eduorgsuperioruri"),
    ("urn:oid:1.3.6.1.4.1.5923.1.2.1.6", "saml:eduorgwhitepagesuri"),
    ("urn:oid:2.5.4.3", "saml:cn"),
    ("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name", "saml:name"),
    ("http://schemas.xmlsoap.org/claims/CommonName", "saml:commonname"),
    ("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname", "saml:givenname"),
    ("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname", "saml:surname"),
    ("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress", "saml:mail"),
    ("http://schemas.microsoft.com/ws/2008/06/identity/claims/primarygroupsid", "saml:primarygroupsid"),
    ("2.5.4.3", "saml:commonname"),
    ("2.5.4.4", "saml:surname"),
    ("2.5.4.42", "saml:givenname"),
    ("2.5.4.45", "saml:x500uniqueidentifier"),
    ("0.9.2342.19200300.100.1.1", "saml:uid"),
    ("0.9.2342.19200300.100.1.3", "saml:mail"),
    ("0.9.2342.19200300.100.1.45", "saml:organizationstatus"),
];

/// What the attributes say.
#[derive(Debug, Default)]
pub struct Said {
    pub session_name: String,
    pub tags: Vec<(String, String)>,
    pub transitive: Vec<String>,
    pub source_identity: Option<String>,
    /// Condition keys.
    pub keys: Vec<(String, Vec<String>)>,
}

/// Whether the assertion offers the role by the provider: two ARNs and a comma, in either order.
pub fn lists(assertion: &Assertion, role: &str, provider: &str) -> bool {
    assertion.values(&format!("{PREFIX}Role")).any(|value| {
        let (one, other) =
            value.split_once(',').map_or((value, ""), |(one, other)| (one.trim(), other.trim()));
        (one, other) == (role, provider) || (other, one) == (role, provider)
    })
}

/// # Errors
/// InvalidIdentityToken for a session's name that is missing, and for values that can't be.
pub fn read(assertion: &Assertion) -> Result<Said, Fault> {
    let invalid = fault::invalid_identity_token;
    let session_name = single(assertion, "RoleSessionName").map_err(|_| unfit_name())?;
    let session_name = session_name.ok_or_else(|| invalid("RoleSessionName is required in AuthnResponse"))?;
    if !is_name(session_name) {
        return Err(unfit_name());
    }
    let unfit =
        || invalid(r#"Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with "aws:""#);
    let source_identity = single(assertion, "SourceIdentity").map_err(|_| unfit())?;
    if source_identity.is_some_and(|source| !is_name(source) || source.starts_with("aws:")) {
        return Err(unfit());
    }
    let mut said = Said {
        session_name: session_name.to_owned(),
        source_identity: source_identity.map(str::to_owned),
        transitive: assertion.values(&format!("{PREFIX}TransitiveTagKeys")).map(str::to_owned).collect(),
        ..Said::default()
    };
    for (name, values) in &assertion.attributes {
        if let Some(key) = name.strip_prefix(PREFIX).and_then(|name| name.strip_prefix("PrincipalTag:")) {
            said.tags.push(tag(key, values)?);
        } else if let Some((_, key)) = KEYS.iter().find(|(own, _)| own == name)
            && !values.is_empty()
        {
            match said.keys.iter_mut().find(|(own, _)| own == key) {
                Some((_, own)) => own.extend(values.iter().cloned()),
                None => said.keys.push(((*key).to_owned(), values.clone())),
            }
        }
    }
    Ok(said)
}

fn unfit_name() -> Fault {
    fault::invalid_identity_token("RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}")
}

/// The one value of an attribute.
fn single<'a>(assertion: &'a Assertion, name: &str) -> Result<Option<&'a str>, ()> {
    let name = format!("{PREFIX}{name}");
    let mut values = assertion.values(&name);
    match (values.next(), values.next()) {
        (first, None) => Ok(first),
        _ => Err(()),
    }
}

fn is_name(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    (2..=64).contains(&text.len()) && text.chars().all(fits)
}

fn tag(key: &str, values: &[String]) -> Result<(String, String), Fault> {
    let fits = |text: &str, least: usize, most: usize| {
        let fits = |c: char| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c);
        (least..=most).contains(&text.chars().count()) && text.chars().all(fits)
    };
    match values {
        [value] if fits(key, 1, 128) && fits(value, 0, 256) => Ok((key.to_owned(), value.clone())),
        _ => Err(fault::invalid_identity_token(format!(
            "PrincipalTag:{} in AuthnResponse must have one value of at most 256 characters.",
            key.chars().take(128).collect::<String>()
        ))),
    }
}
