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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import repeat
from typing import Any, Self

_PATIENCE_SECONDS = 30.0


@dataclass(frozen=True)
class Load:
    """What became of a job: answers by status, and how long each took.

    `slow_ms` was exceeded by one of twenty, `slowest_ms` by one of a hundred.
    """

    seconds: float
    statuses: Mapping[str, int]
    median_ms: float
    slow_ms: float
    slowest_ms: float
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


def post_draft(path: str, fields: Iterable[tuple[str, str]], cookies: str) -> str:
    """A form as a script of the page sends it: in parts."""
    parts = "".join(
        f'--part\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'
        for name, text in fields
    )
    form = f"{parts}--part--\r\n"
    return (
        f"{_head('POST', path, cookies)}Content-Type: multipart/form-data; boundary=part\r\n"
        f"Content-Length: {len(form.encode())}\r\n\r\n{form}"
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

    def paced(self, port: int, people: Sequence[Sequence[str]], *, pause: float) -> Load:
        """Each of `people` asks for his own, one after the other with a pause of seconds between.

        They begin spread over one pause; without one all begin in the same moment.
        """
        return self._ask({"port": port, "people": people, "seconds": None, "pause": pause})

    def _ask(self, job: Mapping[str, Any]) -> Load:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError("the client ended")
        return Load(**json.loads(answer))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


class _Line(asyncio.Protocol):
    """One connection: asks, reads one answer, asks again."""

    def __init__(
        self,
        requests: Iterator[bytes],
        until: float | None,
        *,
        pause: float = 0.0,
        first_after: float = 0.0,
    ) -> None:
        self.requests, self.until = requests, until
        self.pause, self.first_after = pause, first_after
        self.took: list[float] = []
        self.statuses: Counter[str] = Counter()
        self.bytes = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._read = bytearray()
        self._wanted = -1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._after(self.first_after)

    def _after(self, seconds: float) -> None:
        if seconds:
            asyncio.get_running_loop().call_later(seconds, self._next)
        else:
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
            self._after(self.pause)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("the server hung up"))


def _lines(job: Mapping[str, Any]) -> list[_Line]:
    if "people" in job:
        pause, people = job["pause"], job["people"]
        return [
            _Line(
                iter([text.encode() for text in own]),
                None,
                pause=pause,
                first_after=pause * place / len(people),
            )
            for place, own in enumerate(people)
        ]
    asked = [text.encode() for text in job["requests"]]
    requests = iter(asked) if job["seconds"] is None else repeat(asked[0])
    until = None if job["seconds"] is None else time.perf_counter() + job["seconds"]
    return [_Line(requests, until) for _ in range(job["lines"])]


async def _work(job: Mapping[str, Any]) -> Load:
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    lines = _lines(job)
    for line in lines:
        await loop.create_connection(lambda line=line: line, "127.0.0.1", job["port"])  # type: ignore[misc]
    patience = _PATIENCE_SECONDS + (job["seconds"] or 0)
    await asyncio.wait_for(asyncio.gather(*(line.done for line in lines)), patience)
    seconds = time.perf_counter() - began
    took = sorted(t for line in lines for t in line.took)
    return Load(
        seconds=seconds,
        statuses=dict(sum((line.statuses for line in lines), Counter())),
        median_ms=statistics.median(took) * 1000,
        slow_ms=took[int(len(took) * 0.95)] * 1000,
        slowest_ms=took[int(len(took) * 0.99)] * 1000,
        bytes=max(line.bytes for line in lines),
    )


def _serve() -> None:
    for text in sys.stdin:
        print(json.dumps(asdict(asyncio.run(_work(json.loads(text))))), flush=True)


if __name__ == "__main__":
    _serve()
