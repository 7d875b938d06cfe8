//! ReleaseAddress: gives an elastic address back.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use super::allocate_address::check_border;
use crate::addresses;
use crate::elastic::{self, on_elastic};
use crate::faults;
use crate::model::{ReleaseAddress, ReleaseAddressRequest, ReleaseAddressResponse};
use crate::place::Place;
use crate::records::ElasticAddresses;
use crate::tags;

impl Operation for ReleaseAddress {
    type Access = Write;

    fn needs(input: &ReleaseAddressRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(on_elastic(ec2::ReleaseAddress, at, input.allocation_id.as_deref())?.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ReleaseAddressResponse, Fault> {
        let (place, input) = (Place::here(req), req.input);
        elastic::told_once(input.allocation_id.as_deref(), "allocation", input.public_ip.as_deref())?;
        let Some(id) = input.allocation_id.as_deref().filter(|id| !id.is_empty()) else {
            return Err(match &input.public_ip {
                Some(_) => {
                    let text = "You must specify an allocation id when releasing a VPC elastic IP address";
                    faults::other("InvalidParameterValue", text)
                }
                None => faults::missing("allocationId"),
            });
        };
        let own = elastic::get(req.db()?, place, id)?;
        check_border(place, input.network_border_group.as_deref())?;
        if own.association.is_some() {
            let text = format!("Address {} is in use.", own.address);
            return Err(faults::other("InvalidIPAddress.InUse", text));
        }
        if own.ptr.is_some() {
            let text = format!(
                "Address with allocation id {id} cannot be released because it is locked to your account. Reset its reverse DNS record first."
            );
            return Err(faults::other("InvalidAddress.Locked", text));
        }
        faults::dry_run(input.dry_run)?;
        let tx = req.tx()?;
        tx.delete::<ElasticAddresses>(&place.key(id))?;
        addresses::free_public(tx, own.address)?;
        tags::put(tx, place, id, Default::default())?;
        Ok(ReleaseAddressResponse {})
    }
}
