//! Compiled documents, shared: ten thousand roles with the same policy hold it once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use rolecall_base::Fault;
use rolecall_policy::{Kind, Policy};
use sha2::{Digest, Sha256};

/// Finds a compiled document by its text, as long as anybody uses it.
#[derive(Debug, Default)]
pub struct Documents {
    shared: Mutex<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    by_text: HashMap<(Kind, [u8; 32]), Weak<Policy>>,
    /// Size at which rows of documents that nobody uses any more are thrown out.
    sweep_at: usize,
}

impl Documents {
    /// # Errors
    /// InternalFailure: a stored document must be one that was accepted when it was saved.
    pub fn compile(&self, text: &str, kind: Kind) -> Result<Arc<Policy>, Fault> {
        let key = (kind, Sha256::digest(text.as_bytes()).into());
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
