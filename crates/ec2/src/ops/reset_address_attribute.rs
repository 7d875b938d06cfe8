//! ResetAddressAttribute: an elastic address without a reverse name.

use rolecall_actions::ec2::{self, key};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use super::describe_addresses_attribute::changing;
use crate::elastic::{self, on_elastic};
use crate::faults;
use crate::model::{ResetAddressAttribute, ResetAddressAttributeRequest, ResetAddressAttributeResult};
use crate::place::Place;
use crate::records::ElasticAddresses;

impl Operation for ResetAddressAttribute {
    type Access = Write;

    fn needs(input: &ResetAddressAttributeRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let question = on_elastic(ec2::ResetAddressAttribute, at, Some(&input.allocation_id))?;
        Ok(question.key(key::Attribute, Some("DomainName")).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ResetAddressAttributeResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let mut own = elastic::get(req.db()?, place, &input.allocation_id)?;
        if input.attribute != "domain-name" {
            let why = "The only attribute is domain-name.";
            return Err(faults::invalid_value(&input.attribute, "attribute", why));
        }
        faults::dry_run(input.dry_run)?;
        let shown = changing(&own, None);
        own.ptr = None;
        req.tx()?.put::<ElasticAddresses>(&place.key(&own.id), &own)?;
        Ok(ResetAddressAttributeResult { address: Some(shown) })
    }
}
