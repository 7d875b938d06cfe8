"""Many instances at once: launched and terminated, beside S3, and with what owns them killed on the way."""

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from running import Server, wait_for
from test_machines import processes_below

MANY = 200
CALLERS = 8


class Fleet:
    """Instances of one account, launched by several callers at once."""

    def __init__(self, server, count):
        self.server, self.count = server, count
        self.ec2 = server.client("ec2", server.root, read_timeout=120)
        self.image = self.ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
        self.free = self.addresses()

    def launch(self):
        each = self.count // CALLERS
        launch = lambda _: self.ec2.run_instances(  # noqa: E731
            ImageId=self.image, InstanceType="t3.micro", MinCount=each, MaxCount=each)["Instances"]
        with ThreadPoolExecutor(CALLERS) as callers:
            self.ids = [instance["InstanceId"] for made in callers.map(launch, range(CALLERS)) for instance in made]
        assert len(set(self.ids)) == self.count

    def states(self):
        found = [instance for page in self.ec2.get_paginator("describe_instances").paginate()
                 for reservation in page["Reservations"] for instance in reservation["Instances"]]
        return [instance["State"]["Name"] for instance in found], found

    def wait(self, state):
        is_so = lambda: set(self.states()[0]) == {state}  # noqa: E731
        try:
            wait_for(f"all to be {state}", is_so, seconds=120)
        except AssertionError:
            others = [(i["State"]["Name"], i.get("StateReason")) for i in self.states()[1] if i["State"]["Name"] != state]
            raise AssertionError(f"{len(others)} are not {state}: {others[:3]}: {self.server.said()[-2000:]}") from None

    def terminate(self):
        half = self.count // 2
        for ids in (self.ids[:half], self.ids[half:]):
            self.ec2.terminate_instances(InstanceIds=ids)

    def addresses(self):
        """How many addresses are free in all subnets."""
        return sum(subnet["AvailableIpAddressCount"] for subnet in self.ec2.describe_subnets()["Subnets"])

    def check_nothing_is_left(self):
        assert self.ec2.describe_network_interfaces()["NetworkInterfaces"] == []
        assert self.ec2.describe_volumes()["Volumes"] == []
        assert self.addresses() == self.free


def test_two_hundred_records_come_and_go(server):
    fleet = Fleet(server, MANY)
    fleet.launch()
    fleet.wait("running")
    _, found = fleet.states()
    for name in ("PrivateIpAddress", "PublicIpAddress"):
        assert len({instance[name] for instance in found}) == MANY
    assert fleet.addresses() == fleet.free - MANY
    fleet.terminate()
    fleet.wait("terminated")
    fleet.check_nothing_is_left()


class Reads:
    """An object of S3, read again and again until the end."""

    def __init__(self, server):
        self.s3 = server.client("s3", server.root)
        self.s3.create_bucket(Bucket="beside")
        self.s3.put_object(Bucket="beside", Key="o", Body=b"x" * 4096)
        self.done, self.faults, self.end = 0, [], threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.end.is_set():
            try:
                assert len(self.s3.get_object(Bucket="beside", Key="o")["Body"].read()) == 4096
                self.done += 1
            except Exception as fault:  # noqa: BLE001
                self.faults.append(fault)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.end.set()
        self.thread.join()


def groups_of(supervisor):
    """Control groups of instances."""
    return [group for place in Path("/sys/fs/cgroup").rglob(f"rolecall-{supervisor}") for group in place.iterdir()
            if group.is_dir()]


def machines_or_skip(server):
    if "namespaces" not in server.said():
        pytest.skip("no isolated machines here")


def test_two_hundred_machines_come_and_go_beside_s3_and_leave_nothing(tmp_path):
    with Server("--compute", "auto", data=tmp_path / "data") as server:
        machines_or_skip(server)
        [supervisor] = processes_below(server.process.pid)
        fleet = Fleet(server, MANY)
        with Reads(server) as reads:
            fleet.launch()
            fleet.wait("running")
            assert len(processes_below(supervisor)) == MANY
            fleet.terminate()
            fleet.wait("terminated")
        assert reads.faults == [] and reads.done > 0
        fleet.check_nothing_is_left()
        assert processes_below(supervisor) == [] and groups_of(supervisor) == []
        compute = tmp_path / "data" / "compute"
        wait_for("the end of all disks", lambda: not [*compute.glob("instances/*"), *compute.glob("trash/*")])


def test_a_supervisor_that_is_killed_in_a_storm_loses_no_instance(tmp_path):
    with Server("--compute", "auto", data=tmp_path / "data") as server:
        machines_or_skip(server)
        [supervisor] = processes_below(server.process.pid)
        fleet = Fleet(server, 40)
        fleet.launch()
        wait_for("some machines", lambda: processes_below(supervisor))
        os.kill(supervisor, signal.SIGKILL)
        fleet.wait("running")
        successor = wait_for("the next supervisor", lambda: [
            process for process in processes_below(server.process.pid) if process != supervisor])[0]
        wait_for("every machine", lambda: len(processes_below(successor)) == 40)
        fleet.terminate()
        fleet.wait("terminated")
        fleet.check_nothing_is_left()
        assert processes_below(successor) == []
