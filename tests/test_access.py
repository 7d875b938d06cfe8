"""`rolecall test`: access tests, by a file's policies and by a server's."""

import json
import subprocess
import xml.etree.ElementTree as xml

import pytest
from running import BINARY, allow, clean, trust

ACCOUNT = "000000000000"
FILE = f"""
policies:
  dev: dev.json
  red:
    Version: "2012-10-17"
    Statement: [{{Effect: Allow, Principal: "*", Action: "s3:GetObject", Resource: "arn:aws:s3:::photos/*"}}]
callers:
  dev:
    arn: arn:aws:iam::{ACCOUNT}:user/dev
    policies: [dev]
resources:
  - {{arn: "arn:aws:s3:::photos", account: "{ACCOUNT}", policy: red}}
tests:
  - name: dev passes the role of pictures
    who: dev
    does: iam:PassRole
    on: arn:aws:iam::{ACCOUNT}:role/Get-pics
    expect: allowed
  - who: [dev, anonymous]
    does: [s3:PutObject, s3:DeleteObject]
    on: arn:aws:s3:::photos/cat.jpg
    expect: denied
  - {{who: anonymous, does: s3:GetObject, on: "arn:aws:s3:::photos/cat.jpg", expect: allowed}}
  - {{who: dev, does: iam:ListRoles, expect: implicitDeny}}
"""
DEV = {"Version": "2012-10-17", "Statement": [
    {"Sid": "PassIt", "Effect": "Allow", "Action": "iam:PassRole", "Resource": f"arn:aws:iam::{ACCOUNT}:role/Get-pics"}]}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "access.yaml").write_text(FILE)
    (tmp_path / "dev.json").write_text(json.dumps(DEV))
    return tmp_path


def run(folder, *words):
    return subprocess.run([BINARY, "test", "access.yaml", *words], cwd=folder, env=clean({}),
                          capture_output=True, text=True, timeout=60)


def test_a_file_that_holds_passes(folder):
    done = run(folder)
    assert (done.returncode, done.stdout, done.stderr) == (0, "access.yaml: 7 passed\n", "")


def test_a_failure_is_told_with_the_statement_that_came_near(folder):
    DEV_OTHER = json.dumps(DEV).replace("Get-pics", "Other")
    (folder / "dev.json").write_text(DEV_OTHER)
    done = run(folder, "--junit", "out.xml")
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "FAILED  dev passes the role of pictures",
        f"        dev iam:PassRole on arn:aws:iam::{ACCOUNT}:role/Get-pics",
        "        expected allowed, is implicitDeny",
        "        because no identity-based policy allows the iam:PassRole action",
        '        identity[0] Statement[0] "PassIt" comes near: its Resource does not match',
        "access.yaml: 1 failed, 6 passed",
    ]
    suite = xml.parse(folder / "out.xml").getroot().find("testsuite")
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("7", "1", "0")
    [failure] = suite.iter("failure")
    assert failure.get("message") == "expected allowed, is implicitDeny"


@pytest.mark.parametrize("change, told", [
    (("expect: implicitDeny", "expects: implicitDeny"), "unknown field"),
    (("expect: implicitDeny", "expect: maybe"), "unknown variant"),
    (("dev: dev.json", "dev: none.json"), "cannot be read"),
])
def test_a_file_that_is_wrong_stops_everything(folder, change, told):
    (folder / "access.yaml").write_text(FILE.replace(*change))
    done = run(folder)
    assert done.returncode == 1 and done.stdout == ""
    assert told in done.stderr


def test_a_name_that_leads_nowhere_is_an_error_of_its_tests(folder):
    (folder / "access.yaml").write_text(FILE.replace("policies: [dev]", "policies: [dve]"))
    done = run(folder)
    assert done.returncode == 1
    assert "there is no policy `dve`" in done.stdout and "4 failed, 3 passed" in done.stdout


def test_a_server_answers_by_its_own_policies_and_does_nothing(server, folder):
    root = server.root
    iam, s3 = server.client("iam", root), server.client("s3", root)
    server.user("dev", DEV)
    s3.create_bucket(Bucket="photos")
    role = iam.create_role(RoleName="Get-pics", AssumeRolePolicyDocument=json.dumps(
        trust({"AWS": f"arn:aws:iam::{ACCOUNT}:user/dev"})))["Role"]["Arn"]
    (folder / "access.yaml").write_text(FILE + f"""
  - {{who: dev, does: sts:AssumeRole, on: "{role}", expect: allowed}}
  - {{who: "{role}", does: s3:GetObject, on: "arn:aws:s3:::photos/cat.jpg", expect: denied}}
  - {{who: "arn:aws:iam::{ACCOUNT}:user/nobody", does: s3:GetObject, on: "arn:aws:s3:::photos/cat.jpg", expect: denied}}
""")
    words = ("test", str(folder / "access.yaml"), "--server")
    done = server.rolecall(root, *words)
    assert done.code == 1
    lines = [line.strip() for line in done.out.splitlines()]
    assert [line for line in lines if line.startswith(("FAILED", "ERROR"))] == [
        "FAILED  anonymous s3:GetObject on arn:aws:s3:::photos/cat.jpg: allowed",
        f"ERROR   arn:aws:iam::{ACCOUNT}:user/nobody s3:GetObject on arn:aws:s3:::photos/cat.jpg: denied",
    ]
    assert f"there is no principal arn:aws:iam::{ACCOUNT}:user/nobody" in lines
    iam.put_role_policy(RoleName="Get-pics", PolicyName="p", PolicyDocument=json.dumps(allow("s3:GetObject")))
    assert "3 failed" in server.rolecall(root, *words).out


def test_asking_a_server_needs_permission(server, folder):
    someone = server.user("someone", DEV)
    done = server.rolecall(someone, "test", str(folder / "access.yaml"), "--server")
    assert done.code == 1
    assert "not authorized to perform: rolecall:Decide" in done.err
