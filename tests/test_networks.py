"""Networks as their owners set them up by the API, and as programs inside and outside of instances find them."""

import contextlib
import os
import socket
import subprocess

import pytest
from botocore.exceptions import ClientError
from running import Server, wait_for

SERVE = ("python3 -c \"import socket; s = socket.socket(); s.setsockopt(1, 2, 1); s.bind(('', {port})); s.listen(9)\n"
         "while 1: c, a = s.accept(); c.sendall(b'{word}'); c.close()\"")
OUTSIDE = "198.51.100.9"


class Network:
    """A VPC with two subnets on a server with isolated machines."""

    def __init__(self, server):
        if "namespaces" not in server.said():
            pytest.skip("no isolated machines here")
        self.server, self.ec2 = server, server.client("ec2", server.root)
        self.image = self.ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
        self.vpc = self.ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
        self.ec2.modify_vpc_attribute(VpcId=self.vpc, EnableDnsHostnames={"Value": True})
        self.one = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock="10.7.1.0/24")["Subnet"]["SubnetId"]
        self.two = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock="10.7.2.0/24")["Subnet"]["SubnetId"]

    def group(self, name, vpc=None):
        made = self.ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc or self.vpc)
        return made["GroupId"]

    def allow(self, group, port, source, change="authorize"):
        peer = {"UserIdGroupPairs": [{"GroupId": source}]} if source.startswith("sg-") else {
            "IpRanges": [{"CidrIp": source}]}
        permission = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port} | peer
        getattr(self.ec2, f"{change}_security_group_ingress")(GroupId=group, IpPermissions=[permission])

    def launch(self, subnet, *groups, public=False):
        interface = {"DeviceIndex": 0, "SubnetId": subnet, "Groups": list(groups), "AssociatePublicIpAddress": public}
        made = self.ec2.run_instances(ImageId=self.image, InstanceType="t3.micro", MinCount=1, MaxCount=1,
                                      NetworkInterfaces=[interface])["Instances"][0]
        return Machine(self, made["InstanceId"])

    def open_gateway(self, subnet):
        """Leads a subnet to the internet."""
        gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=self.vpc)
        table = self.ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"]
        self.ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
        self.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
        return table


class Machine:
    def __init__(self, network, number):
        self.network, self.id = network, number
        wait_for("running", lambda: self.record()["State"]["Name"] == "running")

    def record(self):
        found = self.network.ec2.describe_instances(InstanceIds=[self.id])
        return found["Reservations"][0]["Instances"][0]

    @property
    def private(self):
        return self.record()["PrivateIpAddress"]

    @property
    def public(self):
        return self.record()["PublicIpAddress"]

    def inside(self, line):
        server = self.network.server
        return server.rolecall(server.root, "exec", self.id, "--", "sh", "-c", line)

    def serve(self, port, word):
        self.inside(f"setsid {SERVE.format(port=port, word=word)} >/dev/null 2>&1 </dev/null &").ok()
        wait_for("the port inside", lambda: hears(self, "127.0.0.1", port, word))

    def asks(self, address, port):
        line = f"timeout 1 bash -c 'exec 3<>/dev/tcp/{address}/{port} && cat <&3' 2>/dev/null || true"
        return self.inside(line).out

    def resolves(self, name):
        return self.inside(f"getent ahostsv4 {name} | cut -d' ' -f1 | sort -u").out.split()


def hears(machine, address, port, word):
    return machine.asks(address, port) == word


def call(address, port):
    """What a client on this computer hears from a port; nothing when it is refused or cut off."""
    try:
        with socket.create_connection((address, port), timeout=3) as stream:
            return stream.recv(100).decode()
    except OSError:
        return ""


def if_built(operation, **arguments):
    try:
        return operation(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] == "NotImplemented":
            pytest.skip(str(error))
        raise


@pytest.fixture
def network(machines):
    return Network(machines)


def test_groups_open_and_close_ports_at_once(network):
    clients, servers = network.group("clients"), network.group("servers")
    client, server = network.launch(network.one, clients), network.launch(network.one, servers)
    server.serve(5432, "db")
    client.serve(5432, "other")
    assert client.asks(server.private, 5432) == ""
    network.allow(servers, 5432, clients)
    wait_for("the rule", lambda: hears(client, server.private, 5432, "db"), 5)
    assert server.asks(client.private, 5432) == "", "the other direction"
    network.allow(servers, 5432, clients, "revoke")
    wait_for("the end of the rule", lambda: client.asks(server.private, 5432) == "", 5)
    # Metadata and the API are there whatever groups say.
    network.ec2.revoke_security_group_egress(
        GroupId=clients, IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
    status = "curl -s -m 3 -o /dev/null -w '%{http_code}'"
    assert client.inside(f"{status} http://169.254.169.254/latest/meta-data/").out in ("200", "401")
    assert client.inside(f"{status} $AWS_ENDPOINT_URL/_rolecall/health").out == "200"


def test_access_lists_deny_between_subnets(network):
    group = network.group("all")
    network.allow(group, 80, "10.7.0.0/16")
    client, server = network.launch(network.one, group), network.launch(network.two, group)
    server.serve(80, "web")
    wait_for("the way", lambda: hears(client, server.private, 80, "web"), 5)
    acls = network.ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [network.vpc]}])["NetworkAcls"]
    entry = {"NetworkAclId": acls[0]["NetworkAclId"], "RuleNumber": 50, "Egress": False}
    network.ec2.create_network_acl_entry(**entry, Protocol="6", RuleAction="deny", CidrBlock="10.7.1.0/24",
                                         PortRange={"From": 80, "To": 80})
    wait_for("the denial", lambda: client.asks(server.private, 80) == "", 5)
    network.ec2.delete_network_acl_entry(**entry)
    wait_for("the way again", lambda: hears(client, server.private, 80, "web"), 5)


def test_vpcs_are_apart(network):
    group = network.group("all")
    network.allow(group, 80, "0.0.0.0/0")
    other = network.ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    subnet = network.ec2.create_subnet(VpcId=other, CidrBlock="10.7.9.0/24")["Subnet"]["SubnetId"]
    far = network.group("far", other)
    network.allow(far, 80, "0.0.0.0/0")
    client, server = network.launch(network.one, group), network.launch(subnet, far)
    server.serve(80, "web")
    assert client.asks(server.private, 80) == ""


def test_public_addresses_answer_this_computer_as_groups_and_routes_say(network):
    group = network.group("web")
    table = network.open_gateway(network.one)
    machine = network.launch(network.one, group, public=True)
    machine.serve(8080, "web")
    assert call(machine.public, 8080) == "", "no rule yet"
    network.allow(group, 8080, "127.0.0.0/8")
    wait_for("the port", lambda: call(machine.public, 8080) == "web", 5)
    network.ec2.delete_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0")
    wait_for("the missing route", lambda: call(machine.public, 8080) == "", 5)


def test_an_elastic_address_answers_as_soon_as_it_is_associated(network):
    group = network.group("web")
    network.open_gateway(network.one)
    network.allow(group, 8080, "0.0.0.0/0")
    machine = network.launch(network.one, group)
    machine.serve(8080, "web")
    allocated = if_built(network.ec2.allocate_address, Domain="vpc")
    made = network.ec2.associate_address(AllocationId=allocated["AllocationId"], InstanceId=machine.id)
    wait_for("the address", lambda: call(allocated["PublicIp"], 8080) == "web", 5)
    network.ec2.disassociate_address(AssociationId=made["AssociationId"])
    wait_for("its end", lambda: call(allocated["PublicIp"], 8080) == "", 5)


def test_a_second_interface_comes_and_goes_while_the_instance_runs(network):
    group = network.group("all")
    network.allow(group, 80, "10.7.0.0/16")
    client, server = network.launch(network.one, group), network.launch(network.one, group)
    server.serve(80, "web")
    made = if_built(network.ec2.create_network_interface, SubnetId=network.one, Groups=[group])["NetworkInterface"]
    attached = network.ec2.attach_network_interface(
        NetworkInterfaceId=made["NetworkInterfaceId"], InstanceId=server.id, DeviceIndex=1)
    wait_for("the interface", lambda: hears(client, made["PrivateIpAddress"], 80, "web"), 5)
    network.ec2.detach_network_interface(AttachmentId=attached["AttachmentId"], Force=True)
    wait_for("its end", lambda: client.asks(made["PrivateIpAddress"], 80) == "", 5)


def test_names_lead_to_instances_services_and_nowhere(network):
    group = network.group("all")
    network.open_gateway(network.one)
    one, two = network.launch(network.one, group, public=True), network.launch(network.two, group)
    name = two.record()["PrivateDnsName"]
    assert one.resolves(name) == [two.private]
    assert one.resolves("sts.us-east-1.amazonaws.com") == ["10.7.0.2"]
    assert one.resolves("ip-10-7-2-250.ec2.internal") == []
    dashed, public = one.public.replace(".", "-"), one.record()["PublicDnsName"]
    assert public == f"ec2-{dashed}.compute-1.amazonaws.com"
    assert two.resolves(public) == [one.private]
    base = "http://169.254.169.254/latest"
    token = f"$(curl -s -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' {base}/api/token)"
    said = one.inside(f"curl -s -H \"X-aws-ec2-metadata-token: {token}\" {base}/meta-data/public-hostname")
    assert said.out == public
    assert two.inside(f"getent hosts {one.private}").out.split()[1] == one.record()["PrivateDnsName"]


@contextlib.contextmanager
def outside():
    """A namespace that stands for the world, with one web server."""
    if os.geteuid() != 0:
        pytest.skip("only root makes namespaces here")
    name = f"world{os.getpid()}"
    link = name[-14:]
    ip = lambda *words: subprocess.run(["ip", *words], check=True, capture_output=True)  # noqa: E731
    ip("netns", "add", name)
    try:
        ip("link", "add", link, "type", "veth", "peer", "name", "world", "netns", name)
        ip("addr", "add", "198.51.100.1/24", "dev", link)
        ip("link", "set", link, "up")
        ip("-n", name, "addr", "add", f"{OUTSIDE}/24", "dev", "world")
        ip("-n", name, "link", "set", "world", "up")
        serve = ["ip", "netns", "exec", name, "sh", "-c", SERVE.format(port=80, word="world")]
        server = subprocess.Popen(serve, start_new_session=True)
        try:
            wait_for("the world", lambda: call(OUTSIDE, 80) == "world")
            yield
        finally:
            os.killpg(server.pid, 9)
            server.wait()
    finally:
        ip("netns", "del", name)


def test_the_world_is_reached_where_routes_lead_there(network):
    group = network.group("all")
    network.open_gateway(network.one)
    public, private = network.launch(network.one, group, public=True), network.launch(network.one, group)
    hidden = network.launch(network.two, group)
    with outside():
        assert public.asks(OUTSIDE, 80) == "world"
        assert private.asks(OUTSIDE, 80) == "", "without a public address"
        assert hidden.asks(OUTSIDE, 80) == "", "without a route"
        # What is this computer's own is not the world.
        for address in ("198.51.100.1", "127.0.0.1", "169.254.169.1"):
            assert public.asks(address, network.server.port) == ""


def test_without_outbound_the_world_is_not_reached():
    with Server("--compute", "auto", "--outbound", "off") as server:
        network = Network(server)
        group = network.group("all")
        network.open_gateway(network.one)
        machine = network.launch(network.one, group, public=True)
        with outside():
            assert machine.asks(OUTSIDE, 80) == ""
