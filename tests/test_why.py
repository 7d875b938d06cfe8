"""`rolecall why`: how a call was decided, told to a person."""

import json
import os
import pty
import subprocess

import pytest
from botocore.exceptions import ClientError
from running import BINARY, allow, trust

ANN = "arn:aws:iam::000000000000:user/ann"
POLICY = {"Version": "2012-10-17", "Statement": [
    {"Sid": "Bob", "Effect": "Allow", "Action": "iam:GetUser", "Resource": "arn:aws:iam::000000000000:user/bob"},
    {"Effect": "Allow", "Action": "iam:Get*", "Resource": "*",
     "Condition": {"StringEquals": {"aws:PrincipalTag/team": ["red", "blue"]}}},
    {"Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*"},
    {"Sid": "Never", "Effect": "Deny", "Action": "iam:DeleteUser", "Resource": "*"},
]}


def told(server, call):
    """What `why` says of this call, line by line, without runs of spaces."""
    try:
        answer = call()
    except ClientError as error:
        answer = error.response
    done = server.rolecall(server.root, "why", answer["ResponseMetadata"]["RequestId"])
    return [" ".join(line.split()) for line in done.ok().splitlines()]


@pytest.fixture
def ann(server):
    return server.user("ann", POLICY)


def test_a_denial_tells_the_nearest_misses_first_by_condition_then_by_resource(server, ann):
    lines = told(server, lambda: server.client("iam", ann).get_user(UserName="ann"))
    assert lines[1] == f"by {ANN}"
    assert lines[2].startswith("answer AccessDenied: ")
    assert "> identity-based policy silent 4 statements, none of which matches" in lines
    assert lines[lines.index("Nearest misses:"):lines.index("The smallest change that would allow it:")] == [
        "Nearest misses:",
        "inline:own (user ann) Statement[1] allows the action, but its Condition does not hold:"
        " StringEquals aws:PrincipalTag/team",
        "policy red", "blue", "request does not have the key",
        'inline:own (user ann) Statement[0] "Bob" allows the action, but its Resource does not match:',
        "policy arn:aws:iam::000000000000:user/bob", f"request {ANN}", "",
    ]


def test_an_explicit_deny_tells_its_statement(server, ann):
    lines = told(server, lambda: server.client("iam", ann).delete_user(UserName="ann"))
    assert '> identity-based policy denies inline:own (user ann) Statement[3] "Never"' in lines
    assert "Nearest misses:" not in lines


def test_a_silent_boundary_is_the_rung_that_decides(server, ann):
    iam = server.client("iam", server.root)
    arn = iam.create_policy(PolicyName="B", PolicyDocument=json.dumps(allow("iam:Get*")))["Policy"]["Arn"]
    iam.put_user_permissions_boundary(UserName="ann", PermissionsBoundary=arn)
    lines = told(server, lambda: server.client("iam", ann).list_users())
    assert "identity-based policy allows inline:own (user ann) Statement[2]" in lines
    assert "> permissions boundary silent 1 statement, which does not match" in lines
    assert "No Allow there is about iam:ListUsers." in lines


def test_a_trust_policy_that_names_another_is_a_miss(server, ann):
    trusting = json.dumps(trust({"Service": "ec2.amazonaws.com"}))
    server.client("iam", server.root).create_role(RoleName="R", AssumeRolePolicyDocument=trusting)
    arn = "arn:aws:iam::000000000000:role/R"
    lines = told(server, lambda: server.client("sts", ann).assume_role(RoleArn=arn, RoleSessionName="s1"))
    assert "> role trust policy silent 1 statement, which does not match" in lines
    miss = lines.index("Nearest misses:") + 1
    assert lines[miss:miss + 3] == [
        "trust policy Statement[0] allows the action, but its Principal does not name the caller:",
        "policy Service:ec2.amazonaws.com", f"request {ANN}",
    ]


def test_an_allowed_call_tells_what_allowed_it(server, ann):
    lines = told(server, lambda: server.client("iam", ann).list_users())
    assert lines[2] == "answer done"
    assert "> identity-based policy allows inline:own (user ann) Statement[2]" in lines


def test_what_could_steer_a_terminal_is_written_out_and_colors_are_for_terminals_only(server):
    hostile = {**POLICY, "Statement": [{**POLICY["Statement"][1], "Condition": {"StringEquals": {"aws:k": "\t\x85"}}}]}
    eve = server.user("eve", hostile)
    iam = server.client("iam", eve)
    with pytest.raises(ClientError) as refused:
        iam.get_user(UserName="eve")
    words = [BINARY, "why", refused.value.response["ResponseMetadata"]["RequestId"]]
    plain = server.rolecall(server.root, *words[1:]).ok()
    assert "\\t\\u{85}" in plain and "\x1b" not in plain
    master, terminal = pty.openpty()
    environment = server.environment(server.root)
    environment.pop("NO_COLOR", None)
    subprocess.run(words, stdout=terminal, env=environment, check=True, timeout=30)
    os.close(terminal)
    assert b"\x1b[31mnot allowed\x1b[0m" in os.read(master, 65536)
    os.close(master)


def ways(server, call):
    """The ways that `why --json` tells for the question that was denied."""
    with pytest.raises(ClientError) as refused:
        call()
    request_id = refused.value.response["ResponseMetadata"]["RequestId"]
    found = json.loads(server.rolecall(server.root, "why", request_id, "--json").ok())
    return next(question["remedies"] for question in found["questions"] if question["trace"]["decision"] != "allowed")


def test_the_smallest_change_once_made_allows_the_call(server, ann):
    get = lambda: server.client("iam", ann).get_user(UserName="ann")  # noqa: E731
    way = ways(server, get)[0]
    [change] = way["changes"]
    assert change["policy"] == {"Inline": {"owner": "user", "entity": "ann", "name": "own"}}
    assert (way["opens"], way["also"]) == ([], [])
    server.client("iam", server.root).put_user_policy(
        UserName="ann", PolicyName="own", PolicyDocument=change["document"])
    assert get()["User"]["UserName"] == "ann"


def test_a_shared_policy_tells_whom_else_the_change_would_bind(server, ann):
    iam = server.client("iam", server.root)
    deny = {"Version": "2012-10-17", "Statement": {
        "Effect": "Deny", "Action": "iam:ListUsers", "Resource": "*"}}
    arn = iam.create_policy(PolicyName="Shared", PolicyDocument=json.dumps(deny))["Policy"]["Arn"]
    server.user("bob", POLICY)
    for name in ("ann", "bob"):
        iam.attach_user_policy(UserName=name, PolicyArn=arn)
    found = ways(server, lambda: server.client("iam", ann).list_users())
    assert found[0]["also"] == ["arn:aws:iam::000000000000:user/bob"]
    assert [edit["element"] for edit in found[0]["changes"][0]["edits"]] == ["Policy"]
    done = server.rolecall(server.root, "why", refused_id(server, ann))
    assert "binds others too: arn:aws:iam::000000000000:user/bob" in " ".join(done.ok().split())


def refused_id(server, user):
    with pytest.raises(ClientError) as refused:
        server.client("iam", user).list_users()
    return refused.value.response["ResponseMetadata"]["RequestId"]
