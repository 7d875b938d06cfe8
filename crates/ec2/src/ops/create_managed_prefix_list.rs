//! CreateManagedPrefixList: a named list of blocks, for rules and routes.

use rolecall_actions::ec2::{self, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::managed_prefix_lists as managed;
use crate::model::{CreateManagedPrefixList, CreateManagedPrefixListRequest, CreateManagedPrefixListResult};
use crate::network::token;
use crate::place::Place;
use crate::questions::to_make;
use crate::records::PrefixList;
use crate::tags;

impl Operation for CreateManagedPrefixList {
    type Access = Write;

    fn needs(input: &CreateManagedPrefixListRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let place = Place::of(at);
        let made = place.resource::<kind::PrefixList>("*");
        let given = input.tag_specifications.as_deref();
        Ok(to_make(ec2::CreateManagedPrefixList, &made, place, given, |question| question))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CreateManagedPrefixListResult, Fault> {
        let (place, env, input) = (Place::here(req), req.env, req.input);
        let tx = req.tx()?;
        let once = token::of("CreateManagedPrefixList", input.client_token.as_deref(), input)?;
        if let Some(id) = token::made(tx, place, once.as_ref())? {
            let found = managed::get(tx, place, &id)?;
            let wire = managed::to_wire(tx, place, &found, "create-complete")?;
            return Ok(CreateManagedPrefixListResult { prefix_list: Some(wire) });
        }
        managed::check_name(&input.prefix_list_name)?;
        let ipv6 = match input.address_family.as_str() {
            "IPv4" => false,
            "IPv6" => true,
            other => {
                return Err(faults::invalid_value(other, "AddressFamily", "It must be IPv4 or IPv6."));
            }
        };
        let mut list = PrefixList {
            id: env.resource_id("pl"),
            name: input.prefix_list_name.clone(),
            ipv6,
            most: input.max_entries,
            version: 1,
            entries: Vec::new(),
            earlier: Vec::new(),
            aws: false,
            token: once.as_ref().map(|once| once.name.clone()),
        };
        managed::add(&mut list, input.entries.as_deref().unwrap_or_default())?;
        managed::check_most(&list)?;
        let new = tags::of_request(input.tag_specifications.as_deref(), &["prefix-list"], "prefix-list")?;
        faults::dry_run(input.dry_run)?;
        managed::put(tx, place, &list)?;
        tags::put(tx, place, &list.id, new)?;
        token::keep(tx, place, once.as_ref(), &list.id)?;
        let wire = managed::to_wire(tx, place, &list, "create-in-progress")?;
        Ok(CreateManagedPrefixListResult { prefix_list: Some(wire) })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use crate::model::*;
    use crate::scene::{authorize, new_group, permission};

    #[test]
    fn a_list_has_versions_and_counts_in_rules_as_what_it_may_hold() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let entry = |cidr: &str| AddPrefixListEntry { cidr: cidr.into(), description: None };
        let input = CreateManagedPrefixListRequest {
            prefix_list_name: "offices".into(),
            address_family: "IPv4".into(),
            max_entries: 40,
            entries: Some(vec![entry("10.1.2.3/8")]),
            ..Default::default()
        };
        let made = world.call::<CreateManagedPrefixList>(&root, input).unwrap().prefix_list.unwrap();
        let id = made.prefix_list_id.unwrap();
        let change = |version| ModifyManagedPrefixListRequest {
            prefix_list_id: id.clone(),
            current_version: Some(version),
            add_entries: Some(vec![entry("192.168.0.0/16")]),
            remove_entries: Some(vec![RemovePrefixListEntry { cidr: "10.0.0.0/8".into() }]),
            ..Default::default()
        };
        let call = |version| world.call::<ModifyManagedPrefixList>(&root, change(version));
        assert_eq!(call(1).unwrap().prefix_list.unwrap().version, Some(2));
        check_fault(call(1), "PrefixListVersionMismatch");
        let entries = |target| {
            let input = GetManagedPrefixListEntriesRequest {
                prefix_list_id: id.clone(),
                target_version: target,
                ..Default::default()
            };
            let answer = world.call::<GetManagedPrefixListEntries>(&root, input).unwrap();
            answer.entries.unwrap().remove(0).cidr.unwrap()
        };
        assert_eq!((entries(None), entries(Some(1))), ("192.168.0.0/16".into(), "10.0.0.0/8".into()));
        let back = RestoreManagedPrefixListVersionRequest {
            prefix_list_id: id.clone(),
            previous_version: 1,
            current_version: 2,
            ..Default::default()
        };
        world.call::<RestoreManagedPrefixListVersion>(&root, back).unwrap();
        assert_eq!(entries(None), "10.0.0.0/8");
        let group = new_group(&world, "web");
        let list = PrefixListId { prefix_list_id: Some(id.clone()), ..Default::default() };
        let rule = |port| IpPermission {
            prefix_list_ids: Some(vec![list.clone()]),
            ..permission("tcp", port, port, &[])
        };
        let call =
            |port| world.call::<AuthorizeSecurityGroupIngress>(&root, authorize(&group, vec![rule(port)]));
        call(80).unwrap();
        check_fault(call(81), "RulesPerSecurityGroupLimitExceeded");
        let used =
            GetManagedPrefixListAssociationsRequest { prefix_list_id: id.clone(), ..Default::default() };
        let used = world.call::<GetManagedPrefixListAssociations>(&root, used).unwrap();
        assert_eq!(used.prefix_list_associations.unwrap()[0].resource_id.as_ref(), Some(&group));
        let gone = || DeleteManagedPrefixListRequest { prefix_list_id: id.clone(), ..Default::default() };
        check_fault(world.call::<DeleteManagedPrefixList>(&root, gone()), "DependencyViolation");
        let group = DeleteSecurityGroupRequest { group_id: Some(group), ..Default::default() };
        world.call::<DeleteSecurityGroup>(&root, group).unwrap();
        world.call::<DeleteManagedPrefixList>(&root, gone()).unwrap();
        let left = world.call::<DescribeManagedPrefixLists>(&root, Default::default()).unwrap();
        let left = left.prefix_lists.unwrap();
        assert!(left.iter().all(|own| own.owner_id.as_deref() == Some("AWS")));
        let mut theirs = gone();
        theirs.prefix_list_id = left[0].prefix_list_id.clone().unwrap();
        check_fault(world.call::<DeleteManagedPrefixList>(&root, theirs), "OperationNotPermitted");
    }
    #[test]
    fn a_version_that_is_named_must_be_the_current_one_whatever_is_changed() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let input = CreateManagedPrefixListRequest {
            prefix_list_name: "offices".into(),
            address_family: "IPv4".into(),
            max_entries: 5,
            ..Default::default()
        };
        let made = world.call::<CreateManagedPrefixList>(&root, input).unwrap().prefix_list.unwrap();
        let rename = |current_version| {
            let input = ModifyManagedPrefixListRequest {
                prefix_list_id: made.prefix_list_id.clone().unwrap(),
                prefix_list_name: Some("branches".into()),
                current_version,
                ..Default::default()
            };
            world.call::<ModifyManagedPrefixList>(&root, input)
        };
        check_fault(rename(Some(2)), "PrefixListVersionMismatch");
        assert_eq!(rename(Some(1)).unwrap().prefix_list.unwrap().version, Some(1));
        rename(None).unwrap();
    }
}
