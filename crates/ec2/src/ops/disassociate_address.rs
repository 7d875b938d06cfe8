//! DisassociateAddress: the elastic address stays with the account. An instance that is to have a public address gets
//! another one.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_store::Reader;

use crate::elastic::{self, on_elastic};
use crate::faults;
use crate::interface_questions::on_interface;
use crate::interfaces;
use crate::lifecycle;
use crate::model::{DisassociateAddress, DisassociateAddressRequest, DisassociateAddressResponse};
use crate::network::rows;
use crate::place::Place;
use crate::records::{ElasticAddress, ElasticAddresses, State};

impl Operation for DisassociateAddress {
    type Access = Write;

    fn needs(input: &DisassociateAddressRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let found = find(at.db()?, Place::of(at), input)?;
        let allocation = found.as_ref().map(|own| own.id.as_str());
        let mut needs = on_elastic(ec2::DisassociateAddress, at, allocation)?.done();
        if let Some(has) = found.as_ref().and_then(|own| own.association.as_ref()) {
            needs = needs.and(on_interface(ec2::DisassociateAddress, at, &has.interface)?.done());
        }
        Ok(needs)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DisassociateAddressResponse, Fault> {
        let (place, env, now, input) = (Place::here(req), req.env, req.now, req.input);
        elastic::told_once(input.association_id.as_deref(), "association", input.public_ip.as_deref())?;
        let Some(id) = input.association_id.as_deref().filter(|id| !id.is_empty()) else {
            return Err(match &input.public_ip {
                Some(_) => faults::invalid(
                    "You must specify an association id when unmapping an address from a VPC instance",
                ),
                None => faults::missing("associationId"),
            });
        };
        let mut elastic = find(req.db()?, place, input)?.ok_or_else(|| {
            let text = format!("The association ID '{id}' does not exist");
            faults::other("InvalidAssociationID.NotFound", text)
        })?;
        if let Some(has) = &elastic.association {
            interfaces::own(req.db()?, place, &has.interface)?;
        }
        faults::dry_run(input.dry_run)?;
        let tx = req.tx()?;
        let own = elastic::disassociate(tx, place, &mut elastic)?;
        let primary = own.as_ref().and_then(|own| own.attachment.as_ref()).filter(|at| at.device_index == 0);
        if let Some(attachment) = primary {
            let instance = lifecycle::get(tx, place, &attachment.instance, now)?;
            if matches!(instance.state, State::Pending | State::Running) {
                interfaces::started(tx, env, &instance)?;
            }
        }
        Ok(DisassociateAddressResponse {})
    }
}

/// The elastic address of an association.
fn find(
    db: &Reader,
    place: Place<'_>,
    input: &DisassociateAddressRequest,
) -> Result<Option<ElasticAddress>, Fault> {
    let Some(id) = input.association_id.as_deref() else { return Ok(None) };
    let has = |own: &ElasticAddress| own.association.as_ref().is_some_and(|has| has.id == id);
    Ok(rows::<ElasticAddresses>(db, place)?.into_iter().find(has))
}
