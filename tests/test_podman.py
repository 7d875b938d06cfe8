"""Instances as containers of Podman: a role, its credentials inside, groups, a disk that is kept, and nothing left."""

import json
import signal
import subprocess

import podman
import pytest
from conftest import GUEST_TOOLS
from running import BINARY, Server, clean, run, trust, wait_for

pytestmark = pytest.mark.skipif(podman.missing() is not None, reason=f"podman: {podman.missing()}")


@pytest.fixture
def engine():
    with podman.Podman() as running:
        yield running


def start(engine, **more):
    tools = GUEST_TOOLS if GUEST_TOOLS.is_dir() else None
    environment = {"CONTAINER_HOST": engine.address}
    return Server("--compute", "podman", guest_tools=tools, environment=environment, **more)


class Account:
    """What the scenarios do with a server."""

    def __init__(self, server):
        self.server = server
        self.ec2, self.iam = server.client("ec2", server.root), server.client("iam", server.root)

    def role(self, name):
        document = json.dumps(trust({"Service": "ec2.amazonaws.com"}))
        self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
        self.iam.create_instance_profile(InstanceProfileName=name)
        self.iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
        return name

    def launch(self, image=None, **more):
        image = image or self.ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
        made = self.ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1, **more)
        return made["Instances"][0]["InstanceId"]

    def record(self, id):
        return self.ec2.describe_instances(InstanceIds=[id])["Reservations"][0]["Instances"][0]

    def wait(self, id, state, seconds=60):
        wait_for(f"{id} {state}", lambda: self.record(id)["State"]["Name"] == state, seconds)

    def inside(self, id, *words):
        return self.server.rolecall(self.server.root, "exec", id, "--", *words)


def test_a_container_is_an_instance_with_a_role_a_network_and_a_disk(engine, tmp_path):
    with start(engine, data=tmp_path / "data") as server:
        assert "containers of Podman" in server.said()
        assert server.said().count("the same range of user ids") == 1, server.said()
        own = Account(server)
        one = own.launch(IamInstanceProfile={"Name": own.role("reader")}, UserData="#!/bin/sh\necho ready > /root/ready\n")
        own.wait(one, "running")
        assert [name.endswith(one) for name in engine.containers()] == [True]
        if GUEST_TOOLS.is_dir():
            caller = own.inside(one, "aws", "sts", "get-caller-identity").json()
            assert caller["Arn"] == f"arn:aws:sts::000000000000:assumed-role/reader/{one}"
        token = "T=$(curl -sX PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token)"
        path = "http://169.254.169.254/latest/meta-data/iam/security-credentials/reader"
        credentials = own.inside(one, "sh", "-c", f"{token}; curl -sH \"X-aws-ec2-metadata-token: $T\" {path}").json()
        assert credentials["Code"] == "Success" and credentials["AccessKeyId"].startswith("ASIA")
        assert own.inside(one, "sh", "-c", "echo kept > /root/file; cat /root/ready").ok() == "ready\n"
        groups_bite(own, one)
        own.ec2.stop_instances(InstanceIds=[one])
        own.wait(one, "stopped")
        assert engine.run("ps", "--format", "{{.Names}}") == ""
        own.ec2.start_instances(InstanceIds=[one])
        own.wait(one, "running")
        assert own.inside(one, "cat", "/root/file").ok() == "kept\n"
        own.ec2.terminate_instances(InstanceIds=[one])
        own.wait(one, "terminated")
        assert engine.containers() == []


def groups_bite(own, one):
    """A port of one instance, seen from another: closed, opened, closed."""
    two = own.launch()
    own.wait(two, "running")
    group = own.ec2.create_security_group(GroupName="closed", Description="closed")["GroupId"]
    own.ec2.modify_instance_attribute(InstanceId=one, Groups=[group])
    serve = "cd /tmp; nohup python3 -m http.server 8080 >/dev/null 2>&1 & echo up"
    assert own.inside(one, "sh", "-c", serve).ok() == "up\n"
    address = own.record(one)["PrivateIpAddress"]
    ask = lambda: own.inside(two, "curl", "-s", "-m", "2", "-o", "/dev/null", f"http://{address}:8080/").code  # noqa: E731
    assert ask() == 28
    rule = dict(GroupId=group, IpProtocol="tcp", FromPort=8080, ToPort=8080, CidrIp=f"{own.record(two)['PrivateIpAddress']}/32")
    own.ec2.authorize_security_group_ingress(**rule)
    wait_for("the open port", lambda: ask() == 0)
    own.ec2.revoke_security_group_ingress(**rule)
    wait_for("the closed port", lambda: ask() == 28)
    own.ec2.terminate_instances(InstanceIds=[two])
    own.wait(two, "terminated")


def test_an_image_that_is_not_to_be_had_is_the_state_reason(engine):
    with start(engine) as server:
        own = Account(server)
        one = own.launch()
        own.wait(one, "running")
        image = own.ec2.create_image(InstanceId=one, Name="golden", NoReboot=True)["ImageId"]
        own.ec2.get_waiter("image_available").wait(ImageIds=[image], WaiterConfig={"Delay": 1})
        two = own.launch(image)
        own.wait(two, "running")
        # Somebody throws away what is the instance's disk.
        own.ec2.stop_instances(InstanceIds=[two])
        own.wait(two, "stopped")
        [container] = [name for name in engine.containers() if name.endswith(two)]
        wait_for("its removal", lambda: engine.run_quietly("rm", container))
        own.ec2.start_instances(InstanceIds=[two])
        wait_for("the reason", lambda: "disk with it" in own.record(two).get("StateReason", {}).get("Message", ""))
        # The engine is gone altogether.
        engine.process.kill()
        engine.process.wait()
        three = own.launch()
        wait_for("the reason", lambda: "cannot be reached" in own.record(three).get("StateReason", {}).get("Message", ""))
        engine.process = subprocess.Popen(engine.command("system", "service", "--time", "0", engine.address),
                                          env=engine.environment(), cwd=engine.folder)


def test_a_killed_server_leaves_a_disk_and_nothing_that_runs(engine, tmp_path):
    with start(engine, data=tmp_path / "data") as server:
        own = Account(server)
        one = own.launch()
        own.wait(one, "running")
        own.inside(one, "sh", "-c", "echo kept > /root/file").ok()
        keys = server.root
        server.stop(signal.SIGKILL)
    wait_for("the container's end", lambda: engine.run("ps", "--format", "{{.Names}}") == "")
    assert len(engine.containers()) == 1
    with start(engine, data=tmp_path / "data") as server:
        server.root = keys
        own = Account(server)
        wait_for("it to be back", lambda: own.inside(one, "true").code == 0)
        assert own.inside(one, "cat", "/root/file").ok() == "kept\n"
        own.ec2.terminate_instances(InstanceIds=[one])
        own.wait(one, "terminated")
        assert engine.containers() == []


def test_a_server_that_keeps_nothing_leaves_nothing(engine):
    with start(engine) as server:
        own = Account(server)
        own.wait(own.launch(), "running")
        server.stop()
        assert engine.containers() == []
        assert "rolecall" not in engine.run("images", "--format", "{{.Repository}}").replace("rolecall/usr", "")


def test_an_engine_that_is_not_there_is_said_at_the_start(tmp_path):
    environment = clean({"CONTAINER_HOST": f"unix://{tmp_path}/none.sock"})
    done = run([BINARY, "up", "--ephemeral", "--listen", "127.0.0.1:0", "--compute", "podman"], environment)
    assert done.code != 0
    assert "none.sock" in done.err and "podman system service" in done.err, done.err
