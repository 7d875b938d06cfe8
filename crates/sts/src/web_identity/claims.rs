//! From a verified token's claims to what they mean here: condition keys, session tags, a source identity.

use std::time::Duration;

use rolecall_actions::KeyRow;
use rolecall_base::{Fault, Time};
use rolecall_identity::Federation;
use rolecall_identity::records::OidcProvider;
use serde_json::Value;

use super::token::Token;
use crate::model::fault;

/// How far the provider's clock and ours may differ; AWS's five minutes.
const SKEW: Duration = Duration::from_secs(300);
/// Characters of `sub`.
const LONGEST_SUBJECT: usize = 255;
/// Values of one claim that become a condition key.
const MOST_VALUES: usize = 100;
const TAGS: &str = "https://aws.amazon.com/tags";
const SOURCE_IDENTITY: &str = "https://aws.amazon.com/source_identity";

/// Claims that are condition keys whoever the provider is, beside `aud` and `oaud`.
const COMMON: [&str; 3] = ["amr", "email", "sub"];

/// What the claims of a verified token say.
///
/// # Errors
/// InvalidIdentityToken for a claim that is missing or not for us, ExpiredTokenException for one that is over,
/// IDPRejectedClaim for tags or a source identity that can't be.
pub fn federation(provider: &OidcProvider, token: &Token<'_>, now: Time) -> Result<Federation, Fault> {
    let missing = |claim: &str| fault::invalid_identity_token(format!("Missing a required claim: {claim}"));
    let issuer = token.text("iss").ok_or_else(|| missing("iss"))?;
    let subject = token.text("sub").ok_or_else(|| missing("sub"))?;
    if subject.chars().count() > LONGEST_SUBJECT {
        return Err(fault::invalid_identity_token("The claim sub is too long."));
    }
    if issuer != provider.issuer() {
        return Err(fault::invalid_identity_token("Incorrect token issuer"));
    }
    in_time(token, now)?;
    let audiences = strings(token.claims.get("aud")).filter(|list| !list.is_empty());
    let audiences = audiences.ok_or_else(|| missing("aud"))?;
    let authorized = token.text("azp");
    let audience = audience(provider, &audiences, authorized)?;
    let mut context = Vec::new();
    let mut add = |claim: &str, values: Vec<String>| {
        context.push((format!("{}:{claim}", provider.url).to_lowercase(), values));
    };
    match authorized {
        // As AWS has it: with `azp`, that is the audience, and what the token calls `aud` is `oaud`.
        Some(authorized) => {
            add("aud", vec![authorized.to_owned()]);
            add("oaud", audiences);
        }
        None => add("aud", audiences),
    }
    for claim in COMMON.into_iter().chain(own_claims(&provider.url)) {
        if let Some(values) = strings(token.claims.get(claim)).filter(|values| !values.is_empty()) {
            add(claim, values);
        }
    }
    let (tags, transitive) = tags(token)?;
    Ok(Federation {
        provider: provider.arn(),
        issuer: issuer.to_owned(),
        subject: subject.to_owned(),
        audience,
        context,
        tags,
        transitive,
        source_identity: source_identity(token)?,
        saml: None,
    })
}

/// The audience by which a token is for one of the provider's clients.
fn audience(
    provider: &OidcProvider,
    audiences: &[String],
    authorized: Option<&str>,
) -> Result<String, Fault> {
    let known = |audience: &&str| provider.client_ids.iter().any(|own| own == audience);
    let found = match authorized {
        Some(authorized) => Some(authorized).filter(known),
        None => audiences.iter().map(String::as_str).find(known),
    };
    found.map(str::to_owned).ok_or_else(|| fault::invalid_identity_token("Incorrect token audience"))
}

fn in_time(token: &Token<'_>, now: Time) -> Result<(), Fault> {
    let seconds = |claim: &str| match token.claims.get(claim) {
        None => Ok(None),
        Some(value) => match time(value) {
            Some(time) => Ok(Some(time)),
            None => Err(fault::invalid_identity_token(format!("The claim {claim} is not a time."))),
        },
    };
    let missing = |claim: &str| fault::invalid_identity_token(format!("Missing a required claim: {claim}"));
    let expires = seconds("exp")?.ok_or_else(|| missing("exp"))?;
    let issued = seconds("iat")?.ok_or_else(|| missing("iat"))?;
    let begins = seconds("nbf")?.unwrap_or(issued).max(issued);
    if now >= expires + SKEW {
        return Err(fault::expired_token(format!(
            "Token expired: current date/time {} must be before the expiration date/time {}",
            now.seconds(),
            expires.seconds()
        )));
    }
    if begins > now + SKEW {
        return Err(fault::invalid_identity_token("The token is not valid yet."));
    }
    Ok(())
}

/// A NumericDate: seconds, of which some providers write fractions.
fn time(value: &Value) -> Option<Time> {
    // Through the year 9999.
    const LAST: f64 = 253_402_300_799.0;
    let seconds = value.as_f64().filter(|seconds| (0.0..=LAST).contains(seconds))?;
    #[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
    let seconds = seconds as i64;
    Some(Time::from_millis(seconds.checked_mul(1_000)?))
}

/// The values of a claim that is text, a number, a truth value, or a list of these.
fn strings(value: Option<&Value>) -> Option<Vec<String>> {
    let one = |value: &Value| match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    };
    match value? {
        Value::Array(list) if list.len() <= MOST_VALUES => list.iter().map(one).collect(),
        Value::Array(_) => None,
        single => one(single).map(|value| vec![value]),
    }
}

/// The claims that AWS makes condition keys of for this provider: GitHub's `repository`, GitLab's `project_id`.
fn own_claims(url: &str) -> impl Iterator<Item = &'static str> + use<'_> {
    let keys: &'static [KeyRow] =
        rolecall_actions::services().iter().find(|rows| rows.service == "sts").map_or(&[], |rows| rows.keys);
    keys.iter().filter_map(move |key| {
        let (place, claim) = key.pattern.rsplit_once(':')?;
        let own = place.contains('.') && is_place(place, url) && !COMMON.contains(&claim);
        (own && claim != "aud" && claim != "oaud").then_some(claim)
    })
}

/// Whether a provider's URL is what a pattern stands for, in which `${Name}` is one part of a host or path.
fn is_place(pattern: &str, url: &str) -> bool {
    let Some((head, rest)) = pattern.split_once("${") else { return pattern.eq_ignore_ascii_case(url) };
    let (Some(url), Some((_, rest))) = (url.strip_prefix(head), rest.split_once('}')) else { return false };
    let part = url.find(['/', '.']).unwrap_or(url.len());
    part > 0 && url.get(part..).is_some_and(|url| is_place(rest, url))
}

type SessionTags = (Vec<(String, String)>, Vec<String>);

/// Session tags, nested under one claim or, for providers that can't nest, spread over claims whose names say the rest.
fn tags(token: &Token<'_>) -> Result<SessionTags, Fault> {
    let mut tags = Vec::new();
    let mut transitive = Vec::new();
    let invalid = || fault::idp_rejected_claim(format!("The claim {TAGS} is not valid."));
    let mut add = |key: &str, value: &Value| {
        // A list because SAML has one; only one value is possible.
        let value = match value {
            Value::String(text) => text,
            Value::Array(list) => match list.as_slice() {
                [Value::String(text)] => text,
                _ => return Err(invalid()),
            },
            _ => return Err(invalid()),
        };
        let fits = |text: &str, least: usize, most: usize| {
            let allowed = |c: char| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c);
            (least..=most).contains(&text.chars().count()) && text.chars().all(allowed)
        };
        if !fits(key, 1, 128) || !fits(value, 0, 256) {
            return Err(invalid());
        }
        tags.push((key.to_owned(), value.clone()));
        Ok(())
    };
    let listed = |value: &Value| {
        let list = value.as_array().ok_or_else(invalid)?;
        list.iter()
            .map(|key| key.as_str().map(str::to_owned).ok_or_else(invalid))
            .collect::<Result<Vec<_>, _>>()
    };
    if let Some(nested) = token.claims.get(TAGS) {
        let nested = nested.as_object().ok_or_else(invalid)?;
        if let Some(principal) = nested.get("principal_tags") {
            for (key, value) in principal.as_object().ok_or_else(invalid)? {
                add(key, value)?;
            }
        }
        if let Some(keys) = nested.get("transitive_tag_keys") {
            transitive.extend(listed(keys)?);
        }
    }
    for (claim, value) in &token.claims {
        let Some(rest) = claim.strip_prefix(TAGS).and_then(|rest| rest.strip_prefix('/')) else { continue };
        match rest.strip_prefix("principal_tags/") {
            Some(key) => add(key, value)?,
            None if rest == "transitive_tag_keys" => transitive.extend(listed(value)?),
            None => return Err(invalid()),
        }
    }
    Ok((tags, transitive))
}

fn source_identity(token: &Token<'_>) -> Result<Option<String>, Fault> {
    let Some(value) = token.claims.get(SOURCE_IDENTITY) else { return Ok(None) };
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    let text = value.as_str().filter(|text| (2..=64).contains(&text.len()) && text.chars().all(allowed));
    let text =
        text.ok_or_else(|| fault::idp_rejected_claim(format!("The claim {SOURCE_IDENTITY} is not valid.")))?;
    Ok(Some(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_providers_own_claims_are_those_that_aws_lists_for_it() {
        let of = |url: &str| own_claims(url).collect::<Vec<_>>();
        assert!(of("token.actions.githubusercontent.com").contains(&"repository"));
        assert!(of("token.actions.githubusercontent.com/octo").contains(&"repository"));
        assert!(of("gitlab.com").contains(&"project_id"));
        assert!(of("oidc.circleci.com/org/1f3a").contains(&"oidc.circleci.com/project-id"));
        assert!(of("id.example.com").is_empty());
        assert!(of("sts").is_empty() && of("saml").is_empty() && of("evil.com/gitlab.com").is_empty());
    }

    #[test]
    fn a_time_is_in_seconds_from_1970_to_9999() {
        assert_eq!(time(&serde_json::json!(1_700_000_000)).unwrap().seconds(), 1_700_000_000);
        assert_eq!(time(&serde_json::json!(1_700_000_000.75)).unwrap().seconds(), 1_700_000_000);
        for bad in ["-1", "1e300", "\"1700000000\"", "null", "[]"] {
            assert!(time(&serde_json::from_str(bad).unwrap()).is_none(), "{bad}");
        }
    }
}
