//! UpdateSecurityGroupRuleDescriptionsIngress: other descriptions of the rules for what may come in.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::groups::{self, on_group};
use crate::model::{
    UpdateSecurityGroupRuleDescriptionsIngress, UpdateSecurityGroupRuleDescriptionsIngressRequest,
    UpdateSecurityGroupRuleDescriptionsIngressResult,
};
use crate::network::Network;
use crate::place::Place;
use crate::prefix_lists::PrefixLists;

impl Operation for UpdateSecurityGroupRuleDescriptionsIngress {
    type Access = Write;

    fn needs(input: &UpdateSecurityGroupRuleDescriptionsIngressRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let (id, name) = (input.group_id.as_deref(), input.group_name.as_deref());
        Ok(on_group(ec2::UpdateSecurityGroupRuleDescriptionsIngress, at, id, name)?.done())
    }

    fn run(
        req: &mut Authorized<'_, Self>,
    ) -> Result<UpdateSecurityGroupRuleDescriptionsIngressResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let network = Network::load(req.db()?, place)?;
        let lists = PrefixLists::load(req.db()?, place, &network)?;
        let group = groups::named(&network, input.group_id.as_deref(), input.group_name.as_deref())?;
        let (by_id, list) =
            (input.security_group_rule_descriptions.as_deref(), input.ip_permissions.as_deref());
        let change = groups::describe_rules(place, (&network, &lists), group, false, by_id, list)?;
        faults::dry_run(input.dry_run)?;
        groups::write(req.tx()?, place, &change.group, &change.before)?;
        Ok(UpdateSecurityGroupRuleDescriptionsIngressResult { return_: Some(true) })
    }
}
