//! DescribeAddressesAttribute: reverse names of elastic addresses.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::elastic;
use crate::faults;
use crate::model::{
    AddressAttribute, DescribeAddressesAttribute, DescribeAddressesAttributeRequest,
    DescribeAddressesAttributeResult, PtrUpdateStatus,
};
use crate::network::rows;
use crate::paging::Turn;
use crate::place::Place;
use crate::questions::anywhere;
use crate::records::{ElasticAddress, ElasticAddresses};

impl Operation for DescribeAddressesAttribute {
    type Access = Read;

    fn needs(_: &DescribeAddressesAttributeRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::DescribeAddressesAttribute, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeAddressesAttributeResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        faults::dry_run(input.dry_run)?;
        let ids = input.allocation_ids.as_deref().unwrap_or_default();
        let list = if ids.is_empty() {
            rows::<ElasticAddresses>(req.db()?, place)?
        } else {
            let db = req.db()?;
            ids.iter().map(|id| elastic::get(db, place, id)).collect::<Result<Vec<_>, _>>()?
        };
        // An address without the attribute is listed all the same, without it.
        let turn = Turn { least: 1, ..Turn::new(input.next_token.as_deref(), input.max_results) };
        let page = turn.cut(list, |own| own.id.clone())?;
        let addresses = page.items.iter().map(attribute).collect();
        Ok(DescribeAddressesAttributeResult { addresses: Some(addresses), next_token: page.next })
    }
}

/// An address with its reverse name.
pub fn attribute(own: &ElasticAddress) -> AddressAttribute {
    AddressAttribute {
        public_ip: Some(own.address.to_string()),
        allocation_id: Some(own.id.clone()),
        ptr_record: own.ptr.clone(),
        ptr_record_update: None,
    }
}

/// The same while the name changes, as the answer to the change has it: the name that it had, and the one to come.
pub fn changing(own: &ElasticAddress, to: Option<String>) -> AddressAttribute {
    let update =
        PtrUpdateStatus { value: Some(to.unwrap_or_default()), status: Some("PENDING".into()), reason: None };
    AddressAttribute { ptr_record_update: Some(update), ..attribute(own) }
}
