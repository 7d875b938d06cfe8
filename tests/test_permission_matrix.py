"""Every operation, asked by six kinds of caller: who is admitted, who is refused and how, and that a refusal changes nothing.

Callers: nobody (unsigned); a user without a policy; a user with exactly the documented actions; an administrator whose
boundary lacks them; an administrator's role session whose session policy lacks them; another account's administrator.
"""

import json

import pytest
from modeled import Kept, Wire, model, operations, plausible, serialized
from running import Keys, Server, allow, trust

ACCOUNT, OTHER = "000000000000", "111111111111"
ALL = [pytest.param(asked, id=f"{asked.service}-{asked.operation}") for asked in operations()]
# How each protocol says that a caller may not.
DENIED = {
    "query": {("AccessDenied", 403)},
    "ec2": {("UnauthorizedOperation", 403)},
    "json": {("AccessDeniedException", 400)},
    "rest-json": {("AccessDeniedException", 403)},
    "rest-xml": {("AccessDenied", 403), ("403", 403)},
}
# How it says that a request is nobody's.
UNSIGNED = {
    "query": {("MissingAuthenticationToken", 403)},
    "ec2": {("MissingAuthenticationToken", 403), ("AuthFailure", 401)},
    "json": {("MissingAuthenticationTokenException", 400), ("MissingAuthenticationToken", 400)},
    "rest-json": {("MissingAuthenticationTokenException", 403)},
    "rest-xml": {("AccessDenied", 403), ("403", 403)},
}
# Asked nothing; each has its reason in docs/permissions.txt.
OPEN = {"GetCallerIdentity", "GetSessionToken", "GetAccessKeyInfo"}
# The request's own proof, a token or an assertion, stands for the signature.
WITH_PROOF = {"AssumeRoleWithWebIdentity", "AssumeRoleWithSAML"}
# Policies are not enough: without an organization these are denied. tests/test_assume_root.py has one.
OF_ORGANIZATIONS = {"AssumeRoot"}
# Told before anybody is asked: the caller learns nothing that it did not send.
UNANSWERED = {"NoSuchBucket", "NoSuchUpload"}


class Cast:
    """The callers, in a server that keeps its state where the test can read it."""

    def __init__(self, server, folder):
        self.server, self.wire, self.kept = server, Wire(server), Kept(folder)
        self.iam, self.sts = server.client("iam", server.root), server.client("sts", server.root)
        s3 = server.client("s3", server.root)
        s3.create_bucket(Bucket="plausible")
        s3.put_object(Bucket="plausible", Key="plausible", Body=b"x")
        self.without = server.user("without")
        self.exact = server.user("exact")
        self.bounded = server.user("bounded", allow("*"))
        self.iam.create_role(RoleName="wide", AssumeRolePolicyDocument=json.dumps(trust({"AWS": ACCOUNT})))
        self.iam.put_role_policy(RoleName="wide", PolicyName="own", PolicyDocument=json.dumps(allow("*")))
        self.assumer = server.client("sts", server.user("assumer", allow("sts:AssumeRole")))
        self.limit = self.iam.create_policy(PolicyName="limit", PolicyDocument=json.dumps(allow("*")))["Policy"]["Arn"]
        self.iam.put_user_permissions_boundary(UserName="bounded", PermissionsBoundary=self.limit)
        self.other = server.user("boss", allow("*"), server.account(OTHER))

    def may(self, *actions):
        self.iam.put_user_policy(UserName="exact", PolicyName="own", PolicyDocument=json.dumps(allow(list(actions))))
        return self.exact

    def bounded_without(self, *actions):
        document = json.dumps(everything_but(actions))
        version = self.iam.create_policy_version(PolicyArn=self.limit, PolicyDocument=document, SetAsDefault=True)
        kept = version["PolicyVersion"]["VersionId"]
        for version in self.iam.list_policy_versions(PolicyArn=self.limit)["Versions"]:
            if version["VersionId"] != kept:
                self.iam.delete_policy_version(PolicyArn=self.limit, VersionId=version["VersionId"])
        return self.bounded

    def session_without(self, *actions):
        answer = self.assumer.assume_role(
            RoleArn=f"arn:aws:iam::{ACCOUNT}:role/wide", RoleSessionName="session", Policy=json.dumps(everything_but(actions)))
        return Keys.of(answer["Credentials"])

    def send(self, asked, keys):
        """Status and code of the answer, the body, and whether all rows are as they were."""
        shape = model(asked.service).operation_model(asked.operation).input_shape
        params = plausible(shape) if shape else {}
        # Without a name these are about the caller; roles to assume must be there.
        own = {"UserName": "plausible", "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/wide"}
        params |= {name: value for name, value in own.items() if shape and name in shape.members}
        request = serialized(asked.service, asked.operation, params)
        before = self.kept.digest()
        status, code, body = self.wire.send(asked.service, request, keys)
        return (code, status), body, self.kept.digest() == before


def everything_but(actions):
    statement = {"Effect": "Allow", "NotAction": list(actions), "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


@pytest.fixture(scope="module")
def cast(tmp_path_factory):
    folder = tmp_path_factory.mktemp("matrix") / "data"
    with Server("--compute", "none", data=folder) as server:
        yield Cast(server, folder)


def protocol_of(asked):
    return model(asked.service).protocol


def denials(asked):
    # Decided item by item: each denied item has its error in an answer that is a success.
    each = {("AccessDenied", 200)} if asked.operation == "DeleteObjects" else set()
    return DENIED[protocol_of(asked)] | each


def check_denied(cast, asked, keys, *texts):
    outcome, body, same = cast.send(asked, keys)
    if outcome[0] in UNANSWERED:
        return
    assert outcome in denials(asked), body
    assert same, "refused, and the store has changed"
    # HEAD has no body to say why in.
    assert not body or any(text in body for text in texts or ("",)), body


def asks(asked):
    return bool(asked.actions) and asked.operation not in OPEN | WITH_PROOF


@pytest.mark.parametrize("asked", ALL)
def test_nobody_is_refused(cast, asked):
    if asked.operation in WITH_PROOF:
        pytest.skip("brings its own proof")
    outcome, body, same = cast.send(asked, None)
    # Only a signature says which service a form is for; without one it may be taken for another's, which lacks it.
    elsewhere = asked.service != "iam" and outcome == ("InvalidAction", 400)
    refused = outcome in UNSIGNED[protocol_of(asked)] or outcome[0] in UNANSWERED
    # Denied item by item, as a caller that may be anybody.
    each = asked.operation == "DeleteObjects" and outcome in denials(asked)
    assert same and (refused or elsewhere or each), body


@pytest.mark.parametrize("asked", [p for p in ALL if asks(p.values[0])])
class TestEverythingThatAsks:
    def test_without_a_policy_is_denied(self, cast, asked):
        check_denied(cast, asked, cast.without)

    def test_under_a_boundary_that_lacks_the_actions_is_denied(self, cast, asked):
        keys = cast.bounded_without(*asked.actions)
        check_denied(cast, asked, keys, "no permissions boundary allows", "AssumeRo", "encoded", "Encoded")

    def test_in_a_session_whose_policy_lacks_the_actions_is_denied(self, cast, asked):
        check_denied(cast, asked, cast.session_without(*asked.actions), "no session policy allows", "AssumeRo")

    def test_with_exactly_the_documented_actions_is_admitted(self, cast, asked):
        if asked.operation in OF_ORGANIZATIONS:
            pytest.skip("an organization has to let the caller's account do so")
        outcome, body, _ = cast.send(asked, cast.may(*asked.actions))
        assert outcome not in denials(asked), body
        assert outcome[1] < 500, body


@pytest.mark.parametrize("asked", ALL)
def test_another_accounts_administrator_changes_nothing_here(cast, asked):
    before = cast.kept.of_account(ACCOUNT)
    outcome, body, _ = cast.send(asked, cast.other)
    assert outcome[1] < 500, body
    assert cast.kept.of_account(ACCOUNT) == before
    if asked.service == "s3":
        own = asked.operation == "ListBuckets"
        assert own or outcome in denials(asked) or outcome[0] in UNANSWERED or outcome[1] in (404, 409), body


@pytest.mark.parametrize("asked", ALL)
def test_root_is_admitted(cast, asked):
    outcome, body, _ = cast.send(asked, cast.server.root)
    assert outcome[1] < 500, body


def test_an_operation_asks_for_the_action_of_its_name_or_says_which_instead():
    """IAM's, STS's, EC2's and Organizations' operations are their actions; S3's table is in crates/actions."""
    different = {
        f"{asked.service}:{asked.operation}": asked.actions
        for asked in operations()
        if asked.service != "s3" and asked.actions and f"{asked.service}:{asked.operation}" not in asked.actions
    }
    # The reference has no action of its own for it: whoever makes a role of a template makes a role.
    making = ("iam:AttachRolePolicy", "iam:CreateRole", "iam:PutRolePolicy")
    assert different == {"iam:AcquireRole": making}
