//! Reads the `Authorization` header, or the `X-Amz-…` parameters of a presigned URL.

use std::borrow::Cow;

use http::HeaderMap;
use rolecall_base::Time;

use crate::refusal::{ExpiresFault, Part, Place, Refusal};
use crate::{Family, Request, canonical, encode};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// A presigned URL lives a week at most.
const LONGEST_PRESIGNED_SECONDS: u32 = 604_800;

/// What a request says it was signed with. Nothing in it is verified yet.
#[derive(Clone, Debug)]
pub struct Signed<'a> {
    pub(crate) place: Place,
    pub(crate) credential: Credential<'a>,
    pub(crate) signed_headers: Cow<'a, str>,
    pub(crate) signature: Cow<'a, str>,
    pub(crate) time: Time,
    pub(crate) time_text: Cow<'a, str>,
    pub(crate) expires_seconds: Option<u32>,
    pub(crate) token: Option<Cow<'a, str>>,
}

/// `keyid/date/region/service/aws4_request`.
#[derive(Clone, Debug, Default)]
pub struct Credential<'a> {
    text: Cow<'a, str>,
    /// Where each part after the key id begins.
    starts: [usize; 4],
}

impl<'a> Signed<'a> {
    /// Reads a request's credentials: `Ok(None)` when it bears none, which S3 calls anonymous and the others refuse
    /// with [`Refusal::Missing`].
    ///
    /// Refuses what is not well-formed, and a request with both a header and query parameters.
    pub fn read(request: &Request<'a>, family: Family) -> Result<Option<Signed<'a>>, Refusal> {
        let mut headers = request.headers.get_all(http::header::AUTHORIZATION).iter();
        let header = headers.next();
        let presigned = in_query(request.query);
        let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        match header {
            None if presigned => query(request, family).map(Some),
            // Signature Version 2 is not to be taken for no signature at all.
            None if family == Family::S3 && in_query_v2(request.query) => {
                Err(Refusal::Version2 { authorization: String::new() })
            }
            None => Ok(None),
            Some(value) if presigned || headers.next().is_some() => {
                Err(Refusal::Both { authorization: text(value) })
            }
            Some(value) => match value.to_str() {
                Ok(value) => authorization(value, request, family).map(Some),
                Err(_) => Err(Refusal::Scheme { authorization: text(value) }),
            },
        }
    }

    pub fn access_key_id(&self) -> &str {
        self.credential.part(0)
    }

    /// The session token, when there is one.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// The credential scope's date, region and service: what a signing key is derived for.
    pub fn scope(&self) -> [&str; 3] {
        [self.credential.part(1), self.credential.part(2), self.credential.part(3)]
    }

    /// When the client says it signed.
    pub fn time(&self) -> Time {
        self.time
    }

    /// How many seconds a presigned URL says it is good for.
    pub fn expires_seconds(&self) -> Option<u32> {
        self.expires_seconds
    }

    /// Whether the signature is in the URL.
    pub fn is_presigned(&self) -> bool {
        self.place == Place::Query
    }

    /// Whether a header was signed; its name in lower case.
    pub fn covers(&self, header: &str) -> bool {
        self.signed_headers.split(';').any(|name| name == header)
    }
}

impl<'a> Credential<'a> {
    pub(crate) fn read(text: Cow<'a, str>) -> Result<Credential<'a>, String> {
        let mut starts = [0; 4];
        let mut slashes = text.match_indices('/').map(|(at, _)| at + 1);
        let found = starts.iter_mut().zip(&mut slashes).map(|(start, at)| *start = at).count();
        if found < 4 || slashes.next().is_some() {
            return Err(text.into_owned());
        }
        Ok(Credential { text, starts })
    }

    /// Part 0 is the access key id, 4 the terminator.
    pub(crate) fn part(&self, number: usize) -> &str {
        let start = number.checked_sub(1).and_then(|before| self.starts.get(before)).copied().unwrap_or(0);
        let end = self.starts.get(number).map_or(self.text.len(), |next| next - 1);
        self.text.get(start..end).unwrap_or("")
    }

    /// All but the access key id.
    pub(crate) fn scope(&self) -> &str {
        self.starts.first().and_then(|start| self.text.get(*start..)).unwrap_or("")
    }
}

/// Whether a query bears any parameter that only a presigned URL has.
fn in_query(query: &str) -> bool {
    const MARKS: [&str; 3] = ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature"];
    query.contains("X-Amz-")
        && query.split('&').any(|pair| MARKS.contains(&pair.split_once('=').map_or(pair, |(name, _)| name)))
}

fn authorization<'a>(value: &'a str, request: &Request<'a>, family: Family) -> Result<Signed<'a>, Refusal> {
    let scheme = scheme(value)?;
    let [credential, signature, signed_headers] = components(value.get(scheme.len()..).unwrap_or(""))?;
    let date = date_text(request.headers);
    let (Some(credential), Some(signature), Some(signed_headers), Some(date)) =
        (credential, signature, signed_headers, date)
    else {
        let present = [credential.is_some(), signature.is_some(), signed_headers.is_some(), date.is_some()];
        let all = [Part::Credential, Part::Signature, Part::SignedHeaders, Part::Date];
        let missing = all.into_iter().zip(present).filter_map(|(part, here)| (!here).then_some(part));
        let (missing, authorization) = (missing.collect(), value.to_owned());
        return Err(Refusal::Parts { place: Place::Header, missing, authorization });
    };
    let refuse_date = || Refusal::DateFormat { place: Place::Header, found: date.to_owned() };
    let (time, time_text) = canonical::time(date).ok_or_else(refuse_date)?;
    algorithm(scheme, Place::Header)?;
    Ok(Signed {
        place: Place::Header,
        credential: read_credential(Cow::Borrowed(credential), Place::Header)?,
        signed_headers: lower(Cow::Borrowed(signed_headers), family),
        signature: Cow::Borrowed(signature),
        time,
        time_text,
        expires_seconds: None,
        token: header(request.headers, "x-amz-security-token").map(Cow::Borrowed),
    })
}

/// The word before the first space.
fn scheme(authorization: &str) -> Result<&str, Refusal> {
    let scheme = authorization.split(' ').next().unwrap_or("");
    if scheme == "AWS" {
        return Err(Refusal::Version2 { authorization: authorization.to_owned() });
    }
    if scheme.starts_with("AWS4-") {
        return Ok(scheme);
    }
    Err(Refusal::Scheme { authorization: authorization.to_owned() })
}

/// Credential, signature and signed headers; commas or spaces (or both) stand between them.
fn components(text: &str) -> Result<[Option<&str>; 3], Refusal> {
    let mut found = [None; 3];
    let [credential, signature, signed_headers] = &mut found;
    for part in text.split([',', ' ']).map(str::trim).filter(|part| !part.is_empty()) {
        let Some((name, value)) = part.split_once('=') else {
            return Err(Refusal::NotAPair { text: part.to_owned() });
        };
        match name {
            "Credential" => *credential = Some(value),
            "Signature" => *signature = Some(value),
            "SignedHeaders" => *signed_headers = Some(value),
            _ => {}
        }
    }
    Ok(found)
}

/// `x-amz-date`, or `Date` where that is missing.
fn date_text(headers: &HeaderMap) -> Option<&str> {
    header(headers, "x-amz-date").or_else(|| header(headers, "date")).filter(|text| !text.is_empty())
}

pub(crate) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
}

fn algorithm(found: &str, place: Place) -> Result<(), Refusal> {
    if found == ALGORITHM { Ok(()) } else { Err(Refusal::Algorithm { place, found: found.to_owned() }) }
}

fn read_credential(text: Cow<'_, str>, place: Place) -> Result<Credential<'_>, Refusal> {
    Credential::read(text).map_err(|found| Refusal::Credential { place, found })
}

/// Header names are compared in lower case; S3 takes only that, the others any.
fn lower(names: Cow<'_, str>, family: Family) -> Cow<'_, str> {
    if family != Family::S3 && names.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Cow::Owned(names.to_ascii_lowercase());
    }
    names
}

#[derive(Default)]
struct Parameters<'a> {
    /// Algorithm, credential, signature, signed headers, date, expires, token: raw.
    values: [Option<&'a str>; 7],
    repeated: Vec<Part>,
}

const PARAMETERS: [(&str, Part); 7] = [
    ("X-Amz-Algorithm", Part::Algorithm),
    ("X-Amz-Credential", Part::Credential),
    ("X-Amz-Signature", Part::Signature),
    ("X-Amz-SignedHeaders", Part::SignedHeaders),
    ("X-Amz-Date", Part::Date),
    ("X-Amz-Expires", Part::Expires),
    ("X-Amz-Security-Token", Part::Token),
];

impl<'a> Parameters<'a> {
    fn read(query: &'a str) -> Parameters<'a> {
        let mut found = Parameters::default();
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let known = found.values.iter_mut().zip(PARAMETERS).find(|(_, (known, _))| *known == name);
            if let Some((slot, (_, part))) = known
                && slot.replace(value).is_some()
            {
                found.repeated.push(part);
            }
        }
        found
    }
}

fn query<'a>(request: &Request<'a>, family: Family) -> Result<Signed<'a>, Refusal> {
    let found = Parameters::read(request.query);
    let [algorithm_text, credential, signature, signed_headers, date, expires, token] =
        found.values.map(|value| value.filter(|value| !value.is_empty()).map(encode::decoded));
    let missing = |missing| Refusal::Parts { place: Place::Query, missing, authorization: String::new() };
    if !found.repeated.is_empty() {
        return Err(missing(found.repeated));
    }
    let (Some(algorithm_text), Some(credential), Some(signature), Some(signed_headers), Some(date)) =
        (algorithm_text, credential, signature, signed_headers, date)
    else {
        let absent = found.values.iter().zip(PARAMETERS).take(5);
        let absent = absent.filter(|(value, _)| value.is_none_or(str::is_empty)).map(|(_, (_, part))| part);
        return Err(missing(absent.collect()));
    };
    algorithm(&algorithm_text, Place::Query)?;
    let credential = read_credential(credential, Place::Query)?;
    let Some(time) = canonical::basic_time(&date) else {
        return Err(Refusal::DateFormat { place: Place::Query, found: date.into_owned() });
    };
    let expires_seconds = expires.map(|text| expires_of(&text)).transpose()?;
    if family == Family::S3 && expires_seconds.is_none() {
        return Err(missing(vec![Part::Expires]));
    }
    Ok(Signed {
        place: Place::Query,
        credential,
        signed_headers: lower(signed_headers, family),
        signature,
        time,
        time_text: date,
        expires_seconds,
        token,
    })
}

fn expires_of(text: &str) -> Result<u32, Refusal> {
    let seconds: i64 = text.parse().map_err(|_| Refusal::Expires(ExpiresFault::NotANumber))?;
    match u32::try_from(seconds) {
        Ok(seconds) if seconds <= LONGEST_PRESIGNED_SECONDS => Ok(seconds),
        Err(_) if seconds < 0 => Err(Refusal::Expires(ExpiresFault::Negative)),
        _ => Err(Refusal::Expires(ExpiresFault::TooLong)),
    }
}
/// Whether the query bears a signature of version 2, which S3 does not take for buckets made after June 2020.
fn in_query_v2(query: &str) -> bool {
    let has = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
    has("AWSAccessKeyId") && has("Signature")
}
