"""Servers for tests."""

import os
from pathlib import Path

import pytest
from running import ROOT, Server

GUEST_TOOLS = Path(os.environ.get("ROLECALL_GUEST_TOOLS_DIR", ROOT / ".cache" / "guest-tools" / "aws"))


@pytest.fixture
def server():
    """A fresh server without machines, that keeps nothing."""
    with Server("--compute", "none") as running:
        yield running


@pytest.fixture
def machines():
    """A fresh server with the strongest machines that this computer can run."""
    tools = GUEST_TOOLS if GUEST_TOOLS.is_dir() else None
    with Server("--compute", "auto", guest_tools=tools) as running:
        yield running
