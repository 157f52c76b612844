"""Judging an import line by line: accepted, warned, refused or unchanged, and why. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import partial
from typing import TypeVar

from grants.awards.rules import InstalmentPlan, SharePlan
from grants.awards.workflow import AwardState
from grants.budget.rules import line_is_open
from grants.imports.candidates import Candidate
from grants.imports.columns import due_field, field_title
from grants.imports.payees import Payee, PayeeBook
from grants.imports.values import (
    MAX_TEXT,
    amount_of,
    clean,
    day_of,
    state_of,
    text_of,
    uscc_of,
)
from grants.kernel.errors import N_, Refusal, RuleBroken
from grants.kernel.money import Fen, yuan_text

T = TypeVar("T")

#: The condition of instalments that a list brings: their agreement says it, not the list.
CONDITION = "按原协议约定"

#: How a file may name our currency; sheets name none.
YUAN = frozenset({"", "CNY", "RMB", "人民币"})


class Verdict(StrEnum):
    """What becomes of a line."""

    ACCEPTED = "accepted"
    WARNED = "warned"
    REFUSED = "refused"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class KnownLine:
    """A budget line as far as an import needs it."""

    id: int
    code: str
    programme_id: int
    fiscal_year: int
    state: str


@dataclass(frozen=True)
class Ground:
    """What lines are judged against: the day, the programme, its lines, what is imported."""

    today: date
    programme_id: int
    lines: Mapping[str, KnownLine]
    imported: Mapping[tuple[str, str], Fen]
    assume_currency: str | None = None


@dataclass(frozen=True, slots=True)
class NewAward:
    """What an accepted line writes. A HISTORIC one has neither shares nor instalments."""

    external_id: str
    funder_id: str
    title: str
    purpose: str
    payee: Payee
    amount_fen: Fen
    state: AwardState
    decided_on: date | None
    starts_on: date | None
    ends_on: date | None
    minutes_no: str
    shares: Sequence[SharePlan]
    instalments: Sequence[InstalmentPlan]


@dataclass(frozen=True, slots=True)
class Judged:
    """A line with its verdict, every reason for it, and what it writes if it may."""

    line: int
    verdict: Verdict
    reasons: tuple[Refusal, ...]
    title: str
    payee_name: str
    amount_fen: Fen | None
    award: NewAward | None


@dataclass
class _Findings:
    """The reasons found against one line, and those to note."""

    refusals: list[Refusal] = field(default_factory=list)
    warnings: list[Refusal] = field(default_factory=list)

    def read(self, reader: Callable[[], T]) -> T | None:
        """What `reader` answers; where it refuses, the reason is kept and nothing answered."""
        try:
            return reader()
        except Refusal as refusal:
            self.refusals.append(refusal)
            return None


def judge(candidates: Sequence[Candidate], ground: Ground, payees: PayeeBook) -> Iterator[Judged]:
    """Judge every line in the order of the file."""
    seen: dict[tuple[str, str], int] = {}
    for candidate in candidates:
        yield _judged(candidate, ground, payees, seen)


def _judged(
    candidate: Candidate, ground: Ground, payees: PayeeBook, seen: dict[tuple[str, str], int]
) -> Judged:
    found = _Findings(list(candidate.faults))
    key = (clean(candidate.funder_id), clean(candidate.external_id))
    texts = {name: found.read(partial(text_of, candidate, name)) or "" for name in MAX_TEXT}
    amount_fen = found.read(partial(amount_of, candidate.amount))
    if key[1]:
        _note_repeat(key, candidate.line, seen, found)
    if not found.refusals and key in ground.imported:
        return _unchanged(candidate.line, texts, amount_fen, ground.imported[key])
    _judge_currency(candidate.currency, ground.assume_currency, found)
    award = _award(candidate, key, texts, amount_fen, ground, payees, found)
    verdict = Verdict.ACCEPTED
    if found.refusals:
        verdict = Verdict.REFUSED
    elif found.warnings:
        verdict = Verdict.WARNED
    return Judged(
        candidate.line,
        verdict,
        (*found.refusals, *found.warnings),
        texts["title"],
        texts["payee_name"],
        amount_fen,
        award if verdict is not Verdict.REFUSED else None,
    )


def _note_repeat(
    key: tuple[str, str], line: int, seen: dict[tuple[str, str], int], found: _Findings
) -> None:
    """Refuse the second line with the number of a first one."""
    first = seen.setdefault(key, line)
    if first != line:
        found.refusals.append(
            RuleBroken(
                "import.repeated",
                N_("The number {number} stands in line {first} already."),
                number=key[1],
                first=first,
            )
        )


def _unchanged(
    line: int, texts: Mapping[str, str], amount_fen: Fen | None, known_fen: Fen
) -> Judged:
    """What is imported already stays as it is; another amount is pointed out."""
    reasons: tuple[Refusal, ...] = ()
    if amount_fen != known_fen:
        reasons = (
            RuleBroken(
                "import.differs",
                N_("Imported before with {amount} yuan, which stays as it is."),
                amount=yuan_text(known_fen),
            ),
        )
    return Judged(
        line, Verdict.UNCHANGED, reasons, texts["title"], texts["payee_name"], amount_fen, None
    )


def _judge_currency(currency: str, assumed: str | None, found: _Findings) -> None:
    """Another currency than yuan is refused unless somebody said to take it as yuan."""
    code = clean(currency).upper()
    if code not in YUAN and assumed is None:
        found.refusals.append(
            RuleBroken(
                "import.currency",
                N_("The amount is in {currency}, not in yuan."),
                currency=code[:20],
            )
        )


def _award(
    candidate: Candidate,
    key: tuple[str, str],
    texts: Mapping[str, str],
    amount_fen: Fen | None,
    ground: Ground,
    payees: PayeeBook,
    found: _Findings,
) -> NewAward | None:
    days = {
        name: found.read(partial(day_of, getattr(candidate, name), field_title(name)))
        for name in ("decided_on", "starts_on", "ends_on")
    }
    _judge_period(days["starts_on"], days["ends_on"], found)
    uscc = found.read(partial(uscc_of, candidate.uscc)) or ""
    state = found.read(partial(state_of, candidate.state))
    shares: Sequence[SharePlan] = ()
    parts: Sequence[InstalmentPlan] = ()
    if state is AwardState.HISTORIC:
        _judge_past(candidate, days["decided_on"], ground.today, found)
    elif state is AwardState.DRAFT:
        parts = found.read(partial(_instalments, candidate, ground)) or ()
        shares = _shares(parts, ground)
        _judge_total(parts, amount_fen, found)
    payee = _payee(texts["payee_name"], uscc, clean(candidate.payee_key), payees, found)
    if found.refusals or payee is None or amount_fen is None or state is None:
        return None
    return NewAward(
        external_id=key[1],
        funder_id=key[0],
        title=texts["title"],
        purpose=texts["purpose"],
        payee=payee,
        amount_fen=amount_fen,
        state=state,
        minutes_no=texts["minutes_no"],
        shares=shares,
        instalments=parts,
        **days,
    )


def _judge_period(starts_on: date | None, ends_on: date | None, found: _Findings) -> None:
    if starts_on and ends_on and ends_on < starts_on:
        found.refusals.append(
            RuleBroken(
                "import.ends_before_start",
                N_("The award ends on {end}, before it starts on {start}."),
                end=ends_on,
                start=starts_on,
            )
        )


def _judge_past(
    candidate: Candidate, decided_on: date | None, today: date, found: _Findings
) -> None:
    """A past award was decided on a known day that is over; it says nothing of lines."""
    if not candidate.decided_on.strip():
        found.refusals.append(
            RuleBroken("import.undecided", N_("A past award needs the day of decision."))
        )
    if decided_on and decided_on > today:
        found.refusals.append(
            RuleBroken(
                "import.decided_later",
                N_("A past award cannot have been decided on {day}, which is still to come."),
                day=decided_on,
            )
        )
    if candidate.line_codes.strip() or any(any(pair) for pair in candidate.instalments):
        found.warnings.append(
            RuleBroken(
                "import.past_moves_nothing",
                N_("Lines and instalments of a past award are not read: it moves no money."),
            )
        )


def _instalments(candidate: Candidate, ground: Ground) -> list[InstalmentPlan]:
    """Instalments of an active award, each on the line of the year in which it is due."""
    lines = _lines(candidate, ground)
    parts: list[InstalmentPlan] = []
    for number, (due, amount) in enumerate(candidate.instalments, 1):
        if not due.strip() and not amount.strip():
            continue
        due_on = day_of(due, field_title(due_field(number)))
        if due_on is None or not amount.strip():
            raise RuleBroken(
                "import.instalment_half",
                N_("Instalment {n} needs both a day and an amount."),
                n=number,
            )
        if due_on.year not in lines:
            raise RuleBroken(
                "import.no_line_of_year",
                N_("Instalment {n} is due in {year}, but no budget line of that year is given."),
                n=number,
                year=due_on.year,
            )
        parts.append(InstalmentPlan(lines[due_on.year].id, amount_of(amount), due_on, CONDITION))
    idle = [line for line in lines.values() if line.id not in {p.line_id for p in parts}]
    if idle:
        raise RuleBroken(
            "import.line_without_instalment",
            N_("Budget line {line} bears no instalment of this award."),
            line=idle[0].code,
        )
    return parts


def line_codes(candidate: Candidate) -> list[str]:
    """The budget lines an award names, however they are set apart."""
    return [code for code in re.split(r"[;；、,，\s]+", clean(candidate.line_codes)) if code]


def _lines(candidate: Candidate, ground: Ground) -> dict[int, KnownLine]:
    """The budget lines an award names, by their year; each bears the instalments of its year."""
    lines: dict[int, KnownLine] = {}
    for code in line_codes(candidate):
        line = ground.lines.get(code)
        if line is None:
            raise RuleBroken("import.no_line", N_("There is no budget line {line}."), line=code)
        if line.programme_id != ground.programme_id:
            raise RuleBroken(
                "award.foreign_line",
                N_("Budget line {line} belongs to another programme or year."),
                line=code,
            )
        closed = line_is_open(line.state)
        if closed:
            raise closed
        if line.fiscal_year < ground.today.year:
            raise RuleBroken(
                "award.past_year", N_("A line of a past year takes no new commitment.")
            )
        if lines.setdefault(line.fiscal_year, line) is not line:
            raise RuleBroken(
                "import.two_lines_of_year",
                N_("Two budget lines of {year} are given; one list line holds one a year."),
                year=line.fiscal_year,
            )
    if not lines:
        raise RuleBroken(
            "import.line_missing", N_("An active award needs the code of its budget line.")
        )
    return lines


def _shares(parts: Sequence[InstalmentPlan], ground: Ground) -> list[SharePlan]:
    """What each line bears: the instalments of its year."""
    years = {line.id: line.fiscal_year for line in ground.lines.values()}
    sums: Counter[int] = Counter()
    for part in parts:
        sums[part.line_id] += part.amount_fen
    return [SharePlan(line_id, years[line_id], Fen(total)) for line_id, total in sums.items()]


def _judge_total(parts: Sequence[InstalmentPlan], amount_fen: Fen | None, found: _Findings) -> None:
    total = sum(part.amount_fen for part in parts)
    if parts and amount_fen is not None and total != amount_fen:
        found.refusals.append(
            RuleBroken(
                "import.instalments_differ",
                N_("The instalments add up to {total} yuan, but the award is {amount}."),
                total=yuan_text(Fen(total)),
                amount=yuan_text(amount_fen),
            )
        )


def _payee(
    name: str, uscc: str, payee_key: str, payees: PayeeBook, found: _Findings
) -> Payee | None:
    if not name:
        return None
    answer = found.read(lambda: payees.find(name, uscc, payee_key, keep=not found.refusals))
    if answer is None:
        return None
    payee, notes = answer
    found.warnings.extend(notes)
    return payee
