"""The served application: all of ours, and beside it one bare route as a yardstick."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from litestar import Litestar, get

from grants.app import create_app
from grants.platform import db

BARE = "/bare"
_START_SECONDS = 60.0


@get(BARE)
async def bare() -> dict[str, Any]:
    """One row as JSON: the least that a page with a database behind it can be."""
    found = await db.row("SELECT id, name FROM person WHERE id = 1")
    assert found is not None
    return dict(found)


def create() -> Any:
    """Our application as it is; the bare route has an application of its own, without guards,
    headers, compression and history."""
    ours, plain = create_app(), Litestar([bare], openapi_config=None)

    async def either(scope: Any, receive: Any, send: Any) -> None:
        await (plain if scope.get("path") == BARE else ours)(scope, receive, send)

    return either


@dataclass(frozen=True)
class Server:
    """A running server."""

    port: int
    process: subprocess.Popen[bytes]
    first_page_seconds: float

    @property
    def workers(self) -> list[int]:
        """Process ids of its workers."""
        found = []
        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                text, command = status.read_text(), (status.parent / "cmdline").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if f"PPid:\t{self.process.pid}\n" in text and "resource_tracker" not in command:
                found.append(int(status.parent.name))
        return found

    def resident_mb(self) -> float:
        """Memory of its largest worker."""
        return max(_resident_kb(pid) for pid in self.workers) / 1024


def _resident_kb(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


@contextmanager
def served(
    database: str, cookies: str, *, command: tuple[str, ...] = ("tests.bench.application",)
) -> Iterator[Server]:
    """Serve `database`; gives the server once it has answered the worklist."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        env={
            **os.environ,
            "GRANTS_DATABASE_NAME": database,
            "GRANTS_PORT": str(port),
            "GRANTS_PUBLIC_URL": f"http://127.0.0.1:{port}",
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _await_page(process, port, cookies)
        yield Server(port, process, time.perf_counter() - began)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await_page(process: subprocess.Popen[bytes], port: int, cookies: str) -> None:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/", headers={"Cookie": cookies})
    give_up = time.monotonic() + _START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                if answer.status == 200 and answer.url == request.full_url:
                    return
        except OSError:
            if time.monotonic() > give_up or process.poll() is not None:
                raise RuntimeError("the server does not answer") from None
        time.sleep(0.01)


if __name__ == "__main__":
    from granian import Granian
    from granian.constants import Interfaces

    from grants.settings import settings

    Granian(
        "tests.bench.application:create",
        factory=True,
        interface=Interfaces.ASGI,
        address=settings.host,
        port=settings.port,
        workers=settings.workers,
        log_access=False,
    ).serve()
