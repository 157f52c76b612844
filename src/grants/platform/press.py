"""The press: printing, drawing and reading papers in processes of their own, which can be killed.

WeasyPrint and V8 are large and may hang or crash on odd input, so web workers never load them.
Each press thread owns one child; a child that overruns its time is killed and the next job gets
a new one. Children start when the first job comes, and go home after ten idle minutes.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

from grants.platform.fonts import FontCache

#: What the press can do: the job's name and the function that does it in the child.
JOBS = {
    "pdf": "grants.platform.typesetting:typeset",
    "chart": "grants.platform.drawing:draw",
    "text": "grants.platform.reading:text_of",
    "codes": "grants.platform.reading:codes_in",
}
TIMEOUT_SECONDS = 20.0
#: A child ends itself when idle; the parent stops trusting it a little earlier.
IDLE_SECONDS = 600.0
#: Fresh children from time to time bound what a leak in a foreign library can cost.
JOBS_PER_CHILD = 500


class PressError(RuntimeError):
    """A document or a chart could not be made; the text says why."""


class PressTimeout(PressError):
    """It took too long; its process was ended."""


@dataclass(eq=False)
class _Child:
    """One process and the line to it."""

    process: subprocess.Popen[bytes]
    line: Connection
    jobs: int = 0
    used_at: float = field(default_factory=time.monotonic)

    @classmethod
    def start(cls, environ: dict[str, str]) -> _Child:
        ours, theirs = Pipe()
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-m", "grants.platform.press", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env={**os.environ, **environ},
            )
        return cls(process, ours)

    @property
    def fit(self) -> bool:
        """Whether the next job may go to it."""
        rested = time.monotonic() - self.used_at < IDLE_SECONDS * 0.9
        return rested and self.jobs < JOBS_PER_CHILD and self.process.poll() is None

    def stop(self) -> None:
        self.line.close()
        self.process.kill()
        self.process.wait()


class Press:
    """Up to `size` children, started with `environ` added to the environment."""

    def __init__(self, size: int, environ: dict[str, str] | None = None) -> None:
        self.size = size
        self.environ = environ or {}
        self._threads = ThreadPoolExecutor(size, thread_name_prefix="press")
        self._own = threading.local()
        self._children: set[_Child] = set()

    async def run(self, job: str, *args: object, timeout_seconds: float = TIMEOUT_SECONDS) -> Any:
        """The job's answer. The clock runs from its start, not while it waits for its turn.

        Raises PressTimeout when it takes longer than `timeout_seconds`, PressError when it fails.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._threads, lambda: self._run(job, args, timeout_seconds)
        )

    def close(self) -> None:
        """End the children; the press cannot be used afterwards."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        for child in list(self._children):
            self._end(child)

    @property
    def processes(self) -> list[int]:
        """The running children's process ids."""
        return [child.process.pid for child in self._children]

    def _run(self, job: str, args: tuple[object, ...], timeout_seconds: float) -> Any:
        child = self._child()
        try:
            child.line.send((job, args, timeout_seconds))
            if not child.line.poll(timeout_seconds):
                raise PressTimeout(f"{job} took longer than {timeout_seconds:g} s")
            done, answer = child.line.recv()
        except PressTimeout:
            self._end(child)
            raise
        except (EOFError, OSError) as broken:
            self._end(child)
            code = child.process.returncode
            raise PressError(f"{job}: its process ended with code {code}") from broken
        child.jobs += 1
        child.used_at = time.monotonic()
        if not done:
            raise PressError(f"{job}: {answer}")
        return answer

    def _child(self) -> _Child:
        """This thread's child: the one of the last job if still fit, else a new one."""
        child: _Child | None = getattr(self._own, "child", None)
        if child is None or not child.fit:
            if child is not None:
                self._end(child)
            child = self._own.child = _Child.start(self.environ)
            self._children.add(child)
        return child

    def _end(self, child: _Child) -> None:
        child.stop()
        self._children.discard(child)
        if getattr(self._own, "child", None) is child:
            self._own.child = None


@cache
def house_press() -> Press:
    """The press of this process: one child for each processor."""
    environ = {"FONTCONFIG_FILE": str(_house_fonts().write_config())}
    return Press(os.cpu_count() or 1, environ)


# Threads do not come along into a forked worker: it makes a press of its own.
os.register_at_fork(after_in_child=house_press.cache_clear)


def close_house_press() -> None:
    """End this process's press, if it has one; the next job starts a new one."""
    if house_press.cache_info().currsize:
        house_press().close()
        house_press.cache_clear()


def prepare_fonts() -> None:
    """Cut the typefaces if that was never done on this machine; call it when the server starts.

    It goes on in a process of its own for half a minute, while pages print with full faces.
    """
    cutting = _house_fonts().start_cutting()
    if cutting is not None:  # Someone must wait for it, or it stays as a zombie.
        threading.Thread(target=cutting.wait, name="font cutting", daemon=True).start()


def _house_fonts() -> FontCache:
    from grants.settings import settings  # here, since the children read this module too

    return FontCache(settings.data_dir / "cache" / "fonts")


@cache
def _work_of(job: str) -> Callable[..., Any]:
    module, name = JOBS[job].split(":")
    work: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return work


def _serve(line: Connection) -> None:
    """The child: one job after the other, until the parent is gone or silent.

    Garbage is collected between jobs, not within: a page makes so many objects that the
    collector would take a third of its time. What a first job loads stays for good.
    """
    gc.disable()
    known: set[str] = set()
    while line.poll(IDLE_SECONDS):
        try:
            job, args, timeout_seconds = line.recv()
        except EOFError:
            return
        # Should the parent be killed meanwhile, nobody else would end a job that hangs.
        signal.setitimer(signal.ITIMER_REAL, timeout_seconds + 5)
        try:
            answer = (True, _work_of(job)(*args))
        except Exception as fault:
            traceback.print_exc()
            answer = (False, f"{type(fault).__name__}: {fault}")
        signal.setitimer(signal.ITIMER_REAL, 0)
        line.send(answer)
        gc.collect()
        if job not in known:
            known.add(job)
            gc.freeze()


if __name__ == "__main__":
    _serve(Connection(int(sys.argv[1])))
