//! RevokeSecurityGroupIngress: fewer rules for what may come in.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::groups::{self, Flat, on_group};
use crate::model::{
    RevokeSecurityGroupIngress, RevokeSecurityGroupIngressRequest, RevokeSecurityGroupIngressResult,
};
use crate::network::Network;
use crate::place::Place;
use crate::prefix_lists::PrefixLists;

impl Operation for RevokeSecurityGroupIngress {
    type Access = Write;

    fn needs(input: &RevokeSecurityGroupIngressRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let question = on_group(
            ec2::RevokeSecurityGroupIngress,
            at,
            input.group_id.as_deref(),
            input.group_name.as_deref(),
        )?;
        Ok(question.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<RevokeSecurityGroupIngressResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let network = Network::load(req.db()?, place)?;
        let lists = PrefixLists::load(req.db()?, place, &network)?;
        let group = groups::named(&network, input.group_id.as_deref(), input.group_name.as_deref())?;
        let flat = Flat {
            protocol: input.ip_protocol.as_deref(),
            from: input.from_port,
            to: input.to_port,
            cidr: input.cidr_ip.as_deref(),
            group_name: input.source_security_group_name.as_deref(),
            group_owner: input.source_security_group_owner_id.as_deref(),
        };
        let (ids, given) = (input.security_group_rule_ids.as_deref(), input.ip_permissions.as_deref());
        let change = groups::revoke(place, (&network, &lists), group, false, ids, (flat, given))?;
        faults::dry_run(input.dry_run)?;
        if !change.touched.is_empty() {
            groups::write(req.tx()?, place, &change.group, &change.before)?;
        }
        let revoked = change.touched.iter().map(|rule| groups::revoked_to_wire(group, rule));
        Ok(RevokeSecurityGroupIngressResult {
            return_: Some(true),
            revoked_security_group_rules: Some(revoked.collect()),
            unknown_ip_permissions: Some(change.unknown),
        })
    }
}
