//! AttachNetworkInterface: a further interface of an instance.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults::{self, unsupported};
use crate::instance_types;
use crate::interface_questions::on_interface;
use crate::interfaces;
use crate::lifecycle;
use crate::model::{AttachNetworkInterface, AttachNetworkInterfaceRequest, AttachNetworkInterfaceResult};
use crate::place::Place;
use crate::questions::on_instance;
use crate::records::{Instance, NetworkInterface, State};

impl Operation for AttachNetworkInterface {
    type Access = Write;

    fn needs(input: &AttachNetworkInterfaceRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let interface = on_interface(ec2::AttachNetworkInterface, at, &input.network_interface_id)?;
        let instance = on_instance(ec2::AttachNetworkInterface, at, &input.instance_id)?;
        Ok(interface.done().and(instance.done()))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<AttachNetworkInterfaceResult, Fault> {
        let (place, env, now, input) = (Place::here(req), req.env, req.now, req.input);
        let db = req.db()?;
        let mut own = interfaces::own(db, place, &input.network_interface_id)?;
        let mut instance = lifecycle::get(db, place, &input.instance_id, now)?;
        let others = interfaces::of(db, &instance)?;
        check(input, &own, &instance, &others)?;
        faults::dry_run(input.dry_run)?;
        let attachment = interfaces::attachment(env, &instance.id, input.device_index, false);
        let id = attachment.id.clone();
        own.attachment = Some(attachment);
        instance.interfaces.push(own.id.clone());
        interfaces::put(req.tx()?, &own)?;
        lifecycle::write(req.tx()?, &instance)?;
        Ok(AttachNetworkInterfaceResult { attachment_id: Some(id), network_card_index: Some(0) })
    }
}

fn check(
    input: &AttachNetworkInterfaceRequest,
    own: &NetworkInterface,
    instance: &Instance,
    others: &[NetworkInterface],
) -> Result<(), Fault> {
    let srd = input.ena_srd_specification.as_ref();
    let udp = srd.and_then(|own| own.ena_srd_udp_specification.as_ref()?.ena_srd_udp_enabled);
    if udp == Some(true) || srd.and_then(|own| own.ena_srd_enabled) == Some(true) {
        return Err(unsupported("EnaSrdSpecification"));
    }
    if input.ena_queue_count.is_some() {
        return Err(unsupported("EnaQueueCount"));
    }
    if own.attachment.is_some() {
        let text = format!("Interface: [{}] in use.", own.id);
        return Err(faults::other("InvalidNetworkInterface.InUse", text));
    }
    if !matches!(instance.state, State::Pending | State::Running | State::Stopped) {
        let text = format!("Instance '{}' is not 'running' or 'stopped'.", instance.id);
        return Err(faults::wrong_state(text));
    }
    if input.network_card_index.is_some_and(|card| card != 0) {
        let why = "The instance type has one network card.";
        return Err(faults::invalid_value(input.network_card_index.unwrap_or(0), "networkCardIndex", why));
    }
    let index = input.device_index;
    let taken =
        |other: &NetworkInterface| other.attachment.as_ref().is_some_and(|at| at.device_index == index);
    if index < 0 || others.iter().any(taken) {
        let text = format!(
            "Instance '{}' already has an interface attached at device index '{index}'.",
            instance.id
        );
        return Err(faults::invalid(text));
    }
    if own.zone != instance.zone {
        let text = "You may not attach a network interface to an instance if they are not in the same availability zone";
        return Err(faults::combination(text));
    }
    if own.vpc != instance.vpc {
        return Err(unsupported("An interface of another VPC than the instance's"));
    }
    let limits = instance_types::find(&instance.instance_type);
    let (most, each) = limits.map_or((1, 1), |own| (own.interfaces, own.addresses));
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    if others.len() >= most || usize::try_from(index).is_ok_and(|index| index >= most.max(2)) {
        let count = others.len() + 1;
        let text = format!("Interface count {count} exceeds the limit for {}", instance.instance_type);
        return Err(faults::other("AttachmentLimitExceeded", text));
    }
    if own.addresses.len() > usize::try_from(each).unwrap_or(usize::MAX) {
        let text = "Number of private addresses will exceed limit.";
        return Err(faults::other("PrivateIpAddressLimitExceeded", text));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use crate::model::*;
    use crate::scene::{launch, new_group, request, seen, tagged};

    fn made(world: &World, subnet: &str) -> NetworkInterface {
        let input = CreateNetworkInterfaceRequest {
            subnet_id: subnet.into(),
            secondary_private_ip_address_count: Some(1),
            client_token: Some("one".into()),
            tag_specifications: tagged("network-interface", "use", "second"),
            ..Default::default()
        };
        let root = world.root(ACCOUNT);
        let first = world.call::<CreateNetworkInterface>(&root, input.clone()).unwrap();
        let again = world.call::<CreateNetworkInterface>(&root, input).unwrap();
        assert_eq!(first, again);
        first.network_interface.unwrap()
    }

    #[test]
    fn a_second_interface_comes_and_goes_with_its_addresses() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let id = launch(&world, request());
        let own = made(&world, &seen(&world, &id).subnet_id.unwrap());
        assert_eq!(own.private_ip_addresses.as_ref().unwrap().len(), 2);
        let eni = own.network_interface_id.unwrap();
        let attach = |index| AttachNetworkInterfaceRequest {
            network_interface_id: eni.clone(),
            instance_id: id.clone(),
            device_index: index,
            ..Default::default()
        };
        check_fault(world.call::<AttachNetworkInterface>(&root, attach(0)), "InvalidParameterValue");
        check_fault(world.call::<AttachNetworkInterface>(&root, attach(7)), "AttachmentLimitExceeded");
        let attachment =
            world.call::<AttachNetworkInterface>(&root, attach(1)).unwrap().attachment_id.unwrap();
        let again = world.call::<AttachNetworkInterface>(&root, attach(1));
        check_fault(again, "InvalidNetworkInterface.InUse");
        let shown = seen(&world, &id).network_interfaces.unwrap();
        assert_eq!(shown[1].attachment.as_ref().unwrap().attachment_id.as_ref(), Some(&attachment));
        let remove =
            DeleteNetworkInterfaceRequest { network_interface_id: eni.clone(), ..Default::default() };
        check_fault(world.call::<DeleteNetworkInterface>(&root, remove.clone()), "InvalidParameterValue");
        let detach = DetachNetworkInterfaceRequest { attachment_id: attachment, ..Default::default() };
        world.call::<DetachNetworkInterface>(&root, detach.clone()).unwrap();
        check_fault(world.call::<DetachNetworkInterface>(&root, detach), "InvalidAttachmentID.NotFound");
        let first = shown[0].attachment.as_ref().unwrap().attachment_id.clone().unwrap();
        let detach = DetachNetworkInterfaceRequest { attachment_id: first, ..Default::default() };
        check_fault(world.call::<DetachNetworkInterface>(&root, detach), "OperationNotPermitted");
        world.call::<DeleteNetworkInterface>(&root, remove.clone()).unwrap();
        check_fault(
            world.call::<DeleteNetworkInterface>(&root, remove),
            "InvalidNetworkInterfaceID.NotFound",
        );
    }

    #[test]
    fn an_interface_that_is_to_stay_outlives_its_instance() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let id = launch(&world, request());
        let shown = seen(&world, &id).network_interfaces.unwrap().remove(0);
        let eni = shown.network_interface_id.unwrap();
        let keep = ModifyNetworkInterfaceAttributeRequest {
            network_interface_id: eni.clone(),
            attachment: Some(NetworkInterfaceAttachmentChanges {
                attachment_id: shown.attachment.unwrap().attachment_id,
                delete_on_termination: Some(false),
                ..Default::default()
            }),
            ..Default::default()
        };
        world.call::<ModifyNetworkInterfaceAttribute>(&root, keep).unwrap();
        let end = TerminateInstancesRequest { instance_ids: vec![id], ..Default::default() };
        world.call::<TerminateInstances>(&root, end).unwrap();
        let look =
            DescribeNetworkInterfacesRequest { network_interface_ids: Some(vec![eni]), ..Default::default() };
        let left = world.call::<DescribeNetworkInterfaces>(&root, look).unwrap().network_interfaces.unwrap();
        assert_eq!(left[0].status.as_deref(), Some("available"));
    }

    #[test]
    fn groups_and_checks_of_an_interface_change_one_at_a_time() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let id = launch(&world, request());
        let eni = seen(&world, &id).network_interfaces.unwrap().remove(0).network_interface_id.unwrap();
        let group = new_group(&world, "web");
        let change = ModifyNetworkInterfaceAttributeRequest {
            network_interface_id: eni.clone(),
            groups: Some(vec![group.clone()]),
            ..Default::default()
        };
        world.call::<ModifyNetworkInterfaceAttribute>(&root, change.clone()).unwrap();
        assert_eq!(seen(&world, &id).security_groups.unwrap()[0].group_id, Some(group));
        let both = ModifyNetworkInterfaceAttributeRequest {
            source_dest_check: Some(AttributeBooleanValue { value: Some(false) }),
            ..change
        };
        let outcome = world.call::<ModifyNetworkInterfaceAttribute>(&root, both.clone());
        check_fault(outcome, "InvalidParameterCombination");
        let off = ModifyNetworkInterfaceAttributeRequest { groups: None, ..both };
        world.call::<ModifyNetworkInterfaceAttribute>(&root, off).unwrap();
        let read = |name: &str| DescribeNetworkInterfaceAttributeRequest {
            network_interface_id: eni.clone(),
            attribute: Some(name.into()),
            ..Default::default()
        };
        let call = |name| world.call::<DescribeNetworkInterfaceAttribute>(&root, read(name));
        assert_eq!(call("sourceDestCheck").unwrap().source_dest_check.unwrap().value, Some(false));
        let reset = ResetNetworkInterfaceAttributeRequest {
            network_interface_id: eni.clone(),
            source_dest_check: Some("true".into()),
            ..Default::default()
        };
        world.call::<ResetNetworkInterfaceAttribute>(&root, reset).unwrap();
        assert_eq!(call("sourceDestCheck").unwrap().source_dest_check.unwrap().value, Some(true));
        check_fault(call("color"), "InvalidParameterValue");
    }

    #[test]
    fn secondary_addresses_move_only_when_that_is_allowed() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let (a, b) = (launch(&world, request()), launch(&world, request()));
        let eni =
            |id: &str| seen(&world, id).network_interfaces.unwrap().remove(0).network_interface_id.unwrap();
        let assign = |eni: String, list: Vec<String>, allow| AssignPrivateIpAddressesRequest {
            network_interface_id: eni,
            private_ip_addresses: Some(list),
            allow_reassignment: allow,
            ..Default::default()
        };
        let call = |input| world.call::<AssignPrivateIpAddresses>(&root, input);
        let one = AssignPrivateIpAddressesRequest {
            network_interface_id: eni(&a),
            secondary_private_ip_address_count: Some(1),
            ..Default::default()
        };
        let address = call(one.clone()).unwrap().assigned_private_ip_addresses.unwrap().remove(0);
        let address = vec![address.private_ip_address.unwrap()];
        check_fault(call(one), "PrivateIpAddressLimitExceeded");
        check_fault(call(assign(eni(&b), address.clone(), None)), "InvalidParameterValue");
        call(assign(eni(&b), address.clone(), Some(true))).unwrap();
        let unassign = |eni: String| UnassignPrivateIpAddressesRequest {
            network_interface_id: eni,
            private_ip_addresses: Some(address.clone()),
            ..Default::default()
        };
        let call = |input| world.call::<UnassignPrivateIpAddresses>(&root, input);
        check_fault(call(unassign(eni(&a))), "InvalidParameterValue");
        call(unassign(eni(&b))).unwrap();
        let primary = seen(&world, &a).private_ip_address.unwrap();
        let mut input = unassign(eni(&a));
        input.private_ip_addresses = Some(vec![primary]);
        check_fault(call(input), "InvalidParameterValue");
    }
    #[test]
    fn no_part_of_ena_express_is_had_here() {
        let world = World::new(1);
        let input = |enabled, udp| AttachNetworkInterfaceRequest {
            network_interface_id: seen(&world, &launch(&world, request()))
                .network_interfaces
                .unwrap()
                .remove(0)
                .network_interface_id
                .unwrap(),
            instance_id: launch(&world, request()),
            device_index: 1,
            ena_srd_specification: Some(EnaSrdSpecification {
                ena_srd_enabled: enabled,
                ena_srd_udp_specification: Some(EnaSrdUdpSpecification { ena_srd_udp_enabled: udp }),
            }),
            ..Default::default()
        };
        let call = |enabled, udp| {
            world.call::<AttachNetworkInterface>(&world.root(ACCOUNT), input(Some(enabled), Some(udp)))
        };
        check_fault(call(true, false), "UnsupportedOperation");
        check_fault(call(false, true), "UnsupportedOperation");
        // The interface itself is somebody's already.
        check_fault(call(false, false), "InvalidNetworkInterface.InUse");
    }
}
