//! ModifyAddressAttribute: the reverse name of an elastic address. AWS wants the name to lead to the address first; here
//! nobody outside asks for either, so the name is taken as it is.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use super::describe_addresses_attribute::changing;
use crate::elastic::{self, on_elastic};
use crate::faults;
use crate::model::{ModifyAddressAttribute, ModifyAddressAttributeRequest, ModifyAddressAttributeResult};
use crate::place::Place;
use crate::questions::with_attributes;
use crate::records::ElasticAddresses;

impl Operation for ModifyAddressAttribute {
    type Access = Write;

    fn needs(input: &ModifyAddressAttributeRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let question = on_elastic(ec2::ModifyAddressAttribute, at, Some(&input.allocation_id))?;
        Ok(with_attributes(question, &[("DomainName", input.domain_name.clone())]))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ModifyAddressAttributeResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let mut own = elastic::get(req.db()?, place, &input.allocation_id)?;
        let name = input.domain_name.as_deref().ok_or_else(|| faults::missing("domainName"))?;
        let bare = name.strip_suffix('.').unwrap_or(name);
        let label = |label: &str| {
            let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
            !label.is_empty() && label.len() <= 63 && label.bytes().all(fits)
        };
        if bare.len() > 253 || !bare.contains('.') || !bare.split('.').all(label) {
            let why = "It is not a domain name.";
            return Err(faults::invalid_value(name, "domainName", why));
        }
        faults::dry_run(input.dry_run)?;
        let shown = changing(&own, Some(format!("{bare}.")));
        own.ptr = Some(format!("{bare}."));
        req.tx()?.put::<ElasticAddresses>(&place.key(&own.id), &own)?;
        Ok(ModifyAddressAttributeResult { address: Some(shown) })
    }
}
