//! SAML responses: which provider must have made them, what they must be for, and that each is used once. How they are
//! verified is `rolecall_saml`'s.

mod attributes;
#[cfg(test)]
pub mod scene;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use rolecall_base::{AccountId, Arn, Fault};
use rolecall_door::At;
use rolecall_identity::records::{SamlPrivateKey, SamlProvider, SamlProviders};
use rolecall_identity::{Caller, Federation, SamlProof, Who};
use rolecall_saml::{Assertion, Expected, PrivateKey, PublicKey, Refusal};
use rolecall_store::{Reader, Tx};

use crate::federated;
use crate::model::{AssumeRoleWithSAMLRequest, fault};
use crate::records::{UsedAssertion, UsedAssertions};

pub const ACTION: &str = "sts:AssumeRoleWithSAML";

/// Condition keys that last beyond the sign-in; the others are for the trust policy alone.
const LASTING: [&str; 3] = ["saml:sub", "saml:sub_type", "saml:namequalifier"];

/// Used assertions that are over and are forgotten with each new one.
const FORGOTTEN: usize = 4;

/// Who it is that a request's response vouches for.
///
/// # Errors
/// InvalidIdentityToken, ExpiredTokenException, IDPRejectedClaim, AccessDenied, ValidationError.
pub fn caller(at: &At<'_>, input: &AssumeRoleWithSAMLRequest) -> Result<Caller, Fault> {
    let account =
        federated::account(&input.role_arn).ok_or_else(|| Fault::validation("Request ARN is invalid"))?;
    let provider = find(at.db()?, account, &input.principal_arn)?.ok_or_else(gone)?;
    let assertion = read(at, &provider, &input.saml_assertion)?;
    if !attributes::lists(&assertion, &input.role_arn, &input.principal_arn) {
        return Err(Fault::new("AccessDenied", 403, format!("Not authorized to perform {ACTION}")));
    }
    let federation = federation(provider, &assertion)?;
    let qualifier = federation.saml.as_ref().map_or("", |proof| &proof.name_qualifier);
    let user_id = format!("{qualifier}:{}", federation.subject);
    Ok(Caller::federated(Who::Saml, account, user_id, federation))
}

/// The provider is still the one by whose keys the response was verified.
///
/// # Errors
/// InvalidIdentityToken when it was deleted, or signs with other keys now.
pub fn still_vouches(db: &Reader, proof: &SamlProof) -> Result<(), Fault> {
    let then = &proof.by;
    let now = db.get::<SamlProviders>(&(then.account, then.name.clone()))?.ok_or_else(gone)?;
    let same = now.uuid == then.uuid
        && now.entity_id == then.entity_id
        && now.signing_keys == then.signing_keys
        && now.must_encrypt == then.must_encrypt;
    if same { Ok(()) } else { Err(gone()) }
}

/// Marks the assertion used, and forgets some that are over.
///
/// # Errors
/// InvalidIdentityToken when it was used before.
pub fn use_once(tx: &mut Tx, proof: &SamlProof, now: rolecall_base::Time) -> Result<(), Fault> {
    let (provider, id) = (proof.by.arn(), &proof.assertion);
    let hash = digest(&SHA256, format!("{provider}\n{id}").as_bytes());
    let end = |time: rolecall_base::Time| u64::try_from(time.seconds()).unwrap_or(0);
    let key = (end(proof.assertion_ends), STANDARD.encode(hash));
    if tx.exists::<UsedAssertions>(&key)? {
        return Err(fault::invalid_identity_token("The SAML assertion has already been used."));
    }
    let first = tx.scan::<UsedAssertions>(&(), None, FORGOTTEN)?;
    // A second more than needed: ends are cut to whole seconds.
    for (key, _) in first.into_iter().filter(|((ends, _), _)| *ends + 1 < end(now)) {
        tx.delete::<UsedAssertions>(&key)?;
    }
    Ok(tx.put::<UsedAssertions>(&key, &UsedAssertion {})?)
}

/// What lasts beyond the sign-in.
pub fn lasting(federation: &Federation) -> Federation {
    let mut lasting = federation.clone();
    lasting.context.retain(|(key, _)| LASTING.contains(&key.as_str()));
    lasting
}

fn gone() -> Fault {
    fault::invalid_identity_token("Specified provider doesn't exist.")
}

/// A provider of the role's own account.
fn find(db: &Reader, account: AccountId, arn: &str) -> Result<Option<SamlProvider>, Fault> {
    let parsed = Arn::parse(arn).ok().filter(|parsed| parsed.service == "iam" && parsed.region.is_empty());
    let parsed = parsed.filter(|parsed| parsed.kind_and_rest().0 == "saml-provider");
    let Some(parsed) = parsed else { return Err(Fault::validation(format!("{arn} is invalid"))) };
    if parsed.account_id() != Some(account) {
        return Ok(None);
    }
    Ok(db.get::<SamlProviders>(&(account, parsed.kind_and_rest().1.to_owned()))?)
}

/// Verifies and reads a response by what the account knows of the provider.
fn read(at: &At<'_>, provider: &SamlProvider, response: &str) -> Result<Assertion, Fault> {
    let bad = |_| Fault::internal("a SAML provider's stored key can't be read");
    let keys: Result<Vec<_>, _> = provider.signing_keys.iter().map(|key| PublicKey::of_spki(key)).collect();
    let keys = keys.map_err(bad)?;
    let mut private_keys = Vec::new();
    for key in &provider.private_keys {
        private_keys.push(unsealed(at, provider, key)?);
    }
    let expected = Expected {
        issuer: &provider.entity_id,
        keys: &keys,
        private_keys: &private_keys,
        must_encrypt: provider.must_encrypt,
        blinding: at.env.random(),
        now: at.now,
        audience: &|audience| audience == "urn:amazon:webservices" || is_ours(audience, &provider.uuid),
        recipient: &|recipient| is_ours(recipient, &provider.uuid),
    };
    rolecall_saml::read(response, &expected).map_err(refused)
}

fn unsealed(at: &At<'_>, provider: &SamlProvider, key: &SamlPrivateKey) -> Result<PrivateKey, Fault> {
    let owner = SamlPrivateKey::owner(&provider.uuid, &key.id);
    let pkcs8 = at.identity.vault.unseal(&owner, &key.sealed);
    let pkcs8 = pkcs8.map_err(|_| Fault::internal("a SAML provider's private key does not open"))?;
    PrivateKey::of_pkcs8(&pkcs8).map_err(|_| Fault::internal("a SAML provider's private key can't be read"))
}

/// Whether an address is AWS's for sign-in: with or without a region in front, and for all providers or for this one.
fn is_ours(address: &str, uuid: &str) -> bool {
    let Some((host, path)) = address.strip_prefix("https://").and_then(|rest| rest.split_once('/')) else {
        return false;
    };
    let region = host.strip_suffix("signin.aws.amazon.com");
    let region = region.filter(|region| region.is_empty() || region.len() > 1 && region.ends_with('.'));
    let label = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
    let one = |region: &str| region.matches('.').count() <= 1 && region.chars().all(label);
    let ours = path == "saml" || path.strip_prefix("saml/acs/").is_some_and(|id| id == uuid);
    region.is_some_and(one) && ours
}

fn refused(refusal: Refusal) -> Fault {
    let invalid = fault::invalid_identity_token;
    match refusal {
        Refusal::Encoding => invalid("Invalid base64 SAMLResponse"),
        Refusal::Malformed(what) => {
            fault::invalid_identity_token(format!("Your request included an invalid SAML response: {what}."))
        }
        Refusal::Signature => invalid("Response signature invalid"),
        Refusal::Rejected(status) => fault::idp_rejected_claim(format!(
            "The identity provider reported that authentication failed: {status}."
        )),
        Refusal::Issuer => invalid("Issuer not present in specified provider"),
        Refusal::Expired => fault::expired_token("Token must be redeemed within 5 minutes of issuance"),
        Refusal::NotYet => invalid("The SAML assertion is not valid yet."),
        Refusal::Audience => invalid("Response does not contain the required audience."),
        Refusal::Recipient => invalid("The Recipient of the SAML assertion is not an AWS sign-in endpoint."),
        Refusal::NotEncrypted => {
            invalid("The SAML assertion is not encrypted, and the provider requires encryption.")
        }
        Refusal::Decryption => invalid("The encrypted SAML assertion can not be decrypted and verified."),
    }
}

fn federation(provider: SamlProvider, assertion: &Assertion) -> Result<Federation, Fault> {
    let said = attributes::read(assertion)?;
    let qualified = format!("{}{}/{}", assertion.issuer, provider.account, provider.name);
    let name_qualifier = STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, qualified.as_bytes()));
    let format = match assertion.subject.format.as_str() {
        "" => "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
        format => format.strip_prefix("urn:oasis:names:tc:SAML:2.0:nameid-format:").unwrap_or(format),
    };
    let mut context: Vec<(String, Vec<String>)> = [
        ("saml:aud", assertion.recipient.clone()),
        ("saml:iss", assertion.issuer.clone()),
        ("saml:sub", assertion.subject.value.clone()),
        ("saml:sub_type", format.to_owned()),
        ("saml:namequalifier", name_qualifier.clone()),
        ("saml:doc", format!("{}/{}", provider.account, provider.name)),
    ]
    .map(|(key, value)| (key.to_owned(), vec![value]))
    .into();
    context.extend(said.keys);
    Ok(Federation {
        provider: provider.arn(),
        issuer: assertion.issuer.clone(),
        subject: assertion.subject.value.clone(),
        audience: assertion.recipient.clone(),
        context,
        tags: said.tags,
        transitive: said.transitive,
        source_identity: said.source_identity,
        saml: Some(Box::new(SamlProof {
            by: provider,
            session_name: said.session_name,
            subject_type: format.to_owned(),
            name_qualifier,
            session_ends: assertion.session_ends,
            assertion: assertion.id.clone(),
            assertion_ends: assertion.ends,
        })),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_sign_in_addresses_of_aws_are_ours() {
        for ours in [
            "https://signin.aws.amazon.com/saml",
            "https://eu-central-1.signin.aws.amazon.com/saml",
            "https://signin.aws.amazon.com/saml/acs/SAMLSPX",
            "https://us-east-1.signin.aws.amazon.com/saml/acs/SAMLSPX",
        ] {
            assert!(is_ours(ours, "SAMLSPX"), "{ours}");
        }
        for other in [
            "http://signin.aws.amazon.com/saml",
            "https://signin.aws.amazon.com/saml/",
            "https://signin.aws.amazon.com/",
            "https://evilsignin.aws.amazon.com/saml",
            "https://evil.com/.signin.aws.amazon.com/saml",
            "https://a.b.signin.aws.amazon.com/saml",
            "https://user@signin.aws.amazon.com/saml",
            "https://.signin.aws.amazon.com/saml",
            "https://signin.aws.amazon.com.evil.com/saml",
            "https://signin.aws.amazon.com/saml/acs/SAMLSPY",
            "",
        ] {
            assert!(!is_ours(other, "SAMLSPX"), "{other}");
        }
    }
}
