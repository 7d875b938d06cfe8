"""A disk that an instance fills up: what needs room fails with its reason, all else goes on, and a termination frees it."""

import os
import shutil
import subprocess

import pytest
from running import Server, wait_for

FILL = "#!/bin/sh\necho fills\ndd if=/dev/zero of=/root/fill bs=64k\n"
FULL = "No space left on device"


@pytest.fixture
def small(tmp_path):
    """A file system as servers have it: the last of its room is for root, which nobody in an instance is."""
    if os.geteuid() or not shutil.which("mkfs.ext4"):
        pytest.skip("needs root and mkfs.ext4")
    image, place = tmp_path / "image", tmp_path / "small"
    with open(image, "wb") as file:
        file.truncate(400 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-m", "5", image], check=True)
    place.mkdir(mode=0o700)
    if subprocess.run(["mount", "-o", "loop", image, place], capture_output=True).returncode:
        pytest.skip("no loop devices here")
    yield place / "data"
    subprocess.run(["umount", place], check=True)


def test_a_full_disk_is_the_reason_of_what_it_keeps_from_starting_and_of_nothing_else(small):
    with Server("--compute", "auto", data=small) as server:
        if "namespaces" not in server.said():
            pytest.skip("no isolated machines here")
        ec2 = server.client("ec2", server.root)
        image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]

        def launch(**more):
            made = ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1, **more)
            return made["Instances"][0]["InstanceId"]

        def record(id):
            return ec2.describe_instances(InstanceIds=[id])["Reservations"][0]["Instances"][0]

        def wait(id, state):
            wait_for(f"{id} {state}", lambda: record(id)["State"]["Name"] == state)
            return record(id).get("StateReason", {}).get("Message", "")

        filler = launch(UserData=FILL)
        wait(filler, "running")
        wait_for("a full disk", lambda: FULL in ec2.get_console_output(InstanceId=filler)["Output"])

        assert FULL in wait(launch(), "terminated")
        made = ec2.create_image(InstanceId=filler, Name="too-large", NoReboot=True)["ImageId"]
        failed = wait_for("a failed image", lambda: [
            image for image in ec2.describe_images(ImageIds=[made])["Images"] if image["State"] == "failed"])
        assert FULL in failed[0]["StateReason"]["Message"], failed
        # What is written is the server's alone.
        ec2.create_tags(Resources=[filler], Tags=[{"Key": "is", "Value": "full"}])
        assert server.rolecall(server.root, "exec", filler, "--", "echo", "still here").out == "still here\n"

        ec2.stop_instances(InstanceIds=[filler])
        wait(filler, "stopped")
        ec2.start_instances(InstanceIds=[filler])
        wait_for("a start that failed", lambda: FULL in record(filler).get("StateReason", {}).get("Message", ""))
        assert record(filler)["State"]["Name"] == "stopped"
        ec2.terminate_instances(InstanceIds=[filler])
        wait(filler, "terminated")
        wait_for("the end of its disk", lambda: shutil.disk_usage(small).free > 100 << 20)
        wait(launch(), "running")
