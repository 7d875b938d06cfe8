//! AuthorizeSecurityGroupEgress: rules for what may go out.

use rolecall_actions::ec2::{self, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::groups::{self, Flat, on_group};
use crate::model::{
    AuthorizeSecurityGroupEgress, AuthorizeSecurityGroupEgressRequest, AuthorizeSecurityGroupEgressResult,
};
use crate::network::Network;
use crate::place::Place;
use crate::prefix_lists::PrefixLists;
use crate::questions::to_make_too;
use crate::tags;

impl Operation for AuthorizeSecurityGroupEgress {
    type Access = Write;

    fn needs(input: &AuthorizeSecurityGroupEgressRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let place = Place::of(at);
        let question = on_group(ec2::AuthorizeSecurityGroupEgress, at, Some(input.group_id.as_str()), None)?;
        let rule = place.resource::<kind::SecurityGroupRule>("*");
        let given = input.tag_specifications.as_deref();
        Ok(question.done().and(to_make_too(ec2::AuthorizeSecurityGroupEgress, &rule, place, given)))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<AuthorizeSecurityGroupEgressResult, Fault> {
        let (place, env, input) = (Place::here(req), req.env, req.input);
        let kind = "security-group-rule";
        let new = tags::of_request(input.tag_specifications.as_deref(), &[kind], kind)?;
        let network = Network::load(req.db()?, place)?;
        let lists = PrefixLists::load(req.db()?, place, &network)?;
        let group = groups::named(&network, Some(input.group_id.as_str()), None)?;
        let flat = Flat {
            protocol: input.ip_protocol.as_deref(),
            from: input.from_port,
            to: input.to_port,
            cidr: input.cidr_ip.as_deref(),
            group_name: input.source_security_group_name.as_deref(),
            group_owner: input.source_security_group_owner_id.as_deref(),
        };
        let given = (flat, input.ip_permissions.as_deref());
        let change = groups::authorize(env, place, (&network, &lists), group, true, given)?;
        faults::dry_run(input.dry_run)?;
        groups::write(req.tx()?, place, &change.group, &change.before)?;
        for rule in &change.touched {
            tags::put(req.tx()?, place, &rule.id, new.clone())?;
        }
        let rules = change.touched.iter().map(|rule| groups::rule_to_wire(place, group, rule, &new));
        Ok(AuthorizeSecurityGroupEgressResult {
            return_: Some(true),
            security_group_rules: Some(rules.collect()),
        })
    }
}
