"""`rolecall up --compute microvm`: an instance is a virtual machine with a kernel of its own, and all else is as ever."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from conftest import GUEST_TOOLS
from running import BINARY, ROOT, Server, allow, clean, free_port, trust, wait_for

# Every instruction is emulated where the processor does not help, on computers that have other things to do.
PATIENCE = 300.0
KERNEL = Path(os.environ.get("ROLECALL_KERNEL", ROOT / ".cache" / "microvm"))
QEMU = Path("/usr/bin/qemu-system-x86_64")
PORT = "exec 3<>/dev/tcp/{address}/{port} && cat <&3"


def needed():
    """Leaves a test out where there is nothing to run machines with."""
    if os.geteuid() != 0 or not QEMU.exists() or not KERNEL.exists() or not Path("/dev/net/tun").exists():
        pytest.skip("left out: needs root, qemu-system-x86, /dev/net/tun, and a kernel from tools/kernel.sh")


class Cloud:
    """A server whose instances are virtual machines, with a role that may list one bucket."""

    def __init__(self, server):
        self.server, self.root = server, server.root
        self.ec2, self.iam = server.client("ec2", server.root), server.client("iam", server.root)
        self.iam.create_role(RoleName="reader", AssumeRolePolicyDocument=json.dumps(trust({"Service": "ec2.amazonaws.com"})))
        self.iam.put_role_policy(RoleName="reader", PolicyName="own",
                                 PolicyDocument=json.dumps(allow("s3:ListBucket", "arn:aws:s3:::photos")))
        self.iam.create_instance_profile(InstanceProfileName="reader")
        self.iam.add_role_to_instance_profile(InstanceProfileName="reader", RoleName="reader")
        self.server.aws(self.root, "s3", "mb", "s3://photos").ok()
        self.image = self.ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]

    def launch(self, **more):
        words = {"ImageId": self.image, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1,
                 "IamInstanceProfile": {"Name": "reader"}} | more
        return self.ec2.run_instances(**words)["Instances"][0]["InstanceId"]

    def record(self, instance):
        return self.ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]

    def wait(self, instance, state):
        def reached():
            record = self.record(instance)
            found = record["State"]["Name"]
            assert state == found or found not in ("terminated", "stopped"), record["StateReason"]
            return found == state
        wait_for(state, reached, PATIENCE)

    def inside(self, instance, line):
        done = self.server.rolecall(self.root, "exec", instance, "--", "bash", "-lc", line)
        assert done.code == 0, done.err
        return done.out.strip()


def machines_of(server):
    """Process ids of QEMU below a server."""
    found, todo = [], [server.process.pid]
    while todo:
        pid = todo.pop()
        if Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes().startswith(bytes(QEMU)):
            found.append(pid)
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            todo.extend(map(int, task.read_text().split()))
    return found


def is_gone(pid):
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rsplit(")")[-1].split()[0] == "Z"


@pytest.fixture
def cloud(tmp_path):
    needed()
    tools = GUEST_TOOLS if GUEST_TOOLS.is_dir() else None
    flags = ["--compute", "microvm", "--kernel", KERNEL]
    with Server(*flags, data=tmp_path / "data", guest_tools=tools) as server:
        yield Cloud(server)


def test_a_virtual_machine_is_an_instance_as_any_other(cloud):
    user_data = "#!/bin/sh\necho hello from user data with $(uname -r)\n"
    one, other = cloud.launch(UserData=user_data), cloud.launch()
    cloud.wait(one, "running")
    console = lambda: cloud.ec2.get_console_output(InstanceId=one, Latest=True).get("Output", "")  # noqa: E731
    wait_for("user data", lambda: "hello from user data with" in console(), PATIENCE)
    assert cloud.inside(one, "uname -r") != os.uname().release
    check_role(cloud, one)
    cloud.wait(other, "running")
    check_groups(cloud, one, other)

    cloud.inside(one, "echo kept > /root/file")
    address, added = cloud.record(one)["PrivateIpAddress"], check_address(cloud, one)
    cloud.ec2.stop_instances(InstanceIds=[one])
    cloud.wait(one, "stopped")
    cloud.ec2.start_instances(InstanceIds=[one])
    cloud.wait(one, "running")
    assert cloud.inside(one, "cat /root/file; hostname -I").split() == ["kept", address, added]

    pids = machines_of(cloud.server)
    assert len(pids) == 2
    cloud.ec2.terminate_instances(InstanceIds=[one, other])
    for instance in (one, other):
        cloud.wait(instance, "terminated")
    assert all(map(is_gone, pids)) and machines_of(cloud.server) == []


def check_address(cloud, instance):
    """An address that comes while a machine runs is seen inside from its next start on, and the server's log says so once."""
    interface = cloud.record(instance)["NetworkInterfaces"][0]["NetworkInterfaceId"]
    words = f"{instance} sees the change of {interface} from its next start on"
    for number in (1, 2):
        answer = cloud.ec2.assign_private_ip_addresses(NetworkInterfaceId=interface, SecondaryPrivateIpAddressCount=1)
        added = answer["AssignedPrivateIpAddresses"][0]["PrivateIpAddress"]
        if number == 1:
            wait_for("the word about it", lambda: words in cloud.server.said(), PATIENCE)
            cloud.ec2.unassign_private_ip_addresses(NetworkInterfaceId=interface, PrivateIpAddresses=[added])
    assert added not in cloud.inside(instance, "hostname -I").split()
    assert cloud.server.said().count(words) == 1
    return added


def check_role(cloud, instance):
    """What the instance is, as programs inside find out, and what that lets them do."""
    arn = f"arn:aws:sts::000000000000:assumed-role/reader/{instance}"
    if GUEST_TOOLS.is_dir():
        # Two, and not more: all of Python is emulated.
        assert cloud.inside(instance, "aws s3 ls s3://photos && echo may").endswith("may")
        refused = cloud.inside(instance, "aws s3 rb s3://photos 2>&1; true")
        assert "AccessDenied" in refused and arn in refused, refused
    # The same by hand, and that nothing but a token opens the service once it must.
    cloud.ec2.modify_instance_metadata_options(InstanceId=instance, HttpTokens="required")
    base = "http://169.254.169.254/latest"
    token = f"token=$(curl -s -X PUT {base}/api/token -H 'X-aws-ec2-metadata-token-ttl-seconds: 60')"
    ask = f"{token}; curl -s -H \"X-aws-ec2-metadata-token: $token\" {base}/meta-data"
    assert json.loads(cloud.inside(instance, f"{ask}/iam/security-credentials/reader"))["Code"] == "Success"
    refused = cloud.inside(instance, f"curl -s -o /dev/null -w '%{{http_code}}' {base}/meta-data/instance-id")
    assert refused == "401"
    assert cloud.inside(instance, f"{ask}/instance-id") == instance


def check_groups(cloud, one, other):
    """A group closes and opens what another instance reaches."""
    serve = ("nohup perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(LocalPort => 8080, Listen => 5, ReuseAddr => 1);"
             " while ($c = $s->accept) { print $c \"hello\"; close $c }' >/dev/null 2>&1 &")
    cloud.inside(other, serve)
    address = cloud.record(other)["PrivateIpAddress"]
    hear = f"timeout 5 bash -c '{PORT.format(address=address, port=8080)}' || true"
    wait_for("the word", lambda: cloud.inside(one, hear) == "hello", PATIENCE)
    closed = cloud.ec2.create_security_group(GroupName="closed", Description="lets nothing in")["GroupId"]
    interface = cloud.record(other)["NetworkInterfaces"][0]["NetworkInterfaceId"]
    cloud.ec2.modify_network_interface_attribute(NetworkInterfaceId=interface, Groups=[closed])
    wait_for("silence", lambda: cloud.inside(one, hear) == "", PATIENCE)
    cloud.ec2.authorize_security_group_ingress(GroupId=closed, IpProtocol="tcp", FromPort=8080, ToPort=8080,
                                               CidrIp=f"{cloud.record(one)['PrivateIpAddress']}/32")
    wait_for("the word again", lambda: cloud.inside(one, hear) == "hello", PATIENCE)


def test_what_a_machine_cannot_be_is_its_state_reason(cloud):
    # More memory than any computer has.
    types = cloud.ec2.describe_instance_types()["InstanceTypes"]
    largest = max(types, key=lambda kind: kind["MemoryInfo"]["SizeInMiB"])
    if largest["MemoryInfo"]["SizeInMiB"] < 2 * os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20:
        pytest.skip("this computer has more memory than any instance type")
    instance = cloud.launch(InstanceType=largest["InstanceType"])
    wait_for("its end", lambda: cloud.record(instance)["State"]["Name"] == "terminated", PATIENCE)
    reason = cloud.record(instance)["StateReason"]
    assert reason["Code"] == "Server.InternalError" and "memory" in reason["Message"], reason
    assert machines_of(cloud.server) == []


def test_a_killed_server_leaves_no_machine_and_the_next_brings_it_back(tmp_path):
    needed()
    flags = ["--compute", "microvm", "--kernel", KERNEL]
    with Server(*flags, data=tmp_path / "data") as server:
        cloud = Cloud(server)
        instance = cloud.launch()
        cloud.wait(instance, "running")
        cloud.inside(instance, "echo kept > /root/file; sync")
        pids = machines_of(server)
        assert len(pids) == 1
        server.stop(9)
        wait_for("the end of QEMU", lambda: all(map(is_gone, pids)))
    with Server(*flags, data=tmp_path / "data", port=server.port) as again:
        again.root = server.root
        cloud.server = again
        wait_for("its machine", lambda: again.rolecall(again.root, "exec", instance, "--", "true").code == 0, PATIENCE)
        assert cloud.inside(instance, "cat /root/file") == "kept"
        pids = machines_of(again)
        assert len(pids) == 1
    wait_for("the end of QEMU", lambda: all(map(is_gone, pids)))


def test_only_the_instances_of_one_image_are_virtual_machines():
    needed()
    with Server("--compute", "none") as server:
        images = [image["ImageId"] for image in server.client("ec2", server.root).describe_images(Owners=["amazon"])["Images"]]
    flags = ["--compute", "namespace", "--microvm-image", images[1], "--kernel", KERNEL]
    with Server(*flags) as server:
        cloud = Cloud(server)
        plain, virtual = cloud.launch(ImageId=images[0]), cloud.launch(ImageId=images[1])
        for instance in (plain, virtual):
            cloud.wait(instance, "running")
        assert cloud.inside(plain, "uname -r") == os.uname().release
        assert cloud.inside(virtual, "uname -r") != os.uname().release
        # No way to the processor's help for who shares the host's kernel.
        assert cloud.inside(plain, "ls /dev/kvm 2>/dev/null || echo none") == "none"
        listed = server.rolecall(server.root, "ps").ok()
        kinds = {line.split()[0]: line.split()[-1] for line in listed.splitlines() if line.startswith("i-")}
        assert kinds == {plain: "namespace", virtual: "microvm"}, listed


def test_without_a_kernel_the_start_says_what_to_do(tmp_path):
    command = [BINARY, "up", "--listen", f"127.0.0.1:{free_port()}", "--ephemeral", "--compute", "microvm"]
    done = subprocess.run([*command, "--kernel", tmp_path], capture_output=True, text=True, env=clean({}), timeout=60)
    assert done.returncode != 0
    said = "no kernel with modules here; say where one is by --kernel" if QEMU.exists() else "QEMU is not installed"
    assert said in done.stderr + done.stdout and "apt-get" in done.stderr + done.stdout
