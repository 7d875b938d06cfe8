"""IAM's credentials beside access keys, account settings and quotas, by the aws CLI."""

import json
import subprocess

import pytest

from running import ROOT, Server

CERTIFICATES = ROOT / "crates" / "iam" / "tests" / "certificates"
KEYS = ROOT / "crates" / "iam" / "tests" / "keys"


@pytest.fixture(scope="module")
def server():
    with Server("--compute", "none", "--issuer-url", "https://roles.example.com") as server:
        yield server


def iam(server, *words):
    return server.aws(server.root, "iam", *words)


def test_an_ssh_key_comes_in_one_form_and_goes_in_another(server):
    iam(server, "create-user", "--user-name", "git").ok()
    upload = ["upload-ssh-public-key", "--user-name", "git", "--ssh-public-key-body"]
    key = iam(server, *upload, f"file://{KEYS / 'rsa.pub'}").json()["SSHPublicKey"]
    said = subprocess.run(
        ["ssh-keygen", "-E", "md5", "-lf", KEYS / "rsa.pub"], capture_output=True, text=True, check=True
    ).stdout
    assert key["Fingerprint"] in said
    iam(server, *upload, f"file://{KEYS / 'rsa.spki.pem'}").refused("DuplicateSSHPublicKey")
    iam(server, *upload, f"file://{KEYS / 'small.pub'}").refused("InvalidPublicKey")
    iam(server, *upload, "hello").refused("UnrecognizedPublicKeyEncoding")
    one = ["--user-name", "git", "--ssh-public-key-id", key["SSHPublicKeyId"]]
    shown = iam(server, "get-ssh-public-key", *one, "--encoding", "PEM").json()["SSHPublicKey"]
    assert shown["SSHPublicKeyBody"].split() == (KEYS / "rsa.spki.pem").read_text().split()
    iam(server, "update-ssh-public-key", *one, "--status", "Inactive").ok()
    listed = iam(server, "list-ssh-public-keys", "--user-name", "git").json()["SSHPublicKeys"]
    assert [row["Status"] for row in listed] == ["Inactive"]
    iam(server, "delete-user", "--user-name", "git").refused("DeleteConflict")
    iam(server, "delete-ssh-public-key", *one).ok()
    iam(server, "delete-user", "--user-name", "git").ok()


def test_a_server_certificate_is_held_against_key_and_chain(server, tmp_path):
    chain = tmp_path / "chain.pem"
    chain.write_text((CERTIFICATES / "middle.pem").read_text() + (CERTIFICATES / "root.pem").read_text())

    def upload(name, body="rsa.pem", key="rsa.key", chain=chain):
        words = ["--certificate-body", f"file://{CERTIFICATES / body}"]
        words += ["--private-key", f"file://{CERTIFICATES / key}", "--certificate-chain", f"file://{chain}"]
        return iam(server, "upload-server-certificate", "--server-certificate-name", name, *words)

    shown = upload("web").json()["ServerCertificateMetadata"]
    assert shown["Arn"].endswith(":server-certificate/web") and shown["Expiration"].startswith("2100-01-01")
    upload("ec", "ec.pem", "ec.key").ok()
    upload("other", "other.pem").refused("KeyPairMismatch")
    said = upload("other", chain=CERTIFICATES / "root.pem").refused("MalformedCertificate")
    assert "The index within the chain of the invalid certificate is: -1" in said
    upload("WEB").refused("EntityAlreadyExists")

    got = iam(server, "get-server-certificate", "--server-certificate-name", "web")
    assert "PRIVATE" not in got.out
    assert got.json()["ServerCertificate"]["CertificateChain"].split() == chain.read_text().split()
    name = ["--server-certificate-name", "web"]
    iam(server, "tag-server-certificate", *name, "--tags", "Key=team,Value=a").ok()
    iam(server, "update-server-certificate", *name, "--new-path", "/x/").ok()
    tags = iam(server, "list-server-certificate-tags", *name).json()["Tags"]
    assert tags == [{"Key": "team", "Value": "a"}]
    listed = iam(server, "list-server-certificates", "--path-prefix", "/x/").json()
    assert [row["ServerCertificateName"] for row in listed["ServerCertificateMetadataList"]] == ["web"]
    iam(server, "delete-server-certificate", *name).ok()
    iam(server, "get-server-certificate", *name).refused("NoSuchEntity")


def test_root_has_a_signing_certificate(server):
    body = ["--certificate-body", f"file://{CERTIFICATES / 'ec.pem'}"]
    certificate = iam(server, "upload-signing-certificate", *body).json()["Certificate"]
    iam(server, "upload-signing-certificate", *body).refused("DuplicateCertificate")
    summary = iam(server, "get-account-summary").json()["SummaryMap"]
    assert summary["AccountSigningCertificatesPresent"] == 1
    iam(server, "delete-signing-certificate", "--certificate-id", certificate["CertificateId"]).ok()
    assert iam(server, "list-signing-certificates").json()["Certificates"] == []


def test_a_service_specific_credential_shows_its_password_once(server):
    iam(server, "create-user", "--user-name", "ann").ok()
    create = ["create-service-specific-credential", "--user-name", "ann", "--service-name"]
    git = iam(server, *create, "codecommit.amazonaws.com").json()["ServiceSpecificCredential"]
    assert git["ServiceUserName"] == "ann-at-000000000000" and len(git["ServicePassword"]) == 44
    key = iam(server, *create, "bedrock.amazonaws.com", "--credential-age-days", "30").json()
    assert key["ServiceSpecificCredential"]["ServiceCredentialSecret"].startswith("ABSK")
    iam(server, *create, "lambda.amazonaws.com").refused("NoSuchEntity")
    listed = iam(server, "list-service-specific-credentials", "--user-name", "ann")
    assert git["ServicePassword"] not in listed.out and len(listed.json()["ServiceSpecificCredentials"]) == 2
    one = ["--user-name", "ann", "--service-specific-credential-id", git["ServiceSpecificCredentialId"]]
    again = iam(server, "reset-service-specific-credential", *one).json()["ServiceSpecificCredential"]
    assert again["ServicePassword"] != git["ServicePassword"]
    iam(server, "update-service-specific-credential", *one, "--status", "Inactive").ok()
    iam(server, "delete-service-specific-credential", *one).ok()


def test_outbound_federation_has_one_issuer(server):
    iam(server, "get-outbound-web-identity-federation-info").refused("FeatureDisabled")
    issuer = iam(server, "enable-outbound-web-identity-federation").json()["IssuerIdentifier"]
    assert issuer.startswith("https://roles.example.com/_rolecall/issuer/")
    info = iam(server, "get-outbound-web-identity-federation-info").json()
    assert info == {"IssuerIdentifier": issuer, "JwtVendingEnabled": True}
    iam(server, "disable-outbound-web-identity-federation").ok()
    iam(server, "disable-outbound-web-identity-federation").refused("FeatureDisabled")


def test_the_version_of_tokens_stands_in_the_summary(server):
    word = ["--global-endpoint-token-version", "v2Token"]
    iam(server, "set-security-token-service-preferences", *word).ok()
    assert iam(server, "get-account-summary").json()["SummaryMap"]["GlobalEndpointTokenVersion"] == 2


def test_an_organization_switches_central_root_access(server):
    iam(server, "list-organizations-features").refused("OrganizationNotFoundException")
    organization = server.aws(server.root, "organizations", "create-organization").json()["Organization"]["Id"]
    iam(server, "enable-organizations-root-sessions").refused("ServiceAccessNotEnabledException")
    trust = ["enable-aws-service-access", "--service-principal", "iam.amazonaws.com"]
    server.aws(server.root, "organizations", *trust).ok()
    on = iam(server, "enable-organizations-root-sessions").json()
    assert on == {"OrganizationId": organization, "EnabledFeatures": ["RootSessions"]}
    iam(server, "enable-organizations-root-credentials-management").ok()
    iam(server, "disable-organizations-root-sessions").ok()
    assert iam(server, "list-organizations-features").json()["EnabledFeatures"] == ["RootCredentialsManagement"]


def test_quotas_are_awss_unless_set():
    trust = {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"},
    }
    with Server("--compute", "none", "--quota", "roles=2", "--quota", "groups=301") as server:
        create = ["create-role", "--assume-role-policy-document", json.dumps(trust), "--role-name"]
        for name in "ab":
            iam(server, *create, name).ok()
        said = iam(server, *create, "c").refused("LimitExceeded")
        assert "Cannot exceed quota for RolesPerAccount: 2" in said
        iam(server, "delete-role", "--role-name", "a").ok()
        iam(server, *create, "c").ok()
        summary = iam(server, "get-account-summary").json()["SummaryMap"]
        assert (summary["RolesQuota"], summary["GroupsQuota"], summary["UsersQuota"]) == (2, 301, 5000)
        assert summary["Roles"] == 2
