"""AssumeRoot from outside: tasks of a member's root user, and nothing beyond its task, nor after the switch is off."""

import json

import pytest
from botocore.exceptions import ClientError
from running import Keys, Server, allow

MANAGEMENT, MEMBER = "111111111111", "222222222222"


class Company:
    def __init__(self, server):
        self.server = server
        self.iam = server.client("iam", server.root)
        orgs = server.client("organizations", server.root)
        orgs.create_organization(FeatureSet="ALL")
        self.root = server.account(MEMBER)
        orgs.invite_account_to_organization(Target={"Id": MEMBER, "Type": "ACCOUNT"})
        own = server.client("organizations", self.root)
        own.accept_handshake(HandshakeId=own.list_handshakes_for_account()["Handshakes"][0]["Id"])
        orgs.enable_aws_service_access(ServicePrincipal="iam.amazonaws.com")
        self.sts = server.client("sts", server.user("central", allow("sts:AssumeRoot")))

    def assume(self, task):
        policy = {"arn": f"arn:aws:iam::aws:policy/root-task/{task}"}
        return Keys.of(self.sts.assume_root(TargetPrincipal=MEMBER, TaskPolicyArn=policy)["Credentials"])


@pytest.fixture(scope="module")
def company():
    with Server("--account", MANAGEMENT, "--compute", "none") as server:
        yield Company(server)


def refused(wanted, call, **parameters):
    with pytest.raises(ClientError) as fault:
        call(**parameters)
    error = fault.value.response["Error"]
    assert error["Code"] == wanted, error
    return error["Message"]


def test_the_keys_of_a_members_root_user_are_listed_and_deleted(company):
    server = company.server
    said = refused("AccessDenied", company.assume, task="IAMAuditRootUserCredentials")
    assert said.endswith(f"is not authorized to perform: sts:AssumeRoot on resource: arn:aws:iam::{MEMBER}:root")
    company.iam.enable_organizations_root_sessions()
    server.client("iam", company.root).create_user(UserName="ann")

    audit = company.assume("IAMAuditRootUserCredentials")
    assert server.client("sts", audit).get_caller_identity()["Arn"] == f"arn:aws:iam::{MEMBER}:root"
    iam = server.client("iam", audit)
    [key] = iam.list_access_keys()["AccessKeyMetadata"]
    assert iam.get_account_summary()["SummaryMap"]["AccountAccessKeysPresent"] == 1
    assert iam.list_mfa_devices()["MFADevices"] == iam.list_signing_certificates()["Certificates"] == []
    refused("NoSuchEntity", iam.get_login_profile)
    said = refused("AccessDenied", iam.delete_access_key, AccessKeyId=key["AccessKeyId"])
    assert "with an explicit deny in a session policy" in said
    for call in [iam.list_users, iam.create_access_key, server.client("s3", audit).list_buckets]:
        refused("AccessDenied", call)
    refused("AccessDenied", iam.list_access_keys, UserName="ann")

    delete = server.client("iam", company.assume("IAMDeleteRootUserCredentials"))
    delete.delete_access_key(AccessKeyId=key["AccessKeyId"])
    assert delete.list_access_keys()["AccessKeyMetadata"] == []
    refused("InvalidClientTokenId", server.client("sts", company.root).get_caller_identity)

    create = server.client("iam", company.assume("IAMCreateRootUserPassword"))
    create.create_login_profile()
    refused("EntityAlreadyExists", create.create_login_profile)
    refused("AccessDenied", create.delete_login_profile)
    delete.delete_login_profile()

    # Without keys of root nobody is left in the account to give it others.
    company.iam.disable_organizations_root_sessions()
    refused("InvalidClientTokenId", iam.list_access_keys)
    refused("AccessDenied", company.assume, task="IAMAuditRootUserCredentials")


def test_a_bucket_that_denies_everybody_is_unlocked():
    with Server("--account", MANAGEMENT, "--compute", "none") as server:
        company = Company(server)
        company.iam.enable_organizations_root_sessions()
        owner = server.client("s3", server.user("owner", allow("*"), keys=company.root))
        owner.create_bucket(Bucket="locked")
        owner.put_object(Bucket="locked", Key="k", Body=b"x")
        deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": ["arn:aws:s3:::locked", "arn:aws:s3:::locked/*"]}
        owner.put_bucket_policy(Bucket="locked", Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
        refused("AccessDenied", owner.delete_bucket_policy, Bucket="locked")
        other = server.client("s3", company.assume("IAMDeleteRootUserCredentials"))
        refused("AccessDenied", other.delete_bucket_policy, Bucket="locked")
        s3 = server.client("s3", company.assume("S3UnlockBucketPolicy"))
        assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["locked"]
        refused("AccessDenied", s3.get_object, Bucket="locked", Key="k")
        s3.delete_bucket_policy(Bucket="locked")
        assert owner.get_object(Bucket="locked", Key="k")["Body"].read() == b"x"
