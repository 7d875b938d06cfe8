//! ReplaceNetworkAclEntry: puts another rule in the place of one.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::model::{ReplaceNetworkAclEntry, ReplaceNetworkAclEntryRequest, ReplaceNetworkAclEntryResponse};
use crate::network::acls::{self, Wish};
use crate::network::questions::on_network_acl;
use crate::network::{Network, must, refusals};
use crate::place::Place;
use crate::records::NetworkAcls;
use crate::wiring::touch;

impl Operation for ReplaceNetworkAclEntry {
    type Access = Write;

    fn needs(input: &ReplaceNetworkAclEntryRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(on_network_acl(ec2::ReplaceNetworkAclEntry, at, &input.network_acl_id)?.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ReplaceNetworkAclEntryResponse, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let rule = wish(input).rule()?;
        let tx = req.tx()?;
        Network::settle(tx, place)?;
        let mut acl = must::<NetworkAcls>(tx, place, &input.network_acl_id, refusals::no_network_acl)?;
        let at = acls::position(&acl, rule.egress, rule.number)?;
        acl.rules.remove(at);
        acls::add(&mut acl, rule)?;
        faults::dry_run(input.dry_run)?;
        tx.put::<NetworkAcls>(&place.key(&acl.id), &acl)?;
        touch(tx, place, &acl.vpc)?;
        Ok(ReplaceNetworkAclEntryResponse {})
    }
}

fn wish(input: &ReplaceNetworkAclEntryRequest) -> Wish<'_> {
    Wish {
        egress: input.egress,
        number: input.rule_number,
        action: &input.rule_action,
        protocol: &input.protocol,
        cidr: input.cidr_block.as_deref(),
        ipv6: input.ipv6_cidr_block.as_deref(),
        ports: input.port_range.as_ref(),
        icmp: input.icmp_type_code.as_ref(),
    }
}
