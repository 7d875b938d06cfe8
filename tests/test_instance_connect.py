"""EC2 Instance Connect, and SSH with what it pushes: aws CLI, ssh, scp, sftp, rolecall."""

import hashlib
import json
import os
import subprocess
import time

import pytest
from running import allow, run, wait_for
from test_machines import IMDS, Machine


@pytest.fixture
def machine(machines, tmp_path):
    machine = Machine(machines, tmp_path)
    wait_for("the SSH port", lambda: machine.ssh("true").returncode == 0)
    return machine


@pytest.fixture
def fresh(tmp_path):
    """A key that no instance knows."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "fresh"], check=True)
    return tmp_path / "fresh"


def send(machine, keys, key, user="ec2-user", *words):
    return machine.server.aws(keys, "ec2-instance-connect", "send-ssh-public-key", "--instance-id", machine.id,
                              "--instance-os-user", user, "--ssh-public-key", f"file://{key}.pub", *words)


def test_a_pushed_key_opens_for_its_user_and_is_recorded(machine, fresh):
    assert machine.ssh("true", key=fresh).returncode == 255
    assert send(machine, machine.server.root, fresh).json()["Success"] is True
    assert machine.ssh("id", "-un", key=fresh).stdout == b"ec2-user\n"
    assert machine.ssh("true", key=fresh, user="root").returncode == 255
    listed = machine.shell(f"curl -s {IMDS}/meta-data/managed-ssh-keys/active-keys/ec2-user/")
    assert listed == " ".join(fresh.with_suffix(".pub").read_text().split()[:2])
    send(machine, machine.server.root, fresh, "root").ok()
    assert machine.ssh("id", "-un", key=fresh, user="root").stdout == b"root\n"
    cloudtrail = machine.server.client("cloudtrail", machine.server.root)
    find = lambda: cloudtrail.lookup_events(LookupAttributes=[  # noqa: E731
        {"AttributeKey": "EventName", "AttributeValue": "SendSSHPublicKey"}])["Events"]
    event = json.loads(wait_for("the record", find)[-1]["CloudTrailEvent"])
    assert event["eventSource"] == "ec2-instance-connect.amazonaws.com"
    assert event["requestParameters"]["instanceId"] == machine.id


def test_a_policy_says_who_may_push_for_whom(machine, fresh):
    arn = f"arn:aws:ec2:us-east-1:000000000000:instance/{machine.id}"
    condition = {"StringEquals": {"ec2:osuser": "ec2-user"}}
    ann = machine.server.user("ann", allow("ec2-instance-connect:SendSSHPublicKey", arn, Condition=condition))
    send(machine, ann, fresh).ok()
    said = send(machine, ann, fresh, "root").refused("AccessDeniedException")
    assert "ec2-instance-connect:SendSSHPublicKey" in said and arn in said
    zone = machine.record()["Placement"]["AvailabilityZone"]
    send(machine, ann, fresh, "ec2-user", "--availability-zone", zone).ok()
    other = zone[:-1] + ("b" if zone[-1] != "b" else "c")
    send(machine, ann, fresh, "ec2-user", "--availability-zone", other).refused("EC2InstanceNotFoundException")
    serial = ["ec2-instance-connect", "send-serial-console-ssh-public-key", "--instance-id", machine.id,
              "--ssh-public-key", f"file://{fresh}.pub"]
    machine.server.aws(ann, *serial).refused("AccessDeniedException")
    machine.server.aws(machine.server.root, *serial).refused("SerialConsoleAccessDisabledException")
    machine.ec2.enable_serial_console_access()
    machine.server.aws(machine.server.root, *serial).refused("SerialConsoleSessionUnsupportedException")


def test_scp_and_sftp_move_files_in_and_out(machine, tmp_path):
    big = os.urandom(5_000_000)
    (tmp_path / "tree" / "deep").mkdir(parents=True)
    (tmp_path / "tree" / "deep" / "big").write_bytes(big)
    (tmp_path / "tree" / "run.sh").write_text("#!/bin/sh\necho ran\n")
    (tmp_path / "tree" / "run.sh").chmod(0o750)
    at = f"ec2-user@{machine.address}"
    scp = lambda *words: subprocess.run(["scp", "-q", *machine.options(), *words], check=True, timeout=60)  # noqa: E731
    scp("-r", "-p", tmp_path / "tree", f"{at}:copy")
    assert machine.shell("sha256sum copy/deep/big | cut -c1-64") == hashlib.sha256(big).hexdigest()
    assert machine.shell("stat -c '%a %U' copy/run.sh; ./copy/run.sh") == "750 ec2-user\nran"
    scp("-r", f"{at}:copy", tmp_path / "back")
    assert (tmp_path / "back" / "deep" / "big").read_bytes() == big
    batch = "mkdir new\ncd new\nput {0}/tree/run.sh one\nrename one two\nsymlink two three\nls -l\nget three {0}/got\n" \
            "chmod 600 two\nrm three\nrm two\ncd ..\nrmdir new\n".format(tmp_path)
    done = subprocess.run(["sftp", "-b", "-", *machine.options(), at], input=batch, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "got").read_text().startswith("#!/bin/sh")
    assert machine.shell("ls -d new 2>/dev/null || echo gone") == "gone"
    # Not as root, and nowhere but inside.
    failed = subprocess.run(["sftp", "-b", "-", *machine.options(), at], capture_output=True, text=True,
                            input=f"put {tmp_path}/tree/run.sh /etc/passwd\n")
    assert failed.returncode != 0
    outside = subprocess.run(["sftp", "-b", "-", *machine.options(), at], capture_output=True, text=True,
                             input=f"ls {tmp_path}\n")
    assert outside.returncode != 0, outside.stdout


def test_forwarding_reaches_the_instances_own_ports_only(machine):
    machine.shell("(echo served | timeout 60 python3 -c '"
                  "import socket,sys\ns=socket.create_server((\"127.0.0.1\",8077))\nc,_=s.accept()\nc.sendall(b\"served\")\nc.close()"
                  "') >/dev/null 2>&1 &")
    reach = lambda at: subprocess.run(  # noqa: E731
        ["ssh", *machine.options(), "-W", at, f"ec2-user@{machine.address}"], capture_output=True, stdin=subprocess.DEVNULL, timeout=30)
    assert wait_for("the port", lambda: reach("127.0.0.1:8077").stdout) == b"served"
    assert b"open failed" in reach("10.255.255.1:80").stderr
    assert b"open failed" in reach("example.com:80").stderr


def test_signals_environment_and_own_authorized_keys(machine, fresh):
    assert machine.ssh("kill -TERM $$").returncode == 255
    assert machine.ssh("kill -TERM $$", flags=["-v"]).stderr.count(b"exit-signal") >= 1
    options = [*machine.options(), "-o", "SetEnv=GREETING=hello"]
    done = subprocess.run(["ssh", *options, f"ec2-user@{machine.address}", "echo $GREETING"], capture_output=True)
    assert done.stdout == b"hello\n"
    machine.shell(f"echo '{fresh.with_suffix('.pub').read_text().strip()}' >> ~/.ssh/authorized_keys")
    assert machine.ssh("id", "-un", key=fresh).stdout == b"ec2-user\n"


def test_rolecall_ssh_and_ps(machine):
    server = machine.server
    done = run([os.environ.get("ROLECALL_BINARY", "target/debug/rolecall"), "ssh", machine.id, "--", "id -un; exit 4"],
               server.environment(server.root) | {"HOME": str(machine.folder)})
    assert (done.out, done.code) == ("ec2-user\n", 4), done.err
    machine.shell(f"curl -s {IMDS}/meta-data/iam/security-credentials/reader >/dev/null")
    shown = server.rolecall(server.root, "ps", "--json").json()["instances"]
    assert [one["instance_id"] for one in shown] == [machine.id]
    assert shown[0]["role"] == "reader" and shown[0]["driver"] == "namespace"
    assert shown[0]["credentials_expire"] > time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    lines = server.rolecall(server.root, "ps").ok().splitlines()
    assert lines[0].startswith("INSTANCE") and machine.id in lines[1] and "reader" in lines[1]
    nobody = server.user("nobody")
    assert "rolecall:ListInstances" in server.rolecall(nobody, "ps").err
    assert "SendSSHPublicKey" in server.rolecall(
        server.user("looker", allow("ec2:DescribeInstances")), "ssh", machine.id, "--", "true").err


def test_without_machines_keys_are_pushed_all_the_same(server, tmp_path, fresh):
    ec2 = server.client("ec2", server.root)
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    instance = ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1)["Instances"][0]
    connect = server.client("ec2-instance-connect", server.root)
    push = lambda: connect.send_ssh_public_key(InstanceId=instance["InstanceId"], InstanceOSUser="ec2-user",  # noqa: E731
                                               SSHPublicKey=fresh.with_suffix(".pub").read_text())
    wait_for("running", lambda: ec2.describe_instances()["Reservations"][0]["Instances"][0]["State"]["Name"] == "running")
    assert push()["Success"]
    ec2.stop_instances(InstanceIds=[instance["InstanceId"]])
    with pytest.raises(connect.exceptions.EC2InstanceStateInvalidException):
        push()
    ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
    wait_for("terminated", lambda: ec2.describe_instances()["Reservations"][0]["Instances"][0]["State"]["Name"] == "terminated")
    with pytest.raises(connect.exceptions.EC2InstanceStateInvalidException):
        push()


def test_groups_close_and_open_the_ssh_port(machine, tmp_path):
    server, port = machine.server, {"GroupId": machine.group, "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
    machine.ec2.revoke_security_group_ingress(**port, CidrIp="0.0.0.0/0")
    assert machine.ssh("true").returncode == 255
    done = server.rolecall(server.root, "ssh", machine.id, "--", "true")
    assert done.code == 1 and "security groups" in done.err
    machine.ec2.authorize_security_group_ingress(**port, CidrIp="203.0.113.0/24")
    assert machine.ssh("true").returncode == 255
    machine.ec2.authorize_security_group_ingress(**port, CidrIp="127.0.0.0/8")
    assert machine.ssh("true").returncode == 0
