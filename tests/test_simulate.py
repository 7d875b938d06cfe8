"""Simulations and reports of use, as the aws CLI shows them."""

import base64
import csv
import io
import json

from running import Keys, Server, allow, trust

ANN = "arn:aws:iam::000000000000:user/ann"
STATEMENT = '{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::a/*"}'
DENY = '{"Effect":"Deny","Action":"s3:DeleteObject","Resource":"*"}'
TEXT = f'{{"Version":"2012-10-17","Statement":[{STATEMENT},{DENY}]}}'


def test_given_policies_are_simulated_resource_by_resource_with_the_places_of_statements(server):
    answer = server.aws(
        server.root, "iam", "simulate-custom-policy", "--policy-input-list", TEXT,
        "--action-names", "s3:GetObject", "s3:DeleteObject",
        "--resource-arns", "arn:aws:s3:::a/k", "arn:aws:s3:::b/k",
    ).json()
    get, delete = answer["EvaluationResults"]
    assert get["EvalDecision"] == "implicitDeny"
    first, second = get["ResourceSpecificResults"]
    assert (first["EvalResourceName"], first["EvalResourceDecision"]) == ("arn:aws:s3:::a/k", "allowed")
    assert first["MatchedStatements"] == [{
        "SourcePolicyId": "PolicyInputList.1", "SourcePolicyType": "IAM Policy",
        "StartPosition": {"Line": 1, "Column": 38}, "EndPosition": {"Line": 1, "Column": 38 + len(STATEMENT)},
    }]
    assert (second["EvalResourceDecision"], second["MatchedStatements"]) == ("implicitDeny", [])
    assert delete["EvalDecision"] == "explicitDeny"
    start = 38 + len(STATEMENT)
    assert [matched["StartPosition"]["Column"] for matched in delete["MatchedStatements"]] == [start]


def test_missing_and_given_condition_keys(server):
    text = json.dumps(allow("s3:GetObject", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}))
    words = ["iam", "simulate-custom-policy", "--policy-input-list", text, "--action-names", "s3:GetObject"]
    result = server.aws(server.root, *words).json()["EvaluationResults"][0]
    assert (result["EvalDecision"], result["MissingContextValues"]) == ("implicitDeny", ["aws:SourceIp"])
    entry = "ContextKeyName=aws:SourceIp,ContextKeyValues=10.1.2.3,ContextKeyType=ip"
    result = server.aws(server.root, *words, "--context-entries", entry).json()["EvaluationResults"][0]
    assert (result["EvalDecision"], result["MissingContextValues"]) == ("allowed", [])
    server.aws(server.root, *words[:-1], "s3:Get*").refused("InvalidInput")


def test_a_principal_is_simulated_as_it_is_really_decided(server):
    ann = server.user("ann", allow("iam:Get*", ANN))
    words = ["iam", "simulate-principal-policy", "--policy-source-arn", ANN, "--action-names", "iam:GetUser", "--resource-arns"]
    for name in ("ann", "bob"):
        arn = ANN.replace("ann", name)
        result = server.aws(server.root, *words, arn).json()["EvaluationResults"][0]
        really = server.aws(ann, "iam", "get-user", "--user-name", name)
        if really.code == 0:
            assert result["EvalDecision"] == "allowed"
            assert result["MatchedStatements"][0]["SourcePolicyId"] == "user_ann_own"
        else:
            assert result["EvalDecision"] == "implicitDeny"
            really.refused("AccessDenied")
    server.aws(ann, *words, ANN).refused("AccessDenied")


def test_the_last_use_of_keys_roles_and_services_is_told_and_outlives_the_server(tmp_path):
    data = tmp_path / "state"
    with Server("--compute", "none", data=data) as server:
        root = server.root
        ann = server.user("ann", allow(["s3:ListAllMyBuckets", "sts:AssumeRole"]))
        never = server.aws(root, "iam", "get-access-key-last-used", "--access-key-id", ann.id).json()
        assert never["AccessKeyLastUsed"]["ServiceName"] == "N/A"
        iam = server.client("iam", root)
        iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(trust({"AWS": ANN})))
        iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=json.dumps(allow("iam:CreateGroup")))
        assert iam.get_role(RoleName="r")["Role"]["RoleLastUsed"] == {}
        sts = server.client("sts", ann)
        role = Keys.of(sts.assume_role(RoleArn="arn:aws:iam::000000000000:role/r", RoleSessionName="session")["Credentials"])
        server.aws(role, "iam", "create-group", "--group-name", "g").json()
        server.aws(ann, "s3api", "list-buckets", region="eu-west-1").json()

        def used():
            answer = server.aws(root, "iam", "get-access-key-last-used", "--access-key-id", ann.id).json()
            last = server.client("iam", root).get_role(RoleName="r")["Role"]["RoleLastUsed"]
            return answer["UserName"], answer["AccessKeyLastUsed"], last

        before = used()
        assert (before[0], before[1]["ServiceName"], before[1]["Region"]) == ("ann", "s3", "eu-west-1")
        assert before[2]["Region"] == "us-east-1"
    with Server("--compute", "none", data=data) as server:
        assert used() == before
        job = server.aws(root, "iam", "generate-service-last-accessed-details", "--granularity", "ACTION_LEVEL",
                         "--arn", "arn:aws:iam::000000000000:role/r").json()["JobId"]
        report = server.aws(root, "iam", "get-service-last-accessed-details", "--job-id", job).json()
        assert report["JobStatus"] == "COMPLETED"
        [service] = report["ServicesLastAccessed"]
        assert (service["ServiceNamespace"], service["TotalAuthenticatedEntities"]) == ("iam", 1)
        assert [action["ActionName"] for action in service["TrackedActionsLastAccessed"]] == ["CreateGroup"]
        granting = server.aws(root, "iam", "list-policies-granting-service-access", "--arn", ANN,
                              "--service-namespaces", "s3", "iam").json()["PoliciesGrantingServiceAccess"]
        assert [len(entry["Policies"]) for entry in granting] == [1, 0]


def test_the_credential_report_is_a_table_of_everybody(server):
    ann = server.user("ann")
    server.aws(ann, "sts", "get-caller-identity").json()
    server.aws(server.root, "iam", "get-credential-report").refused("ReportNotPresent")
    generate = ["iam", "generate-credential-report"]
    assert server.aws(server.root, *generate).json()["State"] == "STARTED"
    assert server.aws(server.root, *generate).json() == {"State": "COMPLETE"}
    report = server.aws(server.root, "iam", "get-credential-report").json()
    lines = list(csv.DictReader(io.StringIO(base64.b64decode(report["Content"]).decode())))
    assert [line["user"] for line in lines] == ["<root_account>", "ann"]
    assert (lines[0]["password_enabled"], lines[0]["mfa_active"]) == ("not_supported", "false")
    assert lines[0]["access_key_1_last_used_service"] == "iam"
    assert (lines[1]["arn"], lines[1]["password_enabled"], lines[1]["access_key_1_active"]) == (ANN, "false", "true")
    assert lines[1]["access_key_1_last_used_service"] == "sts"
    assert (lines[1]["access_key_2_active"], lines[1]["cert_1_active"]) == ("false", "false")
