"""A cluster of its own for the storm, and the process that forks what is killed."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from grants.platform import embedded
from tests.storm.killing import Storm, lay_out

REPOSITORY = Path(__file__).parents[2]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--storm", action="store_true", help="the long storm: 500 kills")


@pytest.fixture(scope="module")
def storm() -> Iterator[Storm]:
    """An office of its own, durable, with the server that will be killed."""
    root = Path(tempfile.mkdtemp(prefix="grants-storm-"))
    root.chmod(0o711)
    cluster = embedded.start_cluster(root)
    asyncio.run(lay_out(root, cluster))
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.storm.worker", str(root)],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    yield Storm(root, server)
    server.kill()
    server.wait()
    embedded.remove_cluster(root)
    shutil.rmtree(root, ignore_errors=True)
