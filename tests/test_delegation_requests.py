"""Temporary delegation from outside: a product provider asks, a customer decides, and what the provider then may do."""

import json

import pytest
from botocore.exceptions import ClientError
from running import Keys, Server, allow, clean, run

CUSTOMER, PROVIDER = "111111111111", "222222222222"
TEMPLATE = json.dumps(allow(["s3:GetObject", "s3:PutObject", "s3:ListBucket"],
                            ["arn:aws:s3:::@{bucketName}", "arn:aws:s3:::@{bucketName}/*"]))
TRUST = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}


def ours(server, path, body, keys=None):
    """An operation of the server's own, signed."""
    keys = keys or server.root
    command = ["curl", "-sS", "-X", "POST", "--aws-sigv4", "aws:amz:us-east-1:rolecall", "--user",
               f"{keys.id}:{keys.secret}", "-d", json.dumps(body), f"{server.url}/_rolecall/{path}"]
    return json.loads(run(command, clean({})).ok())


def refused(wanted, call, **parameters):
    with pytest.raises(ClientError) as fault:
        call(**parameters)
    error = fault.value.response["Error"]
    assert error["Code"] == wanted, error
    return error["Message"]


class Deal:
    def __init__(self, server):
        self.server = server
        provider = server.account(PROVIDER)
        self.provider = server.client("iam", provider)
        self.provider_sts = server.client("sts", provider)
        registered = ours(server, "policy-templates", {
            "Partner": PROVIDER, "PartnerName": "Backups Inc.", "TemplateName": "backups", "Document": TEMPLATE})
        self.template = registered["PolicyTemplateArn"]
        self.iam = server.client("iam", server.root)
        self.count = 0

    def ask(self, **more):
        self.count += 1
        parameters = [{"Name": "bucketName", "Values": ["pics"], "Type": "string"}]
        made = self.provider.create_delegation_request(**({
            "Description": "Sets up backups", "RequestorWorkflowId": f"workflow-{self.count}", "SessionDuration": 900,
            "NotificationChannel": f"arn:aws:sns:us-east-1:{PROVIDER}:delegations",
            "Permissions": {"PolicyTemplateArn": self.template, "Parameters": parameters},
        } | more))
        assert made["DelegationRequestId"] in made["ConsoleDeepLink"]
        return made["DelegationRequestId"]

    def notice(self, id):
        return ours(self.server, "delegation-notice", {"DelegationRequestId": id})

    def state(self, id):
        return self.iam.get_delegation_request(DelegationRequestId=id)["DelegationRequest"]["State"]


@pytest.fixture(scope="module")
def deal():
    with Server("--account", CUSTOMER, "--compute", "none") as server:
        yield Deal(server)


def test_what_is_accepted_is_what_the_provider_gets_and_no_more(deal):
    server = deal.server
    s3 = server.client("s3", server.root)
    for bucket in ["pics", "other"]:
        s3.create_bucket(Bucket=bucket)
        s3.put_object(Bucket=bucket, Key="a", Body=b"a")
    admin = server.user("admin", allow(["iam:*", "s3:GetObject", "s3:ListBucket", "sts:GetDelegatedAccessToken"]))
    iam = server.client("iam", admin)
    id = deal.ask(OwnerAccountId=CUSTOMER)
    assert deal.state(id) == "UNASSIGNED"
    refused("NoSuchEntity", deal.provider.get_delegation_request, DelegationRequestId=id)

    iam.associate_delegation_request(DelegationRequestId=id)
    iam.update_delegation_request(DelegationRequestId=id, Notes="for the backups")
    assert "TradeInToken" not in deal.notice(id)
    iam.accept_delegation_request(DelegationRequestId=id)
    refused("InvalidInput", iam.update_delegation_request, DelegationRequestId=id)
    iam.send_delegation_token(DelegationRequestId=id)
    [listed] = iam.list_delegation_requests()["DelegationRequests"]
    assert listed["State"] == "FINALIZED" and listed["ApproverId"].endswith(":user/admin"), listed
    assert listed["RequestorName"] == "Backups Inc." and listed["Notes"] == "for the backups"

    token = deal.notice(id)["TradeInToken"]
    refused("ValidationError", server.client("sts", admin).get_delegated_access_token, TradeInToken=token)
    refused("ValidationError", deal.provider_sts.get_delegated_access_token, TradeInToken=token[:-4] + "AAAA")
    given = deal.provider_sts.get_delegated_access_token(TradeInToken=token)
    assert given["AssumedPrincipal"] == f"arn:aws:iam::{CUSTOMER}:user/admin" and given["PackedPolicySize"] > 0
    keys = Keys.of(given["Credentials"])
    s3 = server.client("s3", keys)
    assert server.client("sts", keys).get_caller_identity()["Arn"].endswith(":user/admin")
    assert s3.get_object(Bucket="pics", Key="a")["Body"].read() == b"a"
    # Not what only the request names, not what only the approver may, not the approver's identity services.
    refused("AccessDenied", s3.put_object, Bucket="pics", Key="b", Body=b"b")
    refused("AccessDenied", s3.get_object, Bucket="other", Key="a")
    refused("AccessDenied", server.client("iam", keys).list_users)
    refused("AccessDenied", server.client("sts", keys).get_session_token)

    # The approver's rights are the provider's, also when they end.
    deal.iam.delete_user_policy(UserName="admin", PolicyName="own")
    refused("AccessDenied", s3.get_object, Bucket="pics", Key="a")


def test_the_cli_runs_a_request_to_its_rejection(deal):
    server, id = deal.server, deal.ask()
    dev = server.user("dev", allow("iam:AssociateDelegationRequest"))
    server.aws(dev, "iam", "associate-delegation-request", "--delegation-request-id", id).ok()
    shown = server.aws(dev, "iam", "get-delegation-request", "--delegation-request-id", id,
                       "--delegation-permission-check").json()
    assert shown["PermissionCheckResult"] == "DENIED"
    arn = f"arn:aws:iam::{CUSTOMER}:delegation-request/{id}"
    said = server.aws(dev, "iam", "get-human-readable-summary", "--entity-arn", arn).json()
    assert "s3:GetObject" in said["SummaryContent"] and said["SummaryState"] == "AVAILABLE"
    server.aws(dev, "iam", "accept-delegation-request", "--delegation-request-id", id).refused("AccessDenied")
    server.aws(dev, "iam", "reject-delegation-request", "--delegation-request-id", id, "--notes", "no").ok()
    notice = deal.notice(id)
    assert (notice["State"], notice["RejectionReason"]) == ("REJECTED", "no")
    server.aws(server.root, "iam", "accept-delegation-request", "--delegation-request-id", id).refused("InvalidInput")


def test_delegated_calls_are_recorded_as_the_providers(deal):
    server, id = deal.server, deal.ask()
    iam = deal.iam
    iam.associate_delegation_request(DelegationRequestId=id)
    iam.accept_delegation_request(DelegationRequestId=id)
    iam.send_delegation_token(DelegationRequestId=id)
    token = deal.notice(id)["TradeInToken"]
    given = deal.provider_sts.get_delegated_access_token(TradeInToken=token)
    keys = Keys.of(given["Credentials"])
    refused("AccessDenied", server.client("iam", keys).create_user, UserName="x")
    events = server.client("cloudtrail", server.root).lookup_events(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "CreateUser"}])["Events"]
    records = [json.loads(event["CloudTrailEvent"]) for event in events]
    assert any(r["userIdentity"].get("invokedByDelegate") == {"accountId": PROVIDER} for r in records), records


def test_a_role_is_acquired_from_a_services_template(deal):
    registered = ours(deal.server, "role-templates", {
        "Service": "ec2.amazonaws.com", "TemplateName": "Reader", "MajorVersion": 1, "MinorVersion": 3,
        "Version": {
            "RoleNamePattern": "reader-@{team}", "AssumeRolePolicyDocumentTemplate": json.dumps(TRUST),
            "InlinePolicyTemplates": [["read", json.dumps(allow("s3:GetObject", "@{objects}"))]],
            "ParametersDefinition": [{"Name": "team", "Type": "String", "IsRequired": True},
                                     {"Name": "objects", "Type": "ArnList", "IsRequired": True}]}})
    arn = registered["TemplateArn"]
    version = deal.iam.get_role_template_version(TemplateArn=arn)["RoleTemplateVersion"]
    assert (version["MinorVersion"], version["ManagedByType"]) == (3, "Service")
    objects = ["arn:aws:s3:::pics/*", "arn:aws:s3:::other/*"]
    values = {"team": {"Values": ["blue"]}, "objects": {"Values": objects}}
    role = deal.iam.acquire_role(TemplateArn=arn, ReplacementValues=values)["Role"]
    assert role["SourceRoleTemplate"] == {"TemplateArn": arn, "TemplateMinorVersion": 3}
    document = deal.iam.get_role_policy(RoleName="reader-blue", PolicyName="read")["PolicyDocument"]
    assert document["Statement"][0]["Resource"] == objects
    refused("NameConflict", deal.iam.acquire_role, TemplateArn=arn, ReplacementValues=values)
    refused("InvalidInput", deal.iam.acquire_role, TemplateArn=arn, ReplacementValues={})
