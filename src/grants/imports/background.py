"""Importing beside the page: the work of a run as a task, and how far it is.

A task begins with an empty context. Piccolo's transaction lives in a context variable: with
the context of the request, a unit of work that the request opened would be taken for its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextvars import Context
from dataclasses import dataclass
from datetime import date

from grants.imports import files, queries
from grants.imports.actions import carry_out, open_run
from grants.imports.report import ImportOptions, Progress
from grants.kernel import calendar
from grants.kernel.errors import Refusal
from grants.kernel.identity import Actor
from grants.platform import db

log = logging.getLogger("grants.imports")

_TELL_SECONDS = 0.25

#: Nobody else holds on to a task; without this one could be forgotten in the middle.
_at_work: set[asyncio.Task[None]] = set()


@dataclass(frozen=True)
class _Sent:
    """A file as it was sent, and kept for the time between preview and import."""

    name: str
    content: bytes
    sha256: str


async def start_import(
    actor: Actor, name: str, sha256: str, options: ImportOptions, *, today: date
) -> int:
    """Open a run of a kept file and set to work on it; answers the id of the run.

    Pressed twice, it is the same run. Raises NotAllowed, RuleBroken `import.file_gone`, and
    Conflict while another import runs.
    """
    running = await queries.running()
    if running and (running.user_id, running.sha256) == (actor.user_id, sha256):
        return running.id
    sent = _Sent(name, await files.fetch(actor, sha256), sha256)
    run_id = await open_run(actor, name, sent.content, options)
    task = asyncio.create_task(
        _work(actor, run_id, sent, options, today), name=f"import {run_id}", context=Context()
    )
    _at_work.add(task)
    task.add_done_callback(_at_work.discard)
    return run_id


async def finish_imports() -> None:
    """Wait for what is at work in this process, before its connections are closed."""
    await asyncio.gather(*_at_work)


async def _work(
    actor: Actor, run_id: int, sent: _Sent, options: ImportOptions, today: date
) -> None:
    """Carry out a run. Its end, whatever it is, stands on the run; faults are in the log too."""
    try:
        async with _telling(run_id) as tell:
            report = await carry_out(
                actor, run_id, sent.name, sent.content, options, tell, today=today
            )
    except Refusal as refusal:
        log.info("import refused", extra={"code": refusal.code, "run": run_id})
        return
    except Exception:
        log.exception("import failed", extra={"run": run_id})
        return
    if report.state == "DONE":
        await files.discard(actor, sent.sha256)


@contextlib.asynccontextmanager
async def _telling(run_id: int) -> AsyncIterator[Progress]:
    """Note now and then how far the run is; the work itself never waits for that."""
    last = ("", 0, 0)

    def tell(step: str, done: int, count: int) -> None:
        nonlocal last
        last = (step, done, count)

    async def note() -> None:
        noted = last
        while True:
            if last != noted:
                noted = last
                try:
                    await queries.tell_progress(run_id, *noted, calendar.now())
                except db.GONE as gone:
                    log.warning("progress not noted: %s", gone, extra={"run": run_id})
            await asyncio.sleep(_TELL_SECONDS)

    task = asyncio.create_task(note(), context=Context())
    try:
        yield tell
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
