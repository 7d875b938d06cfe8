"""Programs that others wrote, as clients of the metadata service: AWS's SDK for Rust, and cloud-init. AWS's JavaScript
client and botocore are in test_metadata.py."""

import json
import os
import shutil
import subprocess

import pytest
from running import ROOT, wait_for
from test_machines import Machine

HERE = ROOT / "tests" / "clients"
BUILT = ROOT / ".cache" / "clients"


def sdk_for_rust():
    """The program of tests/clients/rust, built as its lock file has it, with what `cargo` this is."""
    target = BUILT / "rust"
    command = ["cargo", "build", "--quiet", "--locked", "--manifest-path", HERE / "rust" / "Cargo.toml", "--target-dir", target]
    subprocess.run(command, check=True, timeout=1800)
    return target / "debug" / "rolecall-tests-imds"


@pytest.fixture
def rust(machines, tmp_path):
    """What AWS's SDK for Rust says, line by line, in an instance that accepts version 2 only."""
    program = sdk_for_rust()
    machine = Machine(machines, tmp_path)
    wait_for("the SSH port", lambda: machine.ssh("true").returncode == 0)
    machine.ec2.modify_instance_metadata_options(InstanceId=machine.id, HttpTokens="required")
    assert machine.ssh("cat > sdk && chmod +x sdk", stdin=program.read_bytes()).returncode == 0
    machine.said = lambda: machine.shell("env -u AWS_REGION -u AWS_DEFAULT_REGION ./sdk").splitlines()
    return machine


def test_awss_sdk_for_rust_finds_region_and_credentials_and_calls_as_the_role(rust):
    region, credentials, me = rust.said()
    assert region == "us-east-1"
    assert credentials.startswith("ASIA")
    minutes = int(credentials.split()[2])
    assert 20 <= minutes <= 360
    assert me.endswith(f":assumed-role/reader/{rust.id}")


def test_awss_sdk_for_rust_says_why_there_are_no_credentials(rust):
    iam = rust.server.client("iam", rust.server.root)
    deny = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"}]}
    iam.update_assume_role_policy(RoleName="reader", PolicyDocument=json.dumps(deny))
    _, none, *why = rust.said()
    assert none == "no credentials"
    assert "Does this role have a trust relationship with EC2?" in " ".join(why)
    found = rust.ec2.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"]
    rust.ec2.disassociate_iam_instance_profile(AssociationId=found[0]["AssociationId"])
    _, none, *why = rust.said()
    assert none == "no credentials"
    assert "the credential provider was not enabled" in " ".join(why)
    rust.ec2.modify_instance_metadata_options(InstanceId=rust.id, HttpEndpoint="disabled")
    region, none, *_ = rust.said()
    assert (region, none) == ("no region", "no credentials")


# cloud-init and what it needs beyond Python.
PACKAGES = ["cloud-init", "python3-attr", "python3-certifi", "python3-chardet", "python3-configobj", "python3-idna",
            "python3-jinja2", "python3-json-pointer", "python3-jsonpatch", "python3-jsonschema", "python3-markupsafe",
            "python3-netifaces", "python3-oauthlib", "python3-pyrsistent", "python3-requests", "python3-serial",
            "python3-six", "python3-urllib3", "python3-yaml"]


def cloud_init():
    """Debian's packages, fetched and unpacked but not installed; skips where there is no Debian."""
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            pytest.skip(f"`{tool}` is not installed: this test runs Debian's cloud-init")
    folder, fetched = BUILT / "cloud-init", BUILT / "cloud-init-packages"
    if not (folder / "usr/bin/cloud-init").exists():
        fetched.mkdir(parents=True, exist_ok=True)
        got = subprocess.run(["apt-get", "download", "-qq", *PACKAGES], cwd=fetched, capture_output=True, text=True, timeout=300)
        if got.returncode:
            pytest.skip(f"Debian's packages cannot be fetched: {got.stderr.splitlines()[-1]}")
        making = BUILT / f"cloud-init.{os.getpid()}"
        for package in fetched.glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", package, making], check=True)
        # Whole or not at all.
        making.rename(folder)
    return folder


USER_DATA = """#cloud-config
preserve_hostname: true
locale: false
write_files:
- {path: /root/note, content: written}
runcmd:
- echo ran >> /root/ran
"""


def test_cloud_init_reads_everything_by_tokens_and_sets_the_instance_up(machines, tmp_path):
    folder = cloud_init()
    machine = Machine(machines, tmp_path, USER_DATA)
    wait_for("the SSH port", lambda: machine.ssh("true").returncode == 0)
    machine.ec2.modify_instance_metadata_options(InstanceId=machine.id, HttpTokens="required")
    packed = subprocess.run(["tar", "-c", "-C", folder, "usr", "etc"], check=True, capture_output=True).stdout
    assert machine.ssh("mkdir ci && tar -x -C ci", stdin=packed).returncode == 0
    assert machine.ssh("cat > run.py", stdin=(HERE / "cloud_init.py").read_bytes()).returncode == 0
    as_root = lambda line: run_inside(machine, line)  # noqa: E731
    # As it is before anything of an image has run: what Rolecall's own runner of user data has done is undone. The
    # network is set up from outside.
    as_root(f"""
        mv ~ec2-user/ci /opt/cloud-init && cp -r /opt/cloud-init/etc/cloud /etc/cloud && mkdir -p /run/cloud-init
        rm -rf /var/lib/cloud/instances/{machine.id}/* /root/note /root/ran
        printf 'datasource_list: [ Ec2 ]\nnetwork: {{config: disabled}}\n' > /etc/cloud/cloud.cfg.d/90_ec2.cfg""")
    for stage in ("init", "modules --mode=config", "modules --mode=final"):
        machine.server.rolecall(machine.server.root, "exec", machine.id, "--", "sh", "-c",
                                f"/usr/bin/python3 ~ec2-user/run.py {stage} >> /var/log/cloud-init-output.log 2>&1")
    log = as_root("cat /var/log/cloud-init.log")
    result = json.loads(as_root("cat /run/cloud-init/result.json"))["v1"]
    assert str(result["datasource"]).startswith("DataSourceEc2"), as_root("cat /var/log/cloud-init-output.log") + log
    assert as_root("cat /root/note /root/ran") == "writtenran\n"
    # The image's default user, with the instance's key.
    public = machine.key.with_suffix(".pub").read_text().split()[1]
    assert public in as_root("cat ~debian/.ssh/authorized_keys")
    seen = json.loads(as_root("cat /run/cloud-init/instance-data.json"))
    assert seen["v1"]["instance_id"] == machine.id and seen["v1"]["region"] == "us-east-1"
    assert seen["ds"]["dynamic"]["instance-identity"]["document"]["instanceId"] == machine.id
    record = machine.record()["NetworkInterfaces"][0]
    own = seen["ds"]["meta-data"]["network"]["interfaces"]["macs"][record["MacAddress"]]
    assert own["subnet-id"] == record["SubnetId"]
    # Credentials are what it leaves out, and every request after the first had a token.
    assert "ASIA" not in json.dumps(seen)
    assert "Fetching Ec2 IMDSv2 API Token" in log and "Unauthorized" not in log


def run_inside(machine, line):
    return machine.server.rolecall(machine.server.root, "exec", machine.id, "--", "sh", "-c", line).ok()
