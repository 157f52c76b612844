"""Importing award lists: look first, then write all of it in one unit of work, or nothing.

Past awards come in as HISTORIC: they inform and move no money. Active ones come in as
drafts with shares and instalments, which are approved like any other award.

A run is opened in a short unit of its own, so that everybody sees it. The work is one more
unit, which locks the run's row, writes the awards and ends the run: either both stand or
neither. Where it fails, a third short unit says why on the run.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import replace
from datetime import date, timedelta

from grants.imports import queries
from grants.imports.judging import judged_lines, notes_on, read
from grants.imports.report import (
    ImportOptions,
    ImportReport,
    Progress,
    Reason,
    RunState,
    outcome,
    report_of,
    summary,
)
from grants.imports.writing import write_lines
from grants.kernel import calendar
from grants.kernel.errors import N_, Conflict, Refusal, RuleBroken
from grants.kernel.identity import SYSTEM, Actor, Permission
from grants.platform import db
from grants.platform.audit import Case, record

log = logging.getLogger("grants.imports")

#: A run that was opened so recently may not have locked its row yet.
_JUST_OPENED = timedelta(seconds=5)

db.explain_constraint(
    "import_run_one_running",
    Conflict,
    "import.running",
    N_("Another list is being imported just now. Try again when that import has ended."),
)


async def preview_import(
    actor: Actor, name: str, content: bytes, options: ImportOptions, *, today: date
) -> ImportReport:
    """What importing this file would do; nothing is written.

    Raises NotAllowed, and RuleBroken where the file as a whole cannot be read.
    """
    actor.need(Permission.AWARD_IMPORT)
    reading = await read(name, content, options)
    judged = await judged_lines(reading, options, today, _tell_nobody)
    return report_of("PREVIEW", reading, judged, options, await notes_on(content))


async def run_import(
    actor: Actor,
    name: str,
    content: bytes,
    options: ImportOptions,
    progress: Progress | None = None,
    *,
    today: date,
) -> ImportReport:
    """Import a file at once; one refused line refuses all, unless told otherwise.

    The same file twice changes nothing: an award is known by its funder and its number there.
    Raises NotAllowed, Conflict while another import runs, and RuleBroken where the file as a
    whole cannot be read.
    """
    if options.dry_run:
        return await preview_import(actor, name, content, options, today=today)
    run_id = await open_run(actor, name, content, options)
    tell = progress or _tell_nobody
    return await carry_out(actor, run_id, name, content, options, tell, today=today)


def _tell_nobody(_step: str, _done: int, _count: int) -> None:
    """Progress that nobody watches."""


# Runs


async def open_run(actor: Actor, name: str, content: bytes, options: ImportOptions) -> int:
    """Put a run on record before its work begins; answers its id.

    Raises Conflict `import.running` while another one is at work.
    """
    actor.need(Permission.AWARD_IMPORT)
    await end_broken_runs()
    running = await queries.running()
    if running is not None:
        raise Conflict(
            "import.running",
            N_("{who} is importing “{name}” just now. Try again when that import has ended."),
            who=running.who,
            name=running.file_name,
        )
    async with db.unit_of_work(actor):
        run_id = await queries.add_run(
            file_name=name,
            sha256=hashlib.sha256(content).hexdigest(),
            options=options.kept,
            user_id=actor.user_id,
            started_at=calendar.now(),
        )
        await record(
            actor,
            Case("import_run", run_id),
            "open",
            after=RunState.RUNNING,
            facts={"file_name": name},
        )
    return run_id


async def end_broken_runs() -> None:
    """Say of runs whose work has died with its process that they were broken off.

    The work holds the lock on its run's row until it ends, whatever ends it; PostgreSQL lets
    go of it when the connection is gone. Nothing of such a run was written.
    """
    if await queries.running() is None:
        return
    async with db.unit_of_work(SYSTEM):
        for run_id in await queries.lock_deserted_runs(calendar.now() - _JUST_OPENED):
            await _end(SYSTEM, run_id, RunState.BROKEN_OFF)


async def carry_out(
    actor: Actor,
    run_id: int,
    name: str,
    content: bytes,
    options: ImportOptions,
    tell: Progress,
    *,
    today: date,
) -> ImportReport:
    """Do the work of an opened run; what refuses or breaks it is told on the run, and raised."""
    try:
        async with db.unit_of_work(actor):
            return await _carry_out(actor, run_id, name, content, options, tell, today)
    except Refusal as refusal:
        await _fail(actor, run_id, refusal)
        raise
    except Exception as fault:
        log.error("fault", exc_info=fault, extra={"request": actor.request_id, "run": run_id})
        await _fail(
            actor,
            run_id,
            RuleBroken(
                "import.fault",
                N_("The server could not do this; the fault is on record under {number}."),
                number=actor.request_id,
            ),
        )
        raise


async def _fail(actor: Actor, run_id: int, refusal: Refusal) -> None:
    async with db.unit_of_work(actor):
        await _end(actor, run_id, RunState.FAILED, report={"failure": vars(Reason.of(refusal))})


async def _carry_out(
    actor: Actor,
    run_id: int,
    name: str,
    content: bytes,
    options: ImportOptions,
    tell: Progress,
    today: date,
) -> ImportReport:
    if not await queries.lock_run(run_id):
        raise Conflict("import.ended", N_("This import has ended; nothing more is written."))
    tell(N_("reading"), 0, 1)
    reading = await read(name, content, options)
    judged = await judged_lines(reading, options, today, tell)
    state = outcome(judged, options)
    report = report_of(state, reading, judged, options, await notes_on(content))
    if state == RunState.DONE:
        await write_lines(actor, judged, options, run_id, today, tell)
    written = report.accepted + report.warned if state == RunState.DONE else 0
    await _end(actor, run_id, state, report=summary(report), done=written, rows=len(report.rows))
    return replace(report, run_id=run_id)


async def _end(
    actor: Actor,
    run_id: int,
    state: RunState,
    *,
    report: dict[str, object] | None = None,
    done: int = 0,
    rows: int = 0,
) -> None:
    """End a run that is still running; one that has ended stays as it is."""
    given = report or {}
    if await queries.end_run(run_id, state, given, rows, done, calendar.now()):
        await record(
            actor,
            Case("import_run", run_id),
            "import",
            before=RunState.RUNNING,
            after=state,
            facts={"awards": done, "totals_by_year": given.get("totals_by_year", {})},
        )
