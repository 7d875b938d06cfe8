"""What a network's owner sets up at its ends, by the API, as programs inside find it: NAT gateways, DHCP options, public
addresses after everything that carries instances has died."""

import os

from running import wait_for
from test_machines import processes_below
from test_networks import OUTSIDE, call, network, outside  # noqa: F401


def lead(network, subnet, **to):  # noqa: F811
    table = network.ec2.create_route_table(VpcId=network.vpc)["RouteTable"]["RouteTableId"]
    network.ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    network.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", **to)
    return table


def test_a_nat_gateway_leads_private_instances_out_until_it_is_deleted(network):  # noqa: F811
    ec2, group = network.ec2, network.group("all")
    network.open_gateway(network.one)
    elastic = ec2.allocate_address(Domain="vpc")
    nat = ec2.create_nat_gateway(SubnetId=network.one, AllocationId=elastic["AllocationId"])["NatGateway"]["NatGatewayId"]
    ec2.get_waiter("nat_gateway_available").wait(NatGatewayIds=[nat])
    hidden = network.launch(network.two, group)
    with outside():
        assert hidden.asks(OUTSIDE, 80) == "", "no route"
        table = lead(network, network.two, NatGatewayId=nat)
        wait_for("the way out", lambda: hidden.asks(OUTSIDE, 80) == "world", 5)
        # What comes in there reaches nobody.
        assert call(elastic["PublicIp"], 80) == ""
        ec2.delete_nat_gateway(NatGatewayId=nat)
        wait_for("the end of the way", lambda: hidden.asks(OUTSIDE, 80) == "", 5)
        shown = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
        assert [route["State"] for route in shown if route.get("NatGatewayId")] == ["blackhole"]


def test_dhcp_options_say_where_instances_look_names_up(network):  # noqa: F811
    ec2, group = network.ec2, network.group("all")
    before = network.launch(network.one, group)
    options = ec2.create_dhcp_options(DhcpConfigurations=[
        {"Key": "domain-name", "Values": ["corp.example.org"]},
        {"Key": "domain-name-servers", "Values": ["10.7.1.9"]},
        {"Key": "ntp-servers", "Values": ["10.7.1.8"]},
    ])["DhcpOptions"]["DhcpOptionsId"]
    ec2.associate_dhcp_options(DhcpOptionsId=options, VpcId=network.vpc)
    after = network.launch(network.one, group)
    said = after.inside("cat /etc/resolv.conf").out
    lines = [line.split() for line in said.splitlines() if line and not line.startswith("#")]
    assert ["nameserver", "10.7.1.9"] in lines and ["search", "corp.example.org"] in lines, said
    # What runs already asks anew at its next start.
    assert "corp.example.org" not in before.inside("cat /etc/resolv.conf").out
    ec2.stop_instances(InstanceIds=[before.id])
    ec2.get_waiter("instance_stopped").wait(InstanceIds=[before.id], WaiterConfig={"Delay": 1})
    ec2.start_instances(InstanceIds=[before.id])
    ec2.get_waiter("instance_running").wait(InstanceIds=[before.id], WaiterConfig={"Delay": 1})
    assert "corp.example.org" in before.inside("cat /etc/resolv.conf").out
    ec2.associate_dhcp_options(DhcpOptionsId="default", VpcId=network.vpc)
    last = network.launch(network.one, group)
    assert "nameserver 10.7.0.2" in last.inside("cat /etc/resolv.conf").out
    assert last.resolves(after.record()["PrivateDnsName"]) == [after.private]


def test_public_addresses_answer_again_after_the_supervisor_was_replaced(network):  # noqa: F811
    ec2, group = network.ec2, network.group("web")
    network.open_gateway(network.one)
    network.allow(group, 8080, "0.0.0.0/0")
    own, bound = network.launch(network.one, group, public=True), network.launch(network.one, group)
    elastic = ec2.allocate_address(Domain="vpc")
    ec2.associate_address(AllocationId=elastic["AllocationId"], InstanceId=bound.id)
    addresses = {own: own.public, bound: elastic["PublicIp"]}
    for machine, address in addresses.items():
        machine.serve(8080, machine.id)
        wait_for(address, lambda: call(address, 8080) == machine.id, 5)  # noqa: B023
    supervisor, *below = processes_below(network.server.process.pid)
    os.kill(supervisor, 9)
    wait_for("the end of the old processes", lambda: not any(os.path.exists(f"/proc/{pid}") for pid in below))
    for machine, address in addresses.items():
        assert call(address, 8080) == "", "nothing serves there yet"
        wait_for("its commands", lambda: machine.inside("true").code == 0)  # noqa: B023
        machine.serve(8080, machine.id)
        wait_for(address, lambda: call(address, 8080) == machine.id, 5)  # noqa: B023
        assert machine.public == address
