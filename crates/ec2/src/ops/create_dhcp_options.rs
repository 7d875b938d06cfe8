//! CreateDhcpOptions: a set of DHCP options.

use rolecall_actions::ec2::{self, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{CreateDhcpOptions, CreateDhcpOptionsRequest, CreateDhcpOptionsResult};
use crate::network::shown::Shown;
use crate::network::{Network, dhcp, refusals};
use crate::place::Place;
use crate::questions::to_make;
use crate::records::{DhcpOptionSets, DhcpOptions};
use crate::{faults, tags};

impl Operation for CreateDhcpOptions {
    type Access = Write;

    fn needs(input: &CreateDhcpOptionsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let made = Place::of(at).resource::<kind::DhcpOptions>("*");
        let tags = input.tag_specifications.as_deref();
        Ok(to_make(ec2::CreateDhcpOptions, &made, Place::of(at), tags, |question| question))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CreateDhcpOptionsResult, Fault> {
        let (place, input, env) = (Place::here(req), req.input, req.env);
        let has = tags::of_request(input.tag_specifications.as_deref(), &["dhcp-options"], "dhcp-options")?;
        let options = dhcp::checked(&input.dhcp_configurations)?;
        let tx = req.tx()?;
        Network::settle(tx, place)?;
        let there = tx.count::<DhcpOptionSets>(&(place.account, place.region))?;
        let most = refusals::DHCP_OPTIONS;
        refusals::within(there, most, "DhcpOptionsLimitExceeded", "DHCP options sets")?;
        faults::dry_run(input.dry_run)?;
        let row = DhcpOptions { id: env.resource_id("dopt"), options };
        tx.put::<DhcpOptionSets>(&place.key(&row.id), &row)?;
        tags::put(tx, place, &row.id, has)?;
        let shown = Shown::load(tx, place, row)?;
        Ok(CreateDhcpOptionsResult { dhcp_options: Some(shown.to_wire()) })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use crate::model::*;
    use crate::scene::*;

    fn create(key: &str, value: &str) -> CreateDhcpOptionsRequest {
        let option = NewDhcpConfiguration { key: Some(key.into()), values: Some(vec![value.into()]) };
        CreateDhcpOptionsRequest { dhcp_configurations: vec![option], ..Default::default() }
    }

    #[test]
    fn a_vpc_is_given_options_which_then_stay() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let vpc = new_vpc(&world, "10.0.0.0/16").vpc_id.unwrap();
        let mut input = create("domain-name", "corp.example");
        input.tag_specifications = tagged("dhcp-options", "team", "a");
        let made = world.call::<CreateDhcpOptions>(&root, input).unwrap().dhcp_options.unwrap();
        let id = made.dhcp_options_id.unwrap();
        let associate = |options: &str| {
            let input = AssociateDhcpOptionsRequest {
                dhcp_options_id: options.into(),
                vpc_id: vpc.clone(),
                ..Default::default()
            };
            world.call::<AssociateDhcpOptions>(&root, input)
        };
        check_fault(associate("dopt-0"), "InvalidDhcpOptionID.NotFound");
        associate(&id).unwrap();
        let delete = || {
            let input = DeleteDhcpOptionsRequest { dhcp_options_id: id.clone(), ..Default::default() };
            world.call::<DeleteDhcpOptions>(&root, input)
        };
        check_fault(delete(), "DependencyViolation");
        let input = DescribeVpcsRequest { filters: filter("dhcp-options-id", &id), ..Default::default() };
        assert_eq!(world.call::<DescribeVpcs>(&root, input).unwrap().vpcs.unwrap().len(), 1);
        let input = DescribeDhcpOptionsRequest { filters: filter("value", "corp.*"), ..Default::default() };
        assert_eq!(world.call::<DescribeDhcpOptions>(&root, input).unwrap().dhcp_options.unwrap().len(), 1);
        associate("default").unwrap();
        delete().unwrap();
        check_fault(delete(), "InvalidDhcpOptionID.NotFound");
    }

    #[test]
    fn an_unknown_option_is_refused() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        check_fault(world.call::<CreateDhcpOptions>(&root, create("colour", "red")), "InvalidParameterValue");
        check_fault(world.call::<CreateDhcpOptions>(&root, Default::default()), "MissingParameter");
    }
}
