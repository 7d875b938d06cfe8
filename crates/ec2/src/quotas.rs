//! What an account may have of EC2's things in a region, as far as the operator can say another number.

use std::sync::Arc;

use rolecall_door::Extensions;

/// The quotas that can be set: AWS's defaults, or what the operator says. An extension of the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quotas {
    pub(crate) elastic_ips: usize,
}

impl Default for Quotas {
    fn default() -> Quotas {
        Quotas { elastic_ips: 5 }
    }
}

impl Quotas {
    /// The names that [`Quotas::set`] knows.
    pub const NAMES: [&'static str; 1] = ["elastic-ips"];

    /// Sets one by its name; `None` for a name that is not among [`Quotas::NAMES`].
    pub fn set(&mut self, name: &str, value: u32) -> Option<()> {
        let place = match name {
            "elastic-ips" => &mut self.elastic_ips,
            _ => return None,
        };
        *place = usize::try_from(value).ok()?;
        Some(())
    }

    /// Those of this server.
    pub(crate) fn of(extensions: &Extensions) -> Arc<Quotas> {
        extensions.get::<Quotas>().unwrap_or_default()
    }
}
