"""`rolecall eval`: decisions without a server, a line in and a line out."""

import json
import subprocess

import pytest
from running import BINARY, ROOT, allow, clean, run

CASES = [json.loads(line) for line in (ROOT / "tests" / "data" / "eval.jsonl").read_text().splitlines()]
DECISIONS = ROOT / "crates" / "policy" / "tests" / "data" / "decisions.jsonl"
CASE = {"principal": "arn:aws:iam::111111111111:user/ann", "action": "s3:GetObject", "resource": "arn:aws:s3:::b/k",
        "identity_policies": [allow("s3:*")]}


def answers(*lines):
    """What is answered to these lines, objects or raw texts."""
    text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
    done = run([BINARY, "eval"], clean({}), text)
    found = [json.loads(line) for line in done.ok().splitlines()]
    assert len(found) == len(lines)
    return found


def decided_by(answer):
    return [f"{one['policy']}:{one['statement']}" for one in answer["matched"]]


def test_every_case_is_decided_as_listed():
    for case, answer in zip(CASES, answers(*[case["line"] for case in CASES])):
        assert answer["decision"] == case["expect"], (case["name"], answer)
        assert answer["reason"], case["name"]
        if "matched" in case:
            assert decided_by(answer) == case["matched"], case["name"]


def test_the_cases_of_the_engine_are_decided_alike():
    lines, expected = [], []
    for text in DECISIONS.read_text().splitlines():
        case = json.loads(text)
        # A line cannot tell who asked for a federated session, nor a unique id that is not in the context.
        if "user/issuer" in text or "AROA" in text:
            continue
        expected.append((case["expect"], case["name"]))
        lines.append({k: v for k, v in case.items() if k not in ("section", "name", "expect", "reason", "rule")})
    assert len(lines) > 150
    found = [(answer["decision"], name) for answer, (_, name) in zip(answers(*lines), expected)]
    assert found == expected


@pytest.mark.parametrize("line", [
    "", "null", "[]", "{", '"text"', '{"principal": 1}', json.dumps(list(CASE.values())),
    json.dumps(CASE)[:-1] + ', "action": "s3:PutObject"}',
    json.dumps(CASE)[:-1] + ', "context": {"aws:k": "a", "aws:k": "b"}}',
    json.dumps(CASE) + json.dumps(CASE), "[" * 100_000,
])
def test_a_line_that_is_no_case_is_answered_and_the_next_one_too(line):
    first, second = answers(line, CASE)
    assert first["decision"] == "error:InvalidInput" and set(first) == {"decision", "reason"}
    assert second["decision"] == "allowed"


def test_bytes_that_are_no_text_are_answered():
    done = subprocess.run([BINARY, "eval"], input=b'{"principal": "\xff"}\n', capture_output=True, env=clean({}))
    assert done.returncode == 0 and json.loads(done.stdout)["decision"] == "error:InvalidInput"


def test_an_element_that_is_there_twice_reaches_the_engine():
    policy = '{"Version": "2012-10-17", "Statement": [], "Statement": ' + json.dumps(allow("*")["Statement"]) + "}"
    (answer,) = answers(json.dumps({**CASE, "identity_policies": ["POLICY"]}).replace('"POLICY"', policy))
    assert answer["decision"] == "error:MalformedPolicyDocument"
    assert answer["reason"].startswith("identity[0]: ")


def test_the_sid_and_the_failed_element_are_told():
    policy = {"Version": "2012-10-17", "Statement": [
        {"Sid": "Mine", "Effect": "Deny", "Action": "s3:*", "Resource": "*"},
        {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::c/*"},
    ]}
    (answer,) = answers({**CASE, "identity_policies": [policy]})
    assert answer["reason"] == "with an explicit deny in an identity-based policy"
    assert answer["matched"] == [{"policy": "identity[0]", "statement": 0, "sid": "Mine"}]
    (layer,) = answer["trace"]["layers"]
    failed = layer["statements"][1]["failed"]
    assert failed == {"element": "Resource", "not": False, "values": ["arn:aws:s3:::c/*"]}


def test_each_answer_comes_before_the_next_line_is_given():
    with subprocess.Popen([BINARY, "eval"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                          env=clean({})) as process:
        for action, decision in [("s3:GetObject", "allowed"), ("ec2:RunInstances", "implicitDeny")]:
            process.stdin.write(json.dumps({**CASE, "action": action}) + "\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["decision"] == decision
        # The last line may end without a newline.
        process.stdin.write(json.dumps(CASE))
        process.stdin.close()
        assert json.loads(process.stdout.readline())["decision"] == "allowed"
        assert process.wait(timeout=10) == 0


def test_whoever_stops_reading_gets_no_panic():
    with subprocess.Popen([BINARY, "eval"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, env=clean({})) as process:
        process.stdout.close()
        process.stdin.write(json.dumps(CASE) + "\n")
        process.stdin.close()
        assert process.wait(timeout=10) == 1 and process.stderr.read() == ""


def test_an_argument_is_refused():
    done = run([BINARY, "eval", "cases.jsonl"], clean({}), "")
    assert done.code == 2 and "cases.jsonl" in done.err
