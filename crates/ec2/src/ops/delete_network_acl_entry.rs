//! DeleteNetworkAclEntry: takes a rule from a network access list.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::model::{DeleteNetworkAclEntry, DeleteNetworkAclEntryRequest, DeleteNetworkAclEntryResponse};
use crate::network::questions::on_network_acl;
use crate::network::{Network, acls, must, refusals};
use crate::place::Place;
use crate::records::NetworkAcls;
use crate::wiring::touch;

impl Operation for DeleteNetworkAclEntry {
    type Access = Write;

    fn needs(input: &DeleteNetworkAclEntryRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(on_network_acl(ec2::DeleteNetworkAclEntry, at, &input.network_acl_id)?.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteNetworkAclEntryResponse, Fault> {
        let (place, input) = (Place::here(req), req.input);
        acls::check_number(input.rule_number)?;
        let tx = req.tx()?;
        Network::settle(tx, place)?;
        let mut acl = must::<NetworkAcls>(tx, place, &input.network_acl_id, refusals::no_network_acl)?;
        let at = acls::position(&acl, input.egress, input.rule_number)?;
        faults::dry_run(input.dry_run)?;
        acl.rules.remove(at);
        tx.put::<NetworkAcls>(&place.key(&acl.id), &acl)?;
        touch(tx, place, &acl.vpc)?;
        Ok(DeleteNetworkAclEntryResponse {})
    }
}
