"""Passwords and second factors, with the aws CLI and boto3; codes are computed here, as an authenticator app does."""

import base64
import hashlib
import hmac
import json
import struct
import time
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError
from running import Keys, Server, allow


def code(seed, step=0):
    """RFC 6238 for a seed in base 32, so many steps of 30 seconds from now."""
    counter = int(time.time()) // 30 + step
    digest = hmac.new(base64.b32decode(seed), struct.pack(">Q", counter), hashlib.sha1).digest()
    offset = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[offset:offset + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


def early_in_a_step():
    """Waits until the step of 30 seconds lasts for a while yet: codes of one step come out of several calls."""
    left = 30 - time.time() % 30
    if left < 12:
        time.sleep(left + 0.1)


def refusal(call, **parameters):
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def device(server, user, name="phone"):
    """A virtual device that is the user's second factor; its codes up to the step before this one are used up."""
    iam = server.client("iam", server.root)
    made = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]
    seed = made["Base32StringSeed"]
    codes = {"AuthenticationCode1": code(seed, -2), "AuthenticationCode2": code(seed, -1)}
    iam.enable_mfa_device(UserName=user, SerialNumber=made["SerialNumber"], **codes)
    return made["SerialNumber"], seed


def test_a_policy_that_denies_all_without_a_second_factor_opens_with_a_code(server):
    deny = {"Effect": "Deny", "NotAction": "sts:GetSessionToken", "Resource": "*",
            "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}}
    policy = {"Version": "2012-10-17",
              "Statement": [deny, {"Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*"}]}
    ann = server.user("ann", policy)
    early_in_a_step()
    serial, seed = device(server, "ann")
    assert refusal(server.client("iam", ann).list_users)[0] == "AccessDenied"
    plain = Keys.of(server.client("sts", ann).get_session_token()["Credentials"])
    assert refusal(server.client("iam", plain).list_users)[0] == "InvalidClientTokenId"
    words = ["sts", "get-session-token", "--serial-number", serial, "--token-code"]
    given = server.aws(ann, *words, code(seed)).json()["Credentials"]
    session = Keys.of(given)
    users = server.aws(session, "iam", "list-users").json()["Users"]
    assert [user["UserName"] for user in users] == ["ann"]
    # The same code again, and one that is nobody's.
    for again in [code(seed), "000000"]:
        said = server.aws(ann, *words, again).refused("AccessDenied")
        assert "MultiFactorAuthentication failed with invalid MFA one time pass code." in said
    server.aws(ann, *words, code(seed, 1)).ok()


def test_a_code_that_many_show_at_once_is_good_once(server):
    ann = server.user("ann", allow("iam:ListUsers"))
    early_in_a_step()
    serial, seed = device(server, "ann")
    shown = {"SerialNumber": serial, "TokenCode": code(seed)}

    def works(client):
        try:
            return bool(client.get_session_token(**shown))
        except ClientError:
            return False

    clients = [server.client("sts", ann) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(works, clients)) == 1


def test_a_role_may_ask_for_a_second_factor(server):
    ann = server.user("ann", allow("sts:AssumeRole"))
    early_in_a_step()
    serial, seed = device(server, "ann")
    statement = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:root"}, "Action": "sts:AssumeRole",
                 "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}
    trust = json.dumps({"Version": "2012-10-17", "Statement": statement})
    arn = server.client("iam", server.root).create_role(RoleName="r", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    sts = server.client("sts", ann)
    role = {"RoleArn": arn, "RoleSessionName": "s1"}
    assert refusal(sts.assume_role, **role)[0] == "AccessDenied"
    given = sts.assume_role(**role, SerialNumber=serial, TokenCode=code(seed))["Credentials"]
    me = server.client("sts", Keys.of(given)).get_caller_identity()["Arn"]
    assert me == "arn:aws:sts::000000000000:assumed-role/r/s1"
    assert refusal(sts.assume_role, **role, SerialNumber=serial, TokenCode=code(seed)) == (
        "AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code. ")
    # A session that was got with a code shows it to trust policies as well.
    given = sts.get_session_token(SerialNumber=serial, TokenCode=code(seed, 1))["Credentials"]
    server.client("sts", Keys.of(given)).assume_role(**role)


def test_used_codes_stay_used_after_a_restart(tmp_path):
    with Server("--compute", "none", data=tmp_path / "d") as server:
        ann = server.user("ann", allow("iam:ListUsers"))
        early_in_a_step()
        serial, seed = device(server, "ann")
        used = code(seed)
        server.client("sts", ann).get_session_token(SerialNumber=serial, TokenCode=used)
    with Server("--compute", "none", data=tmp_path / "d") as server:
        sts = server.client("sts", ann)
        assert refusal(sts.get_session_token, SerialNumber=serial, TokenCode=used)[0] == "AccessDenied"
        sts.get_session_token(SerialNumber=serial, TokenCode=code(seed, 1))


def test_the_cli_writes_a_picture_and_lists_what_there_is(server, tmp_path):
    server.user("ann", allow("iam:ListUsers"))
    picture = tmp_path / "code.png"
    words = ["iam", "create-virtual-mfa-device", "--virtual-mfa-device-name", "phone", "--outfile", str(picture)]
    made = server.aws(server.root, *words, "--bootstrap-method", "QRCodePNG").json()["VirtualMFADevice"]
    png = picture.read_bytes()
    assert png.startswith(b"\x89PNG\r\n\x1a\n") and zlib.crc32(png[12:29]) == struct.unpack(">I", png[29:33])[0]
    iam = server.client("iam", server.root)
    listed = iam.list_virtual_mfa_devices(AssignmentStatus="Unassigned")["VirtualMFADevices"]
    assert listed == [{"SerialNumber": made["SerialNumber"]}]
    serial, _ = device(server, "ann", "other")
    assert [d["SerialNumber"] for d in iam.list_mfa_devices(UserName="ann")["MFADevices"]] == [serial]
    assert refusal(iam.delete_virtual_mfa_device, SerialNumber=serial)[0] == "DeleteConflict"
    assert iam.get_account_summary()["SummaryMap"]["MFADevicesInUse"] == 1
    iam.deactivate_mfa_device(UserName="ann", SerialNumber=serial)
    iam.delete_virtual_mfa_device(SerialNumber=serial)


def test_a_user_changes_its_password_within_the_policy(server):
    ann = server.user("ann", allow("iam:GetUser"))
    root = server.client("iam", server.root)
    weak = refusal(root.create_login_profile, UserName="ann", Password="abcdefg1")
    assert weak[0] == "PasswordPolicyViolation" and "at least one uppercase letter" in weak[1]
    profile = root.create_login_profile(UserName="ann", Password="Correct-horse1", PasswordResetRequired=True)
    assert profile["LoginProfile"]["PasswordResetRequired"] is True
    change = ["iam", "change-password", "--old-password", "Correct-horse1", "--new-password", "Correct-horse2"]
    server.aws(ann, *change).refused("AccessDenied")
    root.update_account_password_policy(AllowUsersToChangePassword=True, PasswordReusePrevention=5)
    server.aws(ann, *change).ok()
    own = server.client("iam", ann)
    assert own.get_account_password_policy()["PasswordPolicy"]["PasswordReusePrevention"] == 5
    back = {"OldPassword": "Correct-horse2", "NewPassword": "Correct-horse1"}
    assert refusal(own.change_password, **back)[0] == "PasswordPolicyViolation"
    wrong = {"OldPassword": "Correct-horse1", "NewPassword": "Correct-horse3"}
    assert refusal(own.change_password, **wrong) == ("AccessDenied", "The old password was incorrect.")
    assert root.get_login_profile(UserName="ann")["LoginProfile"]["PasswordResetRequired"] is False
    root.delete_login_profile(UserName="ann")
    assert refusal(root.get_login_profile, UserName="ann")[0] == "NoSuchEntity"
