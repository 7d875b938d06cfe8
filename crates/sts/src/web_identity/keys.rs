//! The keys of providers, fetched when they are first needed and kept for a while.
//!
//! Anybody may send tokens, so a token must not be able to cause much: only providers that an account has registered are
//! asked; each at most once at a time and not again at once; all together only a few at a time. What is fetched for one
//! provider with its thumbprints serves no other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rolecall_base::{Fault, Time};
use rolecall_door::Pending;
use rolecall_env::Env;
use serde::Deserialize;
use tokio::sync::Semaphore;

use super::jwk::{self, Key};
use super::no_key;
use crate::model::fault;

/// How long keys are taken without asking again.
const FRESH: Duration = Duration::from_secs(600);
/// How long they are taken while the provider can't be reached. A key that the provider withdraws is refused after this at
/// the latest.
const STALE: Duration = Duration::from_secs(3_600);
/// How soon a provider is asked again for a key that it did not have.
const AGAIN: Duration = Duration::from_secs(30);
/// How soon a provider is asked again that could not answer.
const RETRY: Duration = Duration::from_secs(5);
/// Providers that are asked at a time.
const AT_ONCE: usize = 16;
/// Providers whose keys are kept.
const MOST: usize = 1_024;
/// Bytes of a provider's description of itself.
const LONGEST_DESCRIPTION: usize = 128 * 1024;
/// Bytes of a set of keys; with certificates they are long.
const LONGEST_KEYS: usize = 512 * 1024;

/// A provider that may be asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Source {
    /// Its URL, `https://id.example.com/realm`; `http://` for one on this machine.
    pub issuer: String,
    /// SHA-1 of certificates that are trusted of its server beside those that everybody trusts.
    pub thumbprints: Vec<String>,
}

/// Why a provider's keys could not be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// No answer: no address, no connection, too late.
    Unreachable(String),
    /// An answer that is of no use.
    Unusable(String),
    /// The server's certificate is neither trusted by everybody nor one of the thumbprints.
    Untrusted(String),
}

impl Trouble {
    /// What the caller is told. What exactly the server saw is not among it: callers must not explore a network by it.
    pub fn fault(self) -> Fault {
        match self {
            Trouble::Unreachable(why) => fault::idp_communication_error(
                "The request could not be fulfilled because the identity provider could not be reached to verify the \
                 incoming identity token.",
            )
            .because(why),
            Trouble::Unusable(why) => no_key().because(why),
            Trouble::Untrusted(why) => fault::invalid_identity_token(
                "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint",
            )
            .because(why),
        }
    }
}

/// Gets documents from providers. The server's is `server/src/provider_client.rs`; tests have their own.
pub trait Fetch: Send + Sync + std::fmt::Debug {
    /// One GET. Follows no redirection, and gives up after a few seconds.
    fn get<'a>(
        &'a self,
        url: &'a str,
        source: &'a Source,
        longest: usize,
    ) -> Pending<'a, Result<Vec<u8>, Trouble>>;
}

/// What is known of one provider.
#[derive(Debug, Default)]
struct State {
    keys: Arc<Vec<Key>>,
    /// When `keys` were fetched.
    fetched: Option<Time>,
    /// When that was last tried, and what was wrong.
    tried: Option<(Time, Option<Trouble>)>,
}

type Entry = Arc<tokio::sync::Mutex<State>>;

/// The keys of all providers. An extension of the door.
#[derive(Debug)]
pub struct ProviderKeys {
    client: Arc<dyn Fetch>,
    entries: Mutex<HashMap<Source, Entry>>,
    asking: Semaphore,
}

#[derive(Deserialize)]
struct Description {
    issuer: String,
    jwks_uri: String,
}

impl ProviderKeys {
    pub fn new(client: Arc<dyn Fetch>) -> ProviderKeys {
        ProviderKeys { client, entries: Mutex::default(), asking: Semaphore::new(AT_ONCE) }
    }

    /// The keys of a provider. Asks again if there is none that `fits`, unless that was just done.
    ///
    /// # Errors
    /// When the provider gave none.
    pub async fn of(
        &self,
        source: &Source,
        env: &Env,
        fits: impl Fn(&[Key]) -> bool,
    ) -> Result<Arc<Vec<Key>>, Trouble> {
        let entry = self.entry(source);
        // Whoever comes while the provider is asked waits here for that answer.
        let mut state = entry.lock().await;
        let now = env.now();
        let younger = |than: Duration, time: Option<Time>| time.is_some_and(|time| now.since(time) < than);
        if younger(FRESH, state.fetched) && fits(&state.keys) {
            return Ok(state.keys.clone());
        }
        let wait = match &state.tried {
            Some((_, None)) if !younger(FRESH, state.fetched) => Duration::ZERO,
            Some((_, None)) => AGAIN,
            _ => RETRY,
        };
        let trouble = match &state.tried {
            Some((time, trouble)) if younger(wait, Some(*time)) => trouble.clone(),
            _ => {
                let outcome = self.fetch(source).await;
                let trouble = match outcome {
                    Ok(keys) => {
                        state.keys = Arc::new(keys);
                        state.fetched = Some(now);
                        None
                    }
                    Err(trouble) => {
                        log::warn!("the identity provider {} gave no keys: {trouble:?}", source.issuer);
                        Some(trouble)
                    }
                };
                state.tried = Some((now, trouble.clone()));
                trouble
            }
        };
        match trouble {
            Some(trouble) if !younger(STALE, state.fetched) => Err(trouble),
            _ => Ok(state.keys.clone()),
        }
    }

    fn entry(&self, source: &Source) -> Entry {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= MOST && !entries.contains_key(source) {
            entries.clear();
        }
        entries.entry(source.clone()).or_default().clone()
    }

    async fn fetch(&self, source: &Source) -> Result<Vec<Key>, Trouble> {
        let unusable = |what: &str| Trouble::Unusable(what.to_owned());
        let _permit = self.asking.acquire().await.map_err(|_| unusable("the server ends"))?;
        let url = format!("{}/.well-known/openid-configuration", source.issuer.trim_end_matches('/'));
        let described = self.client.get(&url, source, LONGEST_DESCRIPTION).await?;
        let described: Description =
            serde_json::from_slice(&described).map_err(|error| Trouble::Unusable(error.to_string()))?;
        if described.issuer != source.issuer {
            return Err(unusable("its description is of another issuer"));
        }
        if !may_ask(&source.issuer, &described.jwks_uri) {
            return Err(unusable("its keys are at no https URL"));
        }
        let keys = self.client.get(&described.jwks_uri, source, LONGEST_KEYS).await?;
        jwk::read(&keys).ok_or_else(|| unusable("no set of keys"))
    }
}

/// Whether a provider may have its keys at this URL: anywhere by https; by http, as only providers of this machine are
/// asked, at the same address alone.
fn may_ask(issuer: &str, keys: &str) -> bool {
    let origin =
        |url: &str| url.strip_prefix("http://").and_then(|rest| rest.split('/').next().map(str::to_owned));
    keys.starts_with("https://") || (origin(keys).is_some() && origin(keys) == origin(issuer))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// A provider with one key set, or in trouble, that counts how often it is asked.
    #[derive(Debug, Default)]
    struct Provider {
        asked: AtomicUsize,
        trouble: Mutex<Option<Trouble>>,
        issuer: Mutex<Option<String>>,
    }

    impl Fetch for Provider {
        fn get<'a>(
            &'a self,
            url: &'a str,
            source: &'a Source,
            _: usize,
        ) -> Pending<'a, Result<Vec<u8>, Trouble>> {
            Box::pin(async move {
                tokio::task::yield_now().await;
                if let Some(trouble) = self.trouble.lock().unwrap().clone() {
                    self.asked.fetch_add(1, Ordering::SeqCst);
                    return Err(trouble);
                }
                if url.ends_with("/keys") {
                    return Ok(br#"{"keys": []}"#.to_vec());
                }
                self.asked.fetch_add(1, Ordering::SeqCst);
                let issuer = self.issuer.lock().unwrap().clone().unwrap_or_else(|| source.issuer.clone());
                Ok(format!(r#"{{"issuer": "{issuer}", "jwks_uri": "{}/keys"}}"#, source.issuer).into_bytes())
            })
        }
    }

    fn world() -> (Env, Arc<Provider>, ProviderKeys, Source) {
        let provider = Arc::new(Provider::default());
        let source = Source { issuer: "https://id.example.com".into(), thumbprints: vec![] };
        (Env::sim(1), provider.clone(), ProviderKeys::new(provider), source)
    }

    fn asked(provider: &Provider) -> usize {
        provider.asked.load(Ordering::SeqCst)
    }

    #[tokio::test]
    async fn a_provider_is_asked_once_until_its_keys_are_old() {
        let (env, provider, keys, source) = world();
        for _ in 0..3 {
            keys.of(&source, &env, |_| true).await.unwrap();
        }
        assert_eq!(asked(&provider), 1);
        env.advance(FRESH);
        keys.of(&source, &env, |_| true).await.unwrap();
        assert_eq!(asked(&provider), 2);
    }

    #[tokio::test]
    async fn an_unknown_key_asks_again_but_not_more_often_than_twice_a_minute() {
        let (env, provider, keys, source) = world();
        for _ in 0..10 {
            keys.of(&source, &env, |_| false).await.unwrap();
        }
        assert_eq!(asked(&provider), 1);
        env.advance(AGAIN);
        for _ in 0..10 {
            keys.of(&source, &env, |_| false).await.unwrap();
        }
        assert_eq!(asked(&provider), 2);
    }

    #[tokio::test]
    async fn many_at_once_ask_once() {
        let (env, provider, keys, source) = world();
        let calls: Vec<_> = (0..20).map(|_| keys.of(&source, &env, |_| true)).collect();
        for call in calls {
            call.await.unwrap();
        }
        assert_eq!(asked(&provider), 1);
    }

    #[tokio::test]
    async fn a_provider_in_trouble_is_left_alone_for_a_while_and_its_known_keys_stay_for_an_hour() {
        let (env, provider, keys, source) = world();
        let down = Trouble::Unreachable("down".into());
        *provider.trouble.lock().unwrap() = Some(down.clone());
        for _ in 0..5 {
            assert_eq!(keys.of(&source, &env, |_| true).await.unwrap_err(), down);
        }
        assert_eq!(asked(&provider), 1);
        env.advance(RETRY);
        *provider.trouble.lock().unwrap() = None;
        keys.of(&source, &env, |_| true).await.unwrap();
        *provider.trouble.lock().unwrap() = Some(down.clone());
        env.advance(FRESH);
        keys.of(&source, &env, |_| true).await.unwrap();
        env.advance(STALE);
        assert_eq!(keys.of(&source, &env, |_| true).await.unwrap_err(), down);
    }

    #[tokio::test]
    async fn a_description_of_another_issuer_is_of_no_use() {
        let (env, provider, keys, source) = world();
        *provider.issuer.lock().unwrap() = Some("https://other.example.com".into());
        assert!(matches!(keys.of(&source, &env, |_| true).await, Err(Trouble::Unusable(_))));
    }

    #[tokio::test]
    async fn other_thumbprints_are_another_source() {
        let (env, provider, keys, source) = world();
        keys.of(&source, &env, |_| true).await.unwrap();
        let lax = Source { thumbprints: vec!["00".repeat(20)], ..source };
        keys.of(&lax, &env, |_| true).await.unwrap();
        assert_eq!(asked(&provider), 2);
    }

    #[test]
    fn keys_are_fetched_by_https_or_from_the_same_place_of_this_machine() {
        assert!(may_ask("https://accounts.example.com", "https://www.example.org/keys"));
        assert!(may_ask("http://localhost:80/a", "http://localhost:80/b"));
        assert!(!may_ask("https://id.example.com", "http://id.example.com/keys"));
        assert!(!may_ask("http://localhost:80", "http://localhost:81/keys"));
        assert!(!may_ask("http://localhost:80", "http://169.254.169.254/keys"));
        assert!(!may_ask("http://localhost:80", "file:///etc/passwd"));
    }
}
