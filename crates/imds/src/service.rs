//! The protocol: which method on which path, with which proof, gets what.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use rolecall_base::{Fault, Time};
use rolecall_door::Door;

use crate::answer::{self, Answer};
use crate::credentials::{self, Asked, Sessions, Version};
use crate::documents;
use crate::host;
use crate::instance::{Details, InstanceView, Profile};
use crate::role::{Held, Memory};
use crate::signing;
use crate::signing::{Proved, Signers};
use crate::throttle::Bucket;
use crate::token::{self, Tokens};
use crate::tree::{self, Node, Own, Proof};

const TOKEN: &str = "x-aws-ec2-metadata-token";
const FORWARDED: &str = "x-forwarded-for";

/// What can be set.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How long role credentials live. Below 40 minutes the rule that none are handed out with less than 20 minutes
    /// left can't hold, and botocore may then use them past their end: for tests only.
    pub role_life: Duration,
}

impl Default for Settings {
    /// Six hours, as EC2.
    fn default() -> Settings {
        Settings { role_life: Duration::from_secs(6 * 3600) }
    }
}

/// The metadata service of all instances.
#[derive(Debug)]
pub struct Imds {
    door: Arc<Door>,
    settings: Settings,
    tokens: Tokens,
    signers: Arc<Signers>,
    instances: RwLock<HashMap<String, Arc<Kept>, foldhash::fast::RandomState>>,
}

/// What is kept for one instance between its requests.
#[derive(Debug, Default)]
struct Kept {
    bucket: Bucket,
    role: Memory,
    sessions: Sessions,
    own: credentials::Own,
    proved: Proved,
}

/// A request that proved itself.
struct Read<'a, D> {
    instance: &'a InstanceView,
    kept: &'a Kept,
    version: Version,
    details: D,
}

impl Imds {
    pub fn new(door: Arc<Door>, signers: Arc<Signers>, settings: Settings) -> Imds {
        let tokens = Tokens::new(&door.identity.vault);
        Imds { door, settings, tokens, signers, instances: RwLock::default() }
    }

    /// To be awaited before a request for this path is answered: proofs need the key of their region.
    ///
    /// # Errors
    /// When the key can't be made or read.
    pub async fn prepare(&self, region: &str, path: &str) -> Result<(), Fault> {
        if signing::is_proof(path) && self.signers.known(region).is_none() {
            self.signers.of(region).await?;
        }
        Ok(())
    }

    /// Answers one request of an instance. `path` is the raw path without a query; `details` is called only when the
    /// answer needs them. The caller vouches for `instance`: the request came on a listener that is its alone.
    pub fn answer(
        &self,
        instance: &InstanceView,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
        details: impl FnOnce() -> Result<Arc<Details>, Fault>,
    ) -> Answer {
        let kept = self.kept(&instance.id);
        if !kept.bucket.take(self.door.identity.env.monotonic_nanos()) {
            return Answer::error(StatusCode::SERVICE_UNAVAILABLE);
        }
        if !instance.options.enabled || !host::is_ours(headers) {
            return Answer::error(StatusCode::FORBIDDEN);
        }
        match *method {
            Method::PUT => {
                let answer = self.make_token(instance, path, headers);
                Answer { ttl: Some(instance.options.hop_limit), ..answer }
            }
            Method::GET => self.read(instance, &kept, path, headers, details),
            Method::HEAD => self.read(instance, &kept, path, headers, details).head_only(),
            _ => not_allowed("GET, HEAD, PUT"),
        }
    }

    /// The end of the role credentials that an instance was given last; `None` when it has no good ones.
    pub fn expiry(&self, instance: &str, now: Time) -> Option<Time> {
        let kept = self.instances.read().unwrap_or_else(PoisonError::into_inner).get(instance).cloned()?;
        kept.sessions.expiry().filter(|expires| *expires > now)
    }

    /// Forgets what was kept for an instance that is no more.
    pub fn forget(&self, instance: &str) {
        self.instances.write().unwrap_or_else(PoisonError::into_inner).remove(instance);
    }

    fn kept(&self, id: &str) -> Arc<Kept> {
        let known = self.instances.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned();
        known.unwrap_or_else(|| {
            let mut all = self.instances.write().unwrap_or_else(PoisonError::into_inner);
            all.entry(id.to_owned()).or_default().clone()
        })
    }

    fn make_token(&self, instance: &InstanceView, path: &str, headers: &HeaderMap) -> Answer {
        // A proxy that was talked into forwarding a request adds this, and the caller of a proxy gets no token.
        if headers.contains_key(FORWARDED) {
            return Answer::error(StatusCode::FORBIDDEN);
        }
        let names = names(path);
        match names.iter().map(AsRef::as_ref).collect::<Vec<_>>().as_slice() {
            ["latest", "api", "token"] => {}
            // Documented: tokens are made at `latest` only.
            [version, "api", "token"] if tree::is_version(version) => {
                return Answer::error(StatusCode::FORBIDDEN);
            }
            [version, ..] if tree::is_version(version) => return not_allowed("GET, HEAD"),
            _ => return Answer::error(StatusCode::NOT_FOUND),
        }
        let asked = headers.get(answer::TTL).and_then(|value| seconds(value.to_str().ok()?));
        let Some(asked) = asked.filter(|seconds| token::LIVES.contains(seconds)) else {
            return Answer::error(StatusCode::BAD_REQUEST);
        };
        let token = self.tokens.make(&self.door.identity.env, &instance.id, asked);
        Answer::text(token).header(answer::TTL, HeaderValue::from(asked))
    }

    fn read(
        &self,
        instance: &InstanceView,
        kept: &Kept,
        path: &str,
        headers: &HeaderMap,
        details: impl FnOnce() -> Result<Arc<Details>, Fault>,
    ) -> Answer {
        let left = match headers.get(TOKEN) {
            None if instance.options.tokens_required => return Answer::error(StatusCode::UNAUTHORIZED),
            None => None,
            Some(token) => {
                let now = self.door.identity.env.now();
                let token = token.to_str().unwrap_or_default();
                match self.tokens.seconds_left(now, &instance.id, token) {
                    Some(left) => Some(left),
                    None => return Answer::error(StatusCode::UNAUTHORIZED),
                }
            }
        };
        let version = if left.is_some() { Version::V2 } else { Version::V1 };
        let answer = self.find(path, Read { instance, kept, version, details }).unwrap_or_else(|fault| {
            log::error!("metadata of {}: {fault:?}", instance.id);
            Answer::error(StatusCode::INTERNAL_SERVER_ERROR)
        });
        match left {
            Some(left) if answer.status == StatusCode::OK => {
                answer.header(answer::TTL, HeaderValue::from(left))
            }
            _ => answer,
        }
    }

    fn find<D>(&self, path: &str, read: Read<'_, D>) -> Result<Answer, Fault>
    where
        D: FnOnce() -> Result<Arc<Details>, Fault>,
    {
        let names = names(path);
        let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
        let Some((version, rest)) = names.split_first() else {
            return Ok(Answer::text(tree::VERSIONS.join("\n")));
        };
        if !tree::is_version(version) {
            return Ok(Answer::error(StatusCode::NOT_FOUND));
        }
        match rest {
            ["api", "token"] => return Ok(not_allowed("PUT")),
            ["meta-data", "iam", rest @ ..] => return self.iam(&read, rest),
            _ => {}
        }
        let details = (read.details)()?;
        let tree = tree::of(version, read.instance, &details, self.door.identity.env.now());
        Ok(match tree.find(rest) {
            None if rest.is_empty() => Answer::text(tree.list()),
            None => Answer::error(StatusCode::NOT_FOUND),
            Some(Node::Dir(dir)) => Answer::text(dir.list()),
            Some(Node::Value(value)) => Answer::text(value.clone()),
            Some(Node::Octets(data)) => Answer::octets(data.clone()),
            Some(Node::Proof(proof)) => self.proof(*proof, read.instance, read.kept, &details)?,
            Some(Node::Own(own)) => self.own(*own, read.instance, read.kept)?,
        })
    }

    /// `dynamic/instance-identity`: what proves the document.
    fn proof(
        &self,
        proof: Proof,
        instance: &InstanceView,
        kept: &Kept,
        details: &Details,
    ) -> Result<Answer, Fault> {
        // Made by `prepare`.
        let signer = self.signers.known(&instance.region);
        let signer = signer.ok_or_else(|| Fault::internal("the region has no identity key"))?;
        let proofs = kept.proved.of(&signer, documents::identity(instance, details))?;
        Ok(Answer::text(match proof {
            Proof::Bare => proofs.signature,
            Proof::Enveloped => proofs.signed,
        }))
    }

    /// `meta-data/identity-credentials`: the instance's own, which no policy grants anything.
    fn own(&self, own: Own, instance: &InstanceView, kept: &Kept) -> Result<Answer, Fault> {
        let documents = kept.own.documents(&self.door, instance, self.settings.role_life)?;
        Ok(Answer::text(match own {
            Own::Info => documents.info,
            Own::Credentials => documents.credentials,
        }))
    }

    /// `meta-data/iam`: absent without a profile. The extended folder is answered but not listed, so that programs that
    /// copy the whole tree (cloud-init leaves out `security-credentials` by name) do not copy credentials.
    fn iam<D>(&self, read: &Read<'_, D>, path: &[&str]) -> Result<Answer, Fault> {
        let missing = || Ok(Answer::error(StatusCode::NOT_FOUND));
        let Some(profile) = &read.instance.profile else { return missing() };
        let facts = read.kept.role.look(&self.door, read.instance, profile)?;
        match (path, &facts.held) {
            ([], Held::Role(_)) => Ok(Answer::text("info\nsecurity-credentials/")),
            ([], _) => Ok(Answer::text("info")),
            (["info"], Held::Gone) => Ok(Answer::text(documents::profile_not_found(profile, facts.since))),
            (["info"], held) => {
                let has_role = matches!(held, Held::Role(_));
                Ok(Answer::text(documents::info(profile, has_role, facts.since)))
            }
            (["security-credentials" | "security-credentials-extended"], Held::Role(role)) => {
                Ok(Answer::text(role.name.clone()))
            }
            ([kind @ ("security-credentials" | "security-credentials-extended"), name], Held::Role(role))
                if *name == role.name =>
            {
                let documents = self.documents(read, profile, role)?;
                let is_plain = *kind == "security-credentials";
                Ok(Answer::text(if is_plain { documents.plain } else { documents.extended }))
            }
            _ => missing(),
        }
    }

    fn documents<D>(
        &self,
        read: &Read<'_, D>,
        profile: &Profile,
        role: &Arc<rolecall_identity::records::Role>,
    ) -> Result<credentials::Documents, Fault> {
        let asked = Asked { instance: read.instance, profile, role, version: read.version };
        read.kept.sessions.documents(&self.door, &asked, self.settings.role_life)
    }
}

/// The names of a path, decoded; doubled and final slashes do not count.
fn names(path: &str) -> Vec<Cow<'_, str>> {
    let decode = |name| percent_encoding::percent_decode_str(name).decode_utf8_lossy();
    path.split('/').filter(|name| !name.is_empty()).map(decode).collect()
}

fn seconds(text: &str) -> Option<u32> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

fn not_allowed(methods: &'static str) -> Answer {
    Answer::error(StatusCode::METHOD_NOT_ALLOWED).header(header::ALLOW, HeaderValue::from_static(methods))
}
