//! AllocateAddress: an elastic address, of 127.64.0.0/10 as every public address here.

use std::net::Ipv4Addr;

use rolecall_actions::ec2::{self, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::addresses;
use crate::faults::{self, unsupported};
use crate::model::{AllocateAddress, AllocateAddressRequest, AllocateAddressResult};
use crate::place::Place;
use crate::questions::to_make;
use crate::quotas::Quotas;
use crate::records::{ElasticAddress, ElasticAddresses};
use crate::tags;

impl Operation for AllocateAddress {
    type Access = Write;

    fn needs(input: &AllocateAddressRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let place = Place::of(at);
        let made = place.resource::<kind::ElasticIp>("*");
        let given = input.tag_specifications.as_deref();
        Ok(to_make(ec2::AllocateAddress, &made, place, given, |question| question))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<AllocateAddressResult, Fault> {
        let (place, env, input) = (Place::here(req), req.env, req.input);
        refuse(place, input)?;
        let most = Quotas::of(req.extensions).elastic_ips;
        let tx = req.tx()?;
        if tx.count::<ElasticAddresses>(&(place.account, place.region))? >= most {
            let text = "The maximum number of addresses has been reached.";
            return Err(faults::other("AddressLimitExceeded", text));
        }
        let tags = tags::of_request(input.tag_specifications.as_deref(), &["elastic-ip"], "elastic-ip")?;
        faults::dry_run(input.dry_run)?;
        let id = env.resource_id("eipalloc");
        let address = match input.address.as_deref().filter(|text| !text.is_empty()) {
            Some(text) => {
                let missing =
                    || faults::other("InvalidAddress.NotFound", format!("Address '{text}' not found."));
                let wished: Ipv4Addr = text.parse().map_err(|_| missing())?;
                addresses::claim_public(tx, wished, &id)?.then_some(wished).ok_or_else(missing)?
            }
            None => addresses::take_public(tx, env, &id)?,
        };
        let row = ElasticAddress {
            id: id.clone(),
            address,
            allocated: env.now().whole_seconds(),
            association: None,
            ptr: None,
        };
        tx.put::<ElasticAddresses>(&place.key(&id), &row)?;
        tags::put(tx, place, &id, tags)?;
        Ok(AllocateAddressResult {
            allocation_id: Some(id),
            public_ip: Some(address.to_string()),
            public_ipv4_pool: Some("amazon".into()),
            network_border_group: Some(place.region.to_owned()),
            domain: Some("vpc".into()),
            ..Default::default()
        })
    }
}

fn refuse(place: Place<'_>, input: &AllocateAddressRequest) -> Result<(), Fault> {
    let given = |text: &Option<String>| text.as_deref().is_some_and(|text| !text.is_empty());
    if given(&input.customer_owned_ipv4_pool) {
        return Err(unsupported("A customer-owned address pool"));
    }
    if given(&input.ipam_pool_id) {
        return Err(unsupported("An IPAM pool"));
    }
    if input.domain.as_deref() == Some("standard") {
        return Err(unsupported("The domain standard"));
    }
    if let Some(pool) = input.public_ipv4_pool.as_deref().filter(|pool| !matches!(*pool, "" | "amazon")) {
        let text = format!("The pool ID '{pool}' does not exist");
        return Err(faults::other("InvalidPublicIpv4PoolID.NotFound", text));
    }
    check_border(place, input.network_border_group.as_deref())
}

/// The only border group of a region is the region itself.
///
/// # Errors
/// InvalidParameterValue for another one.
pub fn check_border(place: Place<'_>, group: Option<&str>) -> Result<(), Fault> {
    match group.filter(|group| !group.is_empty() && *group != place.region) {
        Some(group) => {
            let why = "The network border group is not one of this region.";
            Err(faults::invalid_value(group, "networkBorderGroup", why))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rolecall_door::Extensions;
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use crate::model::*;
    use crate::quotas::Quotas;
    use crate::scene::{launch, request, seen};

    #[test]
    fn an_elastic_address_takes_the_place_of_the_instances_own_and_gives_it_back() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let id = launch(&world, request());
        let first = seen(&world, &id).public_ip_address.unwrap();
        let made = world.call::<AllocateAddress>(&root, Default::default()).unwrap();
        let (allocation, address) = (made.allocation_id.unwrap(), made.public_ip.unwrap());
        let associate = AssociateAddressRequest {
            allocation_id: Some(allocation.clone()),
            instance_id: Some(id.clone()),
            ..Default::default()
        };
        let association = world.call::<AssociateAddress>(&root, associate.clone()).unwrap().association_id;
        assert_eq!(seen(&world, &id).public_ip_address.as_deref(), Some(address.as_str()));
        let release = ReleaseAddressRequest { allocation_id: Some(allocation.clone()), ..Default::default() };
        check_fault(world.call::<ReleaseAddress>(&root, release.clone()), "InvalidIPAddress.InUse");
        let stop = StopInstancesRequest { instance_ids: vec![id.clone()], ..Default::default() };
        world.call::<StopInstances>(&root, stop).unwrap();
        let look = DescribeAddressesRequest { public_ips: Some(vec![address.clone()]), ..Default::default() };
        let shown = world.call::<DescribeAddresses>(&root, look).unwrap().addresses.unwrap().remove(0);
        assert_eq!(shown.association_id, association);
        assert_eq!(shown.instance_id.as_deref(), Some(id.as_str()));
        let start = StartInstancesRequest { instance_ids: vec![id.clone()], ..Default::default() };
        world.call::<StartInstances>(&root, start).unwrap();
        assert_eq!(seen(&world, &id).public_ip_address.as_deref(), Some(address.as_str()));
        let again = AssociateAddressRequest { allow_reassociation: Some(false), ..associate };
        check_fault(world.call::<AssociateAddress>(&root, again), "Resource.AlreadyAssociated");
        let end = DisassociateAddressRequest { association_id: association, ..Default::default() };
        world.call::<DisassociateAddress>(&root, end.clone()).unwrap();
        check_fault(world.call::<DisassociateAddress>(&root, end), "InvalidAssociationID.NotFound");
        let after = seen(&world, &id).public_ip_address.unwrap();
        assert!(after != first && after != address, "{after}");
        world.call::<ReleaseAddress>(&root, release.clone()).unwrap();
        check_fault(world.call::<ReleaseAddress>(&root, release), "InvalidAllocationID.NotFound");
    }

    #[test]
    fn an_address_that_is_named_twice_is_nobodys_guess() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let made = world.call::<AllocateAddress>(&root, Default::default()).unwrap();
        let (allocation_id, public_ip) = (made.allocation_id, made.public_ip);
        let associate = AssociateAddressRequest {
            allocation_id: allocation_id.clone(),
            public_ip: public_ip.clone(),
            instance_id: Some(launch(&world, request())),
            ..Default::default()
        };
        check_fault(world.call::<AssociateAddress>(&root, associate.clone()), "InvalidParameterCombination");
        let once = AssociateAddressRequest { public_ip: None, ..associate };
        let association_id = world.call::<AssociateAddress>(&root, once).unwrap().association_id;
        let disassociate =
            DisassociateAddressRequest { association_id, public_ip: public_ip.clone(), ..Default::default() };
        check_fault(world.call::<DisassociateAddress>(&root, disassociate), "InvalidParameterCombination");
        let release = ReleaseAddressRequest { allocation_id, public_ip, ..Default::default() };
        check_fault(world.call::<ReleaseAddress>(&root, release), "InvalidParameterCombination");
    }

    fn most(world: &World, quota: usize) {
        let root = world.root(ACCOUNT);
        let said = world.call::<DescribeAccountAttributes>(&root, Default::default()).unwrap();
        let named =
            |own: &&AccountAttribute| own.attribute_name.as_ref().unwrap().ends_with("max-elastic-ips");
        let all = said.account_attributes.unwrap();
        let said: Vec<_> = all.iter().filter(named).collect();
        for one in &said {
            let values = one.attribute_values.as_ref().unwrap();
            assert_eq!(values[0].attribute_value, Some(quota.to_string()), "{:?}", one.attribute_name);
        }
        assert_eq!(said.len(), 2);
        for _ in 0..quota {
            world.call::<AllocateAddress>(&root, Default::default()).unwrap();
        }
        let text =
            check_fault(world.call::<AllocateAddress>(&root, Default::default()), "AddressLimitExceeded");
        assert_eq!(text, "The maximum number of addresses has been reached.");
    }

    #[test]
    fn there_are_as_many_addresses_as_the_account_is_told() {
        most(&World::new(1), 5);
        let (mut quotas, mut extensions) = (Quotas::default(), Extensions::default());
        quotas.set("elastic-ips", 2).unwrap();
        extensions.insert(Arc::new(quotas));
        most(&World::with(1, extensions), 2);
    }

    #[test]
    fn a_terminated_instance_leaves_its_elastic_address_free() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let id = launch(&world, request());
        let made = world.call::<AllocateAddress>(&root, Default::default()).unwrap();
        let associate = AssociateAddressRequest {
            allocation_id: made.allocation_id.clone(),
            instance_id: Some(id.clone()),
            ..Default::default()
        };
        world.call::<AssociateAddress>(&root, associate).unwrap();
        let end = TerminateInstancesRequest { instance_ids: vec![id], ..Default::default() };
        world.call::<TerminateInstances>(&root, end).unwrap();
        let shown = world.call::<DescribeAddresses>(&root, Default::default()).unwrap().addresses.unwrap();
        assert_eq!((shown.len(), shown[0].association_id.as_deref()), (1, None));
        let name = ModifyAddressAttributeRequest {
            allocation_id: made.allocation_id.clone().unwrap(),
            domain_name: Some("mail.example.com".into()),
            ..Default::default()
        };
        let named = world.call::<ModifyAddressAttribute>(&root, name).unwrap().address.unwrap();
        // As AWS answers: the name that it had, and the one to come; who looks later finds that.
        let update = named.ptr_record_update.unwrap();
        assert_eq!((named.ptr_record, update.status.as_deref()), (None, Some("PENDING")));
        assert_eq!(update.value.as_deref(), Some("mail.example.com."));
        let look = || world.call::<DescribeAddressesAttribute>(&root, Default::default()).unwrap();
        let named = look().addresses.unwrap().remove(0);
        assert_eq!(named.ptr_record.as_deref(), Some("mail.example.com."));
        assert_eq!(named.ptr_record_update, None);
        let release = ReleaseAddressRequest { allocation_id: made.allocation_id, ..Default::default() };
        check_fault(world.call::<ReleaseAddress>(&root, release), "InvalidAddress.Locked");
    }
}
