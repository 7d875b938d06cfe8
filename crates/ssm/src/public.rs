//! AWS's public parameters, below `/aws/service`, and which machine images an account can use. The server hands both
//! over: images are another service's.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound;
use std::sync::Arc;

use rolecall_base::{AccountId, Fault};
use rolecall_store::Reader;

/// What the names of public parameters begin with.
pub(crate) const SPACE: &str = "/aws/service";

/// Public parameters by name, the same in every region. An extension of the door.
#[derive(Clone, Debug, Default)]
pub struct Public(BTreeMap<String, Fact>);

/// One public parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fact {
    pub value: String,
    pub data_type: &'static str,
}

impl Public {
    /// A parameter whose value is an image's id.
    pub fn image(&mut self, name: impl Into<String>, id: impl Into<String>) {
        self.0.insert(name.into(), Fact { value: id.into(), data_type: "aws:ec2:image" });
    }

    /// A parameter of text.
    pub fn text(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.insert(name.into(), Fact { value: value.into(), data_type: "text" });
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Fact> {
        self.0.get(name)
    }

    /// Those below a path that ends in `/`, after a name.
    pub(crate) fn below<'p>(
        &'p self,
        path: &'p str,
        after: Option<&'p str>,
    ) -> impl Iterator<Item = (&'p str, &'p Fact)> {
        let start = after.filter(|after| *after > path).unwrap_or(path);
        let all = self.0.range::<str, _>((Bound::Excluded(start), Bound::Unbounded));
        all.map(|(name, fact)| (name.as_str(), fact)).take_while(move |(name, _)| name.starts_with(path))
    }
}

/// Whether an image can be used. An extension of the door.
#[derive(Clone, Debug)]
pub struct Images(pub Arc<dyn Usable>);

/// Somebody who knows images.
pub trait Usable: Send + Sync + fmt::Debug {
    /// Whether an account finds this image in this region.
    ///
    /// # Errors
    /// ServiceUnavailable when the store can't be read.
    fn usable(&self, db: &Reader, account: AccountId, region: &str, id: &str) -> Result<bool, Fault>;
}
