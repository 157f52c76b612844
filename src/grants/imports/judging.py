"""Judging a file against what the system knows now: payees, budget lines, earlier imports."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from grants.awards import bulk
from grants.budget import queries as budget
from grants.imports import queries
from grants.imports.candidates import Candidate, Reading
from grants.imports.drafts import line_codes
from grants.imports.formats import read_candidates
from grants.imports.ground import Ground, KnownLine
from grants.imports.payees import Payee, PayeeBook
from grants.imports.report import ImportOptions, Progress
from grants.imports.rules import Judged, judge
from grants.imports.values import clean
from grants.kernel import calendar
from grants.kernel.errors import N_, Refusal, RuleBroken
from grants.kernel.identifiers import is_resident_id, plain_identifier
from grants.parties import imported as parties
from grants.people import imported as people

#: Lines after which progress is told.
_TOLD = 500


async def read(name: str, content: bytes, options: ImportOptions) -> Reading:
    """What stands in the file; raises RuleBroken where it cannot be read as a whole."""
    return await asyncio.to_thread(read_candidates, name, content, options.mapping)


async def notes_on(content: bytes) -> list[Refusal]:
    """That this very file came in before, and through whom."""
    earlier = await queries.written_before(hashlib.sha256(content).hexdigest())
    if earlier is None:
        return []
    return [
        RuleBroken(
            "import.same_file",
            N_("{who} imported this very file on {day} (import {number})."),
            who=earlier.who,
            day=earlier.started_at.astimezone(calendar.ZONE).date().isoformat(),
            number=earlier.id,
        )
    ]


@dataclass(frozen=True)
class Codes:
    """The ids of the programme and the fund source that the options name."""

    programme_id: int
    fund_source_id: int


async def codes_of(options: ImportOptions) -> Codes:
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
    return Codes(programmes[options.programme], funds[options.fund])


async def judged_lines(
    reading: Reading, options: ImportOptions, today: date, tell: Progress
) -> list[Judged]:
    """Every line judged against what the system knows now."""
    candidates = reading.candidates
    tell(N_("checking"), 0, len(candidates))
    codes = await codes_of(options)
    named = sorted({code for c in candidates for code in line_codes(c)})
    lines = await budget.lines_with_codes(named) if named else []
    ground = Ground(
        today=today,
        programme_id=codes.programme_id,
        lines={
            n.code: KnownLine(n.id, n.code, n.programme_id, n.fiscal_year, n.state) for n in lines
        },
        imported=await bulk.awards_listed_before([clean(c.external_id) for c in candidates]),
        assume_currency=options.assume_currency,
    )
    book = await _payee_book(candidates, options)
    return await asyncio.to_thread(_judge_all, candidates, ground, book, tell)


def _judge_all(
    candidates: Sequence[Candidate], ground: Ground, book: PayeeBook, tell: Progress
) -> list[Judged]:
    judged = []
    for row in judge(candidates, ground, book):
        judged.append(row)
        if len(judged) % _TOLD == 0:
            tell(N_("checking"), len(judged), len(candidates))
    return judged


async def _payee_book(candidates: Sequence[Candidate], options: ImportOptions) -> PayeeBook:
    on_record = await parties.organisations_on_record()
    known = {parties.plain_name(o.name) for o in on_record}
    nameless = {
        clean(c.payee_name) for c in candidates if not (c.uscc or c.payee_key or c.id_number)
    }
    unknown = sorted(n for n in nameless if n and parties.plain_name(n) not in known)
    similar = await parties.similar_organisations(unknown) if unknown else {}
    numbers = {plain_identifier(c.id_number) for c in candidates if is_resident_id(c.id_number)}
    persons = await people.persons_on_record(sorted(numbers)) if numbers else {}
    return PayeeBook(
        on_record,
        similar,
        [Payee(p.name, id_number=number, person_id=p.id) for number, p in persons.items()],
        may_create=options.create_payees,
    )
