//! Compiled documents, shared: ten thousand roles with the same policy hold it once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};

use rolecall_base::Fault;
use rolecall_policy::{Kind, Named, Policy, PolicyId, PolicySet};
use sha2::{Digest, Sha256};

/// Finds a compiled document by its text, as long as anybody uses it.
#[derive(Debug, Default)]
pub struct Documents {
    shared: Mutex<Shared>,
    /// Policies of resources, which nobody else holds on to.
    resources: RwLock<HashMap<Key, Arc<PolicySet>>>,
    /// Trust policies by their own text: a digest of it costs more than all else that is done to look one up.
    trusts: RwLock<Trusts>,
}

#[derive(Debug, Default)]
struct Trusts {
    by_text: HashMap<Box<str>, Arc<PolicySet>>,
    bytes: usize,
}

/// A document's kind and the SHA-256 of its text.
type Key = (Kind, [u8; 32]);

/// How many policies of resources are kept; past it all are forgotten, which costs one compilation each.
const RESOURCES: usize = 4096;
/// Bytes of trust policies' text that are kept; past it all are forgotten.
const TRUSTED: usize = 4 << 20;

#[derive(Debug, Default)]
struct Shared {
    by_text: HashMap<Key, Weak<Policy>>,
    /// Size at which rows of documents that nobody uses any more are thrown out.
    sweep_at: usize,
}

impl Documents {
    /// The policy of a resource (a bucket's, say) by its text's digest. The same text means the same
    /// on whichever resource, so this never goes stale. `text` is asked for only when it is not known yet; `name` is
    /// what traces call it.
    ///
    /// # Errors
    /// InternalFailure as for [`Documents::compile`], and what `text` fails with.
    pub fn resource(
        &self,
        kind: Kind,
        digest: [u8; 32],
        name: &str,
        text: impl FnOnce() -> Result<String, Fault>,
    ) -> Result<Arc<PolicySet>, Fault> {
        let key: Key = (kind, digest);
        let known = self.resources.read().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(set) = known {
            return Ok(set);
        }
        let policy = self.compile(&text()?, kind)?;
        let set = Arc::new(PolicySet::new(vec![Named::new(policy, PolicyId::attached(name))]));
        let mut resources = self.resources.write().unwrap_or_else(PoisonError::into_inner);
        if resources.len() >= RESOURCES {
            resources.clear();
        }
        resources.insert(key, set.clone());
        Ok(set)
    }

    /// A role's trust policy.
    ///
    /// # Errors
    /// As [`Documents::compile`].
    pub fn trust(&self, text: &str) -> Result<Arc<PolicySet>, Fault> {
        let known = self.trusts.read().unwrap_or_else(PoisonError::into_inner).by_text.get(text).cloned();
        if let Some(set) = known {
            return Ok(set);
        }
        let policy = self.compile(text, Kind::Trust)?;
        let set = Arc::new(PolicySet::new(vec![Named::new(policy, PolicyId::attached("trust policy"))]));
        let mut trusts = self.trusts.write().unwrap_or_else(PoisonError::into_inner);
        if trusts.bytes.saturating_add(text.len()) > TRUSTED {
            *trusts = Trusts::default();
        }
        if trusts.by_text.insert(text.into(), set.clone()).is_none() {
            trusts.bytes = trusts.bytes.saturating_add(text.len());
        }
        Ok(set)
    }

    /// # Errors
    /// InternalFailure: a stored document must be one that was accepted when it was saved.
    pub fn compile(&self, text: &str, kind: Kind) -> Result<Arc<Policy>, Fault> {
        let key: Key = (kind, Sha256::digest(text.as_bytes()).into());
        let known = self.shared.lock().unwrap_or_else(PoisonError::into_inner).by_text.get(&key).cloned();
        if let Some(policy) = known.and_then(|weak| weak.upgrade()) {
            return Ok(policy);
        }
        let parsed = Policy::load(text, kind)
            .map_err(|malformed| Fault::internal(format!("a stored policy does not parse: {malformed}")))?;
        let policy = Arc::new(parsed);
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if shared.by_text.len() >= shared.sweep_at.max(1024) {
            shared.by_text.retain(|_, weak| weak.strong_count() > 0);
            shared.sweep_at = shared.by_text.len() * 2;
        }
        shared.by_text.insert(key, Arc::downgrade(&policy));
        Ok(policy)
    }
}
