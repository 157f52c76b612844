"""A plain client for loads, in a process of its own, so that the one asking costs little.

Jobs and answers are lines of JSON on its standard input and output.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import repeat
from typing import Any

_PATIENCE_SECONDS = 30.0


@dataclass(frozen=True)
class Load:
    """What became of a job: answers by status, and how long each took."""

    seconds: float
    statuses: Mapping[str, int]
    median_ms: float
    slow_ms: float
    bytes: int

    @property
    def rate(self) -> float:
        """Answers in a second."""
        return sum(self.statuses.values()) / self.seconds

    def all_were(self, status: int) -> Load:
        """This load, if every answer had `status`; RuntimeError otherwise."""
        if set(self.statuses) != {str(status)}:
            raise RuntimeError(f"wanted {status} only, got {self.statuses}")
        return self


def get(path: str, cookies: str = "") -> str:
    """A GET as a browser sends it."""
    return _head("GET", path, cookies) + "\r\n"


def post(path: str, form: str, cookies: str) -> str:
    """A form, sent as a browser sends it."""
    return (
        f"{_head('POST', path, cookies)}Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(form)}\r\n\r\n{form}"
    )


def _head(method: str, path: str, cookies: str) -> str:
    return (
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: gzip\r\n"
        f"Accept: text/html\r\nCookie: {cookies}\r\n"
    )


class Client:
    """The client's process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.load"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def again(self, port: int, request: str, *, seconds: float, lines: int = 4) -> Load:
        """Ask for the same for so many seconds, on so many connections at once."""
        return self._ask({"port": port, "requests": [request], "seconds": seconds, "lines": lines})

    def each(self, port: int, requests: Sequence[str], *, lines: int = 4) -> Load:
        """Ask each of `requests` once."""
        return self._ask({"port": port, "requests": requests, "seconds": None, "lines": lines})

    def _ask(self, job: Mapping[str, Any]) -> Load:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError("the client ended")
        return Load(**json.loads(answer))

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


class _Line(asyncio.Protocol):
    """One connection: asks, reads one answer, asks again."""

    def __init__(self, requests: Iterator[bytes], until: float | None) -> None:
        self.requests, self.until = requests, until
        self.took: list[float] = []
        self.statuses: Counter[str] = Counter()
        self.bytes = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._read = bytearray()
        self._wanted = -1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._next()

    def _next(self) -> None:
        self._asked_at = time.perf_counter()
        late = self.until is not None and self._asked_at >= self.until
        request = None if late else next(self.requests, None)
        if request is None:
            self.done.set_result(None)
            self._transport.close()
        else:
            self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._read += data
        if self._wanted < 0:
            end = self._read.find(b"\r\n\r\n")
            if end < 0:
                return
            head = bytes(self._read[:end]).lower()
            at = head.find(b"\r\ncontent-length:")
            length = int(head[at + 17 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            self._wanted = end + 4 + length
            self.statuses[head[9:12].decode()] += 1
        if len(self._read) >= self._wanted:
            self.took.append(time.perf_counter() - self._asked_at)
            self.bytes = self._wanted
            self._read.clear()
            self._wanted = -1
            self._next()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("the server hung up"))


async def _work(job: Mapping[str, Any]) -> Load:
    asked = [text.encode() for text in job["requests"]]
    requests = iter(asked) if job["seconds"] is None else repeat(asked[0])
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    until = None if job["seconds"] is None else began + job["seconds"]
    lines = [
        (await loop.create_connection(lambda: _Line(requests, until), "127.0.0.1", job["port"]))[1]
        for _ in range(job["lines"])
    ]
    patience = _PATIENCE_SECONDS + (job["seconds"] or 0)
    await asyncio.wait_for(asyncio.gather(*(line.done for line in lines)), patience)
    seconds = time.perf_counter() - began
    took = sorted(t for line in lines for t in line.took)
    return Load(
        seconds=seconds,
        statuses=dict(sum((line.statuses for line in lines), Counter())),
        median_ms=statistics.median(took) * 1000,
        slow_ms=took[int(len(took) * 0.95)] * 1000,
        bytes=max(line.bytes for line in lines),
    )


def _serve() -> None:
    for text in sys.stdin:
        print(json.dumps(asdict(asyncio.run(_work(json.loads(text))))), flush=True)


if __name__ == "__main__":
    _serve()
