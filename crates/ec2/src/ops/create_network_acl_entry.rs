//! CreateNetworkAclEntry: adds a rule to a network access list.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::model::{CreateNetworkAclEntry, CreateNetworkAclEntryRequest, CreateNetworkAclEntryResponse};
use crate::network::acls::{self, Wish};
use crate::network::questions::on_network_acl;
use crate::network::{Network, must, refusals};
use crate::place::Place;
use crate::records::NetworkAcls;
use crate::wiring::touch;

impl Operation for CreateNetworkAclEntry {
    type Access = Write;

    fn needs(input: &CreateNetworkAclEntryRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(on_network_acl(ec2::CreateNetworkAclEntry, at, &input.network_acl_id)?.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CreateNetworkAclEntryResponse, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let rule = wish(input).rule()?;
        let tx = req.tx()?;
        Network::settle(tx, place)?;
        let mut acl = must::<NetworkAcls>(tx, place, &input.network_acl_id, refusals::no_network_acl)?;
        acls::add(&mut acl, rule)?;
        faults::dry_run(input.dry_run)?;
        tx.put::<NetworkAcls>(&place.key(&acl.id), &acl)?;
        touch(tx, place, &acl.vpc)?;
        Ok(CreateNetworkAclEntryResponse {})
    }
}

fn wish(input: &CreateNetworkAclEntryRequest) -> Wish<'_> {
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

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use crate::model::*;
    use crate::scene::*;

    fn new_acl(world: &World, vpc: &str) -> String {
        let input = CreateNetworkAclRequest { vpc_id: vpc.into(), ..Default::default() };
        let made = world.call::<CreateNetworkAcl>(&world.root(ACCOUNT), input).unwrap();
        made.network_acl.unwrap().network_acl_id.unwrap()
    }

    fn seen_acl(world: &World, id: &str) -> NetworkAcl {
        let input =
            DescribeNetworkAclsRequest { network_acl_ids: Some(vec![id.into()]), ..Default::default() };
        let seen = world.call::<DescribeNetworkAcls>(&world.root(ACCOUNT), input).unwrap();
        seen.network_acls.unwrap().remove(0)
    }

    fn entry(acl: &str, number: i32) -> CreateNetworkAclEntryRequest {
        CreateNetworkAclEntryRequest {
            network_acl_id: acl.into(),
            rule_number: number,
            protocol: "6".into(),
            rule_action: "allow".into(),
            egress: false,
            cidr_block: Some("10.9.8.7/8".into()),
            port_range: Some(PortRange { from: Some(80), to: Some(443) }),
            ..Default::default()
        }
    }

    #[test]
    fn rules_are_added_replaced_and_removed() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let vpc = new_vpc(&world, "10.0.0.0/16").vpc_id.unwrap();
        let acl = new_acl(&world, &vpc);
        world.call::<CreateNetworkAclEntry>(&root, entry(&acl, 200)).unwrap();
        world.call::<CreateNetworkAclEntry>(&root, entry(&acl, 100)).unwrap();
        let again = check_fault(
            world.call::<CreateNetworkAclEntry>(&root, entry(&acl, 100)),
            "NetworkAclEntryAlreadyExists",
        );
        assert_eq!(again, "The network acl entry identified by 100 already exists.");
        let replace = ReplaceNetworkAclEntryRequest {
            network_acl_id: acl.clone(),
            rule_number: 200,
            protocol: "icmp".into(),
            rule_action: "deny".into(),
            egress: false,
            cidr_block: Some("0.0.0.0/0".into()),
            icmp_type_code: Some(IcmpTypeCode { type_: Some(8), code: Some(-1) }),
            ..Default::default()
        };
        world.call::<ReplaceNetworkAclEntry>(&root, replace.clone()).unwrap();
        let unknown = ReplaceNetworkAclEntryRequest { rule_number: 300, ..replace };
        check_fault(world.call::<ReplaceNetworkAclEntry>(&root, unknown), "InvalidNetworkAclEntry.NotFound");
        let rules: Vec<_> = seen_acl(&world, &acl)
            .entries
            .unwrap()
            .into_iter()
            .map(|own| {
                (
                    own.egress.unwrap(),
                    own.rule_number.unwrap(),
                    own.protocol.unwrap(),
                    own.cidr_block.unwrap(),
                )
            })
            .collect();
        let rule =
            |egress, number, protocol: &str, cidr: &str| (egress, number, protocol.into(), cidr.into());
        assert_eq!(
            rules,
            [
                rule(true, 32767, "-1", "0.0.0.0/0"),
                rule(false, 100, "6", "10.0.0.0/8"),
                rule(false, 200, "1", "0.0.0.0/0"),
                rule(false, 32767, "-1", "0.0.0.0/0"),
            ]
        );
        let drop = |egress| {
            let input = DeleteNetworkAclEntryRequest {
                network_acl_id: acl.clone(),
                rule_number: 100,
                egress,
                ..Default::default()
            };
            world.call::<DeleteNetworkAclEntry>(&root, input)
        };
        check_fault(drop(true), "InvalidNetworkAclEntry.NotFound");
        drop(false).unwrap();
        assert_eq!(seen_acl(&world, &acl).entries.unwrap().len(), 3);
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        let world = World::new(1);
        let vpc = new_vpc(&world, "10.0.0.0/16").vpc_id.unwrap();
        let acl = new_acl(&world, &vpc);
        let refused = |change: fn(&mut CreateNetworkAclEntryRequest), code: &str| {
            let mut input = entry(&acl, 100);
            change(&mut input);
            check_fault(world.call::<CreateNetworkAclEntry>(&world.root(ACCOUNT), input), code)
        };
        refused(|own| own.rule_number = 0, "InvalidParameterValue");
        refused(|own| own.rule_number = 32767, "InvalidParameterValue");
        refused(|own| own.protocol = "300".into(), "InvalidParameterValue");
        refused(|own| own.protocol = "1".into(), "MissingParameter");
        refused(|own| own.port_range = None, "MissingParameter");
        refused(
            |own| own.port_range = Some(PortRange { from: Some(5), to: Some(1) }),
            "InvalidParameterValue",
        );
        refused(|own| own.cidr_block = None, "MissingParameter");
        refused(|own| own.ipv6_cidr_block = Some("::/0".into()), "UnsupportedOperation");
        refused(|own| own.network_acl_id = "acl-0".into(), "InvalidNetworkAclID.NotFound");
        let root = world.root(ACCOUNT);
        for number in 1..=20 {
            world.call::<CreateNetworkAclEntry>(&root, entry(&acl, number)).unwrap();
        }
        refused(|_| {}, "NetworkAclEntryLimitExceeded");
    }

    #[test]
    fn a_subnet_is_always_under_one_list() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let vpc = new_vpc(&world, "10.0.0.0/16").vpc_id.unwrap();
        let subnet = new_subnet(&world, &vpc, "10.0.0.0/24");
        let acl = new_acl(&world, &vpc);
        let input = DescribeNetworkAclsRequest {
            filters: filter("association.subnet-id", &subnet),
            ..Default::default()
        };
        let default =
            world.call::<DescribeNetworkAcls>(&root, input).unwrap().network_acls.unwrap().remove(0);
        let association = default.associations.unwrap().remove(0).network_acl_association_id.unwrap();
        let replace = |association: &str, acl: &str| {
            let input = ReplaceNetworkAclAssociationRequest {
                association_id: association.into(),
                network_acl_id: acl.into(),
                ..Default::default()
            };
            world.call::<ReplaceNetworkAclAssociation>(&root, input)
        };
        let new = replace(&association, &acl).unwrap().new_association_id.unwrap();
        check_fault(replace(&association, &acl), "InvalidAssociationID.NotFound");
        let delete = |id: &str| {
            let input = DeleteNetworkAclRequest { network_acl_id: id.into(), ..Default::default() };
            world.call::<DeleteNetworkAcl>(&root, input)
        };
        check_fault(delete(&acl), "DependencyViolation");
        let default = default.network_acl_id.unwrap();
        check_fault(delete(&default), "InvalidParameterValue");
        replace(&new, &default).unwrap();
        delete(&acl).unwrap();
        assert_eq!(seen_acl(&world, &default).associations.unwrap()[0].subnet_id, Some(subnet));
    }
}
