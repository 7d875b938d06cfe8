"""Runs Debian's cloud-init, unpacked at /opt/cloud-init, as an image's boot would: with its shipped configuration, and
the data source of EC2. A namespace has no firmware, so what that says on EC2 is said here: by it cloud-init knows that it
may ask for tokens."""

import sys

sys.path.insert(0, "/opt/cloud-init/usr/lib/python3/dist-packages")

from cloudinit import dmi  # noqa: E402
from cloudinit.cmd import main  # noqa: E402

UUID = "ec2e1916-9099-7caf-fd21-012345abcdef"
dmi.read_dmi_data = {"system-uuid": UUID, "system-serial-number": UUID, "system-product-name": "t3.micro"}.get
sys.exit(main.main(["cloud-init", *sys.argv[1:]]))
