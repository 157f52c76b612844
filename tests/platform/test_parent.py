"""A worker does not outlive its server."""

from __future__ import annotations

import subprocess
import sys

WORKER = """
import time
from grants.platform.parent import end_with_parent
end_with_parent()
print("ready", flush=True)
time.sleep(60)
"""
SERVER = f"""
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", {WORKER!r}])
time.sleep(60)
"""


def test_a_worker_ends_when_its_server_is_killed() -> None:
    server = subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    assert server.stdout.readline() == "ready\n"
    server.kill()
    # The worker holds the other end of the pipe: it closes when the worker is gone.
    assert server.stdout.read() == ""
    server.wait()
    server.stdout.close()
