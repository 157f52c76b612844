"""Importing award lists: look first, then write all of it in one transaction, or nothing.

Past awards come in as HISTORIC: they inform and move no money. Active ones come in as
drafts with shares and instalments, which are approved like any other award.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from grants.awards.workflow import AwardState
from grants.budget import queries as budget
from grants.imports import queries
from grants.imports.candidates import Candidate, Reading
from grants.imports.formats import read_candidates
from grants.imports.payees import Payee, PayeeBook
from grants.imports.report import (
    ImportOptions,
    ImportReport,
    outcome,
    report_of,
    summary,
)
from grants.imports.rules import Ground, Judged, NewAward, judge, line_codes
from grants.imports.values import clean
from grants.kernel import calendar
from grants.kernel.errors import N_, NotAllowed, RuleBroken
from grants.kernel.identity import Actor, Permission
from grants.parties import imported as parties
from grants.platform import db
from grants.platform.audit import Case, record, record_all, take_duties

Progress = Callable[[str, int, int], None]
"""Told what is done now, how many lines are done, and of how many."""

_CHUNK = 5_000


async def preview_import(
    actor: Actor, name: str, content: bytes, options: ImportOptions, *, today: date
) -> ImportReport:
    """What importing this file would do; nothing is written.

    Raises NotAllowed, and RuleBroken where the file as a whole cannot be read.
    """
    _need_permission(actor)
    reading = await asyncio.to_thread(read_candidates, name, content, options.mapping)
    return report_of("PREVIEW", reading, await _judged(reading, options, today), options)


async def run_import(
    actor: Actor,
    name: str,
    content: bytes,
    options: ImportOptions,
    progress: Progress | None = None,
    *,
    today: date,
) -> ImportReport:
    """Import a file in one transaction; one refused line refuses all, unless told otherwise.

    The same file twice changes nothing: an award is known by its funder and its number there.
    Raises NotAllowed, and RuleBroken where the file as a whole cannot be read.
    """
    if options.dry_run:
        return await preview_import(actor, name, content, options, today=today)
    _need_permission(actor)
    tell = progress or (lambda _step, _done, _all: None)
    started_at = calendar.now()
    tell(N_("reading"), 0, 1)
    reading = await asyncio.to_thread(read_candidates, name, content, options.mapping)
    count = len(reading.candidates)
    async with db.unit_of_work(actor):
        await queries.lock_imports()
        tell(N_("checking"), 0, count)
        judged = await _judged(reading, options, today)
        report = report_of(outcome(judged, options), reading, judged, options)
        run_id = await _write_run(actor, name, content, options, report, started_at)
        if report.state == "DONE":
            awards = [row for row in judged if row.award is not None]
            await _write(actor, awards, await _codes(options), run_id, today, tell)
    return replace(report, run_id=run_id)


def _need_permission(actor: Actor) -> None:
    if not actor.may(Permission.AWARD_IMPORT):
        raise NotAllowed("not_permitted", N_("Your roles do not include this step."))


@dataclass(frozen=True)
class _Codes:
    programme_id: int
    fund_source_id: int


async def _codes(options: ImportOptions) -> _Codes:
    """Programme and fund source of the options; raises RuleBroken for an unknown code."""
    programmes = {p.code: p.id for p in await budget.programmes()}
    funds = {f.code: f.id for f in await budget.fund_sources()}
    if options.programme not in programmes:
        raise RuleBroken(
            "import.programme",
            N_("There is no programme {given}."),
            given=options.programme,
        )
    if options.fund not in funds:
        raise RuleBroken("import.fund", N_("There is no fund source {given}."), given=options.fund)
    if options.assume_currency not in (None, "CNY"):
        raise RuleBroken(
            "import.assumed_currency",
            N_("Amounts can be taken as CNY only, not as {currency}."),
            currency=options.assume_currency,
        )
    return _Codes(programmes[options.programme], funds[options.fund])


async def _judged(reading: Reading, options: ImportOptions, today: date) -> list[Judged]:
    """Every line judged against what the system knows now."""
    candidates = reading.candidates
    codes = await _codes(options)
    named = {code for c in candidates for code in line_codes(c)}
    ground = Ground(
        today=today,
        programme_id=codes.programme_id,
        lines=await queries.known_lines(sorted(named)),
        imported=await queries.imported_awards([clean(c.external_id) for c in candidates]),
        assume_currency=options.assume_currency,
    )
    book = await _payee_book(candidates, options)
    return await asyncio.to_thread(lambda: list(judge(candidates, ground, book)))


async def _payee_book(candidates: Sequence[Candidate], options: ImportOptions) -> PayeeBook:
    on_record = await parties.organisations_on_record()
    known = {parties.plain_name(o.name) for o in on_record}
    nameless = {clean(c.payee_name) for c in candidates if not (c.uscc or c.payee_key)}
    unknown = sorted(n for n in nameless if n and parties.plain_name(n) not in known)
    similar = await parties.similar_organisations(unknown) if unknown else {}
    return PayeeBook(on_record, similar, may_create=options.create_payees)


async def _write_run(
    actor: Actor,
    name: str,
    content: bytes,
    options: ImportOptions,
    report: ImportReport,
    started_at: datetime,
) -> int:
    written = report.accepted + report.warned if report.state == "DONE" else 0
    run_id = await queries.add_run(
        file_name=name,
        sha256=hashlib.sha256(content).hexdigest(),
        options={
            "programme": options.programme,
            "fund": options.fund,
            "assume_currency": options.assume_currency,
            "skip_refused": options.skip_refused,
            "create_payees": options.create_payees,
            "mapping": dict(options.mapping) if options.mapping else None,
        },
        state=report.state,
        row_count=len(report.rows),
        done_count=written,
        report=summary(report),
        user_id=actor.user_id,
        started_at=started_at,
        finished_at=calendar.now(),
    )
    await record(
        actor,
        Case("import_run", run_id),
        "import",
        after=report.state,
        facts={"file_name": name, "awards": written, "amount_fen": report.total_fen},
    )
    return run_id


# Writing


async def _write(
    actor: Actor,
    rows: Sequence[Judged],
    codes: _Codes,
    run_id: int,
    today: date,
    tell: Progress,
) -> None:
    """Write the payees, then the awards chunk by chunk, each chunk in a few statements."""
    awards = [(row.line, row.award) for row in rows if row.award is not None]
    await _write_payees(actor, [award.payee for _, award in awards], run_id)
    numbers = await _numbers([award for _, award in awards], today)
    for start in range(0, len(awards), _CHUNK):
        tell(N_("writing"), start, len(awards))
        chunk = awards[start : start + _CHUNK]
        await _write_awards(actor, chunk, numbers[start : start + _CHUNK], codes, run_id)
    tell(N_("writing"), len(awards), len(awards))


async def _write_payees(actor: Actor, payees: Sequence[Payee], run_id: int) -> None:
    """Add the payees that are not on record, each once, and flag those that look alike."""
    new = list({id(p): p for p in payees if p.organisation_id is None}.values())
    ids = await parties.add_organisations(
        actor,
        [parties.NewOrganisation(p.name, p.uscc, p.external_id) for p in new],
        {"import_run": run_id},
    )
    for payee, organisation_id in zip(new, ids, strict=True):
        payee.organisation_id = organisation_id
    await parties.flag_duplicates(
        (payee.organisation_id, twin.organisation_id, reason)
        for payee in new
        for twin, reason in payee.looks_like
        if payee.organisation_id and twin.organisation_id
    )


async def _numbers(awards: Sequence[NewAward], today: date) -> list[str]:
    """A number for each award: 史〔2015〕0012 for the year of decision, 助〔…〕 for drafts."""
    series = [_series(award, today) for award in awards]
    next_of = await queries.reserve_numbers(Counter(name for name, _ in series))
    numbers = []
    for name, prefix in series:
        numbers.append(f"{prefix}{next_of[name]:04d}")
        next_of[name] += 1
    return numbers


def _series(award: NewAward, today: date) -> tuple[str, str]:
    if award.state is AwardState.HISTORIC and award.decided_on:
        year = calendar.fiscal_year(award.decided_on)
        return f"award-historic-{year}", f"史〔{year}〕"
    year = calendar.fiscal_year(today)
    return f"award-{year}", f"助〔{year}〕"


async def _write_awards(
    actor: Actor,
    awards: Sequence[tuple[int, NewAward]],
    numbers: Sequence[str],
    codes: _Codes,
    run_id: int,
) -> None:
    ids = await queries.insert_awards(
        [
            {
                "place": place,
                "number": number,
                "programme": codes.programme_id,
                "organisation": award.payee.organisation_id,
                "title": award.title,
                "purpose": award.purpose,
                "amount_fen": award.amount_fen,
                "state": award.state,
                "minutes_no": award.minutes_no,
                "decided_on": award.decided_on,
                "starts_on": award.starts_on,
                "ends_on": award.ends_on,
                "funder_id": award.funder_id,
                "external_id": award.external_id,
                "historic_fund_source": codes.fund_source_id
                if award.state is AwardState.HISTORIC
                else None,
                "created_by_person": actor.person_id,
            }
            for place, ((_, award), number) in enumerate(zip(awards, numbers, strict=True))
        ]
    )
    written = list(zip(ids, awards, strict=True))
    drafts = [(i, award) for i, (_, award) in written if award.state is AwardState.DRAFT]
    if drafts:
        await _write_drafts(actor, drafts)
    await record_all(
        actor,
        "award",
        "import",
        [
            (i, award.state, {"amount_fen": award.amount_fen, "import_run": run_id, "line": line})
            for i, (line, award) in written
        ],
    )


async def _write_drafts(actor: Actor, drafts: Sequence[tuple[int, NewAward]]) -> None:
    """Shares and instalments of drafts, and the duty of whoever brings them in."""
    await queries.insert_plans(
        [
            {
                "award": i,
                "line": share.line_id,
                "fiscal_year": share.fiscal_year,
                "amount_fen": share.amount_fen,
            }
            for i, award in drafts
            for share in award.shares
        ],
        [
            {
                "award": i,
                "line": part.line_id,
                "sequence": sequence,
                "amount_fen": part.amount_fen,
                "condition": part.condition,
                "due_on": part.due_on,
            }
            for i, award in drafts
            for sequence, part in enumerate(award.instalments, 1)
        ],
    )
    await take_duties(actor, "award", [i for i, _ in drafts], "create")
