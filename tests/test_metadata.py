"""The metadata service as programs inside an instance see it, and what proves an instance to others."""

import json
import re
import socket
import subprocess
import urllib.error
import urllib.parse
import urllib.request

import pytest
import running
from identity_provider import installed
from running import ROOT, Keys, trust, wait_for
from test_machines import IMDS, TTL, Machine


@pytest.fixture
def machine(machines, tmp_path):
    machine = Machine(machines, tmp_path)
    wait_for("the SSH port", lambda: machine.ssh("true").returncode == 0)
    return machine


def certificate(machine, tmp_path):
    path = tmp_path / "certificate"
    with urllib.request.urlopen(f"{machine.server.url}/_rolecall/instance-identity/us-east-1") as answer:
        path.write_bytes(answer.read())
    return path


def openssl(*words, folder, stdin=None):
    done = subprocess.run(["openssl", *words], cwd=folder, input=stdin, capture_output=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_identity_document_is_proved_by_the_commands_that_aws_documents(machine, tmp_path):
    certificate(machine, tmp_path)
    document = machine.ssh(f"curl -s {IMDS}/dynamic/instance-identity/document").stdout
    assert json.loads(document)["instanceId"] == machine.id
    for name in ("pkcs7", "rsa2048"):
        lines = machine.shell(f"curl -s {IMDS}/dynamic/instance-identity/{name}")
        (tmp_path / name).write_text(f"-----BEGIN PKCS7-----\n{lines}\n-----END PKCS7-----\n")
        words = ["smime", "-verify", "-in", name, "-inform", "PEM", "-certfile", "certificate", "-noverify"]
        assert openssl(*words, folder=tmp_path) == document
    (tmp_path / "document").write_bytes(document)
    signature = machine.shell(f"curl -s {IMDS}/dynamic/instance-identity/signature | base64 -d | base64 -w0")
    (tmp_path / "signature").write_bytes(openssl("base64", "-d", "-A", folder=tmp_path, stdin=signature.encode()))
    (tmp_path / "key").write_bytes(openssl("x509", "-pubkey", "-noout", "-in", "certificate", folder=tmp_path))
    words = ["dgst", "-sha256", "-verify", "key", "-signature", "signature", "document"]
    assert openssl(*words, folder=tmp_path) == b"Verified OK\n"
    altered = document.replace(b"t3.micro", b"m5.large")
    (tmp_path / "document").write_bytes(altered)
    assert subprocess.run(["openssl", *words], cwd=tmp_path, capture_output=True).returncode == 1


def test_the_whole_tree_can_be_walked(machine):
    script = f"""
walk() {{
    curl -s "{IMDS}/$1" | while read -r name || [ -n "$name" ]; do
        case "$name" in
            *=*) walk "$1${{name%%=*}}/" ;;
            */) walk "$1$name" ;;
            *) printf '%s %s\\n' "$(curl -s -o /dev/null -w '%{{http_code}}' "{IMDS}/$1$name")" "$1$name" ;;
        esac
    done
}}
walk meta-data/; walk dynamic/"""
    found = [line.split(" ", 1) for line in machine.shell(script).splitlines()]
    assert {status for status, _ in found} == {"200"}, found
    names = {name for _, name in found}
    mac = machine.record()["NetworkInterfaces"][0]["MacAddress"]
    assert {"meta-data/iam/info", "meta-data/iam/security-credentials/reader", "meta-data/system",
            f"meta-data/network/interfaces/macs/{mac}/subnet-id", "dynamic/instance-identity/rsa2048",
            "meta-data/public-keys/0/openssh-key", "meta-data/placement/availability-zone-id"} <= names
    assert len(names) > 45


def test_the_instances_own_session_has_a_name_and_no_rights(machine):
    path = f"{IMDS}/meta-data/identity-credentials/ec2/security-credentials/ec2-instance"
    document = json.loads(machine.shell(f"curl -s {path}"))
    keys = Keys(document["AccessKeyId"], document["SecretAccessKey"], document["Token"])
    sts = machine.server.client("sts", keys)
    assert sts.get_caller_identity()["Arn"].endswith(f":assumed-role/aws:ec2-instance/{machine.id}")
    machine.server.aws(keys, "ec2", "describe-instances").refused("UnauthorizedOperation")
    machine.server.aws(keys, "s3api", "list-buckets").refused("AccessDenied")
    machine.server.aws(keys, "sts", "get-session-token").refused("AccessDenied")


def test_credentials_of_both_versions_differ_in_how_they_were_delivered(machine):
    role = f"{IMDS}/meta-data/iam/security-credentials/reader"
    token = machine.shell(f"curl -s -X PUT -H '{TTL}' {IMDS}/api/token")
    documents = [json.loads(machine.shell(line)) for line in
                 (f"curl -s {role}", f"curl -s -H 'X-aws-ec2-metadata-token: {token}' {role}")]
    policy = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "ec2:DescribeInstances", "Resource": "*",
         "Condition": {"NumericGreaterThanEquals": {"ec2:RoleDelivery": "2.0"},
                       "ArnLike": {"ec2:SourceInstanceARN": f"arn:aws:ec2:*:*:instance/{machine.id}"},
                       "StringEquals": {"aws:EC2InstanceSourceVPC": machine.record()["VpcId"],
                                        "aws:EC2InstanceSourcePrivateIPv4": machine.record()["PrivateIpAddress"]}}}]}
    iam = machine.server.client("iam", machine.server.root)
    iam.put_role_policy(RoleName="reader", PolicyName="v2", PolicyDocument=json.dumps(policy))
    v1, v2 = [Keys(d["AccessKeyId"], d["SecretAccessKey"], d["Token"]) for d in documents]
    machine.server.aws(v1, "ec2", "describe-instances").refused("UnauthorizedOperation")
    machine.server.aws(v2, "ec2", "describe-instances").ok()


def test_a_forged_host_is_refused(machine):
    assert machine.status("-H", "Host: rebound.example", f"{IMDS}/meta-data/") == "403"
    assert machine.status("-H", "Host: rebound.example", "-X", "PUT", "-H", TTL, f"{IMDS}/api/token") == "403"
    assert machine.status("-H", "Host: instance-data", f"{IMDS}/meta-data/") == "200"
    assert machine.status("-H", "X-Forwarded-For: 1.2.3.4", "-X", "PUT", "-H", TTL, f"{IMDS}/api/token") == "403"


def test_awss_javascript_client_gets_credentials(machine):
    folder = installed(ROOT / "tests" / "imds-js", ROOT / ".cache" / "imds-js", ["package.json", "package-lock.json", "client.mjs"])
    packed = subprocess.run(["tar", "-c", "-C", folder, "package.json", "client.mjs", "node_modules"],
                            check=True, capture_output=True).stdout
    machine.ec2.modify_instance_metadata_options(InstanceId=machine.id, HttpTokens="required")
    done = machine.ssh("mkdir js && tar -x -C js && cd js && env -u AWS_ENDPOINT_URL node client.mjs", stdin=packed)
    assert done.returncode == 0, done.stderr
    credentials = json.loads(done.stdout)
    assert credentials["accessKeyId"].startswith("ASIA") and credentials["secretAccessKey"] == 40
    assert credentials["sessionToken"] and credentials["expiration"]


def test_botocore_gets_credentials_with_and_without_tokens(machine):
    script = "import botocore.session as s; print(s.get_session().get_credentials().get_frozen_credentials().access_key)"
    for tokens in ("optional", "required"):
        machine.ec2.modify_instance_metadata_options(InstanceId=machine.id, HttpTokens=tokens)
        done = machine.ssh(f"PYTHONPATH=/opt/aws-cli/python python3 -c '{script}'")
        if b"No module named" in done.stderr:
            pytest.skip("the guest tools are not prepared: run `make up` once")
        assert done.stdout.startswith(b"ASIA"), done.stderr


def test_the_ipv6_endpoint_answers_when_it_is_switched_on(machine):
    path = "http://[fd00:ec2::254]/latest/meta-data/instance-id"
    if machine.status("-g", path) == "000":
        pytest.skip("no IPv6 here")
    assert machine.status("-g", path) == "403"
    machine.ec2.modify_instance_metadata_options(InstanceId=machine.id, HttpProtocolIpv6="enabled")
    assert machine.shell(f"curl -s -g '{path}'") == machine.id


def connected(url):
    own = urllib.parse.urlparse(url)
    return socket.create_connection((own.hostname, own.port), timeout=30)


def answered(connection):
    """What one request was answered with, its small body included."""
    said = b""
    while b"\r\n\r\n" not in said or not said.partition(b"\r\n\r\n")[2]:
        said += connection.recv(4096)
    return said


def closed(connection):
    """Whether the other side closes it at once; one that stays open answers what it is asked."""
    try:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        with connection:
            return not connection.recv(1)
    except ConnectionError:
        return True


def test_without_machines_a_port_serves_sdks_on_demand(server):
    ec2, iam = server.client("ec2", server.root), server.client("iam", server.root)
    iam.create_role(RoleName="reader", AssumeRolePolicyDocument=json.dumps(trust({"Service": "ec2.amazonaws.com"})))
    iam.create_instance_profile(InstanceProfileName="reader")
    iam.add_role_to_instance_profile(InstanceProfileName="reader", RoleName="reader")
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    run = ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1,
                            IamInstanceProfile={"Name": "reader"})
    id = run["Instances"][0]["InstanceId"]
    wait_for("running", lambda: ec2.describe_instances()["Reservations"][0]["Instances"][0]["State"]["Name"] == "running")
    assert "rolecall:OpenMetadata" in server.rolecall(server.user("ann"), "metadata", id).err
    line = server.rolecall(server.root, "metadata", id).ok()
    assert line == server.rolecall(server.root, "metadata", id).ok()
    at = re.fullmatch(r"export AWS_EC2_METADATA_SERVICE_ENDPOINT=(http://127.0.0.1:\d+)\n", line).group(1)
    environment = {k: v for k, v in server.environment(None).items() if k != "AWS_EC2_METADATA_DISABLED"}
    done = running.run([running.AWS, "--output", "json", "sts", "get-caller-identity"],
                       environment | {"AWS_EC2_METADATA_SERVICE_ENDPOINT": at})
    assert done.json()["Arn"].endswith(f":assumed-role/reader/{id}")
    # So many connections an instance may hold; the next one is closed, and the others go on.
    held = [connected(at) for _ in range(512)]
    assert closed(connected(at))
    held[0].sendall(b"GET /latest/meta-data/instance-id HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert id.encode() in answered(held[0])
    held.pop().close()
    wait_for("a place", lambda: not closed(connected(at)))
    for one in held:
        one.close()
    ec2.stop_instances(InstanceIds=[id])
    wait_for("stopped", lambda: ec2.describe_instances()["Reservations"][0]["Instances"][0]["State"]["Name"] == "stopped")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{at}/latest/meta-data/")
    assert refused.value.code == 404
