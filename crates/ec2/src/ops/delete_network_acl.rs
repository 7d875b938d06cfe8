//! DeleteNetworkAcl: removes a network access list that no subnet has.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{DeleteNetworkAcl, DeleteNetworkAclRequest, DeleteNetworkAclResponse};
use crate::network::questions::on_network_acl;
use crate::network::{self, Network, must, refusals, token};
use crate::place::Place;
use crate::records::NetworkAcls;
use crate::wiring::touch;
use crate::{faults, tags};

impl Operation for DeleteNetworkAcl {
    type Access = Write;

    fn needs(input: &DeleteNetworkAclRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(on_network_acl(ec2::DeleteNetworkAcl, at, &input.network_acl_id)?.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteNetworkAclResponse, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let tx = req.tx()?;
        Network::settle(tx, place)?;
        let acl = must::<NetworkAcls>(tx, place, &input.network_acl_id, refusals::no_network_acl)?;
        if acl.default {
            return Err(faults::invalid(format!("cannot delete default network ACL {}", acl.id)));
        }
        if !acl.associations.is_empty() {
            return Err(refusals::has_dependencies("networkAcl", &acl.id));
        }
        faults::dry_run(input.dry_run)?;
        tx.delete::<NetworkAcls>(&place.key(&acl.id))?;
        network::take_out(tx, place, &acl.vpc, &acl.id)?;
        tags::put(tx, place, &acl.id, Default::default())?;
        token::forget(tx, place, acl.token.as_deref())?;
        touch(tx, place, &acl.vpc)?;
        Ok(DeleteNetworkAclResponse {})
    }
}
