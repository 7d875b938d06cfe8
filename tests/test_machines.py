"""What surrounds a machine: its metadata service, its SSH port, the API inside, and all of it after a restart."""

import contextlib
import hashlib
import json
import os
import socket
import subprocess
import urllib.parse

import pytest
from running import Keys, Server, trust, wait_for

IMDS = "http://169.254.169.254/latest"
TTL = "X-aws-ec2-metadata-token-ttl-seconds: 60"


class Machine:
    """A running instance with a key pair and a role, on machines that are isolated."""

    def __init__(self, server, folder, user_data=""):
        self.server, self.folder = server, folder
        if "namespaces" not in server.said():
            pytest.skip("no isolated machines here")
        self.ec2, iam = server.client("ec2", server.root), server.client("iam", server.root)
        self.key = folder / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.key], check=True)
        public = self.key.with_suffix(".pub").read_bytes()
        self.ec2.import_key_pair(KeyName="mine", PublicKeyMaterial=public)
        for role in ("reader", "writer"):
            iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(trust({"Service": "ec2.amazonaws.com"})))
            iam.create_instance_profile(InstanceProfileName=role)
            iam.add_role_to_instance_profile(InstanceProfileName=role, RoleName=role)
        self.open_ssh()
        image = self.ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
        run = self.ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1, KeyName="mine",
                                     IamInstanceProfile={"Name": "reader"}, UserData=user_data)
        self.id = run["Instances"][0]["InstanceId"]
        self.wait("running")

    def open_ssh(self):
        """Lets this computer reach port 22 by the default group, as a person does before logging in."""
        self.group = self.ec2.describe_security_groups(GroupNames=["default"])["SecurityGroups"][0]["GroupId"]
        self.ec2.authorize_security_group_ingress(
            GroupId=self.group, IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="0.0.0.0/0")

    def record(self):
        return self.ec2.describe_instances(InstanceIds=[self.id])["Reservations"][0]["Instances"][0]

    def wait(self, state):
        wait_for(state, lambda: self.record()["State"]["Name"] == state)

    @property
    def address(self):
        return self.record()["PublicIpAddress"]

    def ssh(self, *words, user="ec2-user", key=None, stdin=b"", flags=()):
        command = ["ssh", *self.options(key), *flags, f"{user}@{self.address}", *words]
        return subprocess.run(command, input=stdin, capture_output=True, timeout=60)

    def options(self, key=None):
        return ["-F", "none", "-i", key or self.key, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
                "-o", "StrictHostKeyChecking=accept-new", "-o", f"UserKnownHostsFile={self.folder / 'known'}"]

    def shell(self, line):
        done = self.ssh(line)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode().strip()

    def status(self, *words):
        """The status of a request for metadata."""
        return self.shell("curl -s -m 3 -o /dev/null -w '%{http_code}' " + " ".join(f"'{word}'" for word in words))


@pytest.fixture
def machine(machines, tmp_path):
    return Machine(machines, tmp_path)


def test_ssh_passes_streams_exit_codes_and_files(machine, tmp_path):
    wait_for("the SSH port", lambda: machine.ssh("true").returncode == 0)
    done = machine.ssh("cat; echo oops >&2; exit 7", stdin=b"through and back")
    assert (done.stdout, done.stderr, done.returncode) == (b"through and back", b"oops\n", 7)
    assert machine.shell("id -un; [[ $SHELL == /bin/* ]] && echo $HOME") == "ec2-user\n/home/ec2-user"
    big = os.urandom(8_000_000)
    assert hashlib.sha256(machine.ssh("cat", stdin=big).stdout).digest() == hashlib.sha256(big).digest()
    (tmp_path / "there").write_bytes(big)
    there, back = [tmp_path / "there", f"ec2-user@{machine.address}:b"], [f"ec2-user@{machine.address}:b", tmp_path / "back"]
    for ends in (there, back):
        subprocess.run(["scp", "-q", "-O", *machine.options(), *ends], check=True, timeout=60)
    assert (tmp_path / "back").read_bytes() == big


def test_ssh_follows_the_public_address_while_the_instance_runs(machine):
    wait_for("the SSH port", lambda: machine.ssh("true").returncode == 0)
    first = machine.address
    elastic = machine.ec2.allocate_address(Domain="vpc")
    made = machine.ec2.associate_address(AllocationId=elastic["AllocationId"], InstanceId=machine.id)
    assert machine.address == elastic["PublicIp"] != first
    wait_for("the elastic address", lambda: machine.ssh("true").returncode == 0)
    assert machine.ssh("id", "-un").stdout == b"ec2-user\n"
    wait_for("the end of the first one", lambda: not answers(first))
    # A network ACL counts here as for any other port.
    acl = machine.ec2.describe_network_acls()["NetworkAcls"][0]["NetworkAclId"]
    entry = {"NetworkAclId": acl, "RuleNumber": 1, "Egress": False}
    machine.ec2.create_network_acl_entry(**entry, Protocol="6", RuleAction="deny", CidrBlock="0.0.0.0/0",
                                         PortRange={"From": 22, "To": 22})
    assert machine.ssh("true").returncode == 255
    machine.ec2.delete_network_acl_entry(**entry)
    assert machine.ssh("true").returncode == 0
    # Who is in already does not stay in by an address that is no longer the instance's.
    held = subprocess.Popen(["ssh", *machine.options(), f"ec2-user@{machine.address}", "echo in; exec sleep 600"],
                            stdout=subprocess.PIPE)
    assert held.stdout.readline() == b"in\n"
    machine.ec2.disassociate_address(AssociationId=made["AssociationId"])
    assert held.wait(timeout=20) == 255
    assert machine.address != elastic["PublicIp"]
    wait_for("an address of its own again", lambda: machine.ssh("true").returncode == 0)
    wait_for("the end of the elastic one", lambda: not answers(elastic["PublicIp"]))


def test_who_is_in_by_ssh_is_out_when_the_instance_stops(machine):
    # An elastic address stays the instance's, so it is not the address that goes.
    elastic = machine.ec2.allocate_address(Domain="vpc")
    machine.ec2.associate_address(AllocationId=elastic["AllocationId"], InstanceId=machine.id)
    address = elastic["PublicIp"]
    wait_for("the SSH port", lambda: machine.ssh("true").returncode == 0)
    # One that runs a program, one that runs none and would stay for ever, and one that has shown no key yet.
    busy = subprocess.Popen(["ssh", *machine.options(), f"ec2-user@{address}", "echo in; exec sleep 600"], stdout=subprocess.PIPE)
    idle = subprocess.Popen(["ssh", *machine.options(), "-v", "-N", f"ec2-user@{address}"], stderr=subprocess.PIPE)
    assert any(b"Entering interactive session" in line for line in idle.stderr)
    silent = socket.create_connection((address, 22), timeout=20)
    assert silent.recv(4) == b"SSH-"
    assert busy.stdout.readline() == b"in\n"
    machine.ec2.stop_instances(InstanceIds=[machine.id])
    machine.wait("stopped")
    assert busy.wait(timeout=20) == 255
    idle.communicate(timeout=20)
    assert idle.returncode == 255
    with contextlib.suppress(ConnectionResetError):
        while silent.recv(1024):
            pass
    assert machine.address == address and not answers(address)
    machine.ec2.start_instances(InstanceIds=[machine.id])
    machine.wait("running")
    wait_for("the SSH port", lambda: machine.ssh("true").returncode == 0)


def answers(address, port=22):
    try:
        with socket.create_connection((address, port), timeout=3) as stream:
            return stream.recv(4) == b"SSH-"
    except OSError:
        return False


def test_ssh_gives_a_terminal(machine):
    wait_for("the SSH port", lambda: machine.ssh("true").returncode == 0)
    done = machine.ssh("tty; stty size; exit 3", flags=["-tt"])
    assert done.returncode == 3
    assert done.stdout.startswith(b"/dev/pts/")
    assert machine.ssh(flags=["-tt"], stdin=b"echo $((40 + 2)); exit\n").stdout.count(b"42") == 1


def test_ssh_refuses_other_keys_and_names_alike(machine, tmp_path):
    wait_for("the SSH port", lambda: machine.ssh("true").returncode == 0)
    other = tmp_path / "other"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", other], check=True)
    for done in (machine.ssh("true", key=other), machine.ssh("true", user="daemon")):
        assert done.returncode == 255
        assert done.stderr.strip().endswith(b"Permission denied (publickey).")
    looked_up = lambda: machine.server.client("cloudtrail", machine.server.root).lookup_events(  # noqa: E731
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "SshLogin"}])["Events"]
    # Two were kept out; the waiting above came in.
    wait_for("records of all logins", lambda: len(looked_up()) >= 3)
    records = [json.loads(event["CloudTrailEvent"]) for event in looked_up()]
    assert sum(record.get("errorCode") == "AccessDenied" for record in records) == 2
    come_in = [record["serviceEventDetails"] for record in records if "errorCode" not in record]
    assert come_in[-1]["instanceId"] == machine.id and come_in[-1]["user"] == "ec2-user"


def test_options_count_from_the_next_request_on(machine):
    wait_for("the SSH port", lambda: machine.ssh("true").returncode == 0)
    path = f"{IMDS}/meta-data/instance-id"
    modify = lambda **options: machine.ec2.modify_instance_metadata_options(InstanceId=machine.id, **options)  # noqa: E731
    assert machine.shell(f"curl -s {path}") == machine.id
    modify(HttpTokens="required")
    assert machine.status(path) == "401"
    token = machine.shell(f"curl -s -X PUT -H '{TTL}' {IMDS}/api/token")
    assert machine.status("-H", f"X-aws-ec2-metadata-token: {token}", path) == "200"
    modify(HttpEndpoint="disabled")
    assert machine.status("-H", f"X-aws-ec2-metadata-token: {token}", path) == "403"


def test_another_profile_gives_the_other_roles_credentials_at_once(machine):
    wait_for("the SSH port", lambda: machine.ssh("true").returncode == 0)
    listing = f"curl -s {IMDS}/meta-data/iam/security-credentials/"
    assert machine.shell(listing) == "reader"
    found = machine.ec2.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"]
    machine.ec2.replace_iam_instance_profile_association(
        AssociationId=found[0]["AssociationId"], IamInstanceProfile={"Name": "writer"})
    assert machine.shell(listing) == "writer"
    document = json.loads(machine.shell(f"{listing}writer"))
    keys = Keys(document["AccessKeyId"], document["SecretAccessKey"], document["Token"])
    me = machine.server.client("sts", keys).get_caller_identity()
    assert me["Arn"].endswith(f":assumed-role/writer/{machine.id}")


def test_user_data_reaches_the_api_and_its_metadata_from_its_first_line(machines, tmp_path):
    script = f"#!/bin/sh\ncurl -s -o /dev/null -w 'api %{{http_code}}\\n' $AWS_ENDPOINT_URL/_rolecall/health\ncurl -s {IMDS}/meta-data/instance-id\n"
    machine = Machine(machines, tmp_path, script)
    console = lambda: machine.ec2.get_console_output(InstanceId=machine.id, Latest=True).get("Output", "")  # noqa: E731
    said = wait_for("user data", lambda: machine.id in console() and console())
    assert said.startswith(f"api 200\n{machine.id}"), said


def test_after_a_restart_the_instance_is_back_with_its_disk_address_and_host_key(tmp_path):
    data = tmp_path / "data"
    with Server("--compute", "auto", data=data) as server:
        root = server.root
        machine = Machine(server, tmp_path)
        wait_for("the SSH port", lambda: machine.ssh("true").returncode == 0)
        machine.shell("echo kept > note")
        address = machine.address
    with Server("--compute", "auto", data=data) as server:
        server.root = root
        machine.server, machine.ec2 = server, server.client("ec2", root)
        wait_for("the SSH port", lambda: machine.ssh("true").returncode == 0)
        assert machine.address == address
        # `known` holds the first key: another would be refused.
        assert machine.shell("cat note") == "kept"


def test_a_stopped_instance_listens_nowhere(machine):
    wait_for("the SSH port", lambda: machine.ssh("true").returncode == 0)
    address = machine.address
    machine.ec2.stop_instances(InstanceIds=[machine.id], Force=True)
    machine.wait("stopped")
    refused = lambda: subprocess.run(["bash", "-c", f"exec 3<>/dev/tcp/{address}/22"], capture_output=True).returncode  # noqa: E731
    wait_for("the port to close", refused)


@pytest.mark.skipif(os.geteuid() != 0, reason="a network inside the instance's is made from the host")
def test_a_token_travels_no_further_than_the_hop_limit(machine, tmp_path):
    wait_for("the SSH port", lambda: machine.ssh("true").returncode == 0)
    with Container(machine) as container:
        assert container.status(f"{IMDS}/meta-data/instance-id") == "200"
        assert container.status("-X", "PUT", "-H", TTL, f"{IMDS}/api/token") == "000"
        assert machine.status("-X", "PUT", "-H", TTL, f"{IMDS}/api/token") == "200"
        machine.ec2.modify_instance_metadata_options(InstanceId=machine.id, HttpPutResponseHopLimit=2)
        assert container.status("-X", "PUT", "-H", TTL, f"{IMDS}/api/token") == "200"


class Container:
    """A network behind the instance's, as a container's is."""

    def __init__(self, machine):
        port = urllib.parse.urlparse(machine.server.url).port
        self.sleeper = subprocess.Popen(["ssh", *machine.options(), f"ec2-user@{machine.address}", f"exec sleep 86{port}"])
        found = lambda: subprocess.run(["pgrep", "-x", "-f", f"sleep 86{port}"], capture_output=True, text=True).stdout.split()  # noqa: E731
        self.outer = wait_for("a process of the instance", found)[-1]
        self.inner = subprocess.Popen(["unshare", "-n", "sleep", "600"])
        own = os.readlink("/proc/self/ns/net")
        wait_for("the network", lambda: os.readlink(f"/proc/{self.inner.pid}/ns/net") != own)

    def __enter__(self):
        lines = [
            "sysctl -qw net.ipv4.ip_forward=1",
            f"ip link add inside type veth peer name c0 netns {self.inner.pid}",
            "ip addr add 10.99.0.1/24 dev inside",
            "ip link set inside up",
            "nft add table ip t",
            "nft 'add chain ip t post { type nat hook postrouting priority 100; }'",
            "nft add rule ip t post ip saddr 10.99.0.0/24 masquerade",
        ]
        self._in(self.outer, " && ".join(lines))
        self._in(self.inner.pid, "ip addr add 10.99.0.2/24 dev c0 && ip link set c0 up && ip route add default via 10.99.0.1")
        return self

    def __exit__(self, *_):
        for process in (self.inner, self.sleeper):
            process.kill()
            process.wait()

    def status(self, *words):
        command = "curl -s -m 2 -o /dev/null -w '%{http_code}' " + " ".join(f"'{word}'" for word in words)
        return self._in(self.inner.pid, f"{command} || true")

    @staticmethod
    def _in(process, line):
        done = subprocess.run(["nsenter", "-t", str(process), "-n", "sh", "-c", line], capture_output=True, text=True, timeout=30)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


def processes_below(process):
    """The process ids of its children, and of theirs."""
    found = []
    for child in subprocess.run(["pgrep", "-P", str(process)], capture_output=True, text=True).stdout.split():
        found += [int(child), *processes_below(child)]
    return found


def test_a_killed_supervisor_is_replaced_and_every_instance_runs_again(machine):
    wait_for("the SSH port", lambda: machine.ssh("true").returncode == 0)
    machine.shell("echo kept > note; sync note")
    supervisor, *below = processes_below(machine.server.process.pid)
    os.kill(supervisor, 9)
    wait_for("the end of the old processes", lambda: not any(os.path.exists(f"/proc/{pid}") for pid in below))
    wait_for("the SSH port", lambda: machine.ssh("true").returncode == 0)
    # Its disk, its role and the API inside are as before, and it never left its state.
    assert machine.shell("cat note; curl -s -o /dev/null -w '%{http_code}' $AWS_ENDPOINT_URL/_rolecall/health") == "kept\n200"
    assert machine.shell(f"curl -s {IMDS}/meta-data/iam/security-credentials/") == "reader"
    assert machine.record()["State"]["Name"] == "running"


def test_an_instance_whose_machine_dies_stops_and_says_so(machine):
    wait_for("the SSH port", lambda: machine.ssh("true").returncode == 0)
    supervisor = processes_below(machine.server.process.pid)[0]
    first = subprocess.run(["pgrep", "-P", str(supervisor)], capture_output=True, text=True).stdout.split()[0]
    os.kill(int(first), 9)
    machine.wait("stopped")
    assert machine.record()["StateReason"]["Code"] == "Server.InternalError"
    machine.ec2.start_instances(InstanceIds=[machine.id])
    machine.wait("running")


def test_a_reboot_from_inside_keeps_it_running_and_a_shutdown_stops_it(machine):
    wait_for("the SSH port", lambda: machine.ssh("true").returncode == 0)
    machine.shell("touch /tmp/before")
    as_root = lambda signal: machine.server.rolecall(machine.server.root, "exec", machine.id, "--", "kill", "-s", signal, "1")  # noqa: E731
    as_root("INT")
    wait_for("the reboot", lambda: machine.ssh("test ! -e /tmp/before").returncode == 0)
    assert machine.record()["State"]["Name"] == "running"
    as_root("PWR")
    machine.wait("stopped")
    assert machine.record()["StateReason"]["Code"] == "Client.InstanceInitiatedShutdown"


def test_a_killed_server_leaves_nothing_and_its_instances_run_at_the_next_start(tmp_path):
    data = tmp_path / "data"
    with Server("--compute", "auto", data=data) as server:
        root = server.root
        machine = Machine(server, tmp_path)
        wait_for("the SSH port", lambda: machine.ssh("true").returncode == 0)
        machine.shell("echo kept > note; sync note")
        below = processes_below(server.process.pid)
        server.process.kill()
        server.process.wait()
    wait_for("the end of all", lambda: not any(os.path.exists(f"/proc/{pid}") for pid in below))
    assert str(data) not in open("/proc/self/mountinfo").read()
    with Server("--compute", "auto", data=data) as server:
        server.root = root
        machine.server, machine.ec2 = server, server.client("ec2", root)
        wait_for("the SSH port", lambda: machine.ssh("true").returncode == 0)
        assert machine.shell("cat note") == "kept"
