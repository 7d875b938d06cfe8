"""Organizations from outside: members are bound at once, and let go at once."""

import datetime
import json

import pytest
from botocore.exceptions import ClientError
from running import Keys, Server, allow, trust, wait_for

MANAGEMENT, INVITED, OUTSIDE = "111111111111", "222222222222", "333333333333"


def code(call, **parameters):
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    return refused.value.response["Error"]["Code"]


def deny(action, **more):
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Action": action, "Resource": "*", **more}]})


class Company:
    """An organization with a unit, a member that it made, and one that it invited."""

    def __init__(self, server):
        self.server = server
        self.orgs = server.client("organizations", server.root)
        self.id = self.orgs.create_organization(FeatureSet="ALL")["Organization"]["Id"]
        self.top = self.orgs.list_roots()["Roots"][0]["Id"]
        for kind in ["SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"]:
            self.orgs.enable_policy_type(RootId=self.top, PolicyType=kind)
        unit = self.orgs.create_organizational_unit(ParentId=self.top, Name="apps")
        self.unit = unit["OrganizationalUnit"]["Id"]
        self.made = self.create_account("dev")
        self.invited = self.invite(INVITED)
        for account in [self.made, INVITED]:
            self.orgs.move_account(AccountId=account, SourceParentId=self.top, DestinationParentId=self.unit)

    def create_account(self, name):
        begun = self.orgs.create_account(Email=f"{name}@example.com", AccountName=name)["CreateAccountStatus"]
        assert begun["State"] == "IN_PROGRESS"

        def made():
            found = self.orgs.describe_create_account_status(CreateAccountRequestId=begun["Id"])
            return found["CreateAccountStatus"].get("AccountId")

        return wait_for("the account", made)

    def invite(self, number):
        """Root keys of an account of its own that accepted an invitation."""
        keys = self.server.account(number)
        self.orgs.invite_account_to_organization(Target={"Id": number, "Type": "ACCOUNT"})
        own = self.server.client("organizations", keys)
        found = own.list_handshakes_for_account()["Handshakes"][0]
        own.accept_handshake(HandshakeId=found["Id"])
        return keys

    def policy(self, content, kind="SERVICE_CONTROL_POLICY"):
        made = self.orgs.create_policy(Name=str(abs(hash(content))), Description="", Type=kind, Content=content)
        return made["Policy"]["PolicySummary"]["Id"]

    def administrator(self, account):
        """A session of the role that CreateAccount made."""
        user = self.server.user(f"admin-of-{account}", allow("sts:AssumeRole"))
        role = f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
        session = self.server.client("sts", user).assume_role(RoleArn=role, RoleSessionName="admin")
        return Keys.of(session["Credentials"])


@pytest.fixture()
def company():
    with Server("--account", MANAGEMENT, "--compute", "none") as server:
        yield Company(server)


def test_a_service_control_policy_binds_users_and_root_of_members_until_it_is_detached(company):
    server, orgs = company.server, company.orgs
    admin, root = company.administrator(company.made), company.invited
    user = server.user("ann", allow("*"), keys=admin)
    callers = [server.client("s3", keys) for keys in (admin, user, root)]
    policy = company.policy(deny("s3:*"))
    for target in [company.top, company.unit]:
        orgs.attach_policy(PolicyId=policy, TargetId=target)
        for s3 in callers:
            assert code(s3.list_buckets) == "AccessDenied"
        server.client("s3", server.root).list_buckets()
        orgs.detach_policy(PolicyId=policy, TargetId=target)
        for s3 in callers:
            s3.list_buckets()
    session = server.client("sts", user).get_session_token()
    federated = server.client("sts", user).get_federation_token(Name="fed", Policy=json.dumps(allow("*")))
    orgs.attach_policy(PolicyId=policy, TargetId=company.made)
    for given in (session, federated):
        s3 = server.client("s3", Keys.of(given["Credentials"]))
        with pytest.raises(ClientError, match="explicit deny in a service control policy"):
            s3.list_buckets()
    server.client("s3", root).list_buckets()


def test_every_level_must_allow(company):
    only_s3 = company.policy(json.dumps(allow("s3:*")))
    company.orgs.attach_policy(PolicyId=only_s3, TargetId=company.unit)
    company.orgs.detach_policy(PolicyId="p-FullAWSAccess", TargetId=company.unit)
    server, root = company.server, company.invited
    server.client("s3", root).list_buckets()
    with pytest.raises(ClientError, match="because no service control policy allows the iam:ListUsers action"):
        server.client("iam", root).list_users()
    assert code(company.orgs.detach_policy, PolicyId=only_s3, TargetId=company.unit) == "ConstraintViolationException"


def test_a_resource_control_policy_keeps_strangers_from_a_members_bucket(company):
    server = company.server
    outside = server.account(OUTSIDE)
    owner = server.client("s3", company.invited)
    owner.create_bucket(Bucket="photos")
    owner.put_object(Bucket="photos", Key="cat", Body=b"meow")
    owner.delete_public_access_block(Bucket="photos")
    owner.put_bucket_policy(Bucket="photos", Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::photos/*"}]}))
    stranger = server.client("s3", outside)
    stranger.get_object(Bucket="photos", Key="cat")
    perimeter = deny("s3:*", Principal="*", Condition={
        "StringNotEqualsIfExists": {"aws:PrincipalOrgID": company.id},
        "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}})
    policy = company.policy(perimeter, "RESOURCE_CONTROL_POLICY")
    company.orgs.attach_policy(PolicyId=policy, TargetId=company.top)
    assert code(stranger.get_object, Bucket="photos", Key="cat") == "AccessDenied"
    owner.get_object(Bucket="photos", Key="cat")
    server.client("s3", server.root).get_object(Bucket="photos", Key="cat")
    company.orgs.detach_policy(PolicyId=policy, TargetId=company.top)
    stranger.get_object(Bucket="photos", Key="cat")


def test_assuming_a_role_across_accounts_is_bound_on_both_sides(company):
    server, orgs = company.server, company.orgs
    iam = server.client("iam", company.invited)
    iam.create_role(RoleName="app", AssumeRolePolicyDocument=json.dumps(trust({"AWS": company.made})))
    ann = server.client("sts", server.user("ann", allow("*"), keys=company.administrator(company.made)))
    call = {"RoleArn": f"arn:aws:iam::{INVITED}:role/app", "RoleSessionName": "s1"}
    ann.assume_role(**call)
    scp = company.policy(deny("sts:AssumeRole"))
    rcp = company.policy(deny("sts:AssumeRole", Principal="*"), "RESOURCE_CONTROL_POLICY")
    for policy, binding, other in [(scp, company.made, INVITED), (rcp, INVITED, company.made)]:
        orgs.attach_policy(PolicyId=policy, TargetId=other)
        ann.assume_role(**call)
        orgs.attach_policy(PolicyId=policy, TargetId=binding)
        assert code(ann.assume_role, **call) == "AccessDenied"
        for target in (other, binding):
            orgs.detach_policy(PolicyId=policy, TargetId=target)
    ann.assume_role(**call)


def test_the_keys_of_a_closed_account_stop(company):
    server = company.server
    admin = company.administrator(company.made)
    ann = server.client("s3", server.user("ann", allow("*"), keys=admin))
    ann.list_buckets()
    company.orgs.close_account(AccountId=company.made)
    assert code(ann.list_buckets) == "InvalidAccessKeyId"
    assert code(server.client("sts", admin).get_caller_identity) == "InvalidClientTokenId"
    role = f"arn:aws:iam::{company.made}:role/OrganizationAccountAccessRole"
    boss = server.client("sts", server.user("boss", allow("sts:AssumeRole")))
    assert code(boss.assume_role, RoleArn=role, RoleSessionName="s1") == "AccessDenied"
    seen = company.orgs.describe_account(AccountId=company.made)["Account"]
    assert (seen["Status"], seen["State"]) == ("SUSPENDED", "CLOSED")


def test_members_see_their_organization_and_no_more(company):
    own = company.server.client("organizations", company.invited)
    assert own.describe_organization()["Organization"]["Id"] == company.id
    for call in [own.list_accounts, own.list_roots]:
        assert code(call) == "AccessDeniedException"
    own.leave_organization()
    assert code(own.describe_organization) == "AWSOrganizationsNotInUseException"


def test_the_command_line_client_and_why(company):
    server = company.server
    accounts = server.aws(server.root, "organizations", "list-accounts").json()["Accounts"]
    assert {account["Id"] for account in accounts} == {MANAGEMENT, company.made, INVITED}
    policy = company.policy(deny("iam:*"))
    done = server.aws(server.root, "organizations", "attach-policy", "--policy-id", policy, "--target-id", company.unit)
    done.ok()
    with pytest.raises(ClientError) as refused:
        server.client("iam", company.invited).list_users()
    request = refused.value.response["ResponseMetadata"]["RequestId"]
    told = server.rolecall(server.root, "why", request).ok()
    assert "service control" in told.lower() and policy in told, told


def test_saved_principals_exist_and_are_somebody_else_once_made_anew(company):
    server, keys = company.server, company.invited
    iam, s3 = server.client("iam", keys), server.client("s3", keys)
    s3.create_bucket(Bucket="papers")

    def named(principal):
        return json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "s3:GetObject",
             "Resource": "arn:aws:s3:::papers/*"}]})

    nobody = f"arn:aws:iam::{INVITED}:user/nobody"
    assert code(s3.put_bucket_policy, Bucket="papers", Policy=named(nobody)) == "MalformedPolicy"
    trusting = json.dumps(trust({"AWS": nobody}))
    assert code(iam.create_role, RoleName="app", AssumeRolePolicyDocument=trusting) == "MalformedPolicyDocument"
    ann = iam.create_user(UserName="ann")["User"]
    s3.put_bucket_policy(Bucket="papers", Policy=named(ann["Arn"]))
    iam.create_role(RoleName="app", AssumeRolePolicyDocument=json.dumps(trust({"AWS": ann["Arn"]})))

    def shown():
        bucket = json.loads(s3.get_bucket_policy(Bucket="papers")["Policy"])
        role = iam.get_role(RoleName="app")["Role"]["AssumeRolePolicyDocument"]
        return {document["Statement"][0]["Principal"]["AWS"] for document in (bucket, role)}

    assert shown() == {ann["Arn"]}
    iam.delete_user(UserName="ann")
    assert shown() == {ann["UserId"]}
    server.user("ann", keys=keys)
    assert shown() == {ann["UserId"]}


def test_a_member_manages_policies_by_the_organizations_resource_policy(company):
    server, orgs = company.server, company.orgs
    own = server.client("organizations", company.invited)
    create = {"Name": "p", "Description": "", "Type": "SERVICE_CONTROL_POLICY", "Content": deny("ec2:*")}
    assert code(own.create_policy, **create) == "AccessDeniedException"
    orgs.put_resource_policy(Content=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": INVITED}, "Resource": "*",
         "Action": ["organizations:CreatePolicy", "organizations:AttachPolicy", "organizations:ListPolicies"]}]}))
    made = own.create_policy(**create)["Policy"]["PolicySummary"]["Id"]
    own.attach_policy(PolicyId=made, TargetId=company.made)
    assert made in {policy["Id"] for policy in own.list_policies(Filter="SERVICE_CONTROL_POLICY")["Policies"]}
    assert code(own.close_account, AccountId=company.made) == "AccessDeniedException"
    assert code(own.list_accounts) == "AccessDeniedException"
    orgs.delete_resource_policy()
    assert code(own.create_policy, **create | {"Name": "q"}) == "AccessDeniedException"


def test_a_broken_constraint_says_its_reason(company):
    with pytest.raises(ClientError) as refused:
        company.orgs.describe_account(AccountId="12345")
    answer = refused.value.response
    assert (answer["Error"]["Code"], answer["Reason"]) == ("InvalidInputException", "INVALID_PATTERN"), answer
    assert code(company.orgs.create_gov_cloud_account, Email="x@example.com", AccountName="x") \
        == "ConstraintViolationException"


def test_a_responsibility_is_transferred_between_organizations(company):
    server = company.server
    source = server.client("organizations", server.account("444444444444"))
    source.create_organization(FeatureSet="ALL")
    now = datetime.datetime.now(datetime.timezone.utc)
    start = (now.replace(day=1) + datetime.timedelta(days=32)).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    ask = {"Type": "BILLING", "Target": {"Id": "444444444444", "Type": "ACCOUNT"}, "SourceName": "bills"}
    invite = company.orgs.invite_organization_to_transfer_responsibility
    assert code(invite, StartTimestamp=start + datetime.timedelta(days=1), **ask) == "InvalidInputException"
    handshake = invite(StartTimestamp=start, **ask)["Handshake"]
    [asked] = source.list_outbound_responsibility_transfers(Type="BILLING")["ResponsibilityTransfers"]
    assert (asked["Status"], asked["ActiveHandshakeId"]) == ("REQUESTED", handshake["Id"])
    source.accept_handshake(HandshakeId=handshake["Id"])
    [managed] = company.orgs.list_inbound_responsibility_transfers(Type="BILLING")["ResponsibilityTransfers"]
    assert managed["Status"] == "ACCEPTED" and managed["Source"]["ManagementAccountId"] == "444444444444"
    assert code(source.delete_organization) == "ConstraintViolationException"
    ended = company.orgs.terminate_responsibility_transfer(Id=managed["Id"])["ResponsibilityTransfer"]
    assert ended["Status"] == "WITHDRAWN" and ended["EndTimestamp"] > start


def test_what_merged_policies_get_wrong_is_told(company):
    orgs = company.orgs
    orgs.enable_policy_type(RootId=company.top, PolicyType="BACKUP_POLICY")
    bad = {"plans": {"p": {"rules": {"r": {"target_backup_vault_name": {"@@put": "v"}}}}}}
    make = {"Name": "backups", "Type": "BACKUP_POLICY", "Description": ""}
    assert code(orgs.create_policy, Content=json.dumps(bad), **make) == "MalformedPolicyDocumentException"
    good = {"plans": {"p": {"rules": {"r": {"target_backup_vault_name": {"@@assign": "v"}}}}}}
    policy = orgs.create_policy(Content=json.dumps(good), **make)["Policy"]["PolicySummary"]["Id"]
    orgs.attach_policy(PolicyId=policy, TargetId=company.made)
    [found] = orgs.list_accounts_with_invalid_effective_policy(PolicyType="BACKUP_POLICY")["Accounts"]
    assert found["Id"] == company.made
    errors = orgs.list_effective_policy_validation_errors(AccountId=company.made, PolicyType="BACKUP_POLICY")
    assert {error["PathToError"] for error in errors["EffectivePolicyValidationErrors"]} == {"plans/p"}
    assert errors["EffectivePolicyValidationErrors"][0]["ContributingPolicies"] == [policy]
    orgs.detach_policy(PolicyId=policy, TargetId=company.made)
